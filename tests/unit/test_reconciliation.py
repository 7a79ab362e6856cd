"""Reconciliation: what differs and stays is booked to nobody, once, and what does not stay is left alone."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.builders import fill, terms
from tests.market_builders import USD, an_instrument
from tests.reconciliation_builders import CASH, INSTRUMENTS, SETTLE, Desk, account, an_execution, fields
from trading.account.breaks import ACTIONS, WINDOW_NS, BreakKind, BreakState
from trading.account.differences import Difference, Planned, differences
from trading.account.ids import ClientOrderIds
from trading.account.ledger import UNALLOCATED, Ledger
from trading.account.reconciliation import UNUSABLE
from trading.account.sightings import PERSISTENT
from trading.account.triggers import Trigger
from trading.errors import LedgerError
from trading.instruments import Instrument, InstrumentKind, MarginTerms
from trading.market import AccountSnapshot
from trading.orders import Side
from trading.postings import Adjustment, CashMoved, PostingKind
from trading.timestamps import SECOND

OURS = ClientOrderIds(1_000).next("a")


@pytest.fixture
def desk() -> Desk:
    """Books that were the venue's once, so that what differs now is trouble."""
    made = Desk()
    made.read(account())
    assert made.reconciliation.is_reconciled
    return made


def state_of(desk: Desk, name: str) -> tuple[BreakState, int]:
    """Whether a break stands, and how often it was seen."""
    found = desk.reconciliation.breaks.get(name)
    assert found is not None, name
    return found.state, found.seen


# A difference that stays.


def test_units_that_stay_are_booked_to_nobody_as_if_traded_at_the_last_price(desk: Desk) -> None:
    outcome = desk.read_twice(account(cash="99510", AAA="5"))  # five at 98, which nobody has told of

    assert outcome.events == [
        Adjustment(
            event_id="reconciliation-1",
            ts_ns=3 * SECOND,
            symbol="AAA",
            units=Decimal(5),
            price=Decimal(100),
            reason="the books have 0 AAA, the venue 5",
        ),
        CashMoved(event_id="reconciliation-2", ts_ns=3 * SECOND, currency="USD", amount=Decimal("10.00")),
    ]
    assert desk.ledger.total() == account(cash="99510.00", AAA="5")
    assert desk.figures(UNALLOCATED) == {"USD": Decimal(29_510), "EUR": Decimal(30_000), "AAA": Decimal(5)}
    assert desk.ledger.unallocated.imbalance("USD") == 0
    assert desk.reconciliation.is_reconciled


def test_it_trips_the_venue_s_breaker_and_is_told_once_by_symbol_and_currency(desk: Desk) -> None:
    outcome = desk.read_twice(account(cash="99510", AAA="5"))
    assert [one.trigger for one in outcome.troubles] == [Trigger.RECONCILIATION] * 2
    assert desk.troubles == [
        "position_difference AAA: the books have 0 AAA, the venue 5",
        "cash_difference USD: the books have 100000 USD, the venue 99510",
    ]
    position, cash = outcome.news
    assert fields(position, "break_id", "state", "difference", "done") == (
        "position_difference-AAA",
        BreakState.BOOKED,
        Decimal(5),
        "5 booked to unallocated at 100",
    )
    assert fields(cash, "break_id", "difference", "done") == (
        "cash_difference-USD",
        Decimal(-490),
        "10.00 booked to unallocated",
    )


def test_what_a_strategy_has_and_the_venue_has_not_is_nobody_s_short(desk: Desk) -> None:
    desk.hear_fill(an_execution(1, "10", cid=OURS))
    desk.read_twice(account(cash="100000"))

    assert desk.figures("a") == {"USD": Decimal(39_000), "AAA": Decimal(10)}
    assert desk.figures(UNALLOCATED) == {"USD": Decimal(31_000), "EUR": Decimal(30_000), "AAA": Decimal(-10)}
    assert desk.ledger.total() == account(cash="100000.00")


def test_units_that_were_deposited_are_capital_at_the_last_price(desk: Desk) -> None:
    """The venue's cash has not moved, so what the units are booked to cost is paid in with them."""
    desk.read_twice(account(AAA="5"))
    assert desk.ledger.total() == account(cash="100000.00", AAA="5")
    assert desk.ledger.unallocated.capital["USD"] == Decimal(30_500)
    assert desk.told == ["position_difference-AAA"], "cash never differed"


