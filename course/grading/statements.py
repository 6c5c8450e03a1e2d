"""A cell's top-level statements, cut by Python's tokenizer: what each binds and names.

Python's own parser would be brought to its knees by some texts that strangers write;
the tokenizer reads them once, from front to back.
"""

import functools
import io
import keyword
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from tokenize import COMMENT, DEDENT, ENDMARKER, INDENT, NAME, NEWLINE, NL, STRING

MAGIC = re.compile(  # a line that is IPython's, and no Python
    r"^[ \t]*(?:%%?[A-Za-z]|!(?!=)|\?).*$|^[\w.]+\?{1,2}[ \t]*$", re.M
)
DEFINITION = re.compile(r"^(?:def|class)[ \t]+(\w+)", re.M)
LITERALS = {"True", "False", "None"}
GOES_ON = {"else", "elif", "except", "finally"}
Tokens = list[tokenize.TokenInfo]


@dataclass(frozen=True)
class Statement:
    """One statement: an import, a definition, a constant, or other.

    `signature` is its tokens without comments and docstrings: two statements of one
    signature do the same. What the tokenizer refuses is `broken`.
    """

    text: str
    kind: str
    binds: frozenset[str]
    names: frozenset[str]
    signature: tuple[str, ...]
    modules: tuple[str, ...] = ()  # of an import: the packages that it needs

    @property
    def always(self) -> bool:
        """Whether an import counts without being named: a star, or a __future__."""
        return "*" in self.binds or self.modules == ("__future__",)

    @property
    def found(self) -> bool:
        """Whether all that an import needs is installed."""
        return all(name and there(name) for name in self.modules)


def there(name: str) -> bool:
    """Whether a package is installed; nothing is imported for it."""
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


@functools.lru_cache(512)
def statements(text: str) -> tuple[Statement, ...]:
    """Cut a cell; all that follows what is no Python is one statement, broken."""
    text = MAGIC.sub("", text).replace("\r\n", "\n")
    rows = text.split("\n")
    done: list[Statement] = []
    last = 0
    try:
        for tokens in groups(text):
            done.append(made(rows, tokens))
            last = tokens[-1].end[0]
    except (tokenize.TokenError, SyntaxError):
        done.append(broken("\n".join(rows[last:])))
    return tuple(done)


def broken(text: str) -> Statement:
    """Take a text that cannot be cut, or is too long for that, as one statement."""
    binds = frozenset(DEFINITION.findall(text))
    names = frozenset(re.findall(r"\w+", text))
    return Statement(text, "broken", binds, names, (text.strip(),))


def groups(text: str) -> Iterator[Tokens]:
    """Give the tokens of one top-level statement after another."""
    group: Tokens = []
    line: Tokens = []
    level, decorated = 0, False
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (COMMENT, NL, ENDMARKER):
            continue
        level += (token.type == INDENT) - (token.type == DEDENT)
        line.append(token)
        if token.type != NEWLINE:
            continue
        first = next(t for t in line if t.type not in (INDENT, DEDENT))
        outer = first.start[1] == 0 and first.string not in GOES_ON
        if outer and group and not decorated:
            yield from simple(group)
            group = []
        group += line if group else line[line.index(first) :]
        if outer:
            decorated = first.string == "@"
        line = []
    if group:
        yield from simple(group)


def simple(group: Tokens) -> Iterator[Tokens]:
    """Cut at semicolons where a statement is one line, and not a whole block."""
    if group[0].string in {"@", "async", "class", "def"} or any(
        t.type in (INDENT, DEDENT) for t in group
    ):
        yield group
        return
    part: Tokens = []
    for token in group:
        if token.string == ";" or token.type == NEWLINE:
            if part:
                yield part
            part = []
        else:
            part.append(token)


def made(rows: list[str], tokens: Tokens) -> Statement:
    """Say what a statement is."""
    inner = [t for t in tokens if t.type not in (NEWLINE, INDENT, DEDENT)]
    words = [t.string for t in inner]
    kind, binds, modules = "other", list[str](), list[str]()
    if words[0] in ("import", "from"):
        kind = "import"
        binds, modules = imported(words)
    elif words[0] in ("def", "class", "@", "async"):
        kind = "definition"
        text = cut(rows, tokens)
        binds = DEFINITION.findall(re.sub(r"^async[ \t]+", "", text, flags=re.M))
    elif "=" in words and inner[0].type == NAME:
        kind, binds = assigned(inner)
    names = {t.string for t in inner if t.type == NAME and not keyword.iskeyword(t[1])}
    for token in inner:
        if formatted(token):
            names.update(re.findall(r"\w+", token.string))
    return Statement(
        cut(rows, tokens),
        kind,
        frozenset(binds),
        frozenset(names),
        signature(tokens),
        tuple(modules),
    )


def cut(rows: list[str], tokens: Tokens) -> str:
    """Give the text from the first of some tokens to the last."""
    inner = [t for t in tokens if t.type not in (NEWLINE, INDENT, DEDENT)]
    (top, left), (bottom, right) = inner[0].start, inner[-1].end
    lines = rows[top - 1 : bottom]
    lines[-1] = lines[-1][:right]
    lines[0] = lines[0][left:]
    return "\n".join(lines)


def signature(tokens: Tokens) -> tuple[str, ...]:
    """Give the tokens that a statement does something by: no comments, no docstring."""
    lines: list[Tokens] = [[]]
    for token in tokens:
        lines[-1].append(token)
        if token.type == NEWLINE:
            lines.append([])
    layout = {INDENT: "→", DEDENT: "←", NEWLINE: ";"}
    kept = []
    for line in lines:
        does = [t for t in line if t.type not in layout]
        if [t.type for t in does] == [STRING]:
            line = [t for t in line if t.type in (INDENT, DEDENT)]
        kept += [layout.get(t.type, t.string) for t in line]
    return tuple(kept)


def imported(words: list[str]) -> tuple[list[str], list[str]]:
    """Name what an import binds, and the packages that it needs."""
    binds, modules = [], []
    start = words.index("import") + 1 if "import" in words else len(words)
    if words[0] == "from":
        modules.append(words[1] if words[1].isidentifier() else "")
    part: list[str] = []
    for word in [*words[start:], ","]:
        if word == "," and part:
            if words[0] == "import":
                modules.append(part[0])
            whole = words[0] == "import" and "as" not in part
            binds.append(part[0] if whole else part[-1])
            part = []
        elif word not in "(),":
            part.append(word)
    return binds, modules


def assigned(inner: Tokens) -> tuple[str, list[str]]:
    """Say what an assignment is, by its value, and which names it binds."""
    at = next(i for i, t in enumerate(inner) if t.string == "=")
    words = [t.string for t in inner[:at]]
    targets = words[: words.index(":")] if ":" in words else words
    plain = all(word.isidentifier() for word in targets[::2])
    if not plain or any(word != "," for word in targets[1::2]) or at + 1 == len(inner):
        return "other", []
    value = inner[at + 1 :]
    if value[0].string == "lambda":
        return "definition", targets[::2]
    names = {t.string for t in value if t.type == NAME} - LITERALS
    literal = not names and not any(map(formatted, value))
    return ("constant" if literal else "other"), targets[::2]


def formatted(token: tokenize.TokenInfo) -> bool:
    """Whether a token is a string in which code may stand (before Python 3.12)."""
    prefix = token.string[: token.string.find(token.string[-1])]
    return token.type == STRING and "f" in prefix.lower()
