"""Sphinx's settings: local pages, finished mathematics, our own theme."""

import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pybtex.plugin
import sphinxcontrib.bibtex.plugin
from docutils import nodes
from pybtex.backends import plaintext
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinxcontrib.bibtex.style.referencing import BracketStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle

from course.address import links

HERE = Path(__file__).parent
BRACKETS = partial(BracketStyle, left="(", right=")")

project = "Live Papers"
html_title = project
extensions = [
    "myst_nb",
    "sphinxcontrib.bibtex",
    "course.site.folds",
    "course.site.mathematics",
    "course.site.kernels",
    "course.site.search",
]
html_math_renderer = "katex"
html_theme = "theme"
html_theme_path = [str(HERE)]
html_static_path = ["_static"]
html_copy_source = False
html_use_index = False
html_show_search_summary = False  # it fetches pages, which file:// forbids

nb_execution_mode = "off"
nb_merge_streams = True
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # these would come from other hosts
nb_code_prompt_show = "code"
nb_code_prompt_hide = "code"
myst_enable_extensions = [
    "amsmath",
    "attrs_block",
    "attrs_inline",
    "colon_fence",
    "deflist",
    "dollarmath",
]
myst_heading_anchors = 3

bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "plain"
bibtex_reference_style = "round"


@dataclass
class Round(AuthorYearReferenceStyle):
    """Author and year in round brackets, as prose has them: Vaswani et al. (2017)."""

    bracket_parenthetical: BracketStyle = field(default_factory=BRACKETS)
    bracket_textual: BracketStyle = field(default_factory=BRACKETS)


sphinxcontrib.bibtex.plugin.register_plugin(
    "sphinxcontrib.bibtex.style.referencing", "round", Round
)
# Otherwise each citation looks for it through all packages that are installed.
pybtex.plugin.register_plugin(
    "pybtex.backends", "plaintext", plaintext.Backend, force=True
)


def only_what_it_needs(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Load mathematics and live figures on the pages that have them; no foreign css."""
    body = context.get("body", "")
    if pagename == "references":  # docutils nests these roles as ARIA does not allow
        body = re.sub(r' role="(list|doc-biblioentry)"', "", body)
        context["body"] = body
    ours = [css for css in context["css_files"] if "mystnb" not in str(css.filename)]
    context["css_files"][:] = ours
    if 'class="katex' in body:
        app.add_css_file("katex/katex.css")
    if 'class="live' in body:
        app.add_css_file("live.css")
    if 'class="live-spec"' in body:
        app.add_js_file("live.js")


def where_it_leads(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Lead from each page to those of the menu and, with an address, to its source.

    Sphinx's own menu would copy all tables of contents for each page.
    """
    front = app.env.tocs[app.config.root_doc]
    context["menu"] = [
        (page, title or app.env.titles[page].astext())
        for tree in front.findall(addnodes.toctree)
        for title, page in tree["entries"]
    ]
    root = Path(app.srcdir).parents[1]
    context["links"] = links(app.config.repository, pagename, root)


def setup(app: Sphinx) -> None:
    """Choose scripts, styles and links page by page."""
    app.add_config_value("repository", "", "html", str)
    app.connect("html-page-context", only_what_it_needs)
    app.connect("html-page-context", where_it_leads)