def test_cash_alone_is_paid_in_or_out(desk: Desk) -> None:
    outcome = desk.read_twice(account(cash="99999.5", eur="50001"))
    assert [fields(one, "currency", "amount") for one in outcome.events if isinstance(one, CashMoved)] == [
        ("EUR", Decimal(1)),
        ("USD", Decimal("-0.5")),
    ]
    assert desk.ledger.total() == account(cash="99999.5", eur="50001")


def test_a_currency_that_is_not_among_what_the_venue_lists_is_zero_there(desk: Desk) -> None:
    desk.read_twice(AccountSnapshot(cash={"USD": CASH["USD"]}, positions={}))
    assert desk.ledger.total() == account(eur="0")


def test_a_position_that_is_not_among_what_the_venue_lists_is_zero_there(desk: Desk) -> None:
    desk.read_twice(account(cash="99500", AAA="5"))
    desk.now += 1
    desk.read_twice(account(cash="100000"))
    assert desk.ledger.total() == account(cash="100000.00")


def test_within_its_tolerance_cash_is_booked_and_nobody_is_woken() -> None:
    desk = Desk(tolerances={"USD": Decimal(1)})
    desk.read(account())
    desk.read_twice(account(cash="100001"))
    assert (desk.told, desk.troubles, desk.ledger.total().cash["USD"]) == ([], [], Decimal(100_001))
    desk.read_twice(account(cash="100002.01"))
    assert desk.told == ["cash_difference-USD"]


def test_what_the_account_had_before_is_nobody_s_and_no_trouble() -> None:
    desk = Desk()
    desk.read_twice(account(cash="112000", BBB="-3"))
    assert desk.figures(UNALLOCATED) == {"USD": Decimal(42_000), "EUR": Decimal(30_000), "BBB": Decimal(-3)}
    assert desk.told == ["position_difference-BBB", "cash_difference-USD"]
    assert desk.troubles == []
    assert desk.reconciliation.is_reconciled

    desk.read_twice(account(cash="112000", BBB="-4"))
    assert desk.troubles, "but from then on it is"


def test_a_first_life_that_ends_before_it_is_reconciled_is_still_one_that_begins() -> None:
    desk = Desk()
    desk.read(account(cash="112000"))
    desk.restart()
    assert desk.reconciliation.is_initial
    desk.read_twice(account(cash="112000"))
    assert desk.troubles == []
    assert not desk.reconciliation.is_initial


def test_a_life_with_a_past_is_to_be_reconciled_anew_and_differences_are_trouble(desk: Desk) -> None:
    desk.restart()
    assert not desk.reconciliation.is_reconciled
    desk.read_twice(account(cash="112000"))
    assert desk.troubles
    assert desk.reconciliation.is_reconciled


# A difference that does not.


def test_one_reading_decides_nothing(desk: Desk) -> None:
    assert desk.read(account(AAA="5")).events == []
    assert not desk.reconciliation.is_reconciled
    assert desk.reconciliation.wants_fills
    assert desk.reconciliation.recheck_ns == (1 + SETTLE) * SECOND


def test_nor_do_two_that_are_too_near(desk: Desk) -> None:
    desk.read(account(AAA="5"))
    desk.hear_fills([], desk.ask())
    desk.now += SETTLE - 1
    assert desk.read(account(AAA="5")).events == []
    desk.now += 1
    assert desk.read(account(AAA="5")).events


def test_nor_does_a_second_that_was_asked_for_before_the_first_was_answered_and_came_late(desk: Desk) -> None:
    early = desk.ask()
    desk.read(account(AAA="5"))
    desk.hear_fills([], desk.ask())
    desk.now += 10 * SETTLE
    assert desk.hear_account(account(AAA="5"), early).events == []


@pytest.mark.parametrize("complete", [None, False], ids=["no list", "a part of it"])
def test_nor_do_two_without_all_fills_between_them(desk: Desk, complete: bool | None) -> None:
    desk.read(account(AAA="5"))
    if complete is not None:
        desk.hear_fills([], desk.ask(), complete=complete)
    desk.now += SETTLE
    assert desk.read(account(AAA="5")).events == []
    assert desk.reconciliation.wants_fills


