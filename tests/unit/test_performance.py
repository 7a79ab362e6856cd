"""Performance from the projection's tables: what is earned counts, what is paid in or out does not."""

from collections.abc import Iterator
from decimal import Decimal
from math import prod, sqrt
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import msgspec
import pytest

from daemon.journal.projection import Projection
from daemon.journal.records import Record
from daemon.performance import Reckoning
from daemon.standing import Standing
from tests.account_records import DAY, MIDNIGHT, at, liquidated, posted, traded, valued, worth
from tests.market_builders import USD, an_instrument
from tests.simulation.journal import commit
from tests.unit.test_projection import journal
from trading.instruments import InstrumentKind
from trading.orders import Side
from trading.postings import PostingKind
from trading.timestamps import SECOND

NOW = MIDNIGHT + DAY + 12
ALL_TIME = 10**12


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "projection.sqlite"


def standing(**changes: Any) -> Standing:
    """Two strategies with 10,000 each, 5,000 unallocated, at noon of the third day."""
    given: dict[str, Any] = {
        "start_ns": at(0),
        "now_ns": at(NOW),
        "sequence": ALL_TIME,
        "currency": USD,
        "rates": {"USD": Decimal(1)},
        "instruments": {"AAA": an_instrument()},
        "capital": {"sma": {"USD": Decimal(10_000)}, "rsi": {"USD": Decimal(10_000)}},
        "cash": {"USD": Decimal(25_000)},
        "values": {"sma": worth("10500"), "rsi": worth("10000"), "unallocated": worth("5000")},
    }
    return Standing(**(given | changes))


BEGINNING = valued(0, sma="10000", rsi="10000", unallocated="5000")
"""What the books are worth at the first event."""


def reckoned(
    path: Path,
    *records: Record,
    since: float | None = None,
    only: str | None = None,
    beginning: Record = BEGINNING,
    **of: Any,
) -> Reckoning:
    projection = Projection.open(path, journal(beginning, *records, commit()))
    try:
        return Reckoning(projection, standing(**of), None if since is None else at(since), only)
    finally:
        projection.close()


def days(*equities: str) -> Iterator[Record]:
    """What sma was worth at the ends of days, beside others that stood still."""
    for day, equity in enumerate(equities):
        yield valued(MIDNIGHT + day * DAY, sma=equity, rsi="10000", unallocated="5000")


def test_returns_are_those_of_the_days_and_of_today(path: Path) -> None:
    row = reckoned(path, *days("10100", "9999")).row("sma")
    returns = [10_100 / 10_000 - 1, 9_999 / 10_100 - 1, 10_500 / 9_999 - 1]
    assert (row.capital, row.equity, row.net_profit) == (Decimal(10_000), Decimal(10_500), Decimal(500))
    assert row.total_return == pytest.approx(0.05)
    assert row.volatility == pytest.approx(stdev(returns) * sqrt(252))
    assert row.sharpe == pytest.approx(mean(returns) / stdev(returns) * sqrt(252))
    assert row.max_drawdown == pytest.approx(9_999 / 10_100 - 1)
    assert row.max_drawdown_days == pytest.approx(1.5)


def test_the_account_is_all_books_together_and_what_strategies_are_held_against(path: Path) -> None:
    found = reckoned(path, *days("10100", "9999"))
    account, sma, rsi = found.row(), found.row("sma"), found.row("rsi")
    assert (account.capital, account.equity, account.net_profit) == (Decimal(25_000), Decimal(25_500), Decimal(500))
    assert account.total_return == pytest.approx(0.02)
    assert (account.alpha, account.beta) == (None, None)
    assert sma.beta == pytest.approx(2.5, abs=0.05)
    assert (rsi.beta, rsi.total_return, rsi.sharpe) == (0.0, 0.0, None)


def test_what_is_transferred_is_no_return(path: Path) -> None:
    moved = posted(PostingKind.TRANSFER, hours=20, cash={"USD": "5000"})
    taken = posted(PostingKind.TRANSFER, "unallocated", hours=20, cash={"USD": "-5000"})
    values = {"sma": worth("15500"), "rsi": worth("10000"), "unallocated": worth("0")}
    day, next_day = days("10100", "15351")
    found = reckoned(path, day, moved, taken, next_day, values=values)
    row, account = found.row("sma"), found.row()
    assert (row.capital, row.net_profit) == (Decimal(15_000), Decimal(500))
    assert row.total_return == pytest.approx(1.01 * 15_351 / 15_100 * 15_500 / 15_351 - 1)
    assert (account.capital, account.net_profit) == (Decimal(25_000), Decimal(500))


