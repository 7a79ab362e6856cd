"""Everything fills at once at the reference price, whatever its limit, at no cost. Only the account is kept."""

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

import msgspec

from brokers.simulated.costs import NoCommission, NoSlippage
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.rules import BarPrice, MarketRules, QuotePrice
from brokers.simulated.telling import tell
from trading.capabilities import Capabilities
from trading.commands import WireAmend, WireCommand, WireSubmit
from trading.instruments import Instrument
from trading.market import Effect
from trading.orders import OrderType, TimeInForce
from trading.reports import ReportKind


class PassthroughMarket(SimulatedMarket):
    """The simulated market without its matching: orders fill at the mid, the last trade or the last close."""

    name: ClassVar[str] = "passthrough"
    capabilities: ClassVar[Capabilities] = Capabilities(
        order_types=frozenset({OrderType.MARKET, OrderType.LIMIT}), times_in_force=frozenset({TimeInForce.GTC})
    )

    def __init__(
        self, *, instruments: Mapping[str, Instrument], cash: Mapping[str, Decimal], match_on: Mapping[str, str]
    ) -> None:
        super().__init__(
            instruments=instruments,
            cash=cash,
            match_on=match_on,
            slippage=NoSlippage(),
            commission=NoCommission(),
            rules=MarketRules(bar_price=BarPrice.THIS_CLOSE, quote_price=QuotePrice.MID),
        )

    def on_command(self, command: WireCommand, ts_ns: int) -> list[Effect]:
        """Take one command; a limit order that would be taken is carried out as a market order."""
        if isinstance(command, WireAmend) and command.cid in self._orders.working:
            refusal = self.capabilities.amend_refusal()
            return [tell(command.cid, command.terms, ReportKind.REPLACE_REJECTED, ts_ns, refusal=refusal)]
        return super().on_command(self._at_the_market(command), ts_ns)

    def apply(self, effect: Effect, command: WireCommand | None) -> None:
        """Take over an effect from the journal, which has the command as it was asked."""
        super().apply(effect, None if command is None else self._at_the_market(command))

    def _at_the_market(self, command: WireCommand) -> WireCommand:
        if not isinstance(command, WireSubmit) or self._validator.refusal(command.terms) is not None:
            return command
        terms = msgspec.structs.replace(command.terms, type=OrderType.MARKET, limit_price=None)
        return msgspec.structs.replace(command, terms=terms)