def test_nor_do_two_with_a_life_between_them_that_has_not_told_its_fills(desk: Desk) -> None:
    desk.read(account(AAA="5"))
    desk.hear_fills([], desk.ask())
    desk.restart()
    desk.now += SETTLE
    assert desk.read(account(AAA="5")).events == []
    assert desk.reconciliation.recheck_ns == (1 + 2 * SETTLE) * SECOND


def test_nor_does_one_of_the_same_units_as_were_booked_before(desk: Desk) -> None:
    desk.read_twice(account(cash="99500", AAA="5"))
    desk.now += SETTLE
    assert desk.read(account(cash="99000", AAA="10")).events == []


def test_a_list_that_was_asked_for_before_it_was_seen_is_not_enough(desk: Desk) -> None:
    early = desk.ask()
    desk.now += 1
    desk.read(account(AAA="5"))
    desk.hear_fills([], early)
    desk.now += SETTLE
    assert desk.read(account(AAA="5")).events == []


def test_a_fill_between_them_is_what_it_was(desk: Desk) -> None:
    """Nothing is booked but the fill, which was on its way."""
    at_venue = account(cash="99500", AAA="5")
    assert desk.read_twice(at_venue, [an_execution(1, "5", cid=OURS)]).events == []
    assert desk.reconciliation.is_reconciled
    assert (desk.booked, desk.told) == ([], [])


def test_a_message_between_them_puts_it_off(desk: Desk) -> None:
    desk.read(account(cash="99500", AAA="5"))
    desk.hear_fills([], desk.ask())
    desk.reconciliation.changed("AAA")
    desk.now += SETTLE
    assert desk.read(account(cash="99500", AAA="5")).events == []
    assert desk.read_twice(account(cash="99500", AAA="5")).events


@pytest.mark.parametrize("times", [1, 2])
def test_so_does_one_while_a_reading_is_under_way(desk: Desk, times: int) -> None:
    at_venue = account(cash="99500", AAA="5")
    for _ in range(times):
        first = desk.ask()
        desk.reconciliation.changed("AAA")
        desk.hear_account(at_venue, first)
        desk.hear_fills([], desk.ask())
        desk.now += SETTLE
    assert desk.read(at_venue).events == []
    desk.hear_fills([], desk.ask())
    desk.now += SETTLE
    assert desk.read(at_venue).events


def test_a_message_of_another_symbol_and_currency_does_not(desk: Desk) -> None:
    desk.read(account(cash="99500", AAA="5"))
    desk.hear_fills([], desk.ask())
    desk.reconciliation.changed("BBB")
    desk.now += SETTLE
    assert desk.read(account(cash="99500", AAA="5")).events


def test_a_posting_of_a_currency_between_them_puts_its_cash_off(desk: Desk) -> None:
    desk.read(account(cash="99500"))
    desk.hear_fills([], desk.ask())
    desk.reconciliation.changed(currencies=("USD",))
    desk.now += SETTLE
    assert desk.read(account(cash="99500")).events == []


def test_another_difference_is_another(desk: Desk) -> None:
    desk.read(account(AAA="5"))
    desk.hear_fills([], desk.ask())
    desk.now += SETTLE
    assert desk.read(account(AAA="6")).events == []


def test_one_that_goes_by_itself_leaves_nothing(desk: Desk) -> None:
    desk.read(account(AAA="5"))
    desk.now += SETTLE
    desk.read(account())
    assert desk.reconciliation.is_reconciled
    assert desk.reconciliation.recheck_ns is None
    assert [*desk.reconciliation.breaks] == []


def test_an_answer_that_is_older_than_what_was_heard_since_decides_nothing(desk: Desk) -> None:
    """Asked for before the fill, answered after it, by a venue that tells no times."""
    first, second = desk.ask(), desk.ask()
    desk.hear_fill(an_execution(1, "5", cid=OURS))
    desk.hear_account(account(), first)
    desk.hear_fills([], desk.ask())
    desk.now += 10 * SETTLE
    assert desk.hear_account(account(), second).events == []
    assert desk.read(account(cash="99500", AAA="5")).events == []
    assert desk.reconciliation.is_reconciled


