"""What a code host reads: workflows, forms and the pages that a visitor sees first."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from course.source import ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
CONFIG = GITHUB / "ISSUE_TEMPLATE" / "config.yml"
FORMS = sorted(set(CONFIG.parent.glob("*.yml")) - {CONFIG})
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(GITHUB.glob("*.md"))]
FIELDS = {  # what each kind of field must have, besides its label
    "input": set(),
    "textarea": set(),
    "dropdown": {"options"},
    "checkboxes": {"options"},
}
named = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def actionlint(text):
    """What actionlint says of a workflow's text."""
    program = Path(sys.executable).with_name("actionlint")
    # Other linters on this machine must not change what it says.
    command = [program, "-no-color", "-shellcheck=", "-pyflakes=", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


@named
def test_actionlint_has_nothing_to_say(path):
    assert actionlint(path.read_text("utf8")) == ""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("runs-on:", "run-on:"),
        ("ubuntu-24.04", "ubuntu-24.4"),
        ("github.ref_name", "github.ref_nam"),
        ("contents: write", "contents: wrote"),
        ("  release:\n", "  release:\n    needs: nothing\n"),
    ],
)
def test_actionlint_sees_a_mistake(right, wrong):
    text = (GITHUB / "workflows" / "release.yml").read_text("utf8")
    assert right in text
    assert actionlint(text.replace(right, wrong))


@named
def test_actions_are_pinned_to_a_commit_with_its_version_beside_it(path):
    used = re.findall(r"uses: *(.+)", path.read_text("utf8"))
    assert used
    for line in used:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_an_action_has_one_version_everywhere():
    used = {
        line
        for path in WORKFLOWS
        for line in re.findall(r"uses: *(.+)", path.read_text("utf8"))
    }
    assert len({line.split("@")[0] for line in used}) == len(used)


@named
def test_a_workflow_may_do_no_more_than_it_must(path):
    text = path.read_text("utf8")
    flow = yaml.load(text, yaml.BaseLoader)  # where `on` is no truth value
    assert flow["permissions"] == {"contents": "read"}
    extra = {"deploy": {"pages", "id-token"}, "release": {"contents"}}
    for name, job in flow["jobs"].items():
        assert set(job.get("permissions", ())) == extra.get(name, set())
        assert job["timeout-minutes"]
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] == "false"
    assert "pull_request_target" not in flow["on"]
    assert "secrets." not in text


@named
def test_what_a_workflow_makes_is_a_target(path):
    for word in re.findall(r"run: make ([\w-]+)", path.read_text("utf8")):
        assert word in words()


def words():
    """What make can be told, by its own list."""
    own = {k: v for k, v in os.environ.items() if k not in ("ARGS", "MAKEFLAGS")}
    command = ["make", "-s", "-C", str(ROOT), "help"]  # whatever make it was that tests
    told = subprocess.check_output(command, text=True, env=own)
    return re.findall(r"^  (?:make )?([\w-]+) ", told, re.MULTILINE)


def test_the_release_publishes_what_dist_makes():
    from course import dist

    text = (GITHUB / "workflows" / "release.yml").read_text("utf8")
    assert "build/live-papers.zip" in text
    assert "live-papers.zip" in Path(dist.__file__).read_text("utf8")


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_has_what_a_form_needs(path):
    form = yaml.safe_load(path.read_text("utf8"))
    assert set(form) == {"name", "description", "labels", "body"}
    fields = form["body"]
    ids = [field["id"] for field in fields]
    assert len(set(ids)) == len(ids)
    for field in fields:
        assert set(field) <= {"type", "id", "attributes", "validations"}
        assert re.fullmatch(r"[\w-]+", field["id"])
        asks = field["attributes"]
        needs = {"label", *FIELDS[field["type"]]}
        assert needs <= set(asks) <= needs | {"description", "placeholder", "render"}
        assert all(isinstance(words, str) for words in asks.get("options", ()))
        assert set(field.get("validations", ())) <= {"required"}
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_there_are_two_forms_and_a_blank_one():
    names = [yaml.safe_load(path.read_text("utf8"))["name"] for path in FORMS]
    assert names == ["An answer wrongly refused", "A mistake in a chapter"]
    assert yaml.safe_load(CONFIG.read_text("utf8")) == {"blank_issues_enabled": True}


def test_the_container_for_development_makes_a_target():
    settings = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    program, word = settings["postCreateCommand"].split()
    assert program == "make" and word in words()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_relative_links_lead_to_files(path):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text("utf8"), flags=re.S)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", link):
            name, _, fragment = link.partition("#")
            there = path.parent / name if name else path
            assert there.exists(), f"{path.name}: {link}"
            assert not fragment or fragment in anchors(there), f"{path.name}: {link}"


def anchors(path):
    """The names that a code host gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf8"), re.MULTILINE)
    return {
        re.sub(r"[^\w -]", "", h).strip().lower().replace(" ", "-") for h in headings
    }


def test_the_pages_that_a_visitor_looks_for_are_there():
    names = {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "CODE_OF_CONDUCT.md"}
    assert names <= {path.name for path in PAGES}


def test_the_first_pages_count_what_there_is():
    chapters = [p.read_text("utf8") for p in ROOT.glob("source/*/chapter.md")]
    sheets = [p.read_text("utf8") for p in ROOT.glob("source/*/exercises.md")]
    figures = len(re.findall(r"^ *live\(", "\n".join(chapters), flags=re.M))
    tasks = len(re.findall(r"^## Exercise ", "\n".join(sheets), flags=re.M))
    said = f"{len(chapters)} chapters with {figures} live figures and {tasks} exercises"
    for page in ("README.md", "source/index.md"):
        assert said in (ROOT / page).read_text("utf8"), page
