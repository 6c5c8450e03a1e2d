"""Names of lib in code: those that Python would find, and no others."""

import pytest

from course.site.library import File, Library
from course.site.names import Finder

LIB = Library(
    {
        "lib": File("lib", "", True),
        "lib.moe": File(
            "lib.moe", "def route(): pass\nclass MoE:\n    def run(): pass\n"
        ),
        "lib.plot": File("lib.plot", "BLUE = '#00f'\n"),
        "lib.game": File("lib.game", "from lib.game.losses import loss\n", True),
        "lib.game.losses": File("lib.game.losses", "def loss(): return loss()\n"),
    }
)


def mentions(*cells):
    """(text, home) of each mention, in order."""
    finder = Finder(LIB.home)
    return [(c[m.start : m.end], m.home) for c in cells for m in finder(c)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("from lib import moe\nmoe.route(1)", [("moe.route", "lib.moe.route")]),
        ("from lib import moe as m\nm.route", [("m.route", "lib.moe.route")]),
        ("import lib.moe\nlib.moe.route", [("lib.moe.route", "lib.moe.route")]),
        ("import lib.moe as m\nm.route", [("m.route", "lib.moe.route")]),
        ("from lib.moe import route as r\nr(2)", [("r", "lib.moe.route")]),
        ("from lib import game\ngame.loss", [("game.loss", "lib.game.losses.loss")]),
        ("from lib import moe\nmoe.MoE().run()", [("moe.MoE", "lib.moe.MoE")]),
        ("from lib import moe\nmoe.MoE.run", [("moe.MoE.run", "lib.moe.MoE.run")]),
        ("from lib import moe\nmoe.nothing", [("moe", "lib.moe")]),
        ("from lib import moe\n(moe\n .route)", [("moe\n .route", "lib.moe.route")]),
        ("from lib import moe\n'é‖', moe.route", [("moe.route", "lib.moe.route")]),
        (
            "from lib import moe\ndef f():\n    moe.route",
            [("moe.route", "lib.moe.route")],
        ),
        (
            "from lib import moe\n[moe.route for x in y]",
            [("moe.route", "lib.moe.route")],
        ),
        (
            "from lib import moe\nmoe = moe.route()\nmoe.x",
            [("moe.route", "lib.moe.route")],
        ),
        ("from lib import moe\ndef f(moe): moe.route", []),
        ("from lib import moe\ndef f():\n    moe.route\n    moe = 1", []),
        ("from lib import moe\nlambda moe: moe.route", []),
        ("from lib import moe\n[moe.route for moe in x]", []),
        ("from lib import moe\nfor moe in x: moe.route", []),
        ("from lib import moe\ndef moe(): pass\nmoe.route", []),
        ("from lib import moe\nimport other as moe\nmoe.route", []),
        ("from lib import moe\n'moe.route'  # moe.route", []),
        ("moe.route", []),
        ("from other import moe\nmoe.route", []),
    ],
)
def test_the_names_after_an_import(code, expected):
    begin = code.index("\n") if "\n" in code else 0
    finder = Finder(LIB.home)
    found = [m for m in finder(code) if m.start > begin]
    assert [(code[m.start : m.end], m.home) for m in found] == expected


def test_an_import_leads_to_modules_and_names():
    assert mentions("from lib.moe import route, MoE") == [
        ("lib.moe", "lib.moe"),
        ("route", "lib.moe.route"),
        ("MoE", "lib.moe.MoE"),
    ]
    assert mentions("from lib import (\n    moe,  # é\n    plot,\n)") == [
        ("moe", "lib.moe"),
        ("plot", "lib.plot"),
    ]


def test_a_page_is_read_from_the_top():
    assert mentions("from lib import plot", "plot.BLUE", "plot = 1", "plot.BLUE") == [
        ("plot", "lib.plot"),
        ("plot.BLUE", "lib.plot.BLUE"),
    ]


def test_lines_of_ipython_are_passed_over():
    code = "%matplotlib inline\nif x:\n    !ls\nfrom lib import moe"
    assert mentions(code) == [("moe", "lib.moe")]


def test_code_that_is_none_is_an_error():
    with pytest.raises(SyntaxError):
        mentions("def (")


def test_a_file_of_lib_knows_its_own_names():
    file = LIB.files["lib.game.losses"]
    (found,) = Finder(LIB.home, file)(file.text)
    assert file.text[found.start :] == "loss()\n"
    assert found.home == "lib.game.losses.loss"