def test_cash_waits_for_the_units_that_it_may_have_paid_for(desk: Desk) -> None:
    """The units are only seen with the second reading: with them, the third one books what they have cost."""
    desk.read(account(cash="99500"))
    desk.hear_fills([], desk.ask())
    desk.now += SETTLE
    assert desk.read(account(cash="99500", AAA="5")).events == []
    assert [type(one) for one in desk.read_twice(account(cash="99500", AAA="5")).events] == [Adjustment]


# Readings that cannot be used.


@pytest.mark.parametrize(
    "how", [{"complete": False}, {"venue": 4}], ids=["not complete", "older than an execution that is known"]
)
def test_a_reading_that_cannot_be_used_changes_nothing(desk: Desk, how: dict[str, Any]) -> None:
    desk.now = 5
    desk.hear_fill(an_execution(1, "5", cid=OURS, ts=5))
    before = desk.ledger.total()
    nothing = AccountSnapshot(cash={}, positions={})
    for count in range(1, UNUSABLE + 1):
        assert desk.read_twice(nothing, **how).events == []
        assert (desk.told == []) is (2 * count < UNUSABLE)
    assert desk.ledger.total() == before
    assert state_of(desk, "stale_snapshot-account") == (BreakState.OPEN, UNUSABLE + 1)
    assert desk.told == ["stale_snapshot-account"]

    desk.read(account(cash="99500", AAA="5"))
    assert state_of(desk, "stale_snapshot-account")[0] is BreakState.RESOLVED


def test_one_that_is_older_than_the_reading_before_is_not_used_either(desk: Desk) -> None:
    desk.now = 5
    desk.read(account(cash="99000"))
    desk.hear_fills([], desk.ask())
    desk.now += SETTLE
    assert desk.read(account(cash="99000"), venue=4).events == []
    assert desk.read(account(cash="99000")).events


def test_an_answer_counts_once_and_one_that_nobody_asked_for_never(desk: Desk) -> None:
    desk.read(account(AAA="5"))
    desk.hear_fills([], desk.ask())
    desk.now += SETTLE
    last = desk.requests
    assert desk.hear_account(account(AAA="5"), last).events == []
    assert desk.hear_account(account(AAA="5"), 99).events == []
    assert desk.read(account(AAA="5")).events


def test_no_answer_of_a_former_life_counts(desk: Desk) -> None:
    desk.read(account(AAA="5"))
    desk.hear_fills([], desk.ask())
    desk.now += SETTLE
    asked = [desk.ask() for _ in range(3)][-1]
    desk.restart()
    desk.hear_fills([], desk.ask())
    assert desk.hear_account(account(AAA="5"), asked).events == []
    assert desk.read(account(AAA="5")).events, "what was seen in it is not forgotten"


# What stands in the way.


def test_without_a_price_units_wait_and_their_currency_s_cash_with_them(desk: Desk) -> None:
    del desk.prices["AAA"]
    desk.read_twice(account(cash="99490", AAA="5"))
    assert desk.booked == []
    assert desk.troubles == [
        "position_difference AAA: the books have 0 AAA, the venue 5; no price of AAA was heard yet, so nothing is "
        "booked"
    ]
    assert desk.reconciliation.recheck_ns is None, "it is not asked for again and again"

    desk.prices["AAA"] = Decimal(98)
    desk.now += SETTLE
    desk.read(account(cash="99490", AAA="5"))
    assert desk.ledger.total() == account(cash="99490.00", AAA="5")
    assert state_of(desk, "position_difference-AAA") == (BreakState.BOOKED, 2)
    assert len(desk.troubles) == 2, "of the units it was told already"


def test_while_an_order_in_a_symbol_is_in_doubt_its_difference_is_not_booked(desk: Desk) -> None:
    """It may be what the order has filled; booked, it would speak for that the order never arrived."""
    at_venue = account(cash="99500", AAA="5")
    desk.read_twice(at_venue, in_doubt=("AAA",))
    desk.now += SETTLE
    desk.read(at_venue, in_doubt=("AAA",))
    assert desk.booked == []
    assert state_of(desk, "position_difference-AAA")[0] is BreakState.OPEN

    desk.hear_fill(an_execution(1, "5", cid=OURS))
    desk.read(at_venue)
    assert desk.booked == []
    assert state_of(desk, "position_difference-AAA")[0] is BreakState.RESOLVED


