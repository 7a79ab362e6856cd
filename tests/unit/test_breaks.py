"""Breaks: each is named once however often it is seen, and what is done about it has an end."""

from decimal import Decimal
from pathlib import Path

import pytest

from tests.market_builders import through_msgpack
from trading.account.breaks import (
    ACTIONS,
    BREAKS,
    MOST_OPEN,
    OVER_KEPT,
    WINDOW_NS,
    Break,
    BreakKind,
    Breaks,
    BreakState,
)

DOCS = Path(__file__).resolve().parents[2] / "docs"
CASH, ORDER = BreakKind.CASH_DIFFERENCE, BreakKind.FOREIGN_ORDER


def names(breaks: Breaks) -> list[str]:
    return [one.break_id for one in breaks]


def test_every_kind_has_its_rule() -> None:
    assert list(BREAKS) == list(BreakKind)
    assert {kind for kind, rule in BREAKS.items() if rule.trips} == {
        BreakKind.POSITION_DIFFERENCE,
        BreakKind.CASH_DIFFERENCE,
        BreakKind.OVERFILLED_ORDER,
        BreakKind.FOREIGN_EPOCH,
    }


def test_a_break_is_news_once_and_then_brought_up_to_what_is_seen() -> None:
    breaks = Breaks()
    first = breaks.see(CASH, "USD", 10, "ten", ours=Decimal(1), theirs=Decimal(11))
    assert first == Break(
        kind=CASH, subject="USD", first_ns=10, last_ns=10, ours=Decimal(1), theirs=Decimal(11), text="ten"
    )
    assert breaks.see(CASH, "USD", 20, "nine", ours=Decimal(1), theirs=Decimal(10)) is None
    assert [*breaks] == [
        Break(
            kind=CASH,
            subject="USD",
            first_ns=10,
            last_ns=20,
            seen=2,
            ours=Decimal(1),
            theirs=Decimal(10),
            text="nine",
        )
    ]
    assert breaks.open()[0].difference == 9


def test_one_of_another_subject_or_kind_is_another() -> None:
    breaks = Breaks()
    for kind, subject in ((CASH, "USD"), (CASH, "EUR"), (ORDER, "USD")):
        assert breaks.see(kind, subject, 1, "so") is not None
    assert names(breaks) == ["cash_difference-USD", "cash_difference-EUR", "foreign_order-USD"]
    assert [one.subject for one in breaks.open(CASH)] == ["USD", "EUR"]
    assert breaks.open()[0].difference is None


@pytest.mark.parametrize("end", [Breaks.book, Breaks.resolve])
def test_what_is_over_and_seen_again_is_news_and_open_again(end: object) -> None:
    assert callable(end)
    breaks = Breaks()
    breaks.see(CASH, "USD", 1, "so")
    end(breaks, CASH, "USD", 2, "done")
    assert not breaks.is_open(CASH, "USD")
    assert breaks.open() == []
    again = breaks.see(CASH, "USD", 3, "so again")
    assert again == Break(kind=CASH, subject="USD", first_ns=1, last_ns=3, seen=2, text="so again")


def test_what_was_done_is_kept() -> None:
    breaks = Breaks()
    breaks.see(CASH, "USD", 1, "so")
    breaks.book(CASH, "USD", 2, "10 booked")
    found = breaks.get("cash_difference-USD")
    assert found == Break(
        kind=CASH, subject="USD", first_ns=1, last_ns=2, state=BreakState.BOOKED, text="so", done="10 booked"
    )


def test_only_what_stands_is_resolved() -> None:
    breaks = Breaks()
    breaks.resolve(CASH, "USD", 1, "gone")
    breaks.book(CASH, "EUR", 1, "booked")
    assert names(breaks) == []
    breaks.see(CASH, "USD", 1, "so")
    breaks.book(CASH, "USD", 2, "booked")
    breaks.resolve(CASH, "USD", 3, "gone")
    found = breaks.get("cash_difference-USD")
    assert found is not None
    assert (found.state, found.done) == (BreakState.BOOKED, "booked")


