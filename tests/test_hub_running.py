"""A hub that tools/hub.py set up, running: who may do what, and what comes back."""

import json
import shutil
import struct
from types import SimpleNamespace

import nbformat
import ordinary
import pytest
import running_hub
from grading_little import DOUBLE, HONEST, book, source
from running_hub import PYTHON, Student, tool

from course.grading import crowd
from course.grading.report.reports import page_name
from course.source import ROOT

pytestmark = pytest.mark.slow

ANNA, BEN, CARL = NAMES = [f"live-papers-{name}" for name in ("anna", "ben", "carl")]
FIGURE = """
import torch
from lib.live import Slider, live
def line(height): return dict(y=height * torch.ones(3))
def draw(fig, y): return dict(y=fig.subplots().plot(y)[0])
live(line, draw, alt="A line", height=Slider(0, 1))"""
READ = """
for path in {paths}:
    try:
        with open(path, "rb") as file: file.read(1)
        print("read:", path)
    except IsADirectoryError:
        __import__("os").listdir(path) and print("read:", path)
    except PermissionError: pass
"""


def checkout_in(place):
    """A checkout with one tiny chapter, and the real lib."""
    checkout = place / "checkout"
    path = source(checkout)
    for name in ("lib", "course/jupyter", "tools"):
        leave = shutil.ignore_patterns("__pycache__", "assets", "records", "weather")
        shutil.copytree(ROOT / name, checkout / name, ignore=leave)
    made = {"exercises/05_x.ipynb": book(path), "solutions/05_x.ipynb": book(path)}
    made |= {"chapters/index.ipynb": book(path), "tests/a.ipynb": book(path)}
    for name, notebook in made.items():
        (checkout / name).parent.mkdir(exist_ok=True)
        nbformat.write(nbformat.from_dict(notebook), checkout / name)
    return checkout


@pytest.fixture(scope="module")
def hub():
    """A hub with three students, of whom two have their servers; carl came later."""
    running_hub.needed()
    spec = running_hub.HUB / "share/jupyter/kernels/python3/kernel.json"
    before = spec.read_bytes() if spec.exists() else None
    with ordinary.folder() as place:
        place.chmod(0o755)
        for name in ("homes", "srv"):
            (place / name).mkdir()
        checkout = checkout_in(place)
        where = ["--place", str(place / "srv"), "--hub", str(running_hub.HUB)]
        where += ["--python", str(PYTHON)]
        with running_hub.accounts(place / "homes", NAMES) as passwords:
            said = tool(checkout, "set-up", ANNA, BEN, *where)
            said += tool(checkout, "set-up", CARL, *where)
            command = running_hub.started(said)
            with running_hub.running(command, place / "srv/hub/log") as address:
                students = {name: Student(address, name) for name in NAMES}
                for name in (ANNA, BEN):
                    assert students[name].log_in(passwords[name])
                    students[name].begin()
                kernels = {name: students[name].kernel() for name in (ANNA, BEN)}
                yield SimpleNamespace(**locals())
    if before is None:
        spec.unlink()
    else:
        spec.write_bytes(before)


def test_set_up_has_nothing_to_complain_of(hub):
    assert "cannot start" not in hub.said


def test_who_is_known_comes_in_with_the_right_password_alone(hub):
    wrong = Student(hub.address, CARL)
    assert not wrong.log_in("guessed")
    assert hub.students[CARL].log_in(hub.passwords[CARL])  # of the second set-up
    assert hub.students[CARL].ask("GET", f"/hub/api/users/{ANNA}")[0] in (403, 404)


def test_a_student_finds_the_notebooks(hub):
    place = f"/user/{ANNA}/api/contents"
    found = hub.students[ANNA].json("GET", f"{place}/exercises")["content"]
    assert [entry["name"] for entry in found] == ["05_x.ipynb"]
    assert hub.students[ANNA].json("GET", f"{place}/chapters/index.ipynb")["writable"]


def test_a_kernel_has_the_course_and_is_the_students_own(hub):
    code = """
import getpass, os, sys, lib, torch
print(getpass.getuser(), sys.prefix, lib.__file__, os.environ["LIVE_GUESSES"])"""
    assert hub.kernels[ANNA].run(code).split() == [
        *(ANNA, str(PYTHON.parents[1]), f"{hub.place}/srv/lib/__init__.py"),
        f"{hub.place}/homes/{ANNA}/live-papers/guesses.json",
    ]