def test_one_that_comes_again_and_again_is_left_as_an_alarm() -> None:
    """A venue that says this and that by turns is not followed for ever."""
    desk = Desk()
    desk.read(account())
    for turn in range(ACTIONS + 1):
        desk.read_twice(account(cash=f"{100_001 - turn % 2}"))
    assert len(desk.booked) == ACTIONS
    assert state_of(desk, "cash_difference-USD")[0] is BreakState.OPEN
    assert "it was booked 3 times lately, so nothing is booked" in desk.troubles[-1]
    alarms = len(desk.told)
    for _ in range(ACTIONS):
        desk.read_twice(account(cash="100000"))
    assert (len(desk.booked), len(desk.told)) == (ACTIONS, alarms), "it is told once"

    desk.now += WINDOW_NS // SECOND
    desk.read(account(cash="100000"))
    assert desk.ledger.total() == account(cash="100000")


def test_one_that_is_always_disturbed_is_told_though_it_is_not_booked(desk: Desk) -> None:
    for _ in range(PERSISTENT):
        assert desk.troubles == []
        desk.reconciliation.changed("AAA")
        desk.read(account(cash="99500"))
        desk.now += SETTLE
    assert desk.booked == []
    assert desk.troubles == [
        "cash_difference USD: the books have 100000 USD, the venue 99500; its readings were disturbed, or executions "
        "between them not told, so nothing is booked"
    ]


def test_nor_is_one_told_that_was_only_looked_at_often(desk: Desk) -> None:
    for _ in range(2 * PERSISTENT):
        desk.read(account(cash="99500"))
    assert desk.told == []


def test_of_what_is_not_traded_here_nothing_is_booked(desk: Desk) -> None:
    there = AccountSnapshot(cash={**CASH, "DOGE": Decimal(7)}, positions={"ZZZ": Decimal(3)})
    desk.read_twice(there)
    assert (desk.booked, desk.troubles) == ([], [])
    assert desk.told == ["unknown_asset-ZZZ", "unknown_asset-DOGE"]
    assert desk.reconciliation.is_reconciled

    desk.read(account())
    assert state_of(desk, "unknown_asset-ZZZ") == (BreakState.RESOLVED, 2)


# Fills.


@pytest.mark.parametrize("ts", [1, 1 + SETTLE], ids=["long before", "at the time of the reading"])
def test_a_fill_that_comes_after_its_difference_was_booked_takes_its_place(desk: Desk, ts: int) -> None:
    """Five were bought at 98 for a fee of 1, and heard of late: the owner has them then, and nobody anything."""
    at_venue = account(cash="99509", AAA="5")
    late = an_execution(1, "5", cid=OURS, at="98", fee="1", ts=ts)
    desk.read_twice(at_venue)
    assert desk.figures(UNALLOCATED)["AAA"] == 5

    outcome = desk.hear_fill(late)

    assert outcome is not None
    assert [fields(one, "event_id") for one in outcome.events] == [("reconciliation-3",), ("reconciliation-4",)]
    assert desk.figures("a") == {"USD": Decimal(39_509), "AAA": Decimal(5)}
    assert desk.figures(UNALLOCATED) == {"USD": Decimal(30_000), "EUR": Decimal(30_000)}
    assert desk.ledger.total() == account(cash="99509.00", AAA="5")
    desk.now += SETTLE
    assert desk.read(at_venue).events == []
    assert desk.reconciliation.is_reconciled


def test_one_after_it_is_a_fill_like_another(desk: Desk) -> None:
    desk.read_twice(account(cash="99500", AAA="5"))
    desk.now += 5
    outcome = desk.hear_fill(an_execution(1, "5", cid=OURS, ts=desk.now))
    assert outcome is not None
    assert outcome.events == []
    assert desk.ledger.total().positions == {"AAA": Decimal(10)}


