"""The search's English: British and American spellings are one word, at both ends."""

import json
import re

from sphinx.search.en import SearchEnglish

# What is written in two ways, and one of the two; no word has to become a right one.
VARIANTS = [
    (r"is(e|ed|es|er|ers|ing|able|ation|ations)$", r"iz\1"),  # normalise, -ize
    (r"ys(e|ed|es|er|ing)$", r"yz\1"),  # analyse
    (r"(..)our", r"\1or"),  # behaviour, neighbourhood
    (r"([a-z]{2})tre(s)?$", r"\1ter\2"),  # centre
    (r"([a-z]{2})tred$", r"\1tered"),
    (r"(abe|ode|ance|anne|eve|ave|igna)ll(ed|er|ers|ing)$", r"\1l\2"),  # labelled
    (r"parameter(i)", r"parametr\1"),  # reparameterisation
    (r"ogue(s)?$", r"og\1"),  # catalogue
    (r"(ef|ic|pret)en[cs]e(s)?$", r"\1ense\2"),  # defence, licence
    (r"^(gr)ey", r"\1ay"),
    (r"^(art)e(fact)", r"\1i\2"),
    (r"^(progra)mme", r"\1m"),
]


class CourseEnglish(SearchEnglish):
    """Sphinx's English, with one spelling of what has two."""

    def __init__(self, options: dict[str, str]) -> None:
        super().__init__(options)
        self.roots: dict[str, str] = {}  # most words come again and again

    def stem(self, word: str) -> str:
        """The root of a word in its one spelling."""
        if word not in self.roots:
            self.roots[word] = super().stem(one_spelling(word.lower()))
        return self.roots[word]


def one_spelling(word: str) -> str:
    """One of the spellings of a word: "colour" and "color" give the same."""
    for old, new in VARIANTS:
        word = re.sub(old, new, word, count=1)
    return word


def script() -> str:
    """The same rules for what is typed on the search page."""
    rules = [[old, re.sub(r"\\(\d)", r"$\1", new)] for old, new in VARIANTS]
    return f"const SPELLINGS = {json.dumps(rules)};\n"
