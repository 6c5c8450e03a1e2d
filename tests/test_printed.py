"""Numbers that others print: where they stand, and in which version."""

import ast
import re
from typing import Any

import pybtex.database
import pytest

from course.citations import bibliography
from course.source import ROOT, read

BIB = ROOT / "source" / "references.bib"
ENTRIES = pybtex.database.parse_file(str(BIB)).entries
KEYS = {f"{who} {year}": key for key, (who, year, _) in bibliography(BIB, 0).items()}
NAMES = [p.parent.name for p in sorted(ROOT.glob("source/*/chapter.md"))]

REPORTS = {
    "DeepSeek LLM": "deepseek2024llm",
    "V2": "deepseek2024v2",
    "V3": "deepseek2024v3",
    "MoE": "dai2024",
    "V4": "deepseek2026v4",
    "FP8 formats": "micikevicius2022",
    "R1 v1": "deepseekai2025",
    "R1 v2": "deepseekai2025",
}
REPOSITORIES = {
    "DeepSeek-V3": "deepseek-ai/DeepSeek-V3",
    "detectron2": "facebookresearch/detectron2",
    "py-R-FCN": "YuwenXiong/py-R-FCN",
    "pytorch/examples": "pytorch/examples",
    "simpledet": "tusen-ai/simpledet",
    "taming-transformers": "CompVis/taming-transformers",
    "torchvision": "pytorch/vision",
}
PLACE = r"((Tables?|[Ss]ections?|Eq\.|Theorem|thm|Example|ex\.|App\.) [\dA-Z]|abstract)"
COMMIT = r"{}, `[^`]+`[^\n]{{0,90}}? at [0-9a-f]{{7}}\b"
ROWS = {"ROWS", "rows", "MODELS"}  # rows that end with their source
DICTS = r"(?:PRINTED|PAPER|SPENT|SHAPES|TABLES|TABLE_\d)"  # the line above says it


def resolves(fields):
    """Whether a work leads somewhere that stays as it is."""
    eprint = re.fullmatch(r"\d{4}\.\d{4,5}v\d+", fields.get("eprint", ""))
    placed = "volume" in fields and "pages" in fields
    return bool(eprint or "doi" in fields or "url" in fields or placed)


def lacks(source, prose):
    """Say what a source lacks, or nothing."""
    name, _, place = source.partition(", ")
    if repository := REPOSITORIES.get(name):
        issue = re.fullmatch(r"issue \d+", place)
        named = issue or re.search(COMMIT.format(repository), prose)
        return "" if named else f"no file and commit of {repository}"
    key = REPORTS.get(name) or KEYS.get(name)
    if not key:
        return "no such work in the bibliography"
    if not re.search(rf"{{cite:[pt]}}`[^`]*\b{key}\b", prose):
        return f"no citation of {key}"
    return "" if re.match(PLACE, place) else "no table, section or equation"


def names(node):
    """The names that occur in a piece of code."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def words(tree):
    """Names that stand for a string, alone or several in a line."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            to: Any = node.targets[0]
            value: Any = node.value
            several = isinstance(to, ast.Tuple) and isinstance(value, ast.Tuple)
            pairs = zip(to.elts, value.elts, strict=True) if several else [(to, value)]
            for name, text in pairs:
                if isinstance(name, ast.Name) and isinstance(text, ast.Constant):
                    found[name.id] = text.value
    return found


def within(table):
    """The parts of a table that is written as lists, one after another."""
    if isinstance(table, ast.BinOp):
        return within(table.left) + within(table.right)
    one = isinstance(table, ast.ListComp)
    return [table.elt] if one else getattr(table, "elts", [])


