"""What falls due with time, a row for each rule of docs/accounts.md that begins with H; worked out by hand.

Day 0 is a Thursday, days end at midnight UTC, trades are at noon. A year has 360 days.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from brokers.simulated.costs import NoCommission, NoSlippage
from brokers.simulated.entitlements import AccountTerms, Dividend, FundingTerms, HoldingTerms, Rollover, UnitSplit
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.schedule import Rank, Schedule
from tests.account_builders import (
    A_DAY,
    WEDNESDAY,
    AccountRow,
    Midnights,
    an_account,
    check_row,
    day_bar,
    dividend,
    funding,
    interest,
    on_margin,
    paid_in_full,
    split,
    swap,
    trade,
)
from tests.market_builders import EUR, USD, Happening, a_bar, a_trade, an_instrument, buy, exit_of, live, sell, told
from trading.instruments import Instrument, currency_of
from trading.money import ZERO
from trading.postings import AccountEvent, Accrual, PostingKind, Settlement, Split
from trading.reports import ExecutionReport
from trading.timestamps import DAY, HOUR, SECOND

STOCK = an_instrument()
AAA = on_margin()
EURUSD = on_margin("EURUSD", "fx", base=EUR, initial="0.05", maintenance="0.02", tick="0.0001")
PERP = on_margin("BTC", "perpetual", initial="0.1", maintenance="0.05", tick="0.1", lot="0.001")
CRUDE = on_margin("CL", "future", multiplier="1000", initial="5000", maintenance="4000", per_unit=True)
FILLED = ["a accepted", "a filled 10 at 100 taker"]


class Weekdays(Midnights):
    """As many nights, but no day ends on a weekend."""

    def next_after(self, ts_ns: int) -> Rollover:
        rollover = super().next_after(ts_ns)
        return rollover if rollover.nights else self.next_after(rollover.ts_ns)


def holding(**terms: Any) -> dict[str, Any]:
    """An account with terms of AAA, without interest."""
    return {"held": {"AAA": HoldingTerms(**terms)}}


ROWS = [
    AccountRow(
        "H1",
        "what is due as a tick comes is booked before it is matched: who buys on the ex date has no dividend",
        [STOCK],
        holding(dividends=(Dividend(ex_ns=2 * SECOND, per_unit=Decimal(1)),)),
        [a_trade(100.0, at=1), buy("a", "10"), buy("b", "10", "99.00"), a_trade(99.0, at=2)],
        [*FILLED, "b accepted", "AAA dividend 10 USD", "b filled 10 at 99 maker"],
    ),
    AccountRow(
        "H1",
        "an event of any symbol brings time on",
        [STOCK, an_instrument("BBB")],
        holding(dividends=(dividend(1, "1"),)),
        [trade(100.0, 0), buy("a", "10"), trade(5.0, 1, "BBB")],
        [*FILLED, "AAA dividend 10 USD"],
    ),
    AccountRow(
        "H1",
        "as a bar begins",
        [STOCK],
        {"match_on": "bars", **holding(dividends=(dividend(2, "1"),))},
        [
            day_bar(90.0, 90.0, 90.0, 90.0, 0),
            buy("a", "10"),
            day_bar(100.0, 100.0, 100.0, 100.0, 1),
            sell("b", "10"),
            buy("c", "10"),
            day_bar(99.0, 99.0, 99.0, 99.0, 2),
        ],
        [
            *FILLED,
            "b accepted",
            "c accepted",
            "AAA dividend 10 USD",
            "b filled 10 at 99 taker",
            "c filled 10 at 99 taker",
        ],
    ),
    AccountRow(
        "H2",
        "what is due within a bar is booked after it was matched",
        [STOCK],
        {"match_on": "bars", **holding(funding=funding("0.01", hours=38))},
        [day_bar(90.0, 90.0, 90.0, 90.0, 0), buy("a", "10"), day_bar(100.0, 100.0, 100.0, 100.0, 1)],
        [*FILLED, "AAA funding -9 USD"],
    ),
    AccountRow(
        "H2",
        "but a dividend of its symbol before: who buys at the open of the day goes without",
        [STOCK],
        {"match_on": "bars", **holding(dividends=(Dividend(ex_ns=DAY + 4 * HOUR, per_unit=Decimal(1)),))},
        [
            day_bar(90.0, 90.0, 90.0, 90.0, -1),
            buy("a", "10"),
            day_bar(100.0, 100.0, 100.0, 100.0, 0),
            buy("b", "5"),
            day_bar(99.0, 99.0, 99.0, 99.0, 1),
        ],
        [*FILLED, "b accepted", "AAA dividend 10 USD", "b filled 5 at 99 taker"],
    ),
    AccountRow(
        "H2",
        "and a split of its symbol before, by whose units its prices are from the open on: the stop is not met",
        [STOCK],
        {"match_on": "bars", **holding(splits=(UnitSplit(ex_ns=DAY + 4 * HOUR, new=Decimal(4), old=Decimal(1)),))},
        [
            day_bar(500.0, 500.0, 500.0, 500.0, -1),
            buy("a", "10"),
            day_bar(500.0, 500.0, 500.0, 500.0, 0),
            sell("s", "10", stop="450.00"),
            day_bar(127.0, 131.0, 126.0, 129.0, 1),
        ],
        ["a accepted", "a filled 10 at 500 taker", "s accepted", "s cancelled split", "AAA split 30 for 0 USD"],
    ),
    AccountRow(
        "H2",
        "what is due as it closes is for the next event",
        [STOCK],
        {"match_on": "bars", **holding(dividends=(dividend(2, "1"),))},
        [
            day_bar(90.0, 90.0, 90.0, 90.0, 0),
            buy("a", "10"),
            day_bar(100.0, 100.0, 100.0, 100.0, 1),
            sell("b", "4"),
            day_bar(99.0, 99.0, 99.0, 99.0, 3),
        ],
        [*FILLED, "b accepted", "AAA dividend 10 USD", "b filled 4 at 99 taker"],
    ),
    AccountRow(
        "H3",
        "nothing comes of what was never traded, nor of what was due before the first event",
        [STOCK],
        holding(dividends=(dividend(0, "1"), dividend(1, "1"), dividend(3, "1"))),
        [trade(100.0, 0), trade(99.0, 2), buy("a", "10"), sell("b", "10"), trade(99.0, 9)],
        ["a accepted", "a filled 10 at 99 taker", "b accepted", "b filled 10 at 99 taker", "AAA dividend 0 USD"],
    ),
    AccountRow(
        "H3",
        "nor of a rate of zero, or without a price",
        [PERP],
        {"held": {"BTC": HoldingTerms(funding=funding("0"))}},
        [trade(1000.0, 0, "BTC"), buy("a", "1", symbol="BTC"), trade(1000.0, 3, "BTC")],
        ["a accepted", "a filled 1 at 1000 taker"],
    ),
    AccountRow(
        "H4",
        "of what is due at one time the split comes first, so that the dividend is of the new units",
        [STOCK],
        holding(dividends=(dividend(1, "1"),), splits=(split(1, "2"),)),
        [trade(100.0, 0), buy("a", "10"), trade(50.0, 1)],
        [*FILLED, "AAA split 10 for 0 USD", "AAA dividend 20 USD"],
        {"USD": "9020.00"},
    ),
    AccountRow(
        "H4",
        "what is due sooner comes sooner, of whatever kind",
        [STOCK],
        {
            **holding(dividends=(dividend(2, "2"), dividend(1, "1")), splits=(split(3, "2"), split(2, "2"))),
            "interest": {"USD": interest("0.036", "0")},
        },
        [trade(100.0, 0), buy("a", "10"), trade(100.0, 3)],
        [
            *FILLED,
            "AAA dividend 10 USD",
            "interest 0.9 USD",
            "AAA split 10 for 0 USD",
            "AAA dividend 40 USD",
            "interest 0.91 USD",
            "AAA split 20 for 0 USD",
            "interest 0.91 USD",
        ],
    ),
    AccountRow(
        "H5",
        "a dividend goes to who is long",
        [STOCK],
        holding(dividends=(dividend(1, "0.205"),)),
        [trade(100.0, 0), buy("a", "10"), trade(100.0, 1)],
        [*FILLED, "AAA dividend 2.05 USD"],
        {"USD": "9002.05"},
    ),
    AccountRow(
        "H5",
        "and is paid by who is short",
        [AAA],
        holding(dividends=(dividend(1, "0.205"),)),
        [trade(100.0, 0), sell("a", "10"), trade(100.0, 1)],
        [*FILLED, "AAA dividend -2.05 USD"],
        {"USD": "10997.95"},
    ),
    AccountRow(
        "H5",
        "over years with splits: 10 at 0.5, then 70 at 0.1, then 14 at 0.6",
        [STOCK],
        holding(
            dividends=(dividend(90, "0.5"), dividend(400, "0.1"), dividend(900, "0.6")),
            splits=(split(200, "7"), split(700, "1", "5")),
        ),
        [trade(100.0, 0), buy("a", "10"), trade(15.0, 300), trade(15.0, 500), trade(70.0, 800), trade(70.0, 1_000)],
        [
            *FILLED,
            "AAA dividend 5 USD",
            "AAA split 60 for 0 USD",
            "AAA dividend 7 USD",
            "AAA split -56 for 0 USD",
            "AAA dividend 8.4 USD",
        ],
        {"USD": "9020.40"},
    ),
    AccountRow(
        "H6",
        "a split changes units: 10 become 35, at 3 and a half for one",
        [STOCK],
        holding(splits=(split(1, "7", "2"),)),
        [trade(100.0, 0), buy("a", "10"), trade(28.0, 1), sell("b", "35")],
        [*FILLED, "AAA split 25 for 0 USD", "b accepted", "b filled 35 at 28 taker"],
        {"USD": "9980.00"},
    ),
    AccountRow(
        "H6",
        "what is no whole lot is paid at the price after it: a third of a unit at 300",
        [STOCK],
        holding(splits=(split(1, "1", "3"),)),
        [trade(100.0, 0), buy("a", "10"), trade(310.0, 1), sell("b", "3")],
        [*FILLED, "AAA split -7 for 100 USD", "b accepted", "b filled 3 at 310 taker"],
        {"USD": "10030.00"},
    ),
    AccountRow(
        "H6",
        "a short position pays for it",
        [AAA],
        holding(splits=(split(1, "1", "3"),)),
        [trade(100.0, 0), sell("a", "10"), trade(310.0, 1)],
        [*FILLED, "AAA split 7 for -100 USD"],
        {"USD": "10900.00"},
    ),
    AccountRow(
        "H6",
        "of a position that is too small all is paid",
        [STOCK],
        holding(splits=(split(1, "1", "20"),)),
        [trade(100.0, 0), buy("a", "10"), trade(2_000.0, 1), sell("b", "1")],
        [*FILLED, "AAA split -10 for 1000 USD", "b rejected short_not_allowed"],
        {"USD": "10000.00"},
    ),
    AccountRow(
        "H7",
        "working orders of the symbol are cancelled, also where nothing is held, and its last price is forgotten",
        [STOCK, an_instrument("BBB")],
        holding(splits=(split(1, "2"),)),
        [
            trade(100.0, 0),
            buy("a", "1", "90.00"),
            exit_of("a", sell("x", "1", "120.00")),
            buy("b", "1", "90.00", symbol="BBB"),
            trade(5.0, 1, "BBB"),
            buy("c", "1"),
            trade(51.0, 1.1),
        ],
        [
            "a accepted",
            "x accepted",
            "b accepted",
            "a cancelled split",
            "x cancelled parent_ended",
            "b filled 1 at 90 maker",
            "c accepted",
            "c filled 1 at 51 taker",
        ],
    ),
    AccountRow(
        "H7",
        "a split within a bar is before its open, which is a price of the new units",
        [STOCK],
        {
            "match_on": "bars",
            "held": {"AAA": HoldingTerms(splits=(split(1, "2"),))},
        },
        [
            a_bar(100.0, 100.0, 100.0, 100.0, at=A_DAY - 120),
            buy("a", "10"),
            a_bar(100.0, 100.0, 100.0, 100.0, at=A_DAY - 60),
            a_bar(50.0, 50.0, 50.0, 50.0, at=A_DAY + 30),
            sell("b", "20"),
            a_bar(50.5, 51.0, 50.0, 51.0, at=A_DAY + 90),
        ],
        [*FILLED, "AAA split 10 for 0 USD", "b accepted", "b filled 20 at 50.5 taker"],
    ),
    AccountRow(
        "H8",
        "longs pay funding to shorts at each multiple of its interval: 0.01 % of 1000 for each of 2",
        [PERP],
        {"held": {"BTC": HoldingTerms(funding=funding("0.0001"))}},
        [trade(1000.0, 0, "BTC"), buy("a", "2", symbol="BTC"), trade(1100.0, 0.5, "BTC"), trade(1100.0, 1, "BTC")],
        [
            "a accepted",
            "a filled 2 at 1000 taker",
            "BTC funding -0.2 USD",
            "BTC funding -0.2 USD",
            "BTC funding -0.22 USD",
        ],
    ),
    AccountRow(
        "H8",
        "at the rate of its time where the history has one, which shorts may receive or pay",
        [PERP],
        {"held": {"BTC": HoldingTerms(funding=funding("0.0001", h16="0.002", h24="-0.003"))}},
        [trade(1000.0, 0, "BTC"), sell("a", "2", symbol="BTC"), trade(2000.0, 0.2, "BTC"), trade(500.0, 1, "BTC")],
        [
            "a accepted",
            "a filled 2 at 1000 taker",
            "BTC funding 4 USD",
            "BTC funding -12 USD",
            "BTC funding 0.4 USD",
        ],
    ),
    AccountRow(
        "H8",
        "of an isolated position it is taken from what was put up, and so brings the price nearer where that is gone",
        [on_margin("BTC", "perpetual", initial="0.1", maintenance="0.05", isolated=True)],
        {"cash": "1000", "held": {"BTC": HoldingTerms(funding=funding("0.02"))}},
        [
            trade(1000.0, 0, "BTC"),
            buy("a", "2", symbol="BTC"),
            trade(1000.0, 0.2, "BTC"),
            sell("s", "2", stop="950.00", symbol="BTC"),
            trade(500.0, 0.25, "BTC"),
        ],
        [
            "a accepted",
            "a filled 2 at 1000 taker",
            "BTC funding -40 USD",
            "s accepted",
            "s triggered",
            "s filled 2 at 920 taker",
        ],
        {"USD": "800.00"},
    ),
    AccountRow(
        "H9",
        "a swap in points, for one night, and for three on a Wednesday: 1000 at -0.0001",
        [EURUSD],
        {"held": {"EURUSD": swap("-0.0001", "0.00005")}},
        [
            trade(1.1, WEDNESDAY - 1, "EURUSD"),
            buy("a", "1000", symbol="EURUSD"),
            trade(1.1, WEDNESDAY, "EURUSD"),
            trade(1.1, WEDNESDAY + 1, "EURUSD"),
        ],
        ["a accepted", "a filled 1000 at 1.1 taker", "EURUSD swap -0.1 USD", "EURUSD swap -0.3 USD"],
    ),
    AccountRow(
        "H9",
        "a week has seven nights, none of them on a Saturday or Sunday; shorts have their own rate",
        [EURUSD],
        {"held": {"EURUSD": swap("-0.0001", "0.00005")}},
        [
            trade(1.1, 0, "EURUSD"),
            sell("a", "2000", symbol="EURUSD"),
            *(trade(1.1, day, "EURUSD") for day in range(1, 8)),
        ],
        [
            "a accepted",
            "a filled 2000 at 1.1 taker",
            "EURUSD swap 0.1 USD",
            "EURUSD swap 0.1 USD",
            "EURUSD swap 0.1 USD",
            "EURUSD swap 0.1 USD",
            "EURUSD swap 0.3 USD",
        ],
        {"USD": "12200.70"},
    ),
    AccountRow(
        "H9",
        "a swap by the year is a share of the worth: 1000 at 1.2, 3.6 % for a night of 360",
        [EURUSD],
        {"held": {"EURUSD": swap("-0.036", "0.018", yearly=True)}},
        [
            trade(1.2, 0, "EURUSD"),
            buy("a", "1000", symbol="EURUSD"),
            trade(1.3, 1, "EURUSD"),
            trade(1.3, 2, "EURUSD"),
        ],
        ["a accepted", "a filled 1000 at 1.2 taker", "EURUSD swap -0.12 USD", "EURUSD swap -0.13 USD"],
    ),
    AccountRow(
        "H10",
        "who is short pays to borrow: 10 at 100, 7.2 % for a night, and for three",
        [AAA],
        holding(borrow=Decimal("0.072")),
        [trade(100.0, WEDNESDAY - 1), sell("a", "10"), trade(100.0, WEDNESDAY), trade(100.0, WEDNESDAY + 1)],
        [*FILLED, "AAA borrow -0.2 USD", "AAA borrow -0.6 USD"],
    ),
    AccountRow(
        "H10",
        "who is long pays none",
        [AAA],
        holding(borrow=Decimal("0.072")),
        [trade(100.0, 0), buy("a", "10"), trade(100.0, 1)],
        [*FILLED, "AAA borrow 0 USD"],
    ),
    AccountRow(
        "H11",
        "interest is for calendar days, so for each day of a weekend too: 10000 at 3.6 %",
        [STOCK],
        {"interest": {"USD": interest("0.036", "0.072")}},
        [trade(100.0, 1), trade(100.0, 4)],
        ["interest 1 USD", "interest 1 USD", "interest 1 USD"],
        {"USD": "10003.00"},
    ),
    AccountRow(
        "H11",
        "who owes pays the other rate",
        [AAA],
        {"interest": {"USD": interest("0.036", "0.072")}},
        [trade(100.0, 0), buy("a", "150"), trade(100.0, 1)],
        ["a accepted", "a filled 150 at 100 taker", "interest -1 USD"],
        {"USD": "-5001.00"},
    ),
    AccountRow(
        "H11",
        "what a currency on margin took is no debt: the balance is 10000",
        [EURUSD],
        {"interest": {"USD": interest("0.036", "0.072")}},
        [trade(1.1, 0, "EURUSD"), buy("a", "50000", symbol="EURUSD"), trade(1.1, 1, "EURUSD")],
        ["a accepted", "a filled 50000 at 1.1 taker", "interest 1 USD"],
        {"USD": "-44999.00"},
    ),
    AccountRow(
        "H11",
        "only of the currencies that have terms",
        [STOCK],
        {"cash": {"USD": "100", "EUR": "36000"}, "interest": {"EUR": interest("0.01", "0")}},
        [trade(100.0, 0), trade(100.0, 1)],
        ["interest 1 EUR"],
    ),
    AccountRow(
        "H11",
        "where a weekend has no end of a day, the Monday after it is that of three",
        [STOCK],
        {"interest": {"USD": interest("0.036", "0")}, "rollovers": Weekdays()},
        [trade(100.0, 0), trade(100.0, 5)],
        ["interest 1 USD", "interest 1 USD", "interest 3 USD"],
    ),
    AccountRow(
        "H12",
        "a future is settled at the last mark as a day ends, and no cash moves; on a weekend it is not",
        [CRUDE],
        {"cash": "100000", "held": {"CL": HoldingTerms(settles_daily=True)}},
        [trade(20.0, 1, "CL"), buy("a", "1", symbol="CL"), trade(25.0, 2, "CL"), trade(26.0, 4, "CL")],
        ["a accepted", "a filled 1 at 20 taker", "CL settled at 20"],
        {"USD": "80000.00"},
    ),
    AccountRow(
        "H12",
        "the balance has what it gained, so interest is paid on it: 105000, then 104000",
        [CRUDE],
        {
            "cash": "100000",
            "held": {"CL": HoldingTerms(settles_daily=True)},
            "interest": {"USD": interest("0.036", "0")},
        },
        [
            trade(20.0, 4, "CL"),
            buy("a", "1", symbol="CL"),
            trade(25.0, 4.1, "CL"),
            trade(24.0, 5, "CL"),
            trade(24.0, 6, "CL"),
        ],
        [
            "a accepted",
            "a filled 1 at 20 taker",
            "CL settled at 25",
            "interest 10.5 USD",
            "CL settled at 24",
            "interest 10.4 USD",
        ],
    ),
    AccountRow(
        "H13",
        "at its expiry a position ends at the last price, its orders too, and no order is taken any more",
        [CRUDE],
        {"cash": "100000", "held": {"CL": HoldingTerms(settles_daily=True, expires_ns=2 * DAY)}},
        [
            trade(20.0, 0, "CL"),
            sell("a", "2", symbol="CL"),
            buy("b", "1", "10.00", symbol="CL"),
            trade(18.0, 1, "CL"),
            trade(30.0, 2, "CL"),
            buy("c", "1", symbol="CL"),
        ],
        [
            "a accepted",
            "a filled 2 at 20 taker",
            "b accepted",
            "CL settled at 20",
            "b cancelled expired_instrument",
            "CL expired 2 for -36000 USD",
            "c rejected expired_instrument",
        ],
        {"USD": "104000.00"},
    ),
    AccountRow(
        "H13",
        "an account that is flat hears of it too: the books in it need not be",
        [CRUDE],
        {"cash": "100000", "held": {"CL": HoldingTerms(settles_daily=True, expires_ns=2 * DAY)}},
        [
            trade(20.0, 0, "CL"),
            sell("a", "2", symbol="CL"),
            buy("b", "2", symbol="CL"),
            trade(18.0, 1, "CL"),
            trade(30.0, 3, "CL"),
        ],
        [
            *("a accepted", "a filled 2 at 20 taker", "b accepted", "b filled 2 at 20 taker"),
            "CL settled at 20",
            "CL expired 0 for 0 USD",
        ],
        {"USD": "100000.00"},
    ),
    AccountRow(
        "H13",
        "also below zero: who was long of crude at -37.63 pays",
        [CRUDE],
        {"cash": "100000", "held": {"CL": HoldingTerms(expires_ns=DAY)}},
        [trade(10.0, 0, "CL"), buy("a", "1", symbol="CL"), trade(-37.63, 0.2, "CL"), trade(1.0, 1, "CL")],
        ["a accepted", "a filled 1 at 10 taker", "CL expired -1 for -37630 USD"],
        {"USD": "52370.00"},
    ),
    AccountRow(
        "H14",
        "balances in other currencies become that of the account at the last rate",
        [paid_in_full("EURUSD", base=EUR)],
        {"cash": {"USD": "100.00", "EUR": "33.33"}, "sweep_into": USD},
        [trade(1.1, 0, "EURUSD"), trade(1.2, 1, "EURUSD"), trade(1.2, 2, "EURUSD")],
        ["EUR -33.33 into 36.66 USD", "EUR 0 into 0 USD"],
        {"USD": "136.66"},
    ),
    AccountRow(
        "H14",
        "what is owed too; of a currency on margin only what it gained",
        [
            paid_in_full("EURUSD", base=EUR),
            on_margin("EURGBP", "fx", base=EUR, currency=currency_of("GBP", ()), tick="0.0001"),
            paid_in_full("GBPUSD", currency=USD, base=currency_of("GBP", ())),
        ],
        {"cash": {"USD": "1000.00", "EUR": "-10.00"}, "sweep_into": USD},
        [
            trade(1.2, 0, "EURUSD"),
            trade(1.5, 0, "GBPUSD"),
            trade(0.8, 0, "EURGBP"),
            buy("a", "100", symbol="EURGBP"),
            trade(0.9, 0.1, "EURGBP"),
            sell("b", "50", symbol="EURGBP"),
            trade(0.9, 1, "EURGBP"),
        ],
        [
            "a accepted",
            "a filled 100 at 0.8 taker",
            "b accepted",
            "b filled 50 at 0.9 taker",
            "EUR 10 into -12 USD",
            "GBP -5 into 7.5 USD",
        ],
        {"USD": "995.50", "GBP": "-40.00"},
    ),
    AccountRow(
        "H14",
        "without a rate it waits for a day that has one",
        [STOCK, paid_in_full("EURUSD", base=EUR)],
        {"cash": {"USD": "1.00", "EUR": "10.00"}, "sweep_into": USD},
        [trade(100.0, 0), trade(100.0, 1), trade(1.2, 2, "EURUSD"), trade(1.2, 3, "EURUSD")],
        ["EUR -10 into 12 USD"],
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_falls_due(row: AccountRow) -> None:
    check_row(row)


def events_of(market: SimulatedMarket, story: Sequence[Happening]) -> list[AccountEvent]:
    return [one for one in live(market, story) if isinstance(one, AccountEvent)]


def test_an_event_says_when_it_fell_due_when_it_was_booked_and_what_a_unit_received() -> None:
    market = an_account(AAA, **holding(dividends=(dividend(1, "0.25"),), borrow=Decimal("0.01")))

    found = events_of(market, [trade(100.0, 0), sell("a", "3"), trade(90.0, 1)])

    assert found == [
        Accrual(
            event_id="simulated-account-1",
            kind=PostingKind.DIVIDEND,
            ts_ns=DAY + DAY // 2,
            due_ns=DAY,
            symbol="AAA",
            currency="USD",
            per_long=Decimal("0.25"),
            per_short=Decimal("-0.25"),
            amount=Decimal("-0.75"),
        ),
        Accrual(
            event_id="simulated-account-2",
            kind=PostingKind.BORROW,
            ts_ns=DAY + DAY // 2,
            due_ns=DAY,
            symbol="AAA",
            currency="USD",
            per_long=ZERO,
            per_short=Decimal("-0.00277777777777777778"),
            amount=Decimal("-0.01"),
        ),
    ]


def test_a_split_and_a_settlement_say_by_how_much_the_position_changed() -> None:
    terms = {"AAA": HoldingTerms(splits=(split(1, "2", "3"),)), "CL": HoldingTerms(expires_ns=DAY)}
    market = an_account(AAA, CRUDE, cash="100000", held=terms)

    found = events_of(
        market,
        [trade(100.0, 0), trade(20.0, 0, "CL"), sell("a", "10"), buy("b", "2", symbol="CL"), trade(150.0, 1)],
    )

    assert found == [
        Split(
            event_id="simulated-account-1",
            ts_ns=DAY + DAY // 2,
            due_ns=DAY,
            symbol="AAA",
            currency="USD",
            new=Decimal(2),
            old=Decimal(3),
            price=Decimal(150),
            units=Decimal(4),
            amount=Decimal("-100.00"),
        ),
        Settlement(
            event_id="simulated-account-2",
            ts_ns=DAY + DAY // 2,
            due_ns=DAY,
            symbol="CL",
            currency="USD",
            price=Decimal("20.0"),
            expires=True,
            units=Decimal(-2),
            amount=Decimal("40000.00"),
        ),
    ]


def test_an_amount_is_rounded_once_halves_to_even_and_has_no_sign_where_it_is_nothing() -> None:
    amounts = []
    for per_unit in ("0.005", "0.015", "0.0049", "-0.0049"):
        market = an_account(AAA, **holding(dividends=(dividend(1, per_unit),)))
        found = events_of(market, [trade(100.0, 0), buy("a", "1"), trade(100.0, 1)])
        amounts += [f"{one.amount}" for one in found if isinstance(one, Accrual)]

    assert amounts == ["0.00", "0.02", "0.00", "0.00"]


def test_the_reasons_of_ended_orders_are_sentences() -> None:
    market = an_account(
        AAA, CRUDE, held={"AAA": HoldingTerms(splits=(split(1, "2"),)), "CL": HoldingTerms(expires_ns=2 * DAY)}
    )
    story: list[Happening] = [
        trade(100.0, 0),
        buy("a", "1", "90.00"),
        buy("b", "1", "9.00", symbol="CL"),
        trade(50.0, 2),
        buy("c", "1", symbol="CL"),
    ]

    reported = [one for one in live(market, story) if isinstance(one, ExecutionReport)]

    assert [(one.code, one.reason) for one in reported if one.code] == [
        ("split", "AAA was split at 1970-01-02T00:00:00Z: 2 new units for 1"),
        ("expired_instrument", "CL expired at 1970-01-03T00:00:00Z"),
        ("expired_instrument", "CL expired at 1970-01-03T00:00:00Z"),
    ]


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (AccountTerms(holdings={"ZZZ": HoldingTerms()}), "terms of ZZZ, which is not traded here; traded: AAA"),
        (
            AccountTerms(holdings={"AAA": HoldingTerms(funding=FundingTerms(interval_ns=0))}),
            "the funding of AAA has an interval of 0 ns",
        ),
        (AccountTerms(interest={"USD": interest("0", "0")}), "need rollovers"),
        (AccountTerms(sweep_into=USD), "need rollovers"),
        (AccountTerms(holdings={"AAA": HoldingTerms(settles_daily=True)}), "need rollovers"),
        (AccountTerms(holdings={"AAA": HoldingTerms(borrow=Decimal("0.1"))}), "need rollovers"),
        (AccountTerms(holdings={"AAA": swap("1", "1")}), "need rollovers"),
    ],
)
def test_terms_that_cannot_be_kept_are_refused(terms: AccountTerms, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SimulatedMarket(
            instruments={"AAA": STOCK},
            cash={},
            match_on={"AAA": "trades"},
            slippage=NoSlippage(),
            commission=NoCommission(),
            terms=terms,
        )


def test_everything_falls_due_once_in_order_however_time_is_cut() -> None:
    instruments: dict[str, Instrument] = {"AAA": AAA, "BTC": PERP, "CL": CRUDE}
    terms = AccountTerms(
        holdings={
            "CL": HoldingTerms(settles_daily=True, expires_ns=5 * DAY),
            "AAA": HoldingTerms(dividends=(dividend(5, "1"), dividend(2, "1")), splits=(split(5, "2"),)),
            "BTC": HoldingTerms(funding=funding("0.01", hours=24)),
        }
    )
    whole = Schedule(terms, instruments, Midnights())
    whole.begin(0)
    at_once = whole.due(6 * DAY)
    pieces = Schedule(terms, instruments, Midnights())
    pieces.begin(0)
    piecewise = []
    for until_ns in range(0, 6 * DAY + 1, 5 * HOUR):
        piecewise += pieces.due(until_ns)
        again = Schedule(terms, instruments, Midnights())
        assert pieces.passed_ns is not None
        again.begin(pieces.passed_ns, pieces.rolled_ns)
        assert again.next_ns == pieces.next_ns
        pieces = again

    assert [(due.ts_ns // DAY, due.rank) for due in at_once] == [
        *((day, rank) for day in (1,) for rank in (Rank.FUNDING, Rank.DAY_END)),
        *((2, rank) for rank in (Rank.DIVIDEND, Rank.FUNDING, Rank.DAY_END)),
        *((day, rank) for day in (3, 4) for rank in (Rank.FUNDING, Rank.DAY_END)),
        *((5, rank) for rank in (Rank.SPLIT, Rank.DIVIDEND, Rank.FUNDING, Rank.EXPIRY, Rank.DAY_END)),
        *((6, rank) for rank in (Rank.FUNDING, Rank.DAY_END)),
    ]
    assert piecewise == [due for due in at_once if due.ts_ns <= (6 * DAY // (5 * HOUR)) * 5 * HOUR]


def test_without_terms_there_is_nothing_to_keep_and_every_event_is_out_of_reach() -> None:
    market = an_account(STOCK)
    live(market, [trade(100.0, 0), buy("a", "10")])

    assert market.state()["rolled_ns"] == 0
    assert market.state()["marks"] == {}
    assert market.in_reach("s", [trade(100.0, day) for day in range(1, 9)]) == 8


@pytest.mark.parametrize(("day", "reached"), [(1, 0), (2, 1), (3, 2), (9, 3)])
def test_a_strategy_is_let_run_no_further_than_to_what_falls_due(day: int, reached: int) -> None:
    market = an_account(STOCK, **holding(dividends=(dividend(day, "1"),)))
    coming = [trade(100.0, day) for day in (1, 2, 3)]
    assert market.in_reach("s", coming) == 0  # before its first event a market knows of no time
    live(market, [trade(100.0, 0)])

    assert market.in_reach("s", coming) == reached


def test_an_event_that_comes_late_hides_nothing_that_has_fallen_due_before_it() -> None:
    market = an_account(STOCK, **holding(dividends=(dividend(2, "1"),)))
    live(market, [trade(100.0, 0)])

    assert market.in_reach("s", [trade(100.0, day) for day in (1, 3, 1)]) == 1


def test_both_sides_of_a_swap_of_one_night_at_a_time_are_those_of_a_week_at_once() -> None:
    """The same nights, whether an event comes every day or once a week."""
    daily = an_account(EURUSD, held={"EURUSD": swap("-0.0001", "0.00005")})
    weekly = an_account(EURUSD, held={"EURUSD": swap("-0.0001", "0.00005")})
    begin: list[Happening] = [trade(1.1, 0, "EURUSD"), buy("a", "1000", symbol="EURUSD")]

    every_day: list[Happening] = [trade(1.1, day, "EURUSD") for day in range(1, 15)]
    in_days = told(live(daily, [*begin, *every_day]))

    every_week: list[Happening] = [trade(1.1, day, "EURUSD") for day in (7, 14)]
    assert told(live(weekly, [*begin, *every_week])) == in_days
    assert daily.account() == weekly.account()


def test_what_fell_due_before_a_restart_is_not_found_anew_by_other_terms() -> None:
    """A dividend that is added for yesterday is nobody's, and interest is of the days since it is due again."""
    first = an_account(STOCK)
    live(first, [trade(100.0, 0), buy("a", "10"), trade(100.0, 3)])
    again = an_account(STOCK, **holding(dividends=(dividend(2, "1"), dividend(5, "1"))))
    again.restore(first.state())
    assert told(live(again, [trade(100.0, 4), trade(100.0, 5)])) == ["AAA dividend 10 USD"]

    earns: dict[str, Any] = {"interest": {"USD": interest("0.36", "0")}, "day_count": 360, "cash": "1000"}
    paid = an_account(STOCK, **earns)
    live(paid, [trade(100.0, 0), trade(100.0, 1)])
    unpaid = an_account(STOCK, cash="1000")
    unpaid.restore(paid.state())
    live(unpaid, [trade(100.0, 2), trade(100.0, 3)])
    again = an_account(STOCK, **earns)
    again.restore(unpaid.state())
    assert told(live(again, [trade(100.0, 4)])) == ["interest 1 USD"]
