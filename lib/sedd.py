"""Discrete diffusion by ratios: tokens jump at random, a network learns the way back.

Lou et al. 2024, "Discrete Diffusion Modeling by Estimating the Ratios of the Data
Distribution" (SEDD), arXiv:2310.16834, with the uniform rates of the official code
(louaaron/Score-Entropy-Discrete-Diffusion), V times smaller for the same sigma.

A graph says which jumps there are. `transition` is where a token is after some noise,
exp(sigma Q)[:, x]; `rates_into` is Q[x, y] for each y, the rate of jumps y -> x, 0 at
y = x; `ratios` is the true score of a single clean token; `undo` is one step of
Eq. 19, exp(-sigma Q) score times exp(sigma Q)[x, :]. All are (R, T, S).

Shapes: R texts, T tokens, V words, S states (V, or V + 1 with the mask); sigma (R,) is
all the noise so far, t (R,) the time in [0, 1]; score[y] = p_t(y) / p_t(x) at token x.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from lib import expect

Random = torch.Generator | None


def _one_hot(x: Tensor, states: int, like: Tensor) -> Tensor:
    """Tokens (R, T) -> (R, T, states); a comparison, so that it can be traced."""
    return (x[..., None] == torch.arange(states, device=x.device)).to(like.dtype)


def _tokens(states: int, **named: Tensor) -> None:
    expect.indices(**named)
    for name, x in named.items():
        expect.shape(x, "R T", name)
    expect.between(0, states - 1, **named)


class Absorbing:
    """Tokens turn into the mask, id `vocab`, at rate 1, and stay there (Eq. 16)."""

    @expect.annotated
    def __init__(self, vocab: int) -> None:
        expect.positive(vocab=vocab)
        self.vocab, self.states, self.mask_id = vocab, vocab + 1, vocab

    def transition(self, x: Tensor, sigma: Tensor) -> Tensor:
        """A token stays with probability e^-sigma, otherwise it is masked."""
        _tokens(self.states, x=x)
        stay = (-sigma)[:, None, None].exp()
        masked = _one_hot(torch.full_like(x, self.mask_id), self.states, stay)
        leave = -(-sigma)[:, None, None].expm1()  # 1 - e^-sigma, to the last digit
        return stay * _one_hot(x, self.states, stay) + leave * masked

    def rates_into(self, x: Tensor, like: Tensor) -> Tensor:
        """1 into the mask from every word, 0 into words."""
        words = torch.arange(self.states, device=x.device) != self.mask_id
        return ((x == self.mask_id)[..., None] & words).to(like.dtype)

    def ratios(self, x_t: Tensor, x_0: Tensor, sigma: Tensor) -> Tensor:
        """At a mask 1 / (e^sigma - 1) for the hidden word; at a word the inverse."""
        _tokens(self.states, x_t=x_t, x_0=x_0)
        odds = sigma.expm1()[:, None, None]  # masked : not masked
        masked = x_t == self.mask_id
        other = torch.where(masked, x_0, self.mask_id)  # what it might have been
        there = torch.where(masked[..., None], 1 / odds, odds)
        there = torch.where(_one_hot(other, self.states, there) > 0, there, 0.0)
        return there + _one_hot(x_t, self.states, there)

    def undo(self, score: Tensor, x: Tensor, sigma: Tensor) -> Tensor:
        """A mask becomes y with probability (e^sigma - 1) score[y]; words stay."""
        jump = sigma.expm1()[:, None, None] * score * self.rates_into(x, score)
        return jump + _one_hot(x, self.states, score) * (1 - jump.sum(-1, True))


class Uniform:
    """Tokens jump to any other at rate 1/V each (Eq. 15, divided by V)."""

    @expect.annotated
    def __init__(self, vocab: int) -> None:
        expect.positive(vocab=vocab)
        self.vocab = self.states = vocab

    def transition(self, x: Tensor, sigma: Tensor) -> Tensor:
        """A token stays with probability e^-sigma, otherwise it is drawn anew."""
        _tokens(self.states, x=x)
        stay = (-sigma)[:, None, None].exp()
        anew = -(-sigma)[:, None, None].expm1() / self.states
        return stay * _one_hot(x, self.states, stay) + anew

    def rates_into(self, x: Tensor, like: Tensor) -> Tensor:
        """1/V from every other token."""
        return (1 - _one_hot(x, self.states, like)) / self.states

    def ratios(self, x_t: Tensor, x_0: Tensor, sigma: Tensor) -> Tensor:
        """Everything is equally likely but x_0, which is likelier."""
        _tokens(self.states, x_t=x_t)
        p = self.transition(x_0, sigma)
        return p / p.gather(-1, x_t[..., None])

    def undo(self, score: Tensor, x: Tensor, sigma: Tensor) -> Tensor:
        """Undone noise sharpens the score, 1 for the token itself; it may jump then."""
        score = torch.where(_one_hot(x, self.states, score) > 0, 1.0, score)
        grow = sigma[:, None, None].exp()
        sharp = grow * score - (grow - 1) / self.states * score.sum(-1, True)
        return sharp * self.transition(x, sigma)


class LogLinearNoise:
    """The share of tokens hit grows evenly: 1 - e^-sigma = (1 - eps) t."""

    @expect.annotated
    def __init__(self, eps: float = 1e-3) -> None:
        expect.positive(eps=eps)
        expect.between(0, 1, eps=eps)
        self.eps = eps

    def __call__(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """t (R,) in [0, 1] -> total sigma (R,), its rate d sigma / dt (R,)."""
        expect.between(0, 1, t=t)
        hit = (1 - self.eps) * t
        return -torch.log1p(-hit), (1 - self.eps) / (1 - hit)


class GeometricNoise:
    """Sigma grows by equal factors: sigma_min^(1-t) sigma_max^t."""

    @expect.annotated
    def __init__(self, sigma_min: float, sigma_max: float) -> None:
        expect.positive(sigma_min=sigma_min, growth=sigma_max - sigma_min)
        self.low, self.high = math.log(sigma_min), math.log(sigma_max)

    def __call__(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """t (R,) in [0, 1] -> total sigma (R,), its rate d sigma / dt (R,)."""
        expect.between(0, 1, t=t)
        sigma = torch.exp(self.low + (self.high - self.low) * t)
        return sigma, sigma * (self.high - self.low)


Graph = Absorbing | Uniform
Noise = LogLinearNoise | GeometricNoise


@expect.annotated
def corrupt(
    graph: Graph, x_0: Tensor, sigma: Tensor, generator: Random = None
) -> Tensor:
    """Let clean tokens (R, T) jump for sigma (R,): x_t (R, T), each on its own."""
    expect.shape(sigma, "R", "sigma", R=x_0.shape[0])
    expect.between(0, torch.inf, sigma=sigma)
    return draw(graph.transition(x_0, sigma), generator)


@expect.annotated
def draw(probabilities: Tensor, generator: Random = None) -> Tensor:
    """A token from each row of probabilities (R, T, S) -> (R, T)."""
    R, T, S = expect.shape(probabilities, "R T S", "probabilities")
    expect.positive(S=S)
    expect.between(0, torch.inf, probabilities=probabilities)
    rows = probabilities.reshape(R * T, S)
    return torch.multinomial(rows, 1, generator=generator).reshape(R, T)


@expect.annotated
def score_entropy(
    graph: Graph, log_score: Tensor, sigma: Tensor, x_t: Tensor, x_0: Tensor
) -> Tensor:
    """How far a score is from the true ratios: 0 there, above 0 elsewhere (Eq. 9).

    sum over y != x of Q[x, y] (s_y - r_y log s_y + r_y (log r_y - 1)), s the score, r
    the ratios p(y | x_0) / p(x_t | x_0).

    log_score (R, T, S), sigma (R,), tokens (R, T) -> (R, T). The loss is the sum over
    tokens times the rate of the noise. Only masks count on the absorbing graph.
    """
    expect.floating(log_score=log_score, sigma=sigma)
    expect.same_shape(x_t=x_t, x_0=x_0)
    _tokens(graph.states, x_t=x_t)
    _tokens(graph.vocab, x_0=x_0)
    R, T = x_t.shape
    expect.shape(log_score, "R T S", "log_score", R=R, T=T, S=graph.states)
    expect.shape(sigma, "R", "sigma", R=R)
    expect.positive(sigma=sigma)
    expect.no_nan(log_score=log_score)
    rate = graph.rates_into(x_t, log_score)
    counts = rate > 0
    r = graph.ratios(x_t, x_0, sigma)
    log_s = torch.where(counts, log_score, 0.0)  # -inf elsewhere does no harm
    bits = torch.where(r > 0, r * log_s, 0.0)  # 0 log 0 = 0
    terms = log_s.exp() - bits + torch.xlogy(r, r) - r
    return torch.where(counts, rate * terms, 0.0).sum(-1)


@expect.annotated
def normalized(p: Tensor) -> Tensor:
    """Probabilities again, where a step too long made some of them negative."""
    p = p.clamp(min=0)
    return p / p.sum(-1, keepdim=True)


@expect.annotated
def euler_step(
    graph: Graph, noise: Noise, score: Tensor, x: Tensor, t: Tensor, dt: float | Tensor
) -> Tensor:
    """Where the tokens are at t - dt if the rates stay what they are now (Eq. 17).

    one-hot(x) + dt rate(t) Q[x, y] score[y], and what leaves x is missing there

    score (R, T, S), not its logarithm, x (R, T), t (R,) -> (R, T, S): tau-leaping.
    """
    _check_step(graph, score, x, t, dt)
    rate = noise(t)[1][:, None, None]
    jump = dt * rate * graph.rates_into(x, score) * score
    stay = _one_hot(x, graph.states, score)
    return normalized(stay * (1 - jump.sum(-1, keepdim=True)) + jump)


@expect.annotated
def tweedie_step(
    graph: Graph, noise: Noise, score: Tensor, x: Tensor, t: Tensor, dt: float | Tensor
) -> Tensor:
    """The best step of its kind: the noise between t - dt and t undone (Eq. 19).

    (exp(-d sigma Q) score)[y] exp(d sigma Q)[x, y]

    Arguments as for `euler_step`; with masks and log-linear noise the two are one.
    """
    _check_step(graph, score, x, t, dt)
    d_sigma = noise(t)[0] - noise((t - dt).clamp(min=0))[0]
    return normalized(graph.undo(score, x, d_sigma))


def _check_step(
    graph: Graph, score: Tensor, x: Tensor, t: Tensor, dt: float | Tensor
) -> None:
    expect.floating(score=score, t=t)
    _tokens(graph.states, x=x)
    expect.shape(score, "R T S", "score", R=len(x), T=x.shape[1], S=graph.states)
    expect.shape(t, "R", "t", R=len(x))
    expect.number(dt=dt)
    expect.positive(dt=dt)
    expect.between(-1e-6, 1, t_minus_dt=t - dt)
    expect.between(0, torch.inf, score=score)  # a log-score would be below 0


@expect.annotated
def absorbing_log_score(logits: Tensor, sigma: Tensor) -> Tensor:
    """The log-score of a network that predicts the hidden word.

    log softmax(logits)[y] - log(e^sigma - 1), and 0 for the mask itself. With it the
    score entropy is the cross-entropy over e^sigma - 1, and the loss LLaDA's.

    logits (R, T, V), sigma (R,) -> (R, T, V + 1), for tokens that are masked.
    """
    R, _, V = expect.shape(logits, "R T V", "logits")
    expect.positive(V=V)
    expect.shape(sigma, "R", "sigma", R=R)
    expect.positive(sigma=sigma)
    words = logits.log_softmax(-1) - sigma.expm1().log()[:, None, None]
    return F.pad(words, (0, 1))
