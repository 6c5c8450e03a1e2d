"""Scripts and styles: the house rules, and how they are put together."""

import re
from pathlib import Path

import pytest
from py_mini_racer import JSParseException

from course import v8
from lib.live import bundle
from lib.live.widget import LiveWidget

ROOT = Path(__file__).parent.parent
THEME = ROOT / "course" / "site" / "theme" / "static"
ENTRIES = [bundle.SCRIPTS / name for name in ("page.js", "widget.js")]
HARNESS = ROOT / "tests" / "javascript.js"
SCRIPTS = [*bundle.SCRIPTS.rglob("*.js"), *THEME.glob("*.js"), HARNESS]
STYLES = [*bundle.STYLES.glob("*.css"), *THEME.glob("*.css")]
name = lambda path: path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", [*SCRIPTS, *STYLES], ids=name)
def test_a_file_is_one_idea_short_and_narrow(path):
    lines = path.read_text("utf8").splitlines()
    assert lines[0].startswith(("// ", "/* ")), "the first line names the idea"
    assert len(lines) <= 220
    assert max(map(len, lines)) <= 100


def test_every_script_and_style_is_loaded():
    loaded = {path for entry in ENTRIES for path in bundle.reached(entry)}
    assert loaded == set(bundle.SCRIPTS.rglob("*.js"))
    for path in bundle.STYLES.glob("*.css"):
        assert path.read_text("utf8") in bundle.styles()


def test_what_a_page_loads_stays_small():
    """The engine of figures, and beside it what asks, in bytes of a page's script."""
    places = {path: "s[0]" for path in bundle.reached(ENTRIES[0])}
    sizes = {path: len(bundle._call(path, places).encode()) for path in places}
    asks = sum(size for path, size in sizes.items() if path.parent.name == "guess")
    assert sum(sizes.values()) - asks <= 90 * 1024
    assert asks <= 21 * 1024


def test_every_export_is_imported():
    given = {(path, export) for path in SCRIPTS for export in bundle.exports(path)}
    taken = {
        (path, export)
        for script in SCRIPTS
        for path, names in bundle.imports(script).items()
        for export in names
    }
    handed = {(e, export) for e in (*ENTRIES, HARNESS) for export in bundle.exports(e)}
    assert given == taken | handed


def test_what_needs_no_browser_runs_without_one():
    """Read, not run: V8 tells that a name is missing only when it meets it."""
    own_way = bundle.SCRIPTS / "answers" / "bytes.js"  # where there is no atob
    for path in set(bundle.reached(HARNESS)) - {own_way}:
        found = re.search(r"\b(document\.|window\.|atob\()", path.read_text("utf8"))
        assert not found, f"{name(path)}: {found}"


def test_anywidget_gets_a_module_that_renders():
    assert LiveWidget._esm == bundle.module(ENTRIES[1])
    script = LiveWidget._esm.replace("export default ", "const widget = ")
    assert evaluated(script + "typeof widget.render") == "function"


def evaluated(script):
    racer = v8.context()
    found = racer.eval(script)
    racer.close()
    return found


@pytest.fixture
def scripts(tmp_path):
    """A function that writes scripts by name and returns the path of the first."""

    def write(**texts):
        for stem, text in texts.items():
            (tmp_path / f"{stem}.js").write_text(text)
        return tmp_path / f"{next(iter(texts))}.js"

    return write


SHOW = "const secret = 1;\nexport function show() {\n  return secret;\n}\n"


def test_each_file_has_its_own_names_and_sees_only_what_it_imports(scripts):
    entry = scripts(
        main='import { show } from "./shown.js";\nimport { six } from "./six.js";\n'
        "const secret = 40;\n"
        "export const sum = secret + show() + six;\n"
        "export const hidden = typeof step;\n",
        shown=SHOW,
        six='import { show } from "./shown.js";\n'
        "const step = 5;\nexport const six = show() + step;\n",
    )
    joined = bundle.classic(entry, "found")
    assert joined.count("return secret") == 1  # once, though two import it
    assert evaluated(joined + "found.sum + found.hidden") == "47undefined"
    assert "export default" in bundle.module(entry)
    with pytest.raises(JSParseException):  # strict
        evaluated(bundle.classic(scripts(loose="with ({}) {\n}\n")))


def test_spaces_stay_where_they_mean_something(scripts):
    entry = scripts(
        main="// Words.\nexport const parts = [\n"
        '  `a = ${1 > 0 ? `${1} , ` : 3} ( b )`, \'c , "d"\', "e ? f", // a word\n'
        "  'g ; h'.split(/ [;,] /).join(\"/ =\"), 8 / 2 / (1 + +1), 3 - -3,\n"
        "];\n",
    )
    script = bundle.classic(entry, "found")
    parts = ["a = 1 ,  ( b )", 'c , "d"', "e ? f", "g/ =h", "2", "6"]
    assert evaluated(script + "found.parts.join('|')") == "|".join(parts)
    assert "\n " not in script and "a word" not in script and "const parts=[" in script


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"a": 'import { b } from "./b.js";\n'}, "a.js imports ./b.js, which is not"),
        (
            {"a": 'import { b } from "./c.js";\n', "c": "const b = 1;\n"},
            "./c.js does not export what .*a.js imports: {'b'}",
        ),
        (
            {
                "a": 'import { b } from "./b.js";\nexport const a = 1;\n',
                "b": 'import { a } from "./a.js";\nexport const b = 1;\n',
            },
            "a.js imports b.js imports a.js",
        ),
        (
            {"a": 'import * as b from "./a.js";\n'},
            "import \\* as b.*; expected imports",
        ),
        ({"a": "const a = `b ${{ c: `d` }}`;\n"}, "templates too deep"),
        ({"a": "export default 1;\n"}, "export default 1.*; expected imports"),
    ],
)
def test_what_cannot_be_put_together_is_refused(scripts, texts, words):
    with pytest.raises(ValueError, match=words):
        bundle.classic(scripts(**texts))
