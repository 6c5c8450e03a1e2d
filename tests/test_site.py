"""The site: executed once, never stale, nothing from another host, all reachable."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import cache
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from browser import chromium
from bs4 import BeautifulSoup
from tiny_site import built, edit, executed, make

from course.notebooks import chapter
from course.site import HERE, ROOT, BuildError, build, folds, mathematics, stage
from course.site.execute import Executed, Executor

LOCAL = re.compile(r"^(?!data:|#|mailto:)(?![a-z]+://|//)")
FOREIGN = re.compile(
    r"""(?:url\(|@import|import\(|fetch\(|src=)\s*["']?(?:https?:)?//"""
)


@pytest.fixture
def project(tmp_path):
    return make(tmp_path)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """One built site that the tests only look at."""
    return built(tmp_path_factory) / "build/html"


@pytest.fixture(params=["tiny", "course"])
def site(request):
    if request.param == "tiny":
        return request.getfixturevalue("tiny")
    if not (ROOT / "build/html/index.html").exists():
        pytest.skip("the course's own pages are not built: make html")
    return ROOT / "build/html"


def soup(path):
    return BeautifulSoup(path.read_text("utf8"), "html.parser")


# A word of code or of a formula in a tag that says how it looks: most tags of a page.
LOOKS = re.compile(r'<(span|mi|mn|mo)(?: class="(?!katex-error)[^"]*")?>([^<]*)</\1>')


class Page(NamedTuple):
    ids: set
    links: list
    asked: list  # what is got without a click
    loads: list  # of these, what a page cannot do without
    nameless: list  # pictures of which a reader hears nothing
    unset: bool  # formulas that stayed TeX
    folds: list  # what folded cells are called
    controls: list  # of each live figure, by name


def read(path):
    """What the tests ask of a page; its tags are gone through once: there are many."""
    page = BeautifulSoup(LOOKS.sub(r"\2", path.read_text("utf8")), "html.parser")
    tags = page.find_all(True)
    address = lambda tag: tag.get("src") or tag.get("href") or tag.get("action") or ""
    comes = lambda tag: tag.name == "link" and tag.has_attr("href")
    style = lambda tag: tag.name == "link" and "stylesheet" in tag.get("rel", ())
    asks = lambda tag: tag.attrs.keys() & {"src", "poster", "srcset", "action"}
    needs = lambda tag: tag.name in ("script", "img") and tag.has_attr("src")
    inside = page.main.find_all(True)  # by hand, for selectors take their time
    of = lambda kind: [tag for tag in inside if kind in tag.get("class", ())]
    bare = lambda tag: tag.name == "svg" and not tag.has_attr("aria-hidden")
    pictures = [tag for tag in inside if tag.name == "img" or bare(tag)]
    silent = [p for p in pictures if not p.get("alt") and not p.get("aria-label")]
    return Page(
        {tag["id"] for tag in tags if tag.has_attr("id")},
        [t.get("href") or t["src"] for t in tags if t.attrs.keys() & {"href", "src"}],
        [address(tag) for tag in tags if asks(tag) or comes(tag)],
        [address(tag) for tag in tags if needs(tag) or style(tag)],
        [str(p)[:90] for p in silent if not p.find_parent(heard)],
        bool(of("katex-error")) or "\\(" in prose(page.main),
        [fold.get("aria-label") for fold in inside if folds_code(fold)],
        [controls(spec) for spec in of("live-spec") if spec.name == "script"],
    )


def prose(main):
    """The text of a page without its code; that takes a look at each string."""
    if "\\(" not in (text := "".join(main.strings)):
        return text
    return "".join(t for t in main.strings if not t.find_parent("pre"))


def folds_code(tag):
    return tag.name == "summary" and "hide" in tag.parent.get("class", ())


def controls(spec):
    """The controls of a live figure, by name."""
    return {control["name"]: control for control in json.loads(spec.string)["controls"]}


def heard(tag):
    """Whether what lies in an element is told in another way."""
    return "katex" in tag.get("class", ()) or tag.has_attr("aria-label")


@pytest.fixture(scope="module")
def read_once():
    return cache(lambda site: {p.resolve(): read(p) for p in site.rglob("*.html")})


@pytest.fixture
def pages(site, read_once):
    """By file, what is on each page of a site."""
    return read_once(site)


@pytest.mark.slow
def test_a_fold_is_called_after_its_code_and_as_no_other(pages):
    names = [page.folds for page in pages.values() if page.folds]
    assert names, "nothing is folded"
    for called in names:
        assert all(re.match("code: .", name) for name in called)
        assert len(set(called)) == len(called)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import torch\ndef a(x):\n    return x\nclass B:\n    pass", "a, B"),
        ("start = 3\nlive(group, draw, n=4)", "the figure group"),
        ("%matplotlib inline\nrows, n = f(), 1\nprint(n)", "(rows, n)"),
        ("for n in range(3):\n    print(n)", "what is printed"),
        ("fig", "what is shown"),
    ],
)
def test_what_a_fold_says(code, words):
    assert folds.said(code) == words


def test_no_style_looks_into_what_changes():
    """`:has()` is looked up again, through the whole page, when a figure answers."""
    sheets = [*ROOT.glob("course/site/theme/**/*.css"), *ROOT.glob("lib/live/**/*.css")]
    assert len(sheets) > 10
    assert not [sheet.name for sheet in sheets if ":has(" in sheet.read_text()]


def key(root):
    return Executor(root).key("05_tiny", chapter(root / "source/05_tiny/chapter.md"))


@pytest.mark.parametrize("name", ["lib/tiny.py", "lib/data.npz", "requirements.lock"])
def test_key_follows_lib_and_lock(project, name):
    before = key(project)
    with (project / name).open("a") as file:
        file.write("# more\n")
    assert key(project) != before


def test_key_follows_what_a_module_imports_and_nothing_else(project):
    (project / "lib/other.py").write_text("x = 1\n")
    before = key(project)
    (project / "lib/other.py").write_text("x = 2\n")
    assert key(project) == before
    edit(project, "lib/tiny.py", "def answer", "from lib import other\n\n\ndef answer")
    before = key(project)
    (project / "lib/other.py").write_text("x = 3\n")
    assert key(project) != before


def test_key_follows_only_its_own_records(project):
    records = project / "lib/data/records"
    records.mkdir(parents=True)
    before = key(project)
    (records / "06_later.json").write_text("{}")
    assert key(project) == before
    (records / "05_tiny.json").write_text("{}")
    assert key(project) != before


def test_key_follows_code_but_neither_prose_nor_style(project):
    before, text = key(project), "source/05_tiny/chapter.md"
    edit(project, text, "As {cite", "Indeed, as {cite")
    (project / "lib/live.css").write_text("figure {}")
    assert key(project) == before
    edit(project, text, "the answer is", "the result is")
    assert key(project) != before


def test_key_follows_only_the_tags_that_decide_about_execution(project):
    before, text = key(project), "source/05_tiny/chapter.md"
    edit(project, text, ":tags: [hide-input]", ":tags: [recipe, remove-input]")
    assert key(project) == before
    for tag in ("stderr", "raises-exception", "skip-execution"):
        edit(project, text, ":tags: [", f":tags: [{tag}, ")
        assert key(project) != before
        edit(project, text, f"{tag}, ", "")


@pytest.mark.slow
def test_second_build_executes_nothing_and_a_changed_kernel_never_stays(
    project, capsys
):
    page = build(root=project) / "05_tiny.html"
    assert capsys.readouterr().out.count("executed in") == 2
    assert "from lib import tiny" in soup(page).main.get_text()
    edit(project, "source/05_tiny/chapter.md", "As {cite", "Indeed, as {cite")
    head = "```{code-cell} python\n"
    look = f"{head}:tags: [remove-input]\nfrom lib"
    edit(project, "source/05_tiny/chapter.md", f"{head}from lib", look)
    build(root=project)
    assert "executed" not in capsys.readouterr().out
    assert "Indeed" in page.read_text() and "the answer is 42" in page.read_text()
    assert "from lib import tiny" not in soup(page).main.get_text()
    clock = "import os\n\nos.times = lambda: (1, 2, 3, 4, 99)  # ours, our children's"
    edit(project, "lib/tiny.py", "def answer", f"{clock}\n\n\ndef answer")
    edit(project, "lib/tiny.py", "41 + 1", "6 * 9")
    build(root=project)
    assert "the answer is 54" in page.read_text()
    assert "the answer is 42" not in page.read_text()
    assert "10 seconds of one processor core, measured" in page.read_text()
    assert json.loads((project / "build/times.json").read_text())["05_tiny"] == 10
    assert len(list((project / "build/cache").glob("*/05_tiny.ipynb"))) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1 / 0", "05_tiny, code cell 1.*ZeroDivisionError"),
        ("import sys; print('odd', file=sys.stderr)", "code cell 1 .*stderr.*odd"),
        ("import os; os._exit(1)", "05_tiny, code cell 1"),
    ],
)
def test_a_failing_cell_is_named_and_leaves_nothing(project, code, said):
    imports = "from lib import tiny"
    edit(project, "source/05_tiny/chapter.md", imports, f"{imports}; {code}")
    with pytest.raises(BuildError, match=re.compile(said, re.S)):
        build(root=project)
    entries = [p.name for p in (project / "build/cache").glob("*/*.ipynb")]
    assert entries == ["index.ipynb"]
    assert not list((project / "build/cache").glob(".half-*"))


