"""Orders that wait for others of the account to go: commands that are to be taken again, with the next batch."""

from collections.abc import Iterable

from trading.commands import Command, SubmitOrder


class HeldOrders:
    """Knows which orders were asked for before, so that they count once; a held order itself is its taker's to keep."""

    def __init__(self) -> None:
        self._order_ids: set[str] = set()

    def fresh(self, batch: Iterable[Command]) -> list[Command]:
        """A batch without what was asked for before."""
        fresh = []
        for command in batch:
            if isinstance(command, SubmitOrder) and command.terms.order_id in self._order_ids:
                self._order_ids.remove(command.terms.order_id)
            else:
                fresh.append(command)
        return fresh

    def note(self, held: Iterable[SubmitOrder]) -> None:
        """These are asked for again."""
        self._order_ids.update(command.terms.order_id for command in held)

    def state(self) -> list[str]:
        """Everything that `restore` needs."""
        return sorted(self._order_ids)

    def restore(self, state: Iterable[str]) -> None:
        """Know what another did."""
        self._order_ids = set(state)


def taken_back(held: list[SubmitOrder], order_id: str) -> SubmitOrder | None:
    """The held order of an id, held no more; None where there is none."""
    found = next((command for command in held if command.terms.order_id == order_id), None)
    if found is not None:
        held.remove(found)
    return found
