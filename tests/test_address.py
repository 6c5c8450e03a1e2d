"""One setting holds the repository's address: links follow from it, or none do."""

import re
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
import tiny_site
import yaml
from bs4 import BeautifulSoup
from little import load, make

from course import address, keeping, notebooks, site
from course.source import ROOT

HERE = "https://github.com/someone/live-papers"
BLOB = f"{HERE}/blob/main"
COLAB = "https://colab.research.google.com/github/someone/live-papers/blob/main"


def settle(root, repository):
    """Write the setting into a project."""
    (root / "pyproject.toml").write_text(
        f'[tool.live-papers]\nrepository = "{repository}"\n'
    )


def test_without_a_setting_there_is_no_address(tmp_path):
    assert address.repository(tmp_path) == ""
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    assert address.repository(tmp_path) == ""
    settle(tmp_path, "")
    assert address.repository(tmp_path) == ""
    assert address.links("", "05_vit") == []


def test_the_courses_own_setting_is_empty_or_good():
    assert "[tool.live-papers]" in (ROOT / "pyproject.toml").read_text()
    address.repository()


@pytest.mark.parametrize(
    "bad", ["github.com/a/b", "http://github.com/a/b", f"{HERE}/", f"{HERE}/tree/main"]
)
def test_another_address_is_refused_in_words(tmp_path, bad):
    settle(tmp_path, bad)
    with pytest.raises(ValueError, match=r"https://github\.com/OWNER/NAME"):
        address.repository(tmp_path)


def test_pages_lead_to_their_text_and_notebook():
    links = {
        page: {words: to for words, to in address.links(HERE, page)}
        for page in (
            "05_vit",
            "exercises/05_vit",
            "solutions/05_vit",
            "index",
            "search",
            "lib/vit",
            "lib/moe",
        )
    }
    assert links["05_vit"]["Source"] == f"{BLOB}/source/05_vit/chapter.md"
    assert links["05_vit"]["Open in Colab"] == f"{COLAB}/chapters/05_vit.ipynb"
    tasks = links["exercises/05_vit"]
    assert tasks["Source"] == f"{BLOB}/source/05_vit/exercises.md"
    assert tasks["Open in Colab"] == f"{COLAB}/exercises/05_vit.ipynb"
    assert set(links["solutions/05_vit"]) == {"Source", "Report a mistake"}
    assert links["index"]["Open in Colab"] == f"{COLAB}/chapters/index.ipynb"
    assert set(links["search"]) == {"Report a mistake"}
    assert links["lib/vit"]["Source"] == f"{BLOB}/lib/vit.py"
    assert links["lib/moe"]["Source"] == f"{BLOB}/lib/moe"


def test_what_links_lead_to_is_there():
    names = [path.parent.name for path in ROOT.glob("source/*/chapter.md")]
    assert names
    kinds = ("", "exercises/", "solutions/")
    pages = [kind + name for kind in kinds for name in names]
    for page in [*pages, "index", "glossary", "references", "teaching/grade"]:
        links = dict(address.links(HERE, page))
        assert (ROOT / links["Source"].removeprefix(f"{BLOB}/")).is_file(), page
        if colab := links.get("Open in Colab"):
            assert (ROOT / colab.removeprefix(f"{COLAB}/")).is_file(), page


def test_the_form_opens_with_the_name_of_the_page():
    to = urlsplit(dict(address.links(HERE, "exercises/05_vit"))["Report a mistake"])
    asked = parse_qs(to.query)
    assert asked["page"] == ["exercises/05_vit"]
    form = ROOT / ".github" / "ISSUE_TEMPLATE" / asked["template"][0]
    assert "page" in [
        part.get("id") for part in yaml.safe_load(form.read_text())["body"]
    ]


@pytest.mark.parametrize("kind", ["chapters", "exercises", "solutions"])
def test_with_an_address_the_first_cell_asks_for_none(tmp_path, kind, monkeypatch):
    root = make(tmp_path)
    asking = load(root, kind)
    settle(root, HERE)
    keeping.update(root)
    told = load(root, kind)
    first = next(cell for cell in told.cells if cell.cell_type == "code")
    assert "input(" not in first.source
    ran = []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    shell = SimpleNamespace(run_line_magic=lambda *words: ran.append(words))
    exec(first.source, {"get_ipython": lambda: shell})
    assert ran == [("pip", f"install --quiet git+{HERE}")]
    settle(root, "")
    keeping.update(root)
    assert load(root, kind) == asking
    assert notebooks.differing(root) == []


@pytest.mark.slow
def test_every_page_has_the_links_and_without_an_address_none(
    tmp_path, tmp_path_factory
):
    root = tiny_site.executed(tmp_path, tmp_path_factory)
    for repository in (HERE, ""):  # in this order, for no link may stay
        settle(root, repository)
        html = site.build(root=root)
        pages = [p for p in html.rglob("*.html") if "_static" not in p.parts]
        assert len(pages) >= 7
        for path in pages:
            page = BeautifulSoup(path.read_text("utf8"), "html.parser")
            links = [a["href"] for a in page.select("a[href]")]
            found = [to for to in links if "github" in to]
            assert bool(found) == bool(repository), path.name
            name = path.relative_to(html).with_suffix("").as_posix()
            assert found == [to for _, to in address.links(repository, name, root)]
            loaded = page.select("[src], link[href], [action], [srcset], [poster]")
            assert not re.search(r"https?://", " ".join(map(str, loaded)))
