"""Pages of lib, and the links of code to them: on a tiny site and on the course's."""

import io
import re
import tokenize

import pytest
from bs4 import BeautifulSoup
from tiny_site import built, edit, executed

from course.site import ROOT, build
from course.site.docstrings import prose
from course.site.library import Library
from course.site.links import Tag, woven

pytestmark = pytest.mark.slow


def soup(path):
    return BeautifulSoup(path.read_text("utf8"), "html.parser")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return built(tmp_path_factory) / "build/html"


@pytest.fixture(scope="module")
def course():
    if not (ROOT / "build/html/lib/index.html").exists():
        pytest.skip("the course's own pages are not built: make html")
    return ROOT / "build/html"


def test_a_page_says_what_a_package_holds(tiny):
    page = soup(tiny / "lib/game.html").main
    assert page.h1.get_text().startswith("lib.game")
    assert page.select_one("p.question").get_text() == (
        "A game: what is lost, and where it is played."
    )
    sections = [section["id"] for section in page.select("section")]
    assert sections == [
        "lib.game",
        "lib.game.losses",
        "lib.game.losses.loss",
        "lib.game.field",
        "lib.game.field.Field",
    ]


def test_a_function_has_its_words_its_equation_its_example_and_its_code(tiny):
    loss = soup(tiny / "lib/game.html").find(id="lib.game.losses.loss")
    assert loss.p.get_text() == "The stake, and tiny.answer on top."
    assert loss.p.code.get_text() == "tiny.answer"
    equation, example, code = loss.select("pre")
    assert equation.get_text() == "loss = stake + 42       (Eq. 1)\n"
    assert example.get_text() == ">>> loss(1)\n43\n"
    assert code.get_text() == (
        "def loss(stake):\n    return _whole(stake) + tiny.answer()\n"
    )
    assert code.select_one(".k").get_text() == "def"


def test_names_lead_to_where_their_code_stands(tiny):
    page = soup(tiny / "05_tiny.html").main
    leads = {a.get_text(): a["href"] for a in page.select(".highlight a")}
    assert leads == {
        "tiny": "lib/tiny.html",
        "tiny.answer": "lib/tiny.html#lib.tiny.answer",
        "lib.game": "lib/game.html",
        "KINDS": "lib/game.html#lib.game.losses.KINDS",
        "field": "lib/game.html#lib.game.field",
        "field.Field": "lib/game.html#lib.game.field.Field",
        "loss": "lib/game.html#lib.game.losses.loss",
    }
    game = soup(tiny / "lib/game.html")
    for name, line in [("KINDS", "KINDS ="), ("_whole", "def _whole")]:
        anchor = game.find(id=f"lib.game.losses.{name}")
        assert (
            anchor.get_text() == name and line in anchor.find_parent("pre").get_text()
        )
    inner = {a.get_text(): a["href"] for a in game.select(".highlight a")}
    assert inner["tiny.answer"] == "tiny.html#lib.tiny.answer"
    assert inner["_whole"] == "#lib.game.losses._whole"


def test_the_tab_key_stops_once_at_each_aim(tiny):
    links = soup(tiny / "05_tiny.html").main.select(".highlight a")
    stops = [a["href"] for a in links if a.get("tabindex") != "-1"]
    assert len(links) > len(stops) == len({a["href"] for a in links})


def test_a_page_tells_who_uses_it(tiny):
    game = soup(tiny / "lib/game.html")
    used = game.find(id="lib.game.losses.loss").select_one("p.facts")
    assert used.get_text() == "Used in chapter 05"
    assert used.a["href"] == "../05_tiny.html#losing"
    assert used.a["title"] == "Losing"
    rows = soup(tiny / "lib/index.html").select("table.kernels tbody tr")
    said = [row.get_text(" ", strip=True) for row in rows]
    assert said == ["game A game: what is lost, and where it is played. 05", "tiny 05"]


def test_answers_have_titles_of_their_own(tiny):
    title = soup(tiny / "solutions/05_tiny.html").h1.get_text()
    assert title.startswith("Answers · 05 A tiny chapter")