def test_where_the_venue_tells_no_times_the_next_readings_put_it_right(desk: Desk) -> None:
    at_venue = account(cash="99510", AAA="5")
    desk.read_twice(at_venue, venue=0)
    desk.hear_fill(an_execution(1, "5", cid=OURS, at="98"))
    assert desk.ledger.total().positions == {"AAA": Decimal(10)}
    desk.read_twice(at_venue, venue=0)
    assert desk.ledger.total() == account(cash="99510.00", AAA="5")
    assert desk.figures("a") == {"USD": Decimal(39_510), "AAA": Decimal(5)}


def test_a_bust_that_comes_after_its_difference_was_booked_is_taken_back_likewise(desk: Desk) -> None:
    bought = an_execution(1, "5", cid=OURS, fee="1")
    desk.hear_fill(bought)
    desk.read_twice(account())
    assert desk.figures(UNALLOCATED)["AAA"] == -5

    desk.ledger.book(desk.ownership.booked(bought, "a", "a-1").reversal(desk.now * SECOND))
    for event in desk.reconciliation.on_bust(bought, 2 * SECOND, desk.now * SECOND).events:
        desk.ledger.share_out(event)

    assert desk.figures("a") == {"USD": Decimal(40_000)}
    assert desk.figures(UNALLOCATED) == {"USD": Decimal(30_000), "EUR": Decimal(30_000)}


def test_a_bust_after_it_is_a_bust_like_another(desk: Desk) -> None:
    bought = an_execution(1, "5", cid=OURS)
    desk.hear_fill(bought)
    desk.read_twice(account())
    assert desk.reconciliation.on_bust(bought, (desk.now + 1) * SECOND, desk.now * SECOND).events == []


def test_a_stranger_s_fill_is_nobody_s_and_told_but_not_each_time(desk: Desk) -> None:
    for number in range(3):
        desk.hear_fill(an_execution(number, "5", cid="web-17"))
    assert desk.figures(UNALLOCATED)["AAA"] == 15
    assert (desk.told, desk.troubles) == (["foreign_fill-AAA"], [])
    assert state_of(desk, "foreign_fill-AAA") == (BreakState.BOOKED, 3)

    desk.now += WINDOW_NS // SECOND
    desk.hear_fill(an_execution(4, "5"))
    assert len(desk.told) == 2


def test_a_fill_that_was_not_pushed_is_its_owner_s_and_told(desk: Desk) -> None:
    desk.hear_fill(an_execution(1, "5", cid=OURS), was_missed=True)
    assert desk.figures("a") == {"USD": Decimal(39_500), "AAA": Decimal(5)}
    found = desk.reconciliation.breaks.get("missing_fill-AAA")
    assert found is not None
    assert fields(found, "text", "done", "state") == (
        "buy 5 AAA at 100, execution AAA/t1/v1",
        "booked to a",
        BreakState.BOOKED,
    )


def test_one_in_a_symbol_that_is_not_traded_here_is_only_told(desk: Desk) -> None:
    outcome = desk.reconciliation.on_fill(an_execution(1, "5", "ZZZ"), UNALLOCATED, SECOND)
    assert [one.break_id for one in outcome.news] == ["unknown_asset-ZZZ"]
    assert (outcome.events, outcome.troubles) == ([], [])


# What others find.


@pytest.mark.parametrize("kind", [BreakKind.FOREIGN_EPOCH, BreakKind.OVERFILLED_ORDER])
def test_what_trips_does_so_in_a_first_life_too(kind: BreakKind) -> None:
    outcome = Desk().reconciliation.report(kind, "x", SECOND, "so it is")
    assert [one.reason for one in outcome.troubles] == [f"{kind} x: so it is"]


def test_what_was_done_at_once_is_booked_and_told(desk: Desk) -> None:
    outcome = desk.reconciliation.report(BreakKind.RECOVERED_ORDER, "a-r1", SECOND, "it works", done="taken up")
    assert [fields(one, "state", "done") for one in outcome.news] == [(BreakState.BOOKED, "taken up")]
    assert outcome.troubles == []


# What would be booked.


