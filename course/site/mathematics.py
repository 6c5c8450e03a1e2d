"""Mathematics set by KaTeX while the site is built, so that pages carry it finished."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from py_mini_racer import MiniRacer
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from course import v8

KATEX = Path(__file__).parent / "katex" / "katex.min.js"
# A failed formula comes back as text: V8's own exception would carry KaTeX's source.
RENDER = """
function render(latex, display) {
  const options = {displayMode: display, output: "htmlAndMathml", strict: "ignore"};
  try { return [true, katex.renderToString(latex, options)]; }
  catch (error) { return [false, error.message]; }
}
"""


class MathError(SphinxError):
    """LaTeX that KaTeX cannot set."""

    category = "Mathematics"


def render(latex: str, display: bool) -> str:
    """One formula as html and MathML; MathError says what KaTeX did not understand."""
    done, result = _katex().call("render", latex, display)
    if not done:
        raise MathError(f"{result} in: {latex}")
    return result


@cache
def _katex() -> MiniRacer:
    return v8.context(KATEX.read_text("utf8"), RENDER)


def _render(page: HTML5Translator, node: nodes.math | nodes.math_block) -> str:
    latex, display = node.astext(), isinstance(node, nodes.math_block)
    if display and r"\\" in latex and r"\begin" not in latex:
        latex = rf"\begin{{split}}{latex}\end{{split}}"
    try:
        return render(latex, display)
    except MathError as error:
        raise MathError(f"{page.builder.current_docname}: {error}") from None


def _inline(page: HTML5Translator, node: nodes.math) -> None:
    html = _render(page, node)
    # A formula may be broken between KaTeX's bases; one with a single base stays whole.
    whole = html.count('class="katex-base"') == 1
    page.body.append(
        page.starttag(node, "span", "", CLASS="math whole" if whole else "math")
    )
    page.body.append(html + node.get("after", "") + "</span>")
    raise nodes.SkipNode


def _block(page: HTML5Translator, node: nodes.math_block) -> None:
    page.body.append(page.starttag(node, "div", "", CLASS="math"))
    page.body.append(_render(page, node))
    if node["number"]:
        number = get_node_equation_number(page, node)
        page.body.append(f'<span class="equation-number">({number})</span>')
    page.body.append("</div>\n")
    raise nodes.SkipNode


class Punctuation(SphinxPostTransform):
    """Ties a comma to the formula before it; else it may begin the next line."""

    default_priority = 200
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Move what follows a formula into it."""
        for formula in list(self.document.findall(nodes.math)):
            text = formula.next_node(descend=False, siblings=True)
            if not isinstance(text, nodes.Text):
                continue
            if found := re.match(r"[.,;:!?)’”]+", text):
                formula["after"] = found[0]
                text.parent.replace(text, nodes.Text(text[found.end() :]))


def setup(app: Sphinx) -> dict[str, bool]:
    """Make KaTeX the renderer of every page."""
    app.add_html_math_renderer("katex", (_inline, None), (_block, None))
    app.add_post_transform(Punctuation)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
