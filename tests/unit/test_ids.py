"""Client order ids: short, never repeated, and readable without any journal."""

import string

import pytest

from trading.account import ids
from trading.account.ids import ClientOrderIds, DecodedId, decode, tag_of
from trading.errors import InvalidClientOrderId

EPOCH_MS = 1_767_225_600_123


def test_an_id_is_eighteen_small_letters_and_digits() -> None:
    cid = ClientOrderIds(EPOCH_MS).next("sma-aaa")
    assert (len(cid), cid[:2]) == (18, "bk")
    assert set(cid) <= set(string.ascii_lowercase + string.digits)


def test_an_id_tells_its_strategy_epoch_and_place() -> None:
    given = ClientOrderIds(EPOCH_MS)
    given.next("maker")
    cid = given.next("sma-aaa")
    assert decode(cid, ["maker", "sma-aaa"]) == DecodedId(strategy="sma-aaa", epoch_ms=EPOCH_MS, sequence=1)


def test_no_id_repeats_over_strategies_and_starts() -> None:
    starts = [ClientOrderIds(EPOCH_MS + later) for later in range(3)]
    given = [start.next(strategy) for start in starts for strategy in ("a", "b") for _ in range(500)]
    assert len(set(given)) == len(given)


def test_ids_of_one_epoch_sort_by_age() -> None:
    given = ClientOrderIds(EPOCH_MS)
    cids = [given.next("a") for _ in range(100)]
    assert cids == sorted(cids)


def test_an_exhausted_epoch_gives_way_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "_SEQUENCE", 2)
    monkeypatch.setattr(ids, "_EPOCH", 10)
    given = ClientOrderIds(EPOCH_MS)
    cids = [given.next("a") for _ in range(36**2 * 2 + 1)]

    assert len(set(cids)) == len(cids)
    assert given.epoch_ms == EPOCH_MS + 2
    assert {len(cid) for cid in cids} == {18}


@pytest.mark.parametrize(
    "cid",
    [
        "",
        "bk",
        "xx" + "0" * 16,
        "bk" + "0" * 17,
        "bk" + "0" * 15,
        "bk" + "A" * 16,
        "bk" + "-" * 16,
        "bk" + "٣" * 16,
    ],
)
def test_what_is_not_ours_is_refused(cid: str) -> None:
    with pytest.raises(InvalidClientOrderId, match="is not a client order id"):
        decode(cid, ["a"])


def test_an_id_of_an_unknown_strategy_says_so() -> None:
    cid = ClientOrderIds(EPOCH_MS).next("gone")
    with pytest.raises(InvalidClientOrderId, match=f"the tag '{tag_of('gone')}' of no strategy"):
        decode(cid, ["a", "b"])


def test_two_strategies_whose_tags_collide_can_be_told_beforehand() -> None:
    seen: dict[str, str] = {}
    for number in range(10_000):
        first = seen.setdefault(tag_of(f"s{number}"), f"s{number}")
        if first != f"s{number}":
            assert tag_of(first) == tag_of(f"s{number}")
            return
    pytest.fail("in ten thousand ids two tags of four characters should have met")
