"""One look for every figure: two sizes, one palette, SVG whose colours follow the page.

Colours are written as CSS variables with the plain colour as fallback, so that one
drawing serves light and dark pages, JupyterLab, and a viewer that knows neither.
"""

import io
import itertools
import os
import re
from functools import cache
from importlib.resources import files
from xml.etree import ElementTree

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text

BLUE, ORANGE, GREEN, PINK = "#0072b2", "#e69f00", "#009e73", "#cc79a7"
SKY, VERMILION, YELLOW = "#56b4e9", "#d55e00", "#f0e442"
INK, MUTED, RULE, PAPER = "#1d1d1f", "#6b6b70", "#d8d8d4", "#fdfdfb"

WIDE, SMALL = (7.0, 2.9), (3.6, 2.9)  # inches, at 72 units an inch

_NAMES = {
    BLUE: "blue",
    ORANGE: "orange",
    GREEN: "green",
    PINK: "pink",
    SKY: "sky",
    VERMILION: "vermilion",
    YELLOW: "yellow",
    INK: "ink",
    MUTED: "muted",
    RULE: "rule",
    PAPER: "paper",
}
_SVG, _LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_LONG = re.compile(r"-?\d+\.\d{3,}")
_HEX = re.compile(r"#[0-9a-fA-F]{6}\b")
_numbers = itertools.count(1)

STYLE = {
    "axes.prop_cycle": matplotlib.cycler(
        color=[BLUE, ORANGE, GREEN, VERMILION, PINK, SKY, INK],
        linestyle=["-", "--", "-.", ":", "-", "--", "-."],
    ),
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.grid": False,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.linewidth": 0.7,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "figure.dpi": 72,
    "figure.facecolor": "none",
    "font.family": "sans-serif",
    "font.size": 9,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "image.cmap": "cividis",
    "image.composite_image": False,
    "image.interpolation": "nearest",
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
    "patch.linewidth": 0.8,
    "path.simplify": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "live papers",
    "text.color": INK,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8.5,
}
matplotlib.rcParams.update(STYLE)


def figure(size: tuple[float, float] = WIDE) -> Figure:
    """An empty figure in the course's style; `size` is WIDE or SMALL, in inches."""
    return Figure(figsize=size, layout="constrained")


def rounded(
    left: float, low: float, width: float, height: float, colour: str, line: str = "-"
) -> FancyBboxPatch:
    """A rectangle with round corners, empty, for `axes.add_patch`."""
    style = "round,pad=0,rounding_size=0.08"
    look = {"facecolor": "none", "edgecolor": colour, "linestyle": line}
    return FancyBboxPatch((left, low), width, height, boxstyle=style, **look)


def taken(text: Text) -> tuple[float, float]:
    """The width and height that a text of a figure takes, in inches."""
    assert text.figure is not None
    extent = text.get_window_extent(FigureCanvasAgg(text.figure).get_renderer())
    return extent.width / text.figure.dpi, extent.height / text.figure.dpi


def themed(colour: str) -> str:
    """A CSS colour: the palette's own colours follow the page, others stay."""
    name = _NAMES.get(colour.lower())
    return f"var(--live-{name}, {colour})" if name else colour


def tree(fig: Figure, prefix: str) -> ElementTree.Element:
    """The figure as an SVG tree: themed colours, every id begins with `prefix`."""
    out = io.StringIO()
    fig.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    root = ElementTree.fromstring(out.getvalue())
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    for child in list(root):  # matplotlib's metadata, and a style for the whole page
        if child.tag.endswith("metadata") or child.find(f"{{{_SVG}}}style") is not None:
            root.remove(child)
    root.set("style", "stroke-linejoin: round; stroke-linecap: butt")
    for element in root.iter():
        for key, value in element.attrib.items():
            value = re.sub(r"url\(#", f"url(#{prefix}-", value)
            if key == "id" or (key.endswith("href") and value.startswith("#")):
                value = re.sub(r"^(#?)", rf"\1{prefix}-", value)
            if key == "style":
                value = _HEX.sub(lambda found: themed(found[0]), value)
                value = re.sub(r"'DejaVu Sans'[^;]*|sans-serif", _FONT, value)
            if key in ("d", "x", "y", "width", "height", "transform"):
                value = _LONG.sub(lambda found: f"{float(found[0]):.2f}", value)
            element.set(key, value)
    return root


_FONT = "var(--live-font, system-ui, sans-serif)"


def text(root: ElementTree.Element) -> str:
    """An SVG element tree as text for HTML."""
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _LINK)
    return ElementTree.tostring(root, encoding="unicode")


def show(fig: Figure, *, alt: str) -> None:
    """Display a still figure; `alt` says what is to be seen, for those who cannot see.

    Raises ValueError where `alt` is empty.
    """
    from IPython.display import HTML, display

    if not alt.strip():
        raise ValueError("alt is empty; say in a sentence what the figure shows")
    display(HTML(html(fig, alt)))


def html(fig: Figure, alt: str) -> str:
    """A still figure as HTML; in a notebook it brings the palette along."""
    root = tree(fig, f"still{next(_numbers)}")
    root.set("role", "img")
    root.set("aria-label", alt)
    width = 48 * fig.get_figwidth() / WIDE[0]
    root.attrib["style"] += f"; min-width: {0.7 * width:.3g}rem"  # texts of 9 px
    palette = "" if os.environ.get("LIVE_STATIC") else f"<style>{_palette()}</style>"
    return (
        f'{palette}<figure class="live-still" '
        f'style="margin:0;overflow-x:auto;max-width:{width:.3g}rem">{text(root)}</figure>'
    )


@cache
def _palette() -> str:
    return (files("lib") / "live" / "styles" / "palette.css").read_text("utf8")