def rows(tree):
    """What each row says is printed, and whence, as code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign):
            to: Any = node.targets[0] if isinstance(node, ast.Assign) else node.target
            replaced = isinstance(to, ast.Subscript)  # a row in the place of another
            if getattr(to.value if replaced else to, "id", "") in ROWS:
                for row in [node.value] if replaced else within(node.value):
                    parts = getattr(row, "elts", [])
                    if replaced or len(parts) > 3:
                        yield parts[1], parts[-1]


def sources(cell):
    """Each source that a cell names: of a row, or above a table of numbers."""
    yield from re.findall(rf"^# (.+?)(?:: .+)?\n{DICTS} = ", cell, flags=re.M)
    tree = ast.parse(cell)
    known = words(tree)
    loops = [n for n in ast.walk(tree) if isinstance(n, ast.For)]
    handed = {name for n in loops if names(n.iter) & ROWS for name in names(n.target)}
    for printed, source in rows(tree):
        text = getattr(source, "value", known.get(getattr(source, "id", "")))
        nothing = getattr(printed, "value", None) in ("", "-") and text == ""
        own = isinstance(text, str) and text.startswith("here: ")
        if not (nothing or own or getattr(source, "id", "") in handed):
            yield text or ast.unparse(source)


def chapter(name):
    """A chapter's prose and its code cells."""
    cells = read(ROOT / "source" / name / "chapter.md", "site")
    prose = "\n".join(c.text for c in cells if c.kind == "markdown")
    return prose, [c.text for c in cells if c.kind == "code"]


def test_preprints_and_new_works_name_their_version():
    new = [e for e in ENTRIES.values() if e.type == "misc" or e.fields["year"] > "2024"]
    assert not [e.key for e in new if not resolves(e.fields)]
    assert resolves({"eprint": "2412.19437v2"}) and not resolves(
        {"eprint": "2412.19437"}
    )


@pytest.mark.parametrize("name", NAMES)
def test_printed_numbers_name_their_place(name):
    prose, cells = chapter(name)
    found = [source for cell in cells for source in sources(cell)]
    assert not {s: lacks(s, prose) for s in found if lacks(s, prose)}
    assert found


@pytest.mark.parametrize("name", NAMES)
def test_tables_of_printed_numbers_are_known_by_name(name):
    _, cells = chapter(name)
    for cell in cells:
        head = re.search(r"""["' ](printed|stated)\b|the paper, Table""", cell)
        if head and "def draw" not in cell:
            known = {n for n in names(ast.parse(cell)) if re.fullmatch(DICTS, n)}
            assert known or names(ast.parse(cell)) & ROWS, cell
    for table in re.findall(rf"^(.*)\n({DICTS}) = ", "\n".join(cells), flags=re.M):
        assert table[0].startswith("# "), f"{table[1]}: no source above it"


@pytest.mark.parametrize(
    ("source", "prose", "words"),
    [
        ("Nobody 2020, Table 1", "", "no such work"),
        ("Tan and Le 2019, Table 2", "", "no citation"),
        ("Tan and Le 2019", "{cite:p}`tan2019`", "no table"),
        ("Tan and Le 2019, Table 2", "{cite:p}`hu2018, tan2019`", ""),
        ("torchvision", "pytorch/vision, `ops/nms.py`", "no file and commit"),
        ("torchvision", "pytorch/vision, `ops/nms.py` at 44739fd", ""),
        ("V2, section 3.2.3", "{cite:t}`deepseek2024v2`", ""),
    ],
)
def test_what_a_source_lacks(source, prose, words):
    said = lacks(source, prose)
    assert said.startswith(words) if words else not said


def test_rows_without_a_source_are_found():
    cell = 'A, B = "V2, Table 1", "V3"\nROWS = [("x", "1", 2, A), ("y", "1", 2, "")]'
    assert list(sources(cell)) == ["V2, Table 1", "''"]
    assert list(sources('ROWS = [("x", "1", 2, "here: algebra")]')) == []
    assert list(sources("# V2, Table 9: all of it\nPRINTED = {1: 2}")) == [
        "V2, Table 9"
    ]
