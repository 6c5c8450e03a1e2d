"""A cell's top-level statements, cut by Python's tokenizer.

Python's own parser would be brought to its knees by some texts that strangers write;
the tokenizer reads them once, from front to back.
"""

import functools
import io
import re
import tokenize
from collections.abc import Iterator
from tokenize import COMMENT, DEDENT, ENDMARKER, INDENT, NEWLINE, NL

from course.grading.statement import Statement, Tokens, broken, made

MAGIC = re.compile(  # a line that is IPython's, and no Python
    r"^[ \t]*(?:%%?[A-Za-z]|!(?!=)|\?).*$|^[\w.]+\?{1,2}[ \t]*$", re.M
)
GOES_ON = {"else", "elif", "except", "finally"}


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
