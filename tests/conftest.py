"""One thread for tiny models, the same hypothesis examples every time, a quick seed."""

import hypothesis
import pytest
import torch

hypothesis.settings.register_profile("course", deadline=None, derandomize=True)
hypothesis.settings.load_profile("course")
torch.set_num_threads(1)
if not torch.cuda.is_available():
    # Torch's own also writes down the whole stack, three times, for accelerators that
    # may come later: 5 ms under pytest, and the tests seed some ten thousand times.
    torch.manual_seed = torch.default_generator.manual_seed


def pytest_collection_modifyitems(items):
    """Files with slow tests first: the quick ones fill what is left at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)
