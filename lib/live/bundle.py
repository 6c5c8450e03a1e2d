"""Puts scripts and styles together: a page gets one of each, and so does anywidget.

The sources are modules that import one another by relative path. Each becomes a
function that is called once, after those that it imports, and returns what it exports.
Comments stay behind, and so do spaces that no one but a reader of the source needs.
"""

import re
from pathlib import Path

SCRIPTS = Path(__file__).parent / "scripts"
STYLES = Path(__file__).parent / "styles"

_IMPORT = re.compile(r'^import \{([\w$\s,]*)\} from "(\.[^"]*)";\n', re.M)
_EXPORT = re.compile(
    r"^export (?=(?:async )?(?:function|const|class)\b\*? ([\w$]+))", re.M
)
_COMMENT = re.compile(r"^ *(?://|/\*\*| \*).*\n", re.M)  # on lines of their own
_LITERAL = (  # strings, templates, regular expressions
    r"""(["'])(?:\\.|(?!\2)[^\\\n])*\2"""
    r"|`(?:\\.|\$\{(?:`[^`]*`|[^`{}])*\}|[^`\\])*`"
    r"|(?<=[(,=:?&|!]) ?/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/"
)
_SPACE = re.compile(
    rf"({_LITERAL})| *// .*$|^ +"
    r"| *([;{,]) *\n *(?=[^\s/])"
    r"| *([=,:?(){}[\];*<>&|!]) *"
    r"|(?<=[\w)\]]) ([-+/%]) (?=[\w(])",
    re.M,
)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.M)


def classic(entry: Path, name: str | None = None) -> str:
    """The entry and all that it imports as one classic script.

    What the entry exports is an object, the global variable `name`. Raises ValueError
    where an import leads nowhere, or in a circle.
    """
    start = f"var {name} = " if name else ""
    scripts, last = _called(entry)
    return f'{start}(() => {{\n"use strict";\n{scripts}return {last};\n}})();\n'


def module(entry: Path) -> str:
    """The entry and all that it imports as one module.

    What the entry exports is an object, the default export. Raises ValueError where an
    import leads nowhere, or in a circle.
    """
    scripts, last = _called(entry)
    return f"{scripts}export default {last};\n"


def styles() -> str:
    """All styles of live figures; where two speak of one thing, the later wins."""
    names = ("palette", "figure", "controls", "areas", "guess", "forced")
    return "\n".join((STYLES / f"{name}.css").read_text("utf8") for name in names)


def exports(script: Path) -> list[str]:
    """The names that a script exports."""
    return _EXPORT.findall(script.read_text("utf8"))


def imports(script: Path) -> dict[Path, list[str]]:
    """The files that a script imports, and the names that it takes from each."""
    found = {}
    for names, place in _IMPORT.findall(script.read_text("utf8")):
        path = (script.parent / place).resolve()
        if not path.is_file():
            raise ValueError(f"{script} imports {place}, which is not there")
        found[path] = re.findall(r"[\w$]+", names)
        if missing := set(found[path]) - set(exports(path)):
            raise ValueError(
                f"{place} does not export what {script} imports: {missing}"
            )
    return found


def reached(entry: Path) -> list[Path]:
    """The entry and all that it imports, each behind what it imports itself."""
    found: list[Path] = []
    below: list[Path] = []

    def visit(script: Path) -> None:
        if script in below:
            circle = " imports ".join(path.name for path in [*below, script])
            raise ValueError(f"scripts in a circle: {circle}")
        if script not in found:
            below.append(script)
            for path in imports(script):
                visit(path)
            found.append(below.pop())

    visit(entry.resolve())
    return found


def _called(entry: Path) -> tuple[str, str]:
    """All scripts, called one after another, and what the last of them has returned."""
    scripts = reached(entry)
    places = {path: f"s[{i}]" for i, path in enumerate(scripts)}
    calls = [_call(path, places) for path in scripts]
    return "".join(["const s=[];\n", *calls]), places[scripts[-1]]


def _call(script: Path, places: dict[Path, str]) -> str:
    def taken(found: re.Match) -> str:
        path = (script.parent / found[2]).resolve()
        return f"const {{{found[1]}}} = {places[path]};\n"

    text = _COMMENT.sub("", script.read_text("utf8"))
    text = _EXPORT.sub("", _IMPORT.sub(taken, text))
    if other := _OTHER.search(text):
        raise ValueError(
            f"{script}: {other.group()!r}; expected imports of names from a relative "
            "path, and exports of a function, const or class"
        )
    handed = ",".join(exports(script))
    return f"{places[script]}=(()=>{{\n{_squeezed(text)}return{{{handed}}};\n}})();\n"


def _squeezed(text: str) -> str:
    """A script without the spaces and the blank lines that only its readers need."""

    def short(found: re.Match) -> str:
        literal = found[1] or ""
        if literal[:1] == "`" and re.search(r"\$\{[^}]*$", literal):
            raise ValueError(f"templates too deep in each other: {literal}")
        return literal or found[3] or found[4] or found[5] or ""

    return re.sub(r"\n{2,}", "\n", _SPACE.sub(short, text))
