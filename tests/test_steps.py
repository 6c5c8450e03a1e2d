"""What an answer does, seen from its operations."""

import torch

from lib import check

X = torch.arange(6.0).reshape(2, 3)


def test_steps_have_names_and_shapes():
    product, tall = check.steps(lambda x: (x @ x.T).sum(0, keepdim=True), X)[-2:]
    assert (product.name, product.made) == ("mm", [(2, 2)])
    assert product.read == [(2, 3), (3, 2)]
    assert tall.made == [(1, 2)]
    slope = check.steps(
        lambda x: torch.autograd.grad(x.sigmoid().sum(), x), X.clone().requires_grad_()
    )
    assert "sigmoid_backward" in [step.name for step in slope]
    assert check.steps(lambda n: n + 1, 3) == []


def test_a_loop_grows_with_its_input_and_a_product_does_not():
    def walk(x):
        return sum(row.exp().sum() for row in x)

    assert check.loops(walk, (X[:1],), (X,))
    assert not check.loops(lambda x: x.exp().sum(), (X[:1],), (X,))