def test_a_figure_answers_through_the_proxy(hub):
    kernel = hub.kernels[ANNA]
    shown = kernel.replies(kernel.send("execute_request", {"code": FIGURE}))
    assert not [m for m, _ in shown if m["header"]["msg_type"] == "error"]
    opened = [m["content"] for m, _ in shown if m["header"]["msg_type"] == "comm_open"]
    (figure,) = [o for o in opened if "opening" in o["data"].get("state", {})]
    asked = {"view": "v", "id": 1, "choices": {}}
    data = {"method": "custom", "content": asked}
    comm = {"comm_id": figure["comm_id"], "data": data}
    number = kernel.send("comm_msg", comm, (struct.pack("<f", 0.75),))
    (answer,) = [
        (m["content"]["data"]["content"], buffers)
        for m, buffers in kernel.replies(number)
        if m["header"]["msg_type"] == "comm_msg"
    ]
    assert answer[0]["id"] == 1 and answer[0]["outputs"] == [["y", "float32", [3]]]
    assert struct.unpack("<3f", answer[1][0]) == (0.75,) * 3


def closed(hub):
    """What is no student's to read: of another, of the course, of the hub."""
    work = hub.place / "homes" / ANNA / "live-papers"
    paths = [work, work / "exercises/05_x.ipynb", work / "guesses.json"]
    paths += [hub.checkout / name for name in ("source", "solutions", "tests", "build")]
    paths += [hub.checkout / "source/05_x/exercises.md"]
    paths += [hub.checkout / "submissions" / ANNA / "05_x.ipynb"]
    paths += [hub.place / "srv/hub" / name for name in ("log", "jupyterhub.sqlite")]
    return [str(path) for path in paths]


def test_no_student_reads_what_is_anothers_or_an_answer(hub):
    (hub.checkout / "build/index.html").touch()
    tool(hub.checkout, "collect", ANNA, "--folder", str(hub.checkout / "submissions"))
    paths = closed(hub)
    hub.kernels[ANNA].run(f"open({paths[2]!r}, 'w').write('guessed')")
    mine = hub.kernels[ANNA].run(READ.format(paths=paths))
    assert mine.split() == [x for path in paths[:3] for x in ("read:", path)]
    assert hub.kernels[BEN].run(READ.format(paths=paths)) == ""
    published = [p for p in (hub.place / "srv/lib").rglob("*.py")]
    assert published and not any("BEGIN SOLUTION" in p.read_text() for p in published)


def test_no_student_enters_anothers_server(hub):
    ben = hub.students[BEN]
    for path in ("api/contents/exercises/05_x.ipynb", "api/kernels", "lab"):
        assert ben.ask("GET", f"/user/{ANNA}/{path}")[0] in (403, 404), path
    stop = f"/hub/api/users/{ANNA}/server"
    assert ben.ask("DELETE", stop)[0] in (403, 404)
    assert ben.ask("GET", "/hub/api/users")[0] == 403
    assert hub.students[ANNA].ask("GET", f"/user/{ANNA}/api/kernels")[0] == 200


@pytest.mark.sandbox
def test_work_is_collected_graded_and_handed_back(hub):
    given = {ANNA: dict(double=DOUBLE, shift=HONEST), BEN: dict(shift=HONEST)}
    path = hub.checkout / "source/05_x/exercises.md"
    for name, answers in given.items():
        content = json.loads(json.dumps(book(path, **answers)))
        place = f"/user/{name}/api/contents/exercises/05_x.ipynb"
        told = {"type": "notebook", "format": "json", "content": content}
        hub.students[name].json("PUT", place, told)
    handed_in, report = hub.place / "submissions", hub.place / "report"
    tool(hub.checkout, "collect", ANNA, BEN, "--folder", str(handed_in))
    assert crowd.main(handed_in, report, root=hub.checkout) == 0
    said = tool(hub.checkout, "hand-back", *NAMES, "--folder", str(report))
    assert said == f"{CARL}: no page of feedback in {report}\n"
    for name, points in ((ANNA, "5 of 5 points"), (BEN, "3 of 5 points")):
        place = f"/user/{name}/api/contents/feedback.html?type=file&format=text"
        page = hub.students[name].json("GET", place)["content"]
        assert points in page and name in page
    others = report / "feedback" / page_name(ANNA)
    assert others.exists()
    assert hub.kernels[BEN].run(READ.format(paths=[str(others)])) == ""
