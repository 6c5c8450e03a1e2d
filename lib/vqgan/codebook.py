"""A codebook: vectors rounded to the nearest of K, and how the K learn where to lie.

Van den Oord, Vinyals and Kavukcuoglu 2017, "Neural Discrete Representation Learning"
(VQ-VAE), arXiv:1711.00937, as VQGAN uses it.

Shapes: B images, D code width, H, W the grid of codes, K codes, N vectors.
"""

import torch
from torch import Tensor, nn

from lib import expect


@expect.annotated
def nearest_code(z: Tensor, codebook: Tensor) -> Tensor:
    """Which code is nearest to each vector: z (N, D), codebook (K, D) -> (N,).

    argmin_k |z - e_k|^2 = argmax_k z . e_k - |e_k|^2 / 2       (VQ-VAE, Eq. 1)

    Of equal codes the lowest index wins. A thousand rows at a time stay in the cache.
    """
    expect.floating(z=z, codebook=codebook)
    D = expect.shape(z, "N D", "z")[1]
    K = expect.shape(codebook, "K D", "codebook", D=D)[0]
    expect.positive(num_codes=K)
    expect.no_nan(z=z, codebook=codebook)
    half = -codebook.square().sum(1) / 2  # (K,)
    if torch.compiler.is_exporting():
        return torch.addmm(half, z, codebook.T).argmax(1)
    chunks = [torch.addmm(half, part, codebook.T).argmax(1) for part in z.split(1024)]
    return _first_of_equals(codebook)[torch.cat(chunks)]


def _first_of_equals(codebook: Tensor) -> Tensor:
    """The lowest index of a code equal to each code: (K, D) -> (K,).

    Equal columns of one matrix product may differ in the last bit: where K is no
    multiple of the processor's vector width, the last ones are summed in another
    order. The argmax alone would then pick any of them.
    """
    group = torch.unique(codebook, dim=0, return_inverse=True)[1]  # (K,)
    number = torch.arange(len(group), device=group.device)
    first = torch.full_like(group, len(group))
    return first.scatter_reduce(0, group, number, "amin")[group]


@expect.annotated
def straight_through(z: Tensor, z_q: Tensor) -> Tensor:
    """The value of z_q with the gradient of z: rounding that training cannot see.

    z_q = z + sg[z_q - z]       (VQ-VAE, Section 3.2; sg stops the gradient)

    Summed in the other order, so that the value is that of z_q to the last bit.
    """
    expect.same_shape(z=z, z_q=z_q)
    return z_q.detach() + (z - z.detach())


@expect.annotated
def quantization_loss(
    z: Tensor, z_q: Tensor, commitment: float | Tensor = 0.25, swapped: bool = False
) -> Tensor:
    """Codes move to the vectors, and the vectors, more slowly, to their codes.

    loss = mean |z_q - sg[z]|^2 + commitment mean |sg[z_q] - z|^2       (VQ-VAE, Eq. 3)

    The mean is over all elements. swapped=True is the default of the official code
    (`legacy`), where the factor stands on the first term: the same value, but the
    gradient of z is 1 / commitment times as large, that of the codes as much smaller.
    """
    expect.floating(z=z, z_q=z_q)
    expect.same_shape(z=z, z_q=z_q)
    expect.positive(size_of_z=z.numel())
    expect.between(0, float("inf"), commitment=commitment)
    codes = (z_q - z.detach()).square().mean()
    vectors = (z_q.detach() - z).square().mean()
    return vectors + commitment * codes if swapped else codes + commitment * vectors


