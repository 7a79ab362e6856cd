"""What every test may ask for."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Examples are drawn from the test itself, so that a run can be repeated; a loaded machine is no failure.
settings.register_profile("repeatable", derandomize=True, deadline=None)
# For a law that is worth it: BULKHEAD_HYPOTHESIS=thousands pytest --timeout 0 tests/properties/test_bracket_laws.py
settings.register_profile("thousands", settings.get_profile("repeatable"), max_examples=5_000)
settings.load_profile(os.environ.get("BULKHEAD_HYPOTHESIS", "repeatable"))

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of market data and independent results that may stand beside the checkout; skips where it does not."""
    folder = Path(os.environ.get("BULKHEAD_SHARED", ROOT.parent / "shared"))
    if not (folder / "cases").is_dir():
        pytest.skip(f"no folder of reference data at {folder} (set BULKHEAD_SHARED)")
    return folder
