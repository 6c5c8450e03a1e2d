"""Pipelines against a clock that ticks, and against the report's own table."""

from unittest import mock

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.fx.experimental.proxy_tensor import make_fx

from lib import pipeline
from lib.pipeline import Piece

METHOD = st.sampled_from(sorted(pipeline.METHODS))
TIME = st.integers(1, 5)
SIZES = [("GPipe", 3, 5), ("1F1B", 4, 6), ("1F1B", 5, 2), ("ZB1P", 4, 9)]
SIZES += [("ZB1P", 3, 1), ("DualPipe", 2, 4), ("DualPipe", 4, 10), ("DualPipe", 8, 20)]


def made(method, p, m):
    return pipeline.plan(pipeline.orders(method, p, m))


def ticking(orders, times):
    """Every action's begin and end by a clock: who may begin at this tick begins."""
    stages = 1 + max(q.stage for line in orders for a in line for q in a)
    done, clock, found = {}, 0, {}
    at, busy = [0] * len(orders), [0] * len(orders)
    while any(at[d] < len(line) for d, line in enumerate(orders)):
        finished = {piece for piece, end in done.items() if end <= clock}
        for d, line in enumerate(orders):
            if at[d] == len(line) or busy[d] > clock:
                continue
            ready = True
            for kind, i, s in line[at[d]]:
                if kind == "F":
                    ready &= s == 0 or ("F", i, s - 1) in finished
                elif kind == "W":
                    ready &= ("I", i, s) in finished
                else:
                    above = {("B", i, s + 1), ("I", i, s + 1)} & finished
                    ready &= ("F", i, s) in finished and (
                        s + 1 == stages or bool(above)
                    )
            if ready:
                kinds = "&".join(piece.kind for piece in line[at[d]])
                busy[d] = clock + times[kinds]
                found[d, at[d]] = clock, busy[d]
                done |= {tuple(piece): busy[d] for piece in line[at[d]]}
                at[d] += 1
        clock += 1
        assert clock < 2000
    return [found[d, n] for d, line in enumerate(orders) for n in range(len(line))]


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(METHOD, st.integers(1, 4), st.integers(1, 8), TIME, TIME, TIME, TIME)
def test_the_plan_is_what_a_clock_makes(method, p, m, F, I, W, both):
    if method == "DualPipe":
        p, m = 2 * (1 + p % 2), 2 * m
        assume(m >= 2 * p)
    plan = made(method, p, m)
    start, end = pipeline.follow(plan, F, I, W, both)
    want = ticking(plan.orders, {"F": F, "B": I + W, "I": I, "W": W, "F&B": both})
    assert list(zip(start.tolist(), end.tolist(), strict=True)) == want


@pytest.mark.parametrize(("method", "p", "m"), SIZES)
def test_all_work_is_done_once_and_where_the_stage_lies(method, p, m):
    where = {}
    for d, line in enumerate(pipeline.orders(method, p, m)):
        for piece in (q for action in line for q in action):
            assert piece not in where
            where[piece] = d
    assert sum(q.kind == "F" for q in where) == p * m
    assert sum(q.kind in "BI" for q in where) == p * m
    assert sum(q.kind == "I" for q in where) == sum(q.kind == "W" for q in where)
    for (_, i, s), d in where.items():
        assert d == where[Piece("F", i, s)]
        assert d == s or (method == "DualPipe" and d == p - 1 - s)


@pytest.mark.parametrize("method", sorted(pipeline.METHODS))
@pytest.mark.parametrize(("p", "m"), [(2, 4), (4, 8), (4, 14), (8, 16), (8, 20)])
def test_idle_time_is_that_of_table_2(method, p, m):
    plan = made(method, p, m)
    for F, I, W in ((1, 1, 1), (2, 2, 2)):
        idle = pipeline.idle(plan, *pipeline.follow(plan, F, I, W, F + I + W))
        want = pipeline.bubble(method, p, F, I + W, W, F + I + W)
        assert idle.tolist() == [want] * p