def test_an_interrupted_execution_leaves_no_entry(project, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Executor, "_run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build(root=project)
    assert not list((project / "build/cache").iterdir())


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_build_that_is_stopped_stops_at_once_and_its_kernel_too(project, how):
    waits = "import os, time; open(f'{os.getpid()}.at', 'w'); time.sleep(600)"
    edit(project, "source/05_tiny/chapter.md", "from lib import tiny", waits)
    # What a shell puts into the background does not heed Ctrl-C, nor do its children.
    heeds = "import signal as s; s.signal(s.SIGINT, s.default_int_handler); "
    build_it = f"from course.site import *; build(root=type(ROOT)({str(project)!r}))"
    with subprocess.Popen(
        [sys.executable, "-c", heeds + build_it], stderr=subprocess.DEVNULL
    ) as work:
        try:
            soon = time.monotonic() + 60
            while not (begun := [*project.glob("chapters/*.at")]):
                assert time.monotonic() < soon
                time.sleep(0.05)
            work.send_signal(how)
            assert work.wait(20) == -how
        finally:
            work.kill()
    for _ in range(100):
        try:
            os.kill(int(begun[0].stem), 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    raise AssertionError("the kernel runs on")


@pytest.mark.slow
def test_a_fault_of_a_page_is_an_error_each_time(tmp_path, tmp_path_factory):
    project = executed(tmp_path, tmp_path_factory)
    edit(project, "source/05_tiny/chapter.md", "$a^2$", r"$a^2$ and $\nonsense{x}$")
    for _ in range(2):
        with pytest.raises(BuildError, match=r"05_tiny.*nonsense"):
            build(root=project)


def test_mathematics_is_finished_or_says_why_not():
    html = mathematics.render(r"\frac{1}{2}", display=True)
    assert "<math" in html and 'class="katex-display"' in html
    with pytest.raises(mathematics.MathError, match=r"\\oops"):
        mathematics.render(r"\oops{1}", display=False)


def test_a_chapter_without_its_opening_is_an_error(project):
    edit(project, "source/05_tiny/chapter.md", "3 minutes to read", "a short read")
    book = chapter(project / "source/05_tiny/chapter.md", "site")
    with pytest.raises(BuildError, match="minutes to read"):
        stage.opening("05_tiny", Executed(book, 1.0, True))


def test_an_unknown_chapter_is_an_error(project):
    with pytest.raises(ValueError, match="no chapter '07': expected one of 05"):
        build(["07"], root=project)


@pytest.mark.slow
def test_front_page_says_what_is_there_and_what_it_costs(tiny):
    written, later = soup(tiny / "index.html").select("table.chapters tbody tr")
    assert written.a["href"] == "05_tiny.html"
    said = written.get_text(" ", strip=True)
    assert re.fullmatch(r"05 A tiny chapter How small is a chapter\? 3 min \d+ s", said)
    assert later.a is None and "in the making" in later.get_text()


@pytest.mark.slow
def test_tasks_and_answers_are_on_pages_of_their_own(tiny):
    tasks = soup(tiny / "exercises/05_tiny.html").main.get_text()
    answers = soup(tiny / "solutions/05_tiny.html").main.get_text()
    assert "NotImplementedError" in tasks and "Hint 1" in tasks
    assert "return x + 1" not in tasks and "Why." not in tasks
    assert "return x + 1" in answers and "One more is one more" in answers
    assert not re.search("SOLUTION|grade", tasks + answers)


def test_pages_for_teachers_are_reached_from_the_exercises():
    links, tree = stage.all_exercises({}, {}, ["teaching/grade"]).cells[-2:]
    assert "[](../teaching/grade.md)" in links.source
    assert "/teaching/grade" in tree.source.split("\n")
    assert "teachers" not in str(stage.all_exercises({}, {}, []))


@pytest.mark.slow
def test_a_sentence_sets_a_state_that_a_figure_of_its_page_has(pages, site):
    told = 0
    for page in pages.values():
        for link in page.links:
            if not link.startswith("#live?"):
                continue
            state = dict(parse_qsl(link.partition("?")[2], strict_parsing=True))
            able = [figure for figure in page.controls if state.keys() <= figure.keys()]
            assert able, link
            assert any(all(fits(f[n], text) for n, text in state.items()) for f in able)
            told += 1
    assert told or site != ROOT / "build/html"


def fits(control, text):
    """Whether a control can stand where a link puts it."""
    if control["kind"] == "choice":
        return text in control["options"]
    if control["kind"] in ("mask", "switches"):
        return len(text) == len(control["start"]) and set(text) <= {"0", "1"}
    numbers = [float(number) for number in text.split(",")]
    ranges = [control["x"], control["y"]] if control["kind"] == "pad" else None
    ranges = ranges or [(control["low"], control["high"])] * len(control["start"])
    pairs = zip(numbers, ranges, strict=True)
    return all(low <= number <= high for number, (low, high) in pairs)


@pytest.mark.slow
def test_links_lead_somewhere(pages):
    for page, found in pages.items():
        for link in found.links:
            target = urlsplit(link)
            if target.scheme or not (LOCAL.match(link) or target.fragment):
                continue
            path = page.parent / unquote(target.path) if target.path else page
            assert path.resolve().is_file(), f"{page.name}: {link}"
            if target.fragment and path.suffix == ".html":
                ids = pages[path.resolve()].ids | {"live"}  # a state of a figure
                assert unquote(target.fragment).partition("?")[0] in ids, (
                    f"{page.name}: {link}"
                )


@pytest.mark.slow
def test_nothing_comes_from_another_host(site, pages):
    for page, found in pages.items():
        for address in found.asked:
            assert not re.match(r"(https?:)?//", address), f"{page.name}: {address}"
        assert 'type="module"' not in page.read_text("utf8")  # file:// forbids them
    for path in [*site.rglob("*.js"), *site.rglob("*.css"), *pages]:
        assert not FOREIGN.search(path.read_text("utf8")), path
    for path in site.rglob("*.css"):
        for address in re.findall(r"""url\(["']?([^"')]+)""", path.read_text("utf8")):
            assert address.startswith("data:") or (path.parent / address).is_file()


@pytest.mark.slow
def test_pictures_speak_and_mathematics_is_set(pages):
    for page, found in pages.items():
        assert not found.nameless and not found.unset, page.name


@pytest.mark.slow
def test_a_comma_stays_with_its_formula(tiny):
    formula = soup(tiny / "05_tiny.html").select_one("span.math.whole")
    assert formula.get_text().endswith(",")


@pytest.mark.slow
def test_a_page_with_all_it_loads_stays_under_a_megabyte(pages):
    fonts = sum(f.stat().st_size for f in (HERE / "theme/static/fonts").glob("*.woff2"))
    assert fonts < 150_000
    weigh = cache(lambda path: len(gzip.compress(path.read_bytes())))
    for page, found in pages.items():
        addresses = [urlsplit(address) for address in found.loads]
        local = [page.parent / unquote(a.path) for a in addresses if not a.scheme]
        weight = sum(weigh(path.resolve()) for path in [page, *local]) + fonts
        assert weight < 1_000_000, f"{page.name}: {weight:,} bytes"


@pytest.mark.browser
@pytest.mark.slow
def test_search_and_pages_work_from_a_folder(tiny):
    trouble = []
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.on("console", lambda m: m.type == "error" and trouble.append(m.text))
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("request", lambda r: r.url[:5] == "file:" or trouble.append(r.url))
        for name in ("index", "05_tiny", "exercises/05_tiny", "references"):
            page.goto((tiny / f"{name}.html").as_uri())
            wide = "document.documentElement.scrollWidth - innerWidth"
            assert page.evaluate(wide) <= 0, f"{name} overflows"
        page.fill("input[type=search]", "chapter")
        page.keyboard.press("Enter")
        page.wait_for_selector("#search-results a >> text=A tiny chapter")
        page.click("button.theme")
        assert page.get_attribute("html", "data-theme") == "light"
    assert not trouble