def test_what_is_deposited_or_withdrawn_is_no_return_of_the_account(path: Path) -> None:
    into = posted(PostingKind.DEPOSIT, "unallocated", hours=20, cash={"USD": "1000"})
    out = posted(PostingKind.WITHDRAWAL, "unallocated", hours=30, cash={"USD": "-400"})
    values = {"sma": worth("10100"), "rsi": worth("10000"), "unallocated": worth("5600")}
    found = reckoned(path, *days("10100"), into, out, values=values)
    account = found.row()
    assert (account.capital, account.net_profit) == (Decimal(25_600), Decimal(100))
    assert account.total_return == pytest.approx(25_100 / 25_000 - 1)
    assert found.row("sma").capital == Decimal(10_000)


def test_a_valuation_at_the_time_of_a_flow_tells_what_was_earned_before_it(path: Path) -> None:
    moved = posted(PostingKind.TRANSFER, hours=20, cash={"USD": "5000"})
    after = valued(20, sma="15200", rsi="10000", unallocated="0")
    values = {"sma": worth("15500"), "rsi": worth("10000"), "unallocated": worth("0")}
    row = reckoned(path, *days("10100"), moved, after, values=values).row("sma")
    assert row.total_return == pytest.approx(10_200 / 10_000 * 15_500 / 15_200 - 1)


def test_a_flow_right_after_a_days_end_is_of_the_next_day(path: Path) -> None:
    moved = posted(PostingKind.TRANSFER, hours=MIDNIGHT, cash={"USD": "5000"})
    values = {"sma": worth("15100"), "rsi": worth("10000"), "unallocated": worth("0")}
    row = reckoned(path, *days("10100"), moved, values=values).row("sma")
    assert row.total_return == pytest.approx(0.01)


def test_units_that_are_transferred_are_a_trade_and_no_flow(path: Path) -> None:
    bought = traded(Side.BUY, "10.00", 1)
    gone = posted(
        PostingKind.TRANSFER,
        symbol="AAA",
        cash={"USD": "1200"},
        units=Decimal(-100),
        cost=Decimal(-1_000),
        realised=Decimal(200),
        price=Decimal(12),
    )
    row = reckoned(path, bought, gone).row("sma")
    assert (row.capital, row.trades, row.expectancy) == (Decimal(10_000), 1, Decimal("199.00"))


def test_trades_fees_and_income_are_added_up(path: Path) -> None:
    found = reckoned(
        path,
        traded(Side.BUY, "10.00", 1),
        traded(Side.SELL, "11.00", 2, 2),
        traded(Side.BUY, "10.00", 3, 3),
        traded(Side.SELL, "9.50", 4, 4),
        traded(Side.BUY, "9.00", 5, 5, "rsi"),
        posted(PostingKind.DIVIDEND, cash={"USD": "12.50"}, symbol="AAA"),
        posted(PostingKind.BORROW, cash={"USD": "-0.40"}, symbol="AAA"),
        posted(PostingKind.BORROW, "unallocated", cash={"USD": "-0.01"}, symbol="AAA"),
    )
    sma, account = found.row("sma"), found.row()
    assert (sma.fills, sma.trades, sma.fees) == (4, 2, Decimal("4.00"))
    assert (sma.win_rate, sma.expectancy) == (0.5, Decimal("23.00"))
    assert sma.profit_factor == pytest.approx(98 / 52)
    assert sma.turnover == pytest.approx(4_050 / 10_000, rel=0.1)
    assert (sma.dividends, sma.borrow, sma.funding) == (Decimal("12.50"), Decimal("-0.40"), Decimal("0.00"))
    assert (account.fills, account.trades, account.fees) == (5, 2, Decimal("5.00"))
    assert account.borrow == Decimal("-0.41")


def test_a_split_changes_units_and_no_result(path: Path) -> None:
    split = posted(PostingKind.SPLIT, hours=2, symbol="AAA", units=Decimal(100), price=Decimal("5.00"))
    row = reckoned(path, traded(Side.BUY, "10.00", 1), split, traded(Side.SELL, "6.00", 2, 3, fee="0")).row("sma")
    assert (row.trades, row.expectancy) == (1, Decimal("99.50")), "a hundred at five, with half of the fee"


