"""Stories of an account on margin, drawn by Hypothesis: prices that jump by days, orders larger than it can carry,
money that comes and goes, and everything that falls due meanwhile."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from hypothesis import strategies as st

from brokers.simulated.costs import FixedSlippage, PercentCommission
from brokers.simulated.entitlements import HoldingTerms, SwapTerms
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.rules import BarPrice, MarketRules, Unaffordable
from tests.account_builders import (
    an_account,
    dividend,
    funding,
    interest,
    on_margin,
    paid_in_full,
    split,
)
from tests.market_builders import EUR, USD, Happening, Paid, amend, an_order, cancel, changed, exit_of
from trading.commands import WireSubmit
from trading.market_data import Bar, MarketEvent, Quote, Trade
from trading.orders import Side
from trading.timestamps import DAY, HOUR

SYMBOLS: Final = ("AAA", "BTC", "EURUSD", "CCC", "CL")
LEVELS: Final[Mapping[str, tuple[float, float]]] = {
    "AAA": (100.0, 1.0),
    "BTC": (5000.0, 40.0),
    "EURUSD": (1.1, 0.005),
    "CCC": (50.0, 1.0),
    "CL": (10.0, 0.5),
}
"""The price about which each symbol moves, and its steps."""

UNITS: Final[Mapping[str, str]] = {"AAA": "20", "BTC": "0.5", "EURUSD": "9000", "CCC": "30", "CL": "1"}

BAR_NS: Final = 2 * HOUR
"""The interval of bars."""

TERMS: Final[Mapping[str, HoldingTerms]] = {
    "AAA": HoldingTerms(
        dividends=(dividend(1, "0.5"), dividend(4, "0.25")), splits=(split(3, "2", "3"),), borrow=Decimal("0.05")
    ),
    "BTC": HoldingTerms(funding=funding("0.001", h24="-0.02")),
    "EURUSD": HoldingTerms(swap=SwapTerms(long=Decimal("-0.0001"), short=Decimal("0.00005"))),
    "CCC": HoldingTerms(splits=(split(2, "3"),), dividends=(dividend(2, "0.1"),)),
    "CL": HoldingTerms(settles_daily=True, expires_ns=5 * DAY),
}


def a_mixed_account(match_on: str, *, cash: str, euros: str = "500", **account: Any) -> SimulatedMarket:
    """Equities on margin and paid for, an isolated perpetual, a currency and a future; with terms of all of them."""
    return an_account(
        on_margin(),
        on_margin("BTC", "perpetual", initial="0.1", maintenance="0.05", isolated=True, tick="0.5", lot="0.001"),
        on_margin("EURUSD", "fx", base=EUR, initial="0.05", maintenance="0.02", tick="0.0001"),
        paid_in_full("CCC", kind="equity", tick="0.01"),
        on_margin("CL", "future", multiplier="100", initial="600", maintenance="500", per_unit=True),
        **{
            "match_on": match_on,
            "cash": {"USD": cash, "EUR": euros},
            "held": TERMS,
            "interest": {"USD": interest("0.02", "0.05"), "EUR": interest("0.01", "0.06")},
            "slippage": FixedSlippage(1),
            "commission": PercentCommission(Decimal("0.05")),
            **account,
        },
    )


@st.composite
def accounts(draw: st.DrawFn, match_on: str) -> Callable[[], SimulatedMarket]:
    """A maker of accounts that are all alike."""
    chosen: dict[str, Any] = {
        "cash": draw(st.sampled_from(["2000", "12000", "60000"])),
        "sweep_into": draw(st.sampled_from([None, USD])),
        "rules": MarketRules(
            bar_price=draw(st.sampled_from(BarPrice)),
            unaffordable=draw(st.sampled_from(Unaffordable)),
            volume_share=draw(st.sampled_from([None, Decimal(1)])),
        ),
    }
    return lambda: a_mixed_account(match_on, **chosen)


steps = st.integers(-30, 30)


@st.composite
def events(draw: st.DrawFn, kind: str, symbol: str, ts_ns: int) -> MarketEvent:
    """A price of a symbol, or a quote without one side."""
    level, step = LEVELS[symbol]
    one, two, three, four = (round(level + step * draw(steps), 4) for _ in range(4))
    if kind == "quotes":
        bid = draw(st.sampled_from([one, one, one, 0.0]))
        return Quote(symbol, ts_ns, bid, max(one, two), 1e6, 1e6)
    if kind == "trades":
        return Trade(symbol, ts_ns, one, draw(st.sampled_from([1e6, 20.0])))
    high, low = max(one, two, three, four), min(one, two, three, four)
    return Bar(symbol, ts_ns, BAR_NS, one, high, low, two, 1e6)


@st.composite
def orders(draw: st.DrawFn, cid: str, symbol: str) -> WireSubmit:
    """A market, limit or stop order, rarely one that may only reduce."""
    level, step = LEVELS[symbol]
    price = f"{Decimal(repr(round(level + step * draw(steps), 4)))}"
    kinds: list[dict[str, Any]] = [{}, {}, {"limit": price}, {"stop": price}, {"reduce_only": True}]
    terms = draw(st.sampled_from(kinds))
    units = Decimal(UNITS[symbol]) * draw(st.integers(1, 5))
    return an_order(cid, draw(st.sampled_from(Side)), f"{units}", symbol=symbol, **terms)


@st.composite
def account_stories(draw: st.DrawFn, kind: str, symbols: tuple[str, ...] = SYMBOLS) -> list[Happening]:
    """Prices of all symbols, then anything for some days."""
    ts_ns = DAY // 2
    story: list[Happening] = []
    for symbol in SYMBOLS:
        if draw(st.sampled_from([True] * 9 + [False])):
            level = LEVELS[symbol][0]
            firsts: dict[str, MarketEvent] = {
                "quotes": Quote(symbol, ts_ns, level, level, 1e6, 1e6),
                "trades": Trade(symbol, ts_ns, level, 1e6),
                "bars": Bar(symbol, ts_ns, BAR_NS, level, level, level, level, 1e6),
            }
            story.append(firsts[kind])
    placed: list[WireSubmit] = []
    for n in range(draw(st.integers(0, 22))):
        symbol = draw(st.sampled_from(symbols))
        match draw(st.sampled_from(["event"] * 4 + ["order"] * 5 + ["exit", "group", "cancel", "amend", "paid"])):
            case "event":
                ts_ns += draw(st.sampled_from([1, 2, 5, 12, 30])) * HOUR
                story.append(draw(events(kind, symbol, ts_ns)))
            case "order":
                placed.append(draw(orders(f"o{n}", symbol)))
                story.append(placed[-1])
            case "exit" if placed:
                parent = placed[-1]
                exit_ = draw(orders(f"o{n}", parent.terms.symbol))
                story.append(exit_of(parent.cid, changed(exit_, side=parent.terms.side.opposite)))
            case "group":
                pair = [changed(draw(orders(f"o{n}{one}", symbol)), group_id=f"g{n}") for one in "ab"]
                placed += pair
                story += pair
            case "cancel" if placed:
                story.append(cancel(draw(st.sampled_from(placed)).cid))
            case "amend" if placed:
                order = draw(st.sampled_from(placed))
                units = Decimal(UNITS[order.terms.symbol]) * draw(st.integers(1, 5))
                story.append(amend(order, quantity=f"{units}"))
            case "paid":
                story.append(Paid(draw(st.sampled_from(["100", "2500"])), draw(st.sampled_from(["USD", "EUR"]))))
    return story
