"""One statement of a learner's: what it is, what it binds, and what it names."""

import keyword
import re
import tokenize
from dataclasses import dataclass
from importlib.util import find_spec
from tokenize import DEDENT, INDENT, NAME, NEWLINE, STRING

DEFINITION = re.compile(r"^(?:def|class)[ \t]+(\w+)", re.M)
LITERALS = {"True", "False", "None"}
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


def broken(text: str) -> Statement:
    """Take a text that cannot be cut, or is too long for that, as one statement."""
    binds = frozenset(DEFINITION.findall(text))
    names = frozenset(re.findall(r"\w+", text))
    return Statement(text, "broken", binds, names, (text.strip(),))


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