def test_of_a_kind_only_those_that_are_still_there_stand() -> None:
    breaks = Breaks()
    for subject in ("v1", "v2", "v3"):
        breaks.see(ORDER, subject, 1, "works")
    breaks.see(CASH, "USD", 1, "so")
    breaks.keep_open(ORDER, ["v2"], 5, "works no longer")
    assert [one.break_id for one in breaks.open()] == ["foreign_order-v2", "cash_difference-USD"]
    assert breaks.get("foreign_order-v1") == Break(
        kind=ORDER,
        subject="v1",
        first_ns=1,
        last_ns=5,
        state=BreakState.RESOLVED,
        text="works",
        done="works no longer",
    )


def test_about_one_break_only_so_much_is_done_within_a_window() -> None:
    breaks = Breaks()
    assert [breaks.may_act(CASH, "USD", at) for at in range(ACTIONS + 2)] == [True] * ACTIONS + [False] * 2
    assert breaks.may_act(CASH, "EUR", 5)
    assert not breaks.may_act(CASH, "USD", WINDOW_NS - 1)
    assert breaks.may_act(CASH, "USD", WINDOW_NS), "the first is long ago"
    assert not breaks.may_act(CASH, "USD", WINDOW_NS), "the second is not"


def test_what_ends_in_between_does_not_begin_the_count_anew() -> None:
    breaks = Breaks()
    for at in range(ACTIONS):
        breaks.see(CASH, "USD", at, "so")
        assert breaks.may_act(CASH, "USD", at)
        breaks.book(CASH, "USD", at, "booked")
    assert not breaks.may_act(CASH, "USD", ACTIONS)


def test_of_what_is_over_the_newest_are_kept_and_what_is_open_always() -> None:
    breaks = Breaks()
    breaks.see(CASH, "USD", 0, "stands")
    for number in range(OVER_KEPT + 5):
        breaks.see(ORDER, f"v{number}", number, "works")
        breaks.resolve(ORDER, f"v{number}", number, "gone")
    assert names(breaks) == ["cash_difference-USD", *(f"foreign_order-v{n}" for n in range(5, OVER_KEPT + 5))]


def test_more_than_anybody_could_look_at_are_counted() -> None:
    breaks = Breaks()
    for number in range(MOST_OPEN + 3):
        breaks.see(ORDER, f"v{number}", number, "works")
    assert len(breaks.open()) == MOST_OPEN
    assert breaks.left_out == 3
    assert breaks.see(ORDER, "v1", 9_999, "works still") is None
    assert breaks.left_out == 3, "it is known"
    breaks.resolve(ORDER, "v1", 10_000, "gone")
    assert breaks.see(ORDER, "new", 10_001, "works") is not None


def test_a_register_is_restored_as_it_was() -> None:
    breaks = Breaks()
    breaks.see(CASH, "USD", 1, "so", ours=Decimal("0.1"), theirs=Decimal("1E+3"))
    breaks.see(ORDER, "v1", 2, "works")
    breaks.resolve(ORDER, "v1", 3, "gone")
    for at in range(ACTIONS):
        assert breaks.may_act(CASH, "USD", at)
    breaks.left_out = 4
    restored = Breaks()
    restored.restore(through_msgpack(breaks.state()))
    assert [*restored] == [*breaks]
    assert restored.left_out == 4
    assert not restored.may_act(CASH, "USD", ACTIONS)


def test_the_page_has_the_table_as_it_is() -> None:
    rows = [
        f"| `{kind}` | {rule.meaning} | {rule.subject} | {rule.booked} | {'yes' if rule.trips else 'no'} |"
        for kind, rule in BREAKS.items()
    ]
    page = (DOCS / "reconciliation.md").read_text().splitlines()
    assert [line for line in page if line.startswith(tuple(f"| `{kind}`" for kind in BreakKind))] == rows


@pytest.mark.parametrize("kind", BreakKind)
def test_the_runbook_says_what_to_do_about_it(kind: BreakKind) -> None:
    _, _, breaks = (DOCS / "runbook.md").read_text().partition("\n## Breaks in reconciliation\n")
    section = breaks.partition(f"\n### {kind}\n")[2].partition("\n### ")[0]
    assert all(part in section for part in ("**Meaning.**", "**What the daemon did.**", "**What to do.**"))
