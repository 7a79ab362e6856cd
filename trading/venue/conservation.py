"""Orders out are intents in: at the last moment before it is sent, each order is held against the intent that allows
it. Old code that wakes up and sends orders which nobody asked for, as at Knight Capital in 2012, is stopped here."""

from collections.abc import Mapping
from decimal import Decimal

from trading.commands import WireSubmit
from trading.money import EXACT, ZERO
from trading.venue.attempts import Attempt, AttemptState


class Conservation:
    """Counts intents and orders, by number and by signed units of each symbol. `attempts` are the intents that are
    durable, by their client order ids."""

    def __init__(self, attempts: Mapping[str, Attempt]) -> None:
        self._attempts = attempts
        self._sent: set[str] = set()
        self.orders = 0
        self.units: dict[str, Decimal] = {}

    def is_late(self, command: WireSubmit) -> bool:
        """Whether an order was intended and has not gone out until its intent was given up as one in doubt."""
        attempt = self._attempts.get(command.cid)
        return attempt is not None and attempt.state is not AttemptState.SENDING and command.cid not in self._sent

    def refusal(self, command: WireSubmit) -> str:
        """Why an order may not go out; empty when it may, and then it counts as out."""
        attempt = self._attempts.get(command.cid)
        if attempt is None:
            return f"{command.cid} has no intent"
        if command.cid in self._sent:
            return f"{command.cid} was sent already"
        if attempt.state is not AttemptState.SENDING:
            return f"{command.cid} is {attempt.state}"
        if attempt.terms != command.terms:
            return f"{command.cid} is not what was intended"
        self._sent.add(command.cid)
        self.orders += 1
        symbol, units = command.terms.symbol, command.terms.side.signed(command.terms.quantity)
        self.units[symbol] = EXACT.add(self.units.get(symbol, ZERO), units)
        return ""
