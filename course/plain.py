"""Turn MyST's boxes and equations into Markdown that every notebook reader shows alike.

JupyterLab's own renderer, Colab and code hosts know no directives, and JupyterLab's
MyST extension neither folds nested hints nor sets mathematics inside them. So the
notebooks are plain: a box becomes a quotation with a bold title, a dropdown <details>.
"""

import re
from collections.abc import Mapping

BOXES = ("admonition", "note", "tip", "hint", "important", "warning", "seealso")
TITLES = {"seealso": "See also"}
KNOWN = (*BOXES, "dropdown", "math")

DIRECTIVE = re.compile(
    r"(?P<indent>\s*)(?P<fence>`{3,}|:{3,})\s*\{(?P<name>[\w-]+)\}\s*(?P<title>.*)"
)
LITERAL = re.compile(r"\s*(?P<fence>`{3,}|~{3,})(?!.*`)")
OPTION = re.compile(r":[\w-]+:")
TARGET = re.compile(r"\((?P<name>[\w:. -]+)\)=\s*")
EQUATION = re.compile(r"\$\$ *\((?P<label>[\w:-]+)\) *$", re.MULTILINE)
LABEL = re.compile(r":label: *(?P<label>[\w:-]+) *$", re.MULTILINE)
ATTRIBUTES = re.compile(r"\{[.#][^}`]*\}\s*")


def equation_numbers(text: str) -> dict[str, int]:
    """Number the equations of a whole text that have a label, as the site does."""
    found = [*EQUATION.finditer(text), *LABEL.finditer(text)]
    found.sort(key=re.Match.start)
    return {match["label"]: number for number, match in enumerate(found, 1)}


def plain(text: str, equations: Mapping[str, int], first: int = 0) -> str:
    """Write a markdown text without directives, targets, labels and attribute lines.

    Raises LookupError(sentence, line) for a directive with no plain form; lines count
    from `first`.
    """
    lines, done, at = text.split("\n"), [], 0
    while at < len(lines):
        line, end = lines[at], at
        directive, literal = DIRECTIVE.match(line), LITERAL.match(line)
        if directive:
            end = closing(lines, at, directive["fence"], first)
            name, title = directive["name"], directive["title"].strip()
            if name not in KNOWN or directive["indent"]:
                expected = f"expected one of {', '.join(KNOWN)}, not indented"
                raise LookupError(f"directive {name}: {expected}", first + at)
            body = lines[at + 1 : end]
            done += box(name, title, body, equations, first + at + 1)
            if "".join(lines[end + 1 : end + 2]).strip():
                done.append("")  # or the next line would belong to the box
        elif literal:
            end = closing(lines, at, literal["fence"], first)
            done += lines[at : end + 1]
        elif target := TARGET.fullmatch(line):
            done += [f'<a id="{target["name"]}"></a>', ""]
        elif equation := EQUATION.search(line):
            tag = f"\\tag{{{equations[equation['label']]}}} $$"
            done.append(line[: equation.start()] + tag)
        elif not ATTRIBUTES.fullmatch(line) and not line.startswith("% "):
            done.append(line)
        at = end + 1
    return "\n".join(done)


def closing(lines: list[str], start: int, fence: str, first: int) -> int:
    """Find the line that ends the block which begins on line `start`."""
    for number in range(start + 1, len(lines)):
        line = lines[number].strip()
        if line.startswith(fence) and not line.strip(fence[0]):
            return number
    raise LookupError(
        f"{fence} has no end: expected {fence} on a line below", first + start
    )


def box(
    name: str, title: str, body: list[str], equations: Mapping[str, int], first: int
) -> list[str]:
    """Write the plain form of one directive."""
    options = []
    while body and (not body[0].strip() or OPTION.match(body[0])):
        options.append(body[0].replace(" ", ""))
        body, first = body[1:], first + 1
    if name == "math":
        labels = [
            line[len(":label:") :] for line in options if line.startswith(":label:")
        ]
        tags = [f"\\tag{{{equations[label]}}}" for label in labels]
        return ["$$", *([title] if title else []), *body, *tags, "$$"]
    inner = plain("\n".join(body), equations, first).strip().split("\n")
    if name == "dropdown" or ":class:dropdown" in options:
        return [f"<details><summary>{title}</summary>", "", *inner, "", "</details>"]
    title = title or TITLES.get(name, name.capitalize())
    return [f"> {line}".rstrip() for line in (f"**{title}**", "", *inner)]
