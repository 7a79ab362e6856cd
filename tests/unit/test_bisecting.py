"""Where something among many places begins or ends to matter."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.research.lookahead.bisecting import boundary


@given(st.integers(0, 200), st.integers(1, 300))
def test_the_last_place_where_it_holds_is_found_by_few_trials(last: int, more: int) -> None:
    tried: list[int] = []

    def holds(place: int) -> bool:
        tried.append(place)
        return place <= last

    assert boundary(0, last + more, holds) == last
    assert len(tried) <= (last + more).bit_length()
    assert 0 not in tried
    assert last + more not in tried


@given(st.lists(st.booleans(), max_size=60))
def test_of_many_changes_one_is_found(between: list[bool]) -> None:
    holding = [True, *between, False]
    place = boundary(0, len(holding) - 1, holding.__getitem__)
    assert holding[place : place + 2] == [True, False]
