"""Who uses a name of lib: links from its page to sections of chapters and exercises."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from docutils import nodes
from sphinx.application import Sphinx

from course.naming import number
from course.site.names import Finder
from course.site.sections import Section


@dataclass(frozen=True)
class Use:
    """A section in which a name of lib is used."""

    docname: str
    anchor: str
    title: str


class used_in(nodes.General, nodes.Element):
    """Holds the place of such links; what they are is known when all pages are read.

    home: the name; brief: whether the numbers of chapters are enough.
    """


def uses(
    pages: dict[str, list[Section]], home: Callable[[str], str | None]
) -> dict[str, list[Use]]:
    """By name of lib, and by module, the sections whose code has it, in order."""
    found: dict[str, dict[Use, None]] = {}
    for docname, parts in sorted(pages.items()):
        finder = Finder(home)
        for part in parts:
            use = Use(docname, part.anchor, part.title)
            for mention in (m for code in part.code for m in finder(code)):
                steps = mention.home.split(".")
                for n in range(2, len(steps) + 1):
                    found.setdefault(".".join(steps[:n]), {})[use] = None
    return {name: list(some) for name, some in found.items()}


def fill(app: Sphinx, place: used_in, docname: str, found: list[Use]) -> None:
    """Put the links where a page of lib holds their place."""
    if place.get("brief"):
        place.replace_self(_links(app, docname, _chapters(found)))
    else:
        place.replace_self(_sentence(app, docname, found))


def _chapters(found: list[Use]) -> list[Use]:
    """Of each chapter the first section that uses a name."""
    first = {use.docname: use for use in reversed(found) if "/" not in use.docname}
    return [first[name] for name in sorted(first) if name[:2].isdigit()]


def _sentence(app: Sphinx, docname: str, found: list[Use]) -> list[nodes.Node]:
    """Used in chapters 05, 12b; exercises 05.3, 12b.1."""
    tasks = [
        use for use in found if use.docname.startswith("exercises/") and use.anchor
    ]
    line = nodes.paragraph(classes=["facts"])
    for kind, some in (("chapter", _chapters(found)), ("exercise", tasks)):
        if some:
            start = "; " if len(line) else "Used in "
            line += nodes.Text(f"{start}{kind}{'s' if len(some) > 1 else ''} ")
            line += _links(app, docname, some)
    return [line] if len(line) else []


def _links(app: Sphinx, docname: str, found: list[Use]) -> list[nodes.Node]:
    """ "05, 12b", each a link to the section in which the name is used."""
    some: list[nodes.Node] = []
    for use in found:
        uri = app.builder.get_relative_uri(docname, use.docname)
        label = number(use.docname.split("/")[-1])
        if task := re.match(r"Exercise (\d+)", use.title):
            label = f"{label}.{task[1]}"
        uri += f"#{use.anchor}" if use.anchor else ""
        link = nodes.reference("", label, refuri=uri, internal=True)
        link["reftitle"] = use.title
        some += [nodes.Text(", "), link]
    return some[1:]
