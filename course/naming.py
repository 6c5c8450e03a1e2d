"""A chapter is called by its number, such as 05 or 12a, or by its name, 05_vit."""

from collections.abc import Iterable


def number(name: str) -> str:
    """The number of a chapter, as people type it: "12a" of "12a_deepseek_attention"."""
    return name.split("_")[0]


def named(asked: str, names: Iterable[str], what: str = "chapter") -> str:
    """The one among the names that is asked for; ValueError tells which there are."""
    names = sorted(set(names))
    for name in names:
        if asked in (name, number(name)):
            return name
    known = ", ".join(map(number, names))
    raise ValueError(f"no {what} {asked!r}: expected one of {known}")
