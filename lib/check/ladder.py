"""How a tensor differs from the right one, in a sentence: a ladder of rungs.

Each rung returns a sentence, or None where it holds; the first that breaks is told.
Past shape and dtype the rungs compare in float64.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import combinations

import torch
from torch import Tensor

Near = Callable[[Tensor], bool]  # whether a tensor agrees with the right one


def difference(got: Tensor, want: Tensor, tolerance: float) -> str | None:
    """Climb all rungs: shape, dtype, nan, sums, sign, factor, shift, places, values.

    Floats agree where |got - want| <= tolerance (|want| + max |want| / 10), whole
    numbers and truth values where they are equal.
    """
    if got.shape != want.shape:
        return shape(tuple(got.shape), tuple(want.shape))
    if not does(got, want):
        return f"dtype {dtype(got)} came, {dtype(want)} was expected"
    wrong = apart(got, want, tolerance)
    if not wrong.any():
        return None
    got, want = got.detach().cpu(), want.detach().cpu()
    floats = want.is_floating_point()
    ours, theirs = got.double(), want.double()
    agrees = agreement(theirs, tolerance)

    def near(other: Tensor) -> bool:
        if floats:
            return bool(agrees(other).all())
        return bool(((other - theirs).abs() <= 1e-12 * (1 + theirs.abs())).all())

    pair = values(got, want, wrong)
    if want.dtype == torch.bool:
        opposite = "every True should be False, and every False True"
        exchanged = opposite if got.numel() > 1 and near(1 - ours) else None
        return exchanged or moved(ours, theirs, near) or pair
    said = (
        finite(ours, theirs)
        or (normalised(ours, theirs) if floats else None)
        or related(ours, theirs, near)
        or moved(ours, theirs, near)
    )
    return f"{pair}: {said}" if said and got.numel() == 1 else said or pair


def differs(got: Tensor, want: Tensor, tolerance: float) -> str | None:
    """The same without the search for a reason: a word, or None."""
    fits = got.shape == want.shape and does(got, want)
    return None if fits and not apart(got, want, tolerance).any() else "it differs"


def apart(got: Tensor, want: Tensor, tolerance: float) -> Tensor:
    """Where values of one shape and kind do not agree."""
    got, want = got.detach().cpu(), want.detach().cpu()
    if not want.is_floating_point():
        return got != want
    return ~agreement(want.double(), tolerance)(got.double())


def does(got: Tensor, want: Tensor) -> bool:
    """Whether a dtype will do: no less precise, and a whole number for a float."""
    if got.dtype == want.dtype:
        return True
    if torch.bool in (got.dtype, want.dtype) or got.is_complex():
        return False
    if got.is_floating_point():
        wide = torch.finfo(got.dtype).bits >= 32
        return want.is_floating_point() and wide
    return True


def agreement(want: Tensor, tolerance: float) -> Callable[[Tensor], Tensor]:
    """A function that says where values agree with the right ones.

    Infinite ones must be equal, and nan stands for nan.
    """
    fine, empty = want.isfinite(), want.isnan()
    biggest = want[fine].abs().max().item() if fine.any() else 0.0
    limit = tolerance * (want.abs() + 0.1 * (biggest or 0.1))

    def agrees(got: Tensor) -> Tensor:
        alike = (got == want) | (got.isnan() & empty)
        return torch.where(fine, (got - want).abs() <= limit, alike)

    return agrees


def shape(got: tuple[int, ...], want: tuple[int, ...]) -> str | None:
    """Which dimension is missing, too many, or swapped."""
    said = f"shape {got} came, {want} was expected"

    def surplus(long: tuple[int, ...], short: tuple[int, ...]) -> list[int]:
        return [i for i in range(len(long)) if long[:i] + long[i + 1 :] == short]

    differ = [i for i, (g, w) in enumerate(zip(got, want, strict=False)) if g != w]
    if sorted(got) == sorted(want):
        pair = " and ".join(map(str, differ))
        swapped = f"dimensions {pair} are swapped"
        return f"{said}: {swapped if len(differ) == 2 else 'permute the dimensions'}"
    if [n for n in got if n != 1] == [n for n in want if n != 1]:
        return f"{said}: for dimensions of size 1 see keepdim, squeeze and unsqueeze"
    if missing := surplus(want, got):
        return f"{said}: dimension {missing[0]} is missing, summed or picked away"
    if extra := surplus(got, want):
        return f"{said}: dimension {extra[0]} is one too many: sum, average or pick"
    if math.prod(got) == math.prod(want):
        return f"{said}: as many values, so look at the last reshape"
    if len(got) == len(want) and len(differ) == 1:
        return f"{said}: dimension {differ[0]} differs"
    return said


def finite(got: Tensor, want: Tensor) -> str | None:
    """Nan or infinity where there should be none."""
    nan, inf = got.isnan() & ~want.isnan(), got.isinf() & want.isfinite()
    if nan.any():
        why = "0/0, inf - inf and a softmax over nothing but -inf make nan"
        return f"{nan.sum()} of {nan.numel()} values are nan{at(nan)}: {why}"
    if inf.any():
        why = "a division by 0, the log of 0 and a large exp are infinite"
        return f"{inf.sum()} of {inf.numel()} values are infinite{at(inf)}: {why}"
    return None


def normalised(got: Tensor, want: Tensor) -> str | None:
    """Where the right values sum to 1, these should."""
    dims = [d for d in range(want.dim()) if want.shape[d] > 1 and not sums(want, d)]
    troubles = (sums(got, dim) for dim in reversed(dims) if (want >= 0).all())
    return next(filter(None, troubles), None)


def sums(got: Tensor, dim: int) -> str | None:
    """Whether values sum to 1 over a dimension, or over another one instead."""

    def ones(d: int) -> bool:
        return bool(((got.sum(d) - 1).abs() < 1e-3).all())

    dim %= got.dim()
    if ones(dim):
        return None
    for other in range(got.dim()):
        if other != dim and got.shape[other] > 1 and ones(other):
            return f"these sum to 1 over dimension {other}, and should over {dim}"
    low, high = (f"{x:.3g}" for x in got.sum(dim).aminmax())
    here = low if low == high else f"between {low} and {high}"
    return f"these should sum to 1 over dimension {dim}; the sums are {here}"


def related(got: Tensor, want: Tensor, near: Near) -> str | None:
    """A sign, a factor or a shift that all values share."""
    fine = want.isfinite() & got.isfinite()
    ours, theirs = got[fine], want[fine]
    various = len(theirs.unique()) > 1  # a lone value is always off by some factor
    it = "everything" if got.numel() > 1 else "it"
    if near(-got):
        return "the sign is flipped"
    if got.numel() > 1 and not ours.any():
        return "everything is 0"
    factor = ((ours * theirs).sum() / theirs.square().sum()).item()
    if (
        math.isfinite(factor)
        and near(got / factor)
        and (said := times(factor, various))
    ):
        return f"{it} is {said}"
    gap = (ours - theirs).mean()
    if various and near(got - gap):
        return f"{it} is {gap.abs():.3g} too {'large' if gap > 0 else 'small'}"
    table = various and got.dim() > 1 and got.shape[-1] > 1
    if table and near(got - (got - want).mean(-1, keepdim=True)):
        return "each row (the last dimension) is shifted by a constant of its own"
    return None


def times(factor: float, various: bool) -> str | None:
    """A factor in words; None for one that says nothing about a lone value."""
    size = max(abs(factor), 1 / abs(factor))
    notes = [
        f" (as if the log were to base {base})"
        for base in (2, 10)
        if abs(abs(factor) * math.log(base) - 1) < 1e-4
    ]
    for name, exact in (("", size), ("the square root of ", size**2)):
        simple = Fraction(exact).limit_denominator(12 if various else 1)
        if simple < 65 and abs(simple - exact) < 1e-4 * exact:
            notes.append(f" ({name}{simple})" if name or simple % 1 else "")
    if not notes and not various:
        return None
    digits = f"{size:.6g}" if size < 1.1 else f"{size:.3g}"
    if digits == "1":
        return None
    way = "large" if abs(factor) > 1 else "small"
    flipped = ", and the sign is flipped" if factor < 0 else ""
    return f"{digits} times too {way}{notes[0] if notes else ''}{flipped}"


def moved(got: Tensor, want: Tensor, near: Near) -> str | None:
    """The right values in other places."""
    for i, j in combinations(range(got.dim()), 2):
        if got.shape[i] == got.shape[j] and near(got.transpose(i, j)):
            return f"dimensions {i} and {j} are swapped"
    for dim in range(got.dim()):
        if near(got.flip(dim)):
            return f"dimension {dim} runs backwards"
        if near(got.roll(1, dim)) or near(got.roll(-1, dim)):
            return f"everything is shifted by one place along dimension {dim}"
    ranked = torch.empty_like(want).flatten()
    ranked[want.flatten().argsort()] = got.flatten().sort().values
    if len(want.unique()) > want.numel() / 2 and near(ranked.view_as(want)):
        return "the right values in wrong places: look at each reshape and permute"
    return None


def values(got: Tensor, want: Tensor, wrong: Tensor) -> str:
    """How many values differ, where, and by how much at the worst place."""
    gap = (got.double() - want.double()).abs().nan_to_num(math.inf)
    worst = wrong & (gap == gap[wrong].max())
    digits = ".6g" if got.is_floating_point() else ""
    came, expected = (format(x[worst][0].item(), digits) for x in (got, want))
    pair = f"{came} came, {expected} was expected"
    if got.numel() == 1:
        return pair
    places = wrong.nonzero()
    where = ""
    for dim in range(got.dim()):
        if len(places) > 1 and got.shape[dim] > 1 and len(places[:, dim].unique()) == 1:
            where = f", all at index {places[0, dim]} of dimension {dim}"
    some = f"{len(places)} of {got.numel()} values differ{where}"
    return f"{some}; the largest difference is{at(worst)}: {pair}"


def at(mask: Tensor) -> str:
    """The first place that a mask marks, in words."""
    return f" at {mask.nonzero()[0].tolist()}" if mask.dim() else ""


def dtype(x: Tensor) -> str:
    """A tensor's dtype, without the `torch.`"""
    return str(x.dtype).removeprefix("torch.")