@pytest.mark.parametrize(("p", "m"), [(2, 4), (4, 8), (8, 20)])
def test_zero_bubble_and_1f1b_agree_with_their_formula_at_other_ratios(p, m):
    for method in ("1F1B", "GPipe", "ZB1P"):
        plan = made(method, p, m)
        idle = pipeline.idle(plan, *pipeline.follow(plan, 1.0, 1.25, 0.75, 9.0))
        want = pipeline.bubble(method, p, 1.0, 2.0, 0.75, 9.0)
        torch.testing.assert_close(idle, torch.full((p,), want))


def test_memory_is_that_of_table_2():
    for p, m in ((2, 4), (4, 8), (8, 20), (8, 32)):
        assert pipeline.peak(made("1F1B", p, m)).tolist() == [*range(p, 0, -1)]
        assert pipeline.peak(made("ZB1P", p, m)).tolist() == [p] * p
        assert pipeline.peak(made("DualPipe", p, m)).tolist() == [p + 1] * p
        assert pipeline.peak(made("GPipe", p, m)).tolist() == [m] * p


def test_the_official_figure_has_eight_ranks_and_twenty_micro_batches():
    first = pipeline.orders("DualPipe", 8, 20)[0]  # Figure 5's upper row, by its code
    said = ["&".join(f"{q.kind}{q.batch}" for q in action) for action in first]
    assert said[:9] == ["F0", "F1", "F2", "F3", "F4", "F5", "F6", "F10", "I10"]
    assert said[9:18] == [
        "W10",
        "F11",
        "I11",
        "W11",
        "F12",
        "I12",
        "W12",
        "F13",
        "F7&B13",
    ]
    assert said[-4:] == ["I8", "W8", "I9", "W9"]


def test_bubbles_have_slopes():
    plan = made("1F1B", 3, 4)
    times = torch.tensor([1.0, 1.5, 0.5, 4.0], requires_grad=True)
    _, end = pipeline.follow(plan, *times)
    end.amax().backward()
    assert times.grad.tolist() == [6.0, 6.0, 6.0, 0.0]  # (m + p - 1)(F + I + W)


def test_a_live_figure_can_trace_it():
    plan = made("DualPipe", 4, 8)
    times = torch.tensor([1.0, 1.5, 0.5, 2.5])
    with mock.patch("torch.compiler.is_exporting", return_value=True):
        traced = make_fx(lambda t: pipeline.follow(plan, *t.unbind())[1])(times)
    other = torch.tensor([1.0, 0.5, 2.0, 3.0])
    torch.testing.assert_close(traced(other), pipeline.follow(plan, *other)[1])


def test_one_that_waits_for_itself_is_named():
    orders = pipeline.orders("1F1B", 2, 2)
    orders[1] = orders[1][::-1]  # the last stage begins with a backward
    circle = (
        "B of micro-batch 1 at stage 1 on device 1, which waits for F of micro-batch 1"
    )
    with pytest.raises(ValueError, match=circle):
        pipeline.plan(orders)
    with pytest.raises(ValueError, match="F of micro-batch 0 at stage 1 is waited for"):
        pipeline.plan([[(Piece("F", 0, 0),)], [(Piece("B", 0, 1),)]])
    with pytest.raises(ValueError, match="a piece twice"):
        pipeline.plan([[(Piece("F", 0, 0),)] * 2])
    with pytest.raises(ValueError, match="a piece twice, or none"):
        pipeline.plan([])


def test_bad_sizes_and_methods_are_refused_in_words():
    with pytest.raises(ValueError, match="Did you mean 'DualPipe'"):
        pipeline.orders("DualPip", 2, 4)
    for p, m in ((3, 8), (4, 9), (4, 6)):
        with pytest.raises(ValueError, match="expects both even"):
            pipeline.orders("DualPipe", p, m)
    with pytest.raises(ValueError, match="p is 0"):
        pipeline.orders("1F1B", 0, 4)
    with pytest.raises(ValueError, match="F holds -1"):
        pipeline.follow(made("1F1B", 2, 2), -1.0, 1.0, 1.0, 3.0)
