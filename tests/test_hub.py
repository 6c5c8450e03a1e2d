"""tools/hub.py: what students get and what they cannot get, how it goes and comes back.

Here it is tried with folders, and with the account `nobody` where the tests run as
root; test_hub_running.py tries it with accounts and a hub.
"""

import ast
import os
import pwd
import sys

import pytest

from course.grading.report.reports import page_name
from course.source import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import hub

ROOTED = os.geteuid() == 0
NAME = "nobody" if ROOTED else pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A checkout in little."""
    root = tmp_path / "checkout"
    paths = ["lib/vit.py", "lib/data/a.npz", "lib/__pycache__/x.pyc", "source/a.md"]
    paths += ["solutions/a.ipynb", "chapters/05.ipynb", "exercises/05.ipynb"]
    paths += ["course/jupyter/labconfig/page_config.json"]
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    monkeypatch.setattr(hub, "ROOT", root)
    for folder in [*tmp_path.parents, tmp_path, root]:
        if folder.owner() == "root" and ROOTED and "pytest" in str(folder):
            folder.chmod(0o755)
    return root


@pytest.fixture
def folder(tmp_path):
    """A student's home."""
    place = tmp_path / "home"
    place.mkdir()
    if ROOTED:
        who = pwd.getpwnam(NAME)
        os.chown(place, who.pw_uid, who.pw_gid)
    return place


def test_what_all_can_read_holds_no_answer(course, tmp_path):
    place = tmp_path / "srv"
    hub.publish(place)
    found = {str(p.relative_to(place)) for p in place.rglob("*") if p.is_file()}
    config = "jupyter/labconfig/page_config.json"
    assert found == {"lib/vit.py", "lib/data/a.npz", config}
    assert all(p.stat().st_mode & 0o004 for p in place.rglob("*"))
    for name in ("source", "solutions", "build"):
        assert not (course / name).stat().st_mode & 0o077


def test_notebooks_are_handed_out_once_and_come_back(course, folder, tmp_path):
    hub.hand_out(NAME, folder)
    book = folder / hub.WORK / "exercises" / "05.ipynb"
    assert book.read_text() == "exercises/05.ipynb" and book.owner() == NAME
    book.write_text("answered")
    hub.hand_out(NAME, folder)
    assert book.read_text() == "answered"
    hub.collect(folder, tmp_path / "submissions" / NAME)
    assert (tmp_path / "submissions" / NAME / "05.ipynb").read_text() == "answered"
    assert not folder.stat().st_mode & 0o077
    assert not (tmp_path / "submissions" / NAME).stat().st_mode & 0o077


@pytest.mark.skipif(not ROOTED, reason="only root could read what a link leads to")
def test_a_link_leads_to_nothing_that_the_student_may_not_read(
    course, folder, tmp_path
):
    hub.hand_out(NAME, folder)
    secret = tmp_path / "secret"
    secret.write_text("another's answers")
    secret.chmod(0o600)
    book = folder / hub.WORK / "exercises" / "05.ipynb"
    book.unlink()
    book.symlink_to(secret)
    hub.collect(folder, tmp_path / "in" / NAME)
    assert list((tmp_path / "in" / NAME).iterdir()) == []
    page = tmp_path / "report" / "feedback" / page_name(NAME)
    page.parent.mkdir(parents=True)
    page.write_text("7 of 9 points")
    (folder / hub.WORK / "feedback.html").symlink_to(secret)
    hub.hand_back(NAME, folder, tmp_path / "report")
    assert secret.read_text() == "another's answers"


def test_feedback_is_handed_back(course, folder, tmp_path, capsys):
    page = tmp_path / "report" / "feedback" / page_name(NAME)
    page.parent.mkdir(parents=True)
    hub.hand_back(NAME, folder, tmp_path / "report")
    assert "no page of feedback" in capsys.readouterr().out
    for text in ("7 of 9 points", "8 of 9 points"):
        page.write_text(text)
        hub.hand_back(NAME, folder, tmp_path / "report")
        assert (folder / hub.WORK / "feedback.html").read_text() == text


def test_the_configuration_is_python_and_only_its_owner_reads_it(course, tmp_path):
    place = tmp_path / "srv"
    place.mkdir()
    command = hub.configure(place, tmp_path / "opt", ["ben", "anna"])
    file = place / "hub" / "jupyterhub_config.py"
    assert command == f"{tmp_path}/opt/bin/jupyterhub -f {file}"
    ast.parse(file.read_text())
    assert "set(['anna', 'ben'])" in file.read_text()
    assert not (place / "hub").stat().st_mode & 0o077
    hub.configure(place, tmp_path / "opt", ["carl"])
    assert "set(['anna', 'ben', 'carl'])" in file.read_text()


def test_who_could_not_start_the_kernels_python_is_told(
    course, tmp_path, monkeypatch, capsys
):
    given = dict(place=tmp_path / "srv", hub=tmp_path / "opt", python="/no/python")
    options = [f"--{name}={value}" for name, value in given.items()]
    monkeypatch.setattr(hub, "home", lambda _: tmp_path / "home")
    monkeypatch.setattr(hub, "hand_out", lambda *_: None)
    hub.main(["set-up", NAME, *options])
    said = capsys.readouterr().out
    assert f"{NAME} cannot start /no/python: no kernel will begin\n" in said


def test_who_has_no_account_is_told():
    with pytest.raises(SystemExit, match="useradd --create-home no-such-student"):
        hub.main(["collect", "no-such-student"])
