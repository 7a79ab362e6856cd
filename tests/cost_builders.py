"""Fills for the tests of costs, one line each: `230@100` is 230 units at 100, `5@7 maker` made liquidity."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import msgspec

from brokers.simulated.costs import CommissionModel, Execution, Fee, Progress, Taking
from tests.market_builders import USD, an_instrument
from trading.instruments import Instrument, InstrumentKind
from trading.money import Currency
from trading.orders import Side
from trading.reports import Liquidity


def a_pair(base: str = "BTC", currency: Currency = USD, multiplier: str = "1") -> Instrument:
    """A pair of currencies, priced in the second."""
    return msgspec.structs.replace(
        an_instrument(f"{base}/{currency.code}", currency=currency),
        kind=InstrumentKind.CRYPTO,
        base=Currency.known(base),
        multiplier=Decimal(multiplier),
    )


def an_execution(
    fill: str, instrument: Instrument, *, before: Progress | None = None, turnover: str = "0"
) -> Execution:
    trade, _, liquidity = fill.partition(" ")
    quantity, price = trade.split("@")
    return Execution(
        instrument=instrument,
        side=Side.BUY,
        quantity=Decimal(quantity),
        price=Decimal(price),
        liquidity=Liquidity(liquidity or "taker"),
        before=before or Progress(),
        turnover=Decimal(turnover),
    )


def fees(
    commission: CommissionModel, fills: Iterable[str], instrument: Instrument | None = None, turnover: str = "0"
) -> list[Fee]:
    """What the fills of one order are charged, one after the other."""
    instrument, progress, charged = instrument or an_instrument(), Progress(), []
    for fill in fills:
        execution = an_execution(fill, instrument, before=progress, turnover=turnover)
        charged.append(commission.fee(execution))
        progress = msgspec.structs.replace(execution.after, fee=progress.fee + charged[-1].amount)
    return charged


def a_taking(
    side: Side = Side.BUY, sizes: Mapping[str, str] = MappingProxyType({}), *, instrument: Instrument | None = None
) -> Taking:
    """A fill of one unit, if nothing else is said."""
    given: dict[str, Any] = {name: Decimal(size) for name, size in {"quantity": "1", **sizes}.items()}
    return Taking(instrument=instrument or an_instrument(), side=side, **given)
