"""Rewards that a rule can check: does an answer have the form, and is it right?

DeepSeek-AI 2025, "DeepSeek-R1", arXiv:2501.12948, Sec. 2.2.2. What a model has written
is a stranger's text: it is read with a parser, and nothing of it is executed.
"""

import ast
import operator
import re
from collections import Counter
from collections.abc import Callable, Iterable
from fractions import Fraction

from lib import expect

_BLOCK = r"(?:(?!</?(?:think|answer)>).)*"  # anything but another tag
_FORM = re.compile(
    rf"\s*<think>{_BLOCK}</think>\s*<answer>{_BLOCK}</answer>\s*", re.DOTALL
)
_ARITHMETIC = re.compile(r"[0-9e+\-*/().\s]{1,500}")  # nobody counts down at length
_ANSWER = re.compile(r"<answer>((?:(?!<answer>).)*?)</answer>", re.DOTALL)
_OPERATORS: dict[type, Callable] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


@expect.annotated
def format_reward(completion: str) -> float:
    """1.0 for one think block, then one answer block and nothing else; or 0.0."""
    return float(_FORM.fullmatch(completion) is not None)


@expect.annotated
def accuracy_reward(
    completion: str, answer: str | float, numbers: Iterable[int] | None = None
) -> float:
    """1.0 if the last answer block is right, or 0.0.

    Right is arithmetic (+ - * / and brackets) of the answer's value, in exact
    fractions of what Python's floats hold; where either is no arithmetic, the same
    words. With numbers (countdown), it must be arithmetic that uses each of them once.
    """
    if numbers is not None:
        numbers = list(numbers)
        expect.whole(**{f"numbers[{i}]": n for i, n in enumerate(numbers)})
    blocks = _ANSWER.findall(completion)
    if not blocks:
        return 0.0
    given, wanted = _evaluate(blocks[-1]), _evaluate(str(answer))
    if numbers is not None:
        if given is None or Counter(given[1]) != Counter(map(Fraction, numbers)):
            return 0.0
    elif given is None or wanted is None:
        return float(blocks[-1].split() == str(answer).split())
    return float(wanted is not None and given[0] == wanted[0])


def _evaluate(text: str) -> tuple[Fraction, list[Fraction]] | None:
    """The value of arithmetic and the numbers in it, or None; nothing is executed."""
    used: list[Fraction] = []

    def value(node: ast.AST) -> Fraction:
        match node:
            case ast.Constant(value=int() | float() as number):
                used.append(Fraction(str(number)))
                return used[-1]
            case ast.UnaryOp(op=op, operand=operand):
                return _OPERATORS[type(op)](value(operand))
            case ast.BinOp(left=left, op=op, right=right):
                return _OPERATORS[type(op)](value(left), value(right))
        raise ValueError("not arithmetic")

    if not _ARITHMETIC.fullmatch(text):
        return None
    try:
        return value(ast.parse(text.strip(), mode="eval").body), used
    except (SyntaxError, ValueError, KeyError, ArithmeticError):
        return None
    except (RecursionError, MemoryError):  # brackets nested beyond the parser
        return None