def test_since_begins_with_the_last_valuation_and_lots_keep_their_entries(path: Path) -> None:
    records: list[Record] = [
        traded(Side.BUY, "10.00", 1, 1),
        posted(PostingKind.DIVIDEND, hours=2, cash={"USD": "3"}),
        next(days("10100")),
        traded(Side.SELL, "14.00", 2, 20),
        posted(PostingKind.DIVIDEND, hours=21, cash={"USD": "4"}),
    ]
    found = reckoned(path, *records, since=30)
    row = found.row("sma")
    assert found.since_ns("sma") == found.since_ns() == at(MIDNIGHT)
    assert (row.capital, row.net_profit, row.fills, row.fees) == (Decimal(10_000), Decimal(400), 1, Decimal("1.00"))
    assert (row.trades, row.expectancy) == (1, Decimal("398.00"))
    assert row.total_return == pytest.approx(10_500 / 10_100 - 1)
    assert row.dividends == Decimal("4.00")


def test_since_before_the_beginning_is_everything(path: Path) -> None:
    whole, early = (reckoned(path, *days("10100"), since=since) for since in (None, -100))
    assert whole.row("sma") == early.row("sma")
    assert early.since_ns("sma") == at(0)


def test_the_sharpe_ratio_of_all_days_is_told_whatever_was_asked_for(path: Path) -> None:
    whole, part = (reckoned(path, *days("10100", "9999"), since=since) for since in (None, MIDNIGHT + DAY))
    assert whole.row("sma").sharpe == whole.sharpe_of_all("sma") == part.sharpe_of_all("sma")
    assert part.row("sma").sharpe is None, "half a day is one return"


def test_one_strategy_alone_has_the_row_that_it_has_among_all(path: Path) -> None:
    records: list[Record] = [
        *days("10100", "9999"),
        posted(PostingKind.DEPOSIT, "unallocated", hours=20, cash={"USD": "1000"}),
        traded(Side.BUY, "10.00", 1, 21),
        traded(Side.SELL, "11.00", 2, 22),
        traded(Side.BUY, "10.00", 3, 21, "rsi"),
    ]
    assert reckoned(path, *records, only="sma").row("sma") == reckoned(path, *records).row("sma")


def test_a_strategy_that_was_added_later_begins_when_it_was_first_valued(path: Path) -> None:
    alone = valued(0, rsi="10000", unallocated="15000")
    added = valued(MIDNIGHT + 3 * DAY + 1, sma="10000", rsi="10000", unallocated="5000")
    found = reckoned(path, added, beginning=alone, now_ns=at(MIDNIGHT + 3 * DAY + 2))
    assert (found.start_ns("sma"), found.start_ns("rsi")) == (at(MIDNIGHT + 3 * DAY + 1), at(0))
    assert found.row("sma").net_profit == Decimal(500)
    assert found.row("sma").total_return == pytest.approx(0.05)


def test_who_was_never_valued_begins_with_the_feed(path: Path) -> None:
    nobody = valued(0, unallocated="25000")
    found = reckoned(path, beginning=nobody, start_ns=at(-1))
    assert (found.start_ns("sma"), found.row("sma").net_profit) == (at(-1), Decimal(500))


EUROS: dict[str, Any] = {
    "capital": {"sma": {"EUR": Decimal(10_000)}, "rsi": {"USD": Decimal(10_000)}},
    "rates": {"USD": Decimal(1), "EUR": Decimal("1.20")},
    "values": {"sma": worth("12100"), "rsi": worth("10000"), "unallocated": worth("5000")},
}
"""Ten thousand euros that were worth 11,000 dollars at first and are worth 12,000 now, with 100 earned."""


def test_capital_in_another_currency_begins_with_its_first_value_and_not_at_the_rate_of_now(path: Path) -> None:
    unknown = valued(0, sma=None, rsi="10000", unallocated="5000")
    begun = valued(1, sma="11000", rsi="10000", unallocated="5000")
    found = reckoned(path, begun, beginning=unknown, **EUROS)
    row = found.row("sma")
    assert (found.start_ns("sma"), found.start_ns("rsi")) == (at(1), at(0))
    assert (row.capital, row.net_profit) == (Decimal(11_000), Decimal(1_100))
    assert row.total_return == pytest.approx(0.1)


def test_capital_in_another_currency_that_was_never_valued_counts_at_the_rate_of_now(path: Path) -> None:
    row = reckoned(path, beginning=valued(0, sma=None, rsi="10000", unallocated="5000"), **EUROS).row("sma")
    assert (row.capital, row.net_profit) == (Decimal(12_000), Decimal(100))


