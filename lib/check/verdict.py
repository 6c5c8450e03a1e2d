"""How a check went: a word, a colour and a sentence, to be seen and to be heard."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

NEXT = "Change the answer above, run its cell, and then this one again."


class Wrong(AssertionError):
    """An answer is wrong; the message is a sentence for whoever wrote it."""

    told = False  # whether a verdict has shown it

    def _render_traceback_(self) -> list[str]:  # IPython then shows nothing else
        return [NEXT if self.told else str(self)]


class Word(NamedTuple):
    """A verdict's word, with the sign and the colour that stand beside it."""

    text: str
    sign: str
    colour: str


RIGHT = Word("Right", "✓", "#009e73")
NOT_YET = Word("Not yet", "✗", "#d55e00")
NOT_ANSWERED = Word("Not answered", "○", "#8a8a8a")


class Verdict:
    """A sentence that a notebook shows with its word; elsewhere it prints as text."""

    def __init__(self, word: Word, sentence: str) -> None:
        self.word, self.sentence = word, sentence

    def __repr__(self) -> str:
        return f"{self.word.sign} {self.word.text}. {self.sentence}"

    def _repr_html_(self) -> str:
        text, sign, colour = self.word
        return (
            f'<p role="status" style="border-left: 0.4rem solid {colour}; margin: 0; '
            'padding: 0.3rem 0.7rem; white-space: pre-wrap">'
            f'<span aria-hidden="true">{sign}</span> <strong>{text}.</strong> '
            f"{escape(self.sentence)}</p>"
        )


def either(sentences: Sequence[str]) -> str:
    """What is told where several mistakes give the same answer: three at most."""
    return ". Or: ".join(sentences[:3])


def tell(word: Word, sentence: str) -> None:
    """Display a verdict."""
    from IPython.display import display

    display(Verdict(word, sentence))
