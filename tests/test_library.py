"""What stands in lib and where: names lead to what Python itself finds there."""

import importlib
from collections import Counter

import pytest

from course.site import ROOT
from course.site.library import File, Library

LIB = Library.read(ROOT / "lib")


def library(**texts):
    """A library of some texts; `game__init` is the package game's own."""
    files = {}
    for name, text in texts.items():
        module = "lib." + name.removesuffix("__init").replace("__", ".")
        files[module] = File(module, text, name.endswith("__init"))
    return Library(files)


@pytest.mark.parametrize("module", sorted(LIB.files))
def test_a_name_leads_to_what_python_finds(module):
    owner = importlib.import_module(module)
    file = LIB.files[module]
    names = [name for name in file.names if "." not in name]
    for name in [*names, *(file.handed_on if file.package else [])]:
        home = LIB.home(f"{module}.{name}")
        there, _, last = home.rpartition(".")
        if there in LIB.files and last in LIB.files[there].names:
            thing = getattr(importlib.import_module(there), last)
        else:
            thing = importlib.import_module(home)
        assert getattr(owner, name) is thing, f"{module}.{name} -> {home}"


@pytest.mark.slow
@pytest.mark.parametrize("module", sorted(LIB.files))
def test_a_page_holds_every_line_of_a_file(module):
    file = LIB.files[module]
    shown = [file.doc, *(text for part in file.parts for text in (part.doc, part.code))]
    words = Counter(" ".join(shown).replace('"""', " ").split())
    text = file.text.split("__all__ = [")
    rest = text[1].partition("]\n")[2] if len(text) > 1 else ""
    for word in (text[0] + rest).replace('"""', " ").split():
        assert words[word], f"{module} lacks {word}"
        words[word] -= 1


@pytest.mark.parametrize("name", ["lib.nothing", "lib.moe.nothing", "lib.moe.route.x"])
def test_what_lib_does_not_have_leads_nowhere(name):
    assert LIB.home(name) is None


def test_a_package_hands_on():
    lib = library(
        game__init="from .losses import loss\nfrom lib.game import field\n",
        game__losses="from lib.game.field import SIZE\ndef loss(): pass\n",
        game__field="SIZE = 3\n",
    )
    assert lib.home("lib.game.loss") == "lib.game.losses.loss"
    assert lib.home("lib.game.field") == "lib.game.field"
    assert lib.home("lib.game.field.SIZE") == "lib.game.field.SIZE"
    assert lib.home("lib.game.losses.SIZE") == "lib.game.field.SIZE"
    modules = [file.module for file in lib.pages["lib/game"]]
    assert modules == ["lib.game", "lib.game.losses", "lib.game.field"]


def test_a_function_may_have_the_name_of_its_file():
    lib = library(
        data__init="from lib.data.scenes import scenes\n",
        data__scenes="def scenes(): pass\ndef other(): pass\n",
    )
    assert lib.home("lib.data.scenes") == "lib.data.scenes.scenes"
    assert lib.home("lib.data.scenes.other") == "lib.data.scenes.other"
    assert lib.home("lib.data.scenes.scenes.__doc__") is None


def test_parts_are_cut_at_public_names_and_lose_their_docstrings():
    text = '''"""Own."""

import x

# A remark.
@x.y
def public(a):
    """Words.

    More.
    """

    return a


def _private():
    """Kept."""


class Only(Exception):
    """All it has."""
'''
    file = File("lib.some", text)
    named = {part.name: part for part in file.parts if part.name}
    assert file.doc == "Own." and list(named) == ["public", "Only"]
    assert named["public"].doc == "Words.\n\nMore."
    assert named["public"].code.startswith("# A remark.\n@x.y\ndef public(a):\n")
    assert '"""' not in named["public"].code
    assert named["Only"].code.endswith('"""All it has."""')
    assert file.parts[0].code == "import x"
    assert "Kept." in file.parts[2].code
