"""Laws of what scenarios are made of: values that go to a worker come back, shares make a whole, sizes are read."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from daemon.config.source import WrittenFloat
from daemon.research.scenarios.profile import OPERATIONS, shared_out
from daemon.research.scenarios.results import ProcessResult
from daemon.research.scenarios.status import Status
from daemon.research.scenarios.summary import statuses
from daemon.research.scenarios.task import decoded, encoded


def written(text: str) -> WrittenFloat:
    number = WrittenFloat(text)
    number.text = text
    return number


NUMBERS = st.builds(written, st.decimals(allow_nan=False, allow_infinity=False, places=4).map(str))
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | NUMBERS
VALUES = st.dictionaries(
    st.text(max_size=5),
    st.recursive(PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner), max_leaves=8),
    max_size=5,
)


def with_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: with_texts(one) for key, one in value.items()}
    if isinstance(value, list):
        return [with_texts(one) for one in value]
    return ("written", value.text) if isinstance(value, WrittenFloat) else (type(value), value)


@given(VALUES)
def test_the_values_of_a_config_come_to_a_worker_as_they_were_digit_by_digit(values: dict[str, Any]) -> None:
    again = decoded(encoded(values))
    assert with_texts(again) == with_texts(values)
    assert json.dumps(again) == json.dumps(values)


MILLISECONDS = st.just(0.0) | st.floats(min_value=1e-6, max_value=1e9)
FOUND = st.dictionaries(st.sampled_from(OPERATIONS), MILLISECONDS)


@given(whole=MILLISECONDS, found=FOUND, events=st.integers(0, 10**9))
def test_all_operations_are_there_and_make_the_whole_whatever_was_found(
    whole: float, found: dict[str, float], events: int
) -> None:
    shared = shared_out(whole, found, events, messages=3)
    assert tuple(shared) == OPERATIONS
    total = sum(one.total_ms for one in shared.values())
    assert abs(total - whole) <= 1e-6 * max(1.0, whole)
    assert all(one.total_ms >= 0 and 0 <= one.share <= 1 + 1e-9 for one in shared.values())
    assert shared["live_update"].calls == 3


@given(st.lists(st.sampled_from(Status)))
def test_every_end_is_counted_once(ends: list[Status]) -> None:
    results = [
        ProcessResult(scenario_name="a", scenario_index=place, status=status, success=status is Status.COMPLETED)
        for place, status in enumerate(ends)
    ]
    counted = statuses(results)
    assert sum(counted.values()) == len(ends)
    assert all(ends.count(status) == number for status, number in counted.items())
    assert list(counted) == [status for status in Status if status in ends]
