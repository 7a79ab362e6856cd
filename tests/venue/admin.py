"""Steering the venue: what a test may do to it by name, and look at. Amounts are text, times nanoseconds."""

from collections.abc import Callable
from typing import Any

import msgspec

from tests.venue.gateway import Gateway
from tests.venue.market_data import MarketData
from tests.venue.records import Status, Ticket
from trading.orders import Side


class Admin:
    """Does one command for its name and arguments; TypeError and ValueError where they do not fit."""

    def __init__(self, gateway: Gateway, market_data: MarketData) -> None:
        self._gateway, self._exchange = gateway, gateway.exchange
        self._market_data = market_data
        self._commands: dict[str, Callable[..., Any]] = {
            "quote": self._quote,
            "deposit": self._deposit,
            "receive": self._receive,
            "faults": self._faults,
            "trade": self._trade,
            "place": self._place,
            "cancel": self._cancel,
            "fill": self._fill,
            "end": self._end,
            "forget": self._forget,
            "bust": self._bust,
            "liquidate": self._liquidate,
            "roll_back": self._roll_back,
            "skew": self._skew,
            "limit": self._limit,
            "freeze": self._freeze,
            "thaw": self._thaw,
            "cut": self._cut,
            "replay": self._replay,
            "dump": self._dump,
        }

    def do(self, name: str, arguments: dict[str, Any], now_ns: int) -> Any:
        """Do it; KeyError for a command that there is not."""
        return msgspec.to_builtins(self._commands[name](now_ns, **arguments))

    # The market, and what others do on the account.

    def _quote(self, now_ns: int, *, symbol: str, bid: str | None, ask: str | None, **sizes: str | None) -> None:
        self._market_data.quote(symbol, bid, ask, now_ns, **sizes)

    def _deposit(self, now_ns: int, *, currency: str, amount: str) -> None:
        self._exchange.deposit(currency, amount, now_ns)

    def _receive(self, now_ns: int, *, symbol: str, quantity: str) -> None:
        self._exchange.receive(symbol, quantity, now_ns)

    def _trade(self, now_ns: int, *, symbol: str, side: str, quantity: str, price: str | None = None) -> Any:
        return self._exchange.trade_manually(symbol, Side(side), quantity, now_ns, price=price)

    def _place(self, now_ns: int, *, client: str = "other", **ticket: Any) -> Any:
        return self._exchange.place(msgspec.convert(ticket, Ticket), now_ns, client=client)

    def _cancel(self, now_ns: int, *, venue_id: str) -> Any:
        return self._exchange.cancel_venue_id(venue_id, now_ns)

    # What goes wrong.

    def _faults(
        self,
        _now_ns: int,
        *,
        script: list[str] | None = None,
        rates: dict[str, float] | None = None,
        seed: int = 0,
        heal: bool = False,
    ) -> list[str]:
        """Script some, draw some, or end them all; what has happened until now."""
        if heal:
            self._gateway.faults.heal()
        for text in script or []:
            self._gateway.faults.add(text)
        if rates is not None:
            self._gateway.faults.draw(rates, seed)
        return self._gateway.faults.happened

    def _fill(self, now_ns: int, *, cid: str, quantity: str | None = None, price: str | None = None) -> Any:
        return self._exchange.fill(cid, now_ns, quantity, price)

    def _end(self, now_ns: int, *, cid: str, status: str = "cancelled") -> None:
        self._exchange.end(cid, Status(status), now_ns)

    def _forget(self, now_ns: int, *, cid: str) -> None:
        self._exchange.forget(cid, now_ns)

    def _bust(self, now_ns: int, *, number: int) -> Any:
        return self._exchange.bust(number, now_ns)

    def _liquidate(self, now_ns: int, *, symbol: str, price: str | None = None) -> Any:
        return self._exchange.liquidate(symbol, now_ns, price)

    def _roll_back(self, now_ns: int, *, count: int) -> None:
        self._exchange.roll_back_ids(count, now_ns)

    def _skew(self, _now_ns: int, *, skew_ns: int) -> None:
        self._exchange.skew_ns = skew_ns

    def _limit(self, _now_ns: int, *, most: int | None, per_ns: int = 1_000_000_000) -> None:
        self._gateway.limiter.most, self._gateway.limiter.per_ns = most, per_ns

    def _freeze(self, now_ns: int, *, for_ns: int = 0) -> None:
        self._gateway.freeze(now_ns, for_ns)

    def _thaw(self, _now_ns: int) -> None:
        self._gateway.thaw()

    def _cut(self, now_ns: int) -> None:
        self._gateway.cut(now_ns)

    def _replay(self, now_ns: int) -> None:
        self._gateway.replay(now_ns)

    # What is.

    def _dump(self, _now_ns: int) -> dict[str, Any]:
        """The books, for an oracle, with how often each operation has come and the faults that happened."""
        faults = self._gateway.faults
        return {**self._exchange.dump(), "counts": dict(faults.counts), "happened": faults.happened}
