"""The picture of a live figure, in a notebook that is opened before anything is run.

It lies beside the text that it belongs to, `index.png` beside `index.md`; it is the one
that the site's build leaves in build/figures, and a test compares the two.
"""

from base64 import b64encode
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_output
from PIL import Image

SHIPPED: dict[str, object] = {}  # what stands in the metadata of an output not yet run


def ship(nodes: list[NotebookNode], picture: Path) -> None:
    """Give the first live figure of a notebook its picture as output."""
    said = Image.open(picture).info["Description"]
    png = b64encode(picture.read_bytes()).decode()
    output = new_output(
        "display_data",
        {"image/png": png, "text/plain": said},
        metadata={
            "image/png": {"alt": said, "needs_background": "light"},
            "live_papers": SHIPPED,
        },
    )
    first = next(node for node in nodes if "\nlive(" in node.source)
    first.outputs = [output]


def shipped(output: NotebookNode) -> bool:
    """Whether an output is a picture that its notebook came with."""
    return output.get("metadata", {}).get("live_papers") == SHIPPED
