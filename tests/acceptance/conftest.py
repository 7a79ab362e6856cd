"""What holds for every test of this folder: its mark, a guard against a hang, and that no daemon outlives it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.daemons import kill_all
from tests.patience import HANG_SECONDS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark those of this folder."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.acceptance)
            item.add_marker(pytest.mark.timeout(HANG_SECONDS))


@pytest.fixture(autouse=True)
def _nothing_is_left_running() -> Iterator[None]:
    """A test that fails leaves nothing behind that would hold up the next."""
    yield
    kill_all()