@expect.annotated
def running_means(
    codebook: Tensor,
    counts: Tensor,
    sums: Tensor,
    z: Tensor,
    indices: Tensor,
    decay: float | Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Codes, counts and sums after a batch: each code is the mean of what it has won.

    n_k <- decay n_k + (1 - decay) wins, s_k likewise with the sum of the vectors won,
    e_k = s_k / n_k       (VQ-VAE, Appendix A.1)

    codebook and sums (K, D), counts (K,), z (N, D), indices (N,). A code that has won
    nothing for ages stays in place.
    """
    K, D = expect.shape(codebook, "K D", "codebook")
    N = expect.shape(z, "N D", "z", D=D)[0]
    expect.same_shape(codebook=codebook, sums=sums)
    expect.shape(counts, "K", "counts", K=K)
    expect.indices(indices=indices)
    expect.shape(indices, "N", "indices", N=N)
    expect.between(0, 1, decay=decay)
    expect.between(0, K - 1, indices=indices)
    expect.no_nan(codebook=codebook)
    wins = torch.zeros_like(counts).scatter_add(0, indices, torch.ones_like(z[:, 0]))
    won = torch.zeros_like(sums).scatter_add(0, indices[:, None].expand(N, D), z)
    counts, sums = counts.lerp(wins, 1 - decay), sums.lerp(won, 1 - decay)
    means = sums / counts.clamp(min=1e-5)[:, None]
    return torch.where(counts[:, None] > 1e-5, means, codebook), counts, sums


def _rows(z: Tensor) -> Tensor:
    """(B, D, H, W) -> (B H W, D), image by image, row by row."""
    return z.permute(0, 2, 3, 1).reshape(-1, z.shape[1])


def _maps(rows: Tensor, like: Tensor) -> Tensor:
    """(B H W, D) -> (B, D, H, W)."""
    B, D, H, W = like.shape
    return rows.view(B, H, W, D).permute(0, 3, 1, 2)


class VectorQuantizer(nn.Module):
    """Replace each vector of a map by the nearest of K learnt codes.

    z (B, D, H, W) -> z_q (B, D, H, W) straight-through, indices (B, H, W), loss. The
    codes start uniform in (-1/K, 1/K) and learn from the loss.
    """

    @expect.annotated
    def __init__(
        self,
        num_codes: int,
        dim: int,
        commitment: float = 0.25,
        swapped: bool = False,
    ) -> None:
        super().__init__()
        expect.positive(num_codes=num_codes, dim=dim)
        expect.between(0, float("inf"), commitment=commitment)
        self.commitment, self.swapped = commitment, swapped
        codes = torch.empty(num_codes, dim).uniform_(-1 / num_codes, 1 / num_codes)
        self.codebook = nn.Parameter(codes)

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, D, H, W) -> z_q, indices, loss."""
        expect.floating(z=z)
        B, _, H, W = expect.shape(z, "B D H W", "z", D=self.codebook.shape[1])
        indices = nearest_code(_rows(z.detach()), self.codebook.detach())
        z_q = _maps(self.codebook[indices], z)
        loss = quantization_loss(z, z_q, self.commitment, self.swapped)
        return straight_through(z, z_q), indices.view(B, H, W), loss

    def lookup(self, indices: Tensor) -> Tensor:
        """Code numbers (B, H, W) -> their codes as a map (B, D, H, W)."""
        expect.indices(indices=indices)
        expect.shape(indices, "B H W", "indices")
        expect.between(0, len(self.codebook) - 1, indices=indices)
        return self.codebook[indices].permute(0, 3, 1, 2)


class EMAVectorQuantizer(VectorQuantizer):
    """Codes that are running_means of the vectors they win; idle ones start again.

    Only the commitment is left as a loss. The first batch in training sets the codes;
    one that wins fewer than `restart` vectors a batch, on the running mean, is set to
    a vector drawn from the batch, as in Jukebox (arXiv:2005.00341). restart=0: never.
    """

    counts: Tensor
    sums: Tensor
    started: Tensor

    @expect.annotated
    def __init__(
        self,
        num_codes: int,
        dim: int,
        commitment: float = 0.25,
        decay: float = 0.99,
        restart: float = 1.0,
    ) -> None:
        super().__init__(num_codes, dim, commitment)
        expect.between(0, 1, decay=decay)
        expect.between(0, float("inf"), restart=restart)
        self.decay, self.restart = decay, restart
        self.codebook.requires_grad_(False)
        self.register_buffer("counts", torch.ones(num_codes))
        self.register_buffer("sums", self.codebook.detach().clone())
        self.register_buffer("started", torch.tensor(False))

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, D, H, W) -> z_q, indices, loss; in training the codes then move."""
        expect.floating(z=z)
        B, _, H, W = expect.shape(z, "B D H W", "z", D=self.codebook.shape[1])
        rows = _rows(z.detach())
        if self.training and not self.started:
            self._seat(torch.ones_like(self.counts, dtype=torch.bool), rows)
            self.started.fill_(True)
        indices = nearest_code(rows, self.codebook)
        z_q = _maps(self.codebook[indices], z)
        loss = self.commitment * (z_q - z).square().mean()
        if self.training:
            self._follow(rows, indices)
        return straight_through(z, z_q), indices.view(B, H, W), loss

    @torch.no_grad()
    def _follow(self, rows: Tensor, indices: Tensor) -> None:
        """Move every code to the running mean of what it wins."""
        before = self.codebook, self.counts, self.sums
        after = running_means(*before, rows, indices, self.decay)
        for old, new in zip(before, after, strict=True):
            old.copy_(new)
        idle = self.counts < self.restart
        if idle.any():
            self._seat(idle, rows)

    @torch.no_grad()
    def _seat(self, which: Tensor, rows: Tensor) -> None:
        """Set some codes (K,) to vectors drawn from the batch."""
        seats = torch.randint(len(rows), (len(which),), device=rows.device)
        mark = which[:, None]
        fresh = max(self.restart, 1.0)  # a grace period before it counts as idle again
        self.codebook.copy_(torch.where(mark, rows[seats], self.codebook))
        self.sums.copy_(torch.where(mark, fresh * rows[seats], self.sums))
        self.counts.masked_fill_(which, fresh)


@expect.annotated
def codebook_perplexity(indices: Tensor, num_codes: int) -> Tensor:
    """How many codes are in use, were they used alike: exp of the entropy.

    perplexity = exp(-sum_k p_k log p_k), p_k the share of code k in indices (...)
    """
    expect.indices(indices=indices)
    expect.positive(num_codes=num_codes, number_of_indices=indices.numel())
    expect.between(0, num_codes - 1, indices=indices)
    flat = indices.flatten()
    wins = flat.new_zeros(num_codes).scatter_add(0, flat, torch.ones_like(flat))
    share = wins / flat.numel()
    return (-(share * share.clamp(min=1e-30).log()).sum()).exp()
