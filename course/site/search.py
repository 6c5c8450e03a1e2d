"""What the search page knows beside Sphinx's index: the words of each section."""

import json
import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from course.site import spelling
from course.site.sections import Section, kept

NAME = re.compile(r"[^\W\d]\w{2,}")


def write(app: Sphinx, failure: Exception | None) -> None:
    """Write sections.js, a script, since a page from a folder may load no data."""
    if failure is None:
        Path(app.outdir, "sections.js").write_text(script(app.env), "utf8")


def script(env: BuildEnvironment) -> str:
    """By page, its sections: title, anchor, prose, names in code, pages explained."""
    pages = {page: [_row(part) for part in some] for page, some in kept(env).items()}
    data = json.dumps(pages, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return f"{spelling.script()}const SECTIONS = {data};\n"


def _row(part: Section) -> list[object]:
    names = sorted({name for code in part.code for name in NAME.findall(code)})
    row: list[object] = [part.title, part.anchor, part.text, " ".join(names)]
    return [*row, part.explained] if part.explained else row


def setup(app: Sphinx) -> dict[str, bool]:
    """Let the search read British and American, and know sections."""
    app.add_search_language(spelling.CourseEnglish)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
