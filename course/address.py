"""The course's address on a code host, and what follows from it.

It is `repository` in pyproject.toml, and may be empty: then nothing follows.
"""

import re
import tomllib
from pathlib import Path
from urllib.parse import urlencode

from course.source import NOTEBOOKS, ROOT, notebook_path

ADDRESS = re.compile(r"https://github\.com(/[\w.-]+/[\w.-]+)")  # Colab opens no other
COLAB = "https://colab.research.google.com/github"
BRANCH = "main"


def repository(root: Path = ROOT) -> str:
    """Read the repository's address; empty where there is none.

    Raises ValueError for one that is not https://github.com/OWNER/NAME.
    """
    settings = root / "pyproject.toml"
    if not settings.exists():
        return ""
    tools = tomllib.loads(settings.read_text("utf8")).get("tool", {})
    address = tools.get("live-papers", {}).get("repository", "")
    if address and not ADDRESS.fullmatch(address):
        raise ValueError(
            f"repository = {address!r} in pyproject.toml: expected an address such as "
            "https://github.com/OWNER/NAME, with nothing after the name, or none"
        )
    return address


def links(repository: str, page: str, root: Path = ROOT) -> list[tuple[str, str]]:
    """Words and addresses of what a page of the site leads to on the code host.

    `page` is its name as Sphinx has it: 05_vit, exercises/05_vit, glossary.
    """
    if not repository:
        return []
    found = []
    text = made_from(page, root)
    if (root / text).exists():
        found.append(("Source", f"{repository}/blob/{BRANCH}/{text.as_posix()}"))
        if text.name in NOTEBOOKS and not page.startswith("solutions/"):
            name = ADDRESS.fullmatch(repository)[1]  # type: ignore[index]
            notebook = notebook_path(text).as_posix()
            colab = f"{COLAB}{name}/blob/{BRANCH}/{notebook}"
            found.append(("Open in Colab", colab))
    form = urlencode({"template": "mistake.yml", "page": page})
    return [*found, ("Report a mistake", f"{repository}/issues/new?{form}")]


def made_from(page: str, root: Path = ROOT) -> Path:
    """Where the text of a page would lie in the project, whether it is there or not."""
    kind, _, name = page.rpartition("/")
    if kind == "lib":
        file = Path("lib", f"{name}.py")
        return file if (root / file).exists() else Path("lib", name)
    if kind in ("exercises", "solutions"):
        return Path("source", name, "exercises.md")
    if page[0].isdigit():
        return Path("source", page, "chapter.md")
    return Path("source", f"{page}.md")