def test_a_changed_kernel_never_leaves_an_old_page(tmp_path, tmp_path_factory):
    root = executed(tmp_path, tmp_path_factory)
    site = build(root=root)
    edit(root, "lib/game/losses.py", "on top", "below")
    edit(root, "lib/game/losses.py", "_whole", "_round")
    (root / "lib/game/new.py").write_text('"""Brought later."""\n')
    build(root=root)
    page = (site / "lib/game.html").read_text("utf8")
    assert "below" in page and "on top" not in page
    assert "_round" in page and "_whole" not in page and "Brought later" in page
    (root / "lib/game/losses.py").rename(root / "lib/game/price.py")
    edit(root, "lib/game/__init__.py", "lib.game.losses", "lib.game.price")
    build(root=root)
    chapter = (site / "05_tiny.html").read_text("utf8")
    assert "#lib.game.price.loss" in chapter and "losses" not in chapter


def test_tags_go_around_whole_tokens():
    html = '<div><pre><span></span><span class="n">a</span> <span class="o">&lt;</span>'
    html += ' <span class="n">b</span>\n</pre></div>\n'
    tags = [Tag(0, 1, "a", (("href", "x?a&b"),)), Tag(4, 5, "span", ())]
    done = woven(html, "a < b", tags)
    assert '<a href="x?a&amp;b"><span></span><span class="n">a</span></a> ' in done
    assert ' <span><span class="n">b</span></span>\n</pre></div>\n' in done
    assert BeautifulSoup(done, "html.parser").pre.get_text() == "a < b\n"
    with pytest.raises(Exception, match="changed the text"):
        woven(html, "a < b < c", tags)


@pytest.mark.parametrize(
    ("doc", "kinds"),
    [
        ("One.", ["paragraph"]),
        ("One.\n\na = b^2    (Eq. 3)", ["paragraph", "literal_block"]),
        ("One.\n\nx (N,) -> (N,); a = b holds.", ["paragraph", "paragraph"]),
        ("One.\n\nWords.\n>>> f(1)\n2", ["paragraph", "paragraph", "literal_block"]),
        ("a = b", ["paragraph"]),
        ("", []),
    ],
)
def test_blocks_of_a_docstring(doc, kinds):
    assert [node.tagname for node in prose(doc)] == kinds


def dotted(code, aliases):
    """`moe.route` and its kin in a cell, by its tokens alone."""
    words = tokenize.generate_tokens(io.StringIO(code).readline)
    tokens = [t.string for t in words if t.type in (tokenize.NAME, tokenize.OP)]
    for before, name, dot, attribute in zip(
        ["", *tokens], tokens, tokens[1:], tokens[2:], strict=False
    ):
        if name in aliases and dot == "." and before != ".":
            yield name, attribute


def test_every_name_of_lib_in_the_chapters_has_a_link(course):
    lib, checked = Library.read(ROOT / "lib"), 0
    inputs = re.compile('class="cell_input.*?(<pre.*?</pre>)', re.DOTALL)
    colours = re.compile("</?span[^>]*>")
    for path in sorted(course.glob("[01]*.html")):
        # without formulas and colours, which are nearly all tags of a page
        page = colours.sub("", "".join(inputs.findall(path.read_text("utf8"))))
        cells = BeautifulSoup(page, "html.parser").select("pre")
        code = "\n".join(cell.get_text() for cell in cells)
        aliases = {}
        for names in re.findall(r"^from lib import (.+)$", code, re.M):
            for words in (name.split() for name in names.split(",")):
                aliases[words[-1]] = words[0]
        for cell in cells:
            linked = [a.get_text() for a in cell.select("a")]
            for name, attribute in dotted(cell.get_text(), aliases):
                if lib.home(f"lib.{aliases[name]}.{attribute}"):
                    said = f"{name}.{attribute}"
                    found = [x for x in linked if f"{x}.".startswith(f"{said}.")]
                    assert found, f"{path.stem}: {said} in\n{cell.get_text()}"
                    checked += 1
    assert checked > 500


def test_the_course_links_to_every_page_of_lib(course):
    lib = Library.read(ROOT / "lib")
    links = {a["href"] for a in soup(course / "lib/index.html").main.select("td a")}
    assert {f"{page.removeprefix('lib/')}.html" for page in lib.pages} <= links
