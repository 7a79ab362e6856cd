"""Order types on real quotes of EURUSD: each fill at its recorded time, price and fee."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from brokers.simulated.costs import FeeBasis, FeeRounding, MakerTakerCommission
from tests.cases.venue import Venue, instrument
from trading.instruments import InstrumentKind, MarginTerms
from trading.market_data import Quote
from trading.money import Currency, total
from trading.orders import OrderType, Side
from trading.reports import ReportKind
from trading.timestamps import from_datetime

CASE = "nautilus_eurusd_ticks_order_types"
KINDS = {
    "market": OrderType.MARKET,
    "limit": OrderType.LIMIT,
    "stop_market": OrderType.STOP,
    "stop_limit": OrderType.STOP_LIMIT,
    "market_if_touched": OrderType.MARKET_IF_TOUCHED,
    "trailing_stop_market": OrderType.TRAILING_STOP,
}
SIZE = 1_000_000.0
BLOCKED = Decimal("0.03") / 30
"""What of its worth a position blocks: the recorded account's margin over its leverage."""
CLOSING = "closing"


@pytest.fixture(scope="module")
def case(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / "cases" / CASE / "expected.json").read_text())
    return found


def quotes(shared: Path, first_ns: int, last_ns: int) -> Iterator[Quote]:
    path = shared / "data" / "lean_fx" / "oanda_eurusd_ticks.parquet"
    if not path.exists():
        pytest.skip(f"no {path}")
    table = pq.read_table(path, columns=["ts_ns", "bid", "ask"])
    within = pc.and_(pc.greater_equal(table["ts_ns"], first_ns), pc.less_equal(table["ts_ns"], last_ns))
    columns = table.filter(within).to_pydict()
    for ts_ns, bid, ask in zip(columns["ts_ns"], columns["bid"], columns["ask"], strict=True):
        yield Quote("EURUSD", ts_ns, bid, ask, SIZE, SIZE)


def moment(text: str) -> int:
    return from_datetime(datetime.fromisoformat(text).replace(tzinfo=UTC))


def actions(case: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """What is done when, cancels among it, in the order of time."""
    found = [(moment(one["ts"]), one) for one in case["script"]]
    found += [(moment(one["cancel"]), {"type": "cancel", "id": one["id"]}) for one in case["script"] if "cancel" in one]
    return sorted(found, key=lambda one: one[0])


def act(market: Venue, action: dict[str, Any]) -> None:
    kind = action["type"]
    if kind == "cancel":
        market.cancel(action["id"])
    elif kind == "close_all":
        for order in market.orders.open():
            market.cancel(order.order_id)
        held = market.held("EURUSD")
        side = Side.SELL if held > 0 else Side.BUY
        market.order(CLOSING, "EURUSD", side, str(abs(held)), OrderType.MARKET)
    elif kind == "bracket":
        enter(market, action)
    else:
        more = {
            name: action[key]
            for key, name in (("price", "limit_price"), ("trigger", "stop_price"), ("offset", "trail_amount"))
            if key in action
        }
        side = Side(action["side"].lower())
        post_only = action.get("post_only", False)
        market.order(action["id"], "EURUSD", side, str(action["qty"]), KINDS[kind], post_only=post_only, **more)


def enter(market: Venue, action: dict[str, Any]) -> None:
    name, quantity, side = action["id"], str(action["qty"]), Side(action["side"].lower())
    links = {"parent_id": f"{name}.entry", "group_id": f"{name}.exits"}
    market.order(f"{name}.entry", "EURUSD", side, quantity, OrderType.MARKET)
    market.order(f"{name}.sl", "EURUSD", side.opposite, quantity, OrderType.STOP, stop_price=action["sl"], **links)
    market.order(f"{name}.tp", "EURUSD", side.opposite, quantity, OrderType.LIMIT, limit_price=action["tp"], **links)


@pytest.fixture(scope="module")
def played(case: dict[str, Any], shared: Path) -> Venue:
    usd = Currency.known("USD")
    pair = msgspec.structs.replace(
        instrument("EURUSD"),
        kind=InstrumentKind.FX,
        base=Currency.known("EUR"),
        margin=MarginTerms(currency=usd, initial=BLOCKED, maintenance=BLOCKED),
    )
    market = Venue(
        [pair],
        cash="50000",
        match_on="quotes",
        commission=MakerTakerCommission(
            Decimal("0.001"), Decimal("0.002"), rounding=FeeRounding.HALF_EVEN, basis=FeeBasis.FILL
        ),
    )
    waiting = actions(case)
    for quote in quotes(shared, waiting[0][0] - 10**13, waiting[-1][0] + 10**12):
        while waiting and waiting[0][0] <= quote.ts_ns:
            at_ns, action = waiting.pop(0)
            market.now_ns = at_ns
            act(market, action)
        if not waiting:
            break
        market.hear(quote)
    return market


def test_every_fill_is_the_recorded_one(case: dict[str, Any], played: Venue) -> None:
    ours = [
        (
            fill.order_id,
            fill.ts_ns,
            fill.side.upper(),
            fill.quantity,
            fill.price,
            f"{fill.fee} {fill.fee_currency}",
            fill.liquidity.upper(),
        )
        for fill in played.fills
    ]
    recorded = [
        (
            one["id"] if not one["id"].startswith("O-") else CLOSING,
            one["ts"],
            one["side"],
            Decimal(one["qty"]),
            Decimal(one["price"]),
            one["commission"],
            one["liquidity"],
        )
        for one in case["fills"]
    ]
    assert ours == recorded


def test_what_ended_unfilled_ended_as_recorded(case: dict[str, Any], played: Venue) -> None:
    kinds = {"OrderCanceled": ReportKind.CANCELLED, "OrderRejected": ReportKind.REJECTED}
    recorded = {
        (event["id"], kinds[event["event"]], event["ts"]) for event in case["order_events"] if event["event"] in kinds
    }
    ours = {(report.order_id, report.kind, report.ts_ns) for report in played.reports if report.kind in kinds.values()}
    assert ours == recorded


def test_the_balance_is_the_recorded_one(case: dict[str, Any], played: Venue) -> None:
    assert played.held("EURUSD") == 0
    assert f"{played.cash} USD" == case["final_balance"]


def test_the_account_was_on_margin_all_the_while(played: Venue) -> None:
    """Its positions are worth more than its money, and their settled results alone make the balance."""
    most = max(abs(fill.notional) for fill in played.fills)
    assert most > 100_000
    assert played.books.balance("USD") == played.books.capital["USD"] + played.books.realised("USD") - total(
        fill.fee for fill in played.fills
    )
