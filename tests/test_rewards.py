"""Rewards against answers that are right, that are wrong, and that cheat."""

import pytest

from lib import grpo


def said(answer):
    return f"<think>hm</think>\n<answer>{answer}</answer>"


@pytest.mark.parametrize(
    ("text", "reward"),
    [
        (said("3*7+5"), 1),
        (said(" (3 * 7) + 5\n"), 1),
        (said("3*5+7"), 0),  # 22
        (said("3*7+5=26"), 0),
        (said("26"), 0),  # the right value of other numbers
        (said("3*7+5+5-5"), 0),  # a number used again
        (said("5**2+7-3-3"), 0),
        (said("03*7+5"), 0),
        (said("True*3*7+5"), 0),
        (said("3*7or 5"), 0),  # Python would warn of it
        (said("__import__('os').getpid()"), 0),
        (said("3/(5-5)"), 0),
        (said("(" * 400 + "3*7+5"), 0),
        (said("9" * 5000), 0),
        (said("3*7+5") + "<answer>1</answer>", 0),  # the last answer counts
        (said("1") + "<answer>3*7+5</answer>", 1),
        ("3*7+5", 0),
        ("<answer>3*7+5", 0),
        ("", 0),
    ],
)
def test_countdown_reward(text, reward):
    assert grpo.accuracy_reward(text, 26, [3, 5, 7]) == reward


def test_accuracy_is_exact_and_takes_words_too():
    assert grpo.accuracy_reward(said("8/(3-8/3)"), 24, [3, 3, 8, 8]) == 1
    assert grpo.accuracy_reward(said("0.1+0.2"), "0.3") == 1
    assert grpo.accuracy_reward(said("2/4"), "1/2") == 1
    assert grpo.accuracy_reward(said("-4"), -4) == 1
    assert grpo.accuracy_reward(said("odd"), "odd") == 1
    assert grpo.accuracy_reward(said("even"), "odd") == 0
    assert grpo.accuracy_reward(said("(lambda: 4)()"), "4") == 0


def test_nothing_an_answer_says_is_executed(monkeypatch):
    monkeypatch.setattr("builtins.eval", lambda *_: pytest.fail("eval was called"))
    assert grpo.accuracy_reward(said("().__class__"), 1) == 0


@pytest.mark.parametrize(
    ("text", "reward"),
    [
        (said("4"), 1),
        ("<think>a</think><answer>b</answer>\n", 1),
        ("<think></think><answer></answer>", 1),
        ("<answer>4</answer><think>hm</think>", 0),
        ("<think>hm<answer>4</answer>", 0),
        ("<think>a</think>" + said("4"), 0),  # a doubled block
        ("<think><think>a</think><answer>4</answer>", 0),
        (said("4") + said("4"), 0),
        (said("4") + " bye", 0),
        ("", 0),
    ],
)
def test_format_reward(text, reward):
    assert grpo.format_reward(text) == reward