def test_what_was_moved_before_the_first_value_is_in_it(path: Path) -> None:
    moved = posted(PostingKind.TRANSFER, hours=1, cash={"USD": "500"})
    begun = valued(2, sma="11500", rsi="10000", unallocated="4500")
    unknown = valued(0, sma=None, rsi="10000", unallocated="5000")
    row = reckoned(path, moved, begun, beginning=unknown, **EUROS).row("sma")
    assert (row.capital, row.net_profit) == (Decimal(11_500), Decimal(600))


@pytest.mark.parametrize(("count", "tells"), [(28, False), (29, True)])
def test_fewer_than_thirty_days_say_nothing_of_a_year(path: Path, count: int, tells: bool) -> None:
    """With the day of now there is one return more than days that ended."""
    ends = days(*(str(10_000 + 17 * day - 200 * (day == 9)) for day in range(1, count + 1)))
    row = reckoned(path, *ends, now_ns=at(MIDNIGHT + count * DAY)).row("sma")
    assert (row.cagr is not None, row.calmar is not None) == (tells, tells)
    assert None not in (row.sharpe, row.volatility, row.max_drawdown, row.total_return)


def test_where_a_rate_is_missing_nothing_is_guessed(path: Path) -> None:
    values = {"sma": worth(None), "rsi": worth("10000"), "unallocated": worth("5000")}
    found = reckoned(path, *days("10100"), traded(Side.BUY, "10.00", 1, fee="1.00"), values=values)
    sma, account = found.row("sma"), found.row()
    for row in (sma, account):
        assert (row.equity, row.net_profit, row.total_return, row.sharpe) == (None, None, None, None)
    assert (sma.fills, sma.fees, found.row("rsi").total_return) == (1, Decimal("1.00"), 0.0)


def test_a_trade_in_a_currency_without_a_rate_is_counted_and_not_valued(path: Path) -> None:
    found = reckoned(
        path, traded(Side.BUY, "10.00", 1), traded(Side.SELL, "11.00", 2, 2), rates={}, values={
            "sma": worth("1"), "rsi": worth("1"), "unallocated": worth("1"),
        }
    )  # fmt: skip
    row = found.row("sma")
    assert (row.trades, row.win_rate, row.expectancy, row.fees, row.turnover) == (1, None, None, None, None)


def test_a_day_without_a_rate_is_left_out(path: Path) -> None:
    row = reckoned(path, *days("10100"), valued(MIDNIGHT + DAY, sma=None, rsi="1", unallocated="1")).row("sma")
    assert row.total_return == pytest.approx(0.05)


def test_what_the_journal_has_after_the_standing_was_taken_is_left_to_the_next(path: Path) -> None:
    early = traded(Side.BUY, "10.00", 1)
    late = posted(PostingKind.TRANSFER, cash={"USD": "5000"})
    row = reckoned(path, early, late, sequence=3).row("sma")
    assert (row.capital, row.fills) == (Decimal(10_000), 1)


def test_what_is_liquidated_is_a_fill_of_the_account_and_nobodys_trade(path: Path) -> None:
    found = reckoned(path, traded(Side.BUY, "10.00", 1), liquidated(2))
    assert (found.row("sma").fills, found.row().fills, found.row().trades) == (1, 2, 0)


def test_days_of_what_always_trades_are_a_calendar_year(path: Path) -> None:
    crypto = msgspec.structs.replace(an_instrument(), kind=InstrumentKind.CRYPTO)
    one, other = (
        reckoned(path, *days("10100", "9999"), instruments={"AAA": traded}).row("sma").volatility
        for traded in (an_instrument(), crypto)
    )
    assert one is not None
    assert other == pytest.approx(one / sqrt(252) * sqrt(365))


def test_returns_multiply_to_the_total(path: Path) -> None:
    """The law that cuts may not break: parts before and after a time are the whole."""
    records = [*days("10100", "9999")]
    whole = reckoned(path, *records).row("sma").total_return
    later = reckoned(path, *records, since=MIDNIGHT + DAY).row("sma").total_return
    assert whole is not None
    assert later is not None
    assert prod([1 + later, 9_999 / 10_000]) == pytest.approx(1 + whole)


def test_times_below_a_second_count(path: Path) -> None:
    assert reckoned(path, now_ns=at(0) + SECOND // 2).row("sma").total_return == pytest.approx(0.05)
