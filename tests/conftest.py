"""One thread for tiny models, and the same hypothesis examples every time."""

import hypothesis
import pytest
import torch

hypothesis.settings.register_profile("course", deadline=None, derandomize=True)
hypothesis.settings.load_profile("course")
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)
