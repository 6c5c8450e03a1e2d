"""The course as one zip: the site and all that the notebooks need, for a stick."""

import subprocess
import zipfile
from pathlib import Path

from course import site
from course.source import ROOT

FIRST = """\
Live Papers

Open site/index.html in a browser: nothing has to be installed, and no network is used.
To run the notebooks, say `make lab` in the folder live-papers; README.md there tells
what that needs.
"""


def make(root: Path = ROOT) -> Path:
    """Build the site and zip it with the files of the course; returns the zip.

    Raises BuildError where the site has a fault, ValueError outside a git checkout.
    """
    pages = site.build(root=root)
    target = root / "build" / "live-papers.zip"
    half = target.with_suffix(".half")
    with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("READ ME.txt", FIRST)
        for path in sorted(p for p in pages.rglob("*") if p.is_file()):
            file.write(path, Path("site") / path.relative_to(pages))
        for name in tracked(root):
            file.write(root / name, Path("live-papers") / name)
    return half.replace(target)  # whole, or not there


def tracked(root: Path) -> list[str]:
    """List the files that belong to the course, as git knows them."""
    command = ["git", "-C", str(root), "ls-files", "-z"]
    listed = subprocess.run(command, capture_output=True, text=True)
    if listed.returncode:
        raise ValueError(f"{root} is no git checkout: {listed.stderr.strip()}")
    return [name for name in listed.stdout.split("\0") if (root / name).is_file()]