def test_the_plan_is_what_two_readings_would_book_and_changes_nothing(desk: Desk) -> None:
    at_venue = account(cash="99510", BBB="-2", AAA="5")
    desk.read(at_venue)
    state = msgspec.msgpack.encode(desk.reconciliation.state())
    plan = desk.reconciliation.plan(desk.ledger.total())
    assert [fields(one.difference, "kind", "subject", "ours", "theirs") for one in plan] == [
        (BreakKind.POSITION_DIFFERENCE, "AAA", 0, 5),
        (BreakKind.POSITION_DIFFERENCE, "BBB", 0, -2),
        (BreakKind.CASH_DIFFERENCE, "EUR", 50_000, 50_000),
        (BreakKind.CASH_DIFFERENCE, "USD", 100_000, 99_510),
    ]
    assert [fields(one, "amount", "price") for one in plan] == [(5, 100), (-2, 50), (-100, None), (10, None)]
    assert msgspec.msgpack.encode(desk.reconciliation.state()) == state

    booked = desk.read_twice(at_venue).events
    amounts = [one.units if isinstance(one, Adjustment) else one.amount for one in booked]
    assert amounts == [one.amount for one in plan]


def test_in_the_plan_units_without_a_price_cost_nothing_yet(desk: Desk) -> None:
    del desk.prices["AAA"]
    desk.read(account(AAA="5"))
    (one,) = desk.reconciliation.plan(desk.ledger.total())
    assert one == Planned(difference=one.difference, amount=Decimal(5), price=None)


def test_before_the_first_reading_there_is_no_plan() -> None:
    desk = Desk()
    with pytest.raises(LookupError, match="the venue has not said yet what the account holds"):
        desk.reconciliation.plan(desk.ledger.total())


def test_differences_are_what_the_venue_has_more() -> None:
    found = differences(account(cash="99000", AAA="3"), account(BBB="1"), INSTRUMENTS)
    assert [fields(one, "subject", "amount") for one in found] == [("AAA", 3), ("BBB", -1), ("USD", -1_000)]
    assert isinstance(found[0], Difference)
    assert f"{found[0]}" == "the books have 0 AAA, the venue 3"


# Adjustments in the books.


def test_an_adjustment_realises_what_it_closes_of_nobody_s_own() -> None:
    books = Ledger(cash={"USD": Decimal(10_000)}, capital={}, instruments={"AAA": an_instrument()})
    books.book(fill(terms(Side.BUY, "10", strategy="who"), at="90"))
    units = Adjustment(event_id="e", ts_ns=1, symbol="AAA", units=Decimal(-14), price=Decimal(100), reason="why")
    (posting,) = books.share_out(units)
    assert fields(posting, "strategy", "kind", "units", "price", "reason") == (
        UNALLOCATED,
        PostingKind.ADJUSTMENT,
        -14,
        100,
        "why",
    )
    held = books.unallocated.positions["AAA"]
    assert fields(held, "quantity", "cost", "realised") == (-4, -400, 100)
    assert books.unallocated.cash["USD"] == 10_500
    assert books.unallocated.imbalance("USD") == 0
    assert books.unallocated.marks["AAA"] == 100.0


def test_an_adjustment_of_a_future_takes_no_balance() -> None:
    future = Instrument(
        symbol="FFF",
        kind=InstrumentKind.FUTURE,
        currency=USD,
        tick_size=Decimal("0.25"),
        lot_size=Decimal(1),
        multiplier=Decimal(50),
        margin=MarginTerms(currency=USD, initial=Decimal("0.1"), maintenance=Decimal("0.05")),
    )
    books = Ledger(cash={"USD": Decimal(10_000)}, capital={}, instruments={"FFF": future})
    books.share_out(Adjustment(event_id="e", ts_ns=1, symbol="FFF", units=Decimal(2), price=Decimal(100), reason="why"))
    assert books.unallocated.cash["USD"] == 0
    assert books.unallocated.balance("USD") == 10_000


def test_an_adjustment_in_what_is_no_instrument_is_refused() -> None:
    books = Ledger(cash={}, capital={}, instruments={})
    units = Adjustment(event_id="e", ts_ns=1, symbol="ZZZ", units=Decimal(1), price=Decimal(1), reason="why")
    with pytest.raises(LedgerError, match="e is of ZZZ, which is no instrument here"):
        books.share_out(units)
