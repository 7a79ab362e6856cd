"""The proof that the books add up: all books beside the broker's own account, exactly."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from daemon.api.account_views import AccountView, HoldingsView, MarginView
from trading.market import AccountSnapshot
from trading.money import EXACT, ZERO


def account_view(
    *,
    event: int,
    journal_sequence: int,
    currency: str,
    equity: Decimal | None,
    margin: MarginView | None,
    books: Mapping[str, HoldingsView],
    unallocated: HoldingsView,
    broker: AccountSnapshot,
) -> AccountView:
    """The account at one event; books and snapshot must have been taken at that same event."""
    held = [*books.values(), unallocated]
    cash, shown = _sum(h.cash for h in held), _sum({**h.cash, **h.balance} for h in held)
    ledger = HoldingsView(
        cash=cash,
        positions=_sum(h.positions for h in held),
        equity=equity,
        balance={code: amount for code, amount in shown.items() if amount != cash.get(code, ZERO)},
    )
    difference = HoldingsView(
        cash=_difference(ledger.cash, broker.cash), positions=_difference(ledger.positions, broker.positions)
    )
    return AccountView(
        event=event,
        journal_sequence=journal_sequence,
        kind="cash" if margin is None else "margin",
        currency=currency,
        equity=equity,
        balances=shown,
        margin=margin,
        books=dict(books),
        unallocated=unallocated,
        ledger=ledger,
        broker=HoldingsView(cash=dict(broker.cash), positions=dict(broker.positions)),
        difference=difference,
        balanced=not any((*difference.cash.values(), *difference.positions.values())),
    )


def _sum(parts: Iterable[Mapping[str, Decimal]]) -> dict[str, Decimal]:
    total: dict[str, Decimal] = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = EXACT.add(total.get(name, ZERO), amount)
    return total


def _difference(ours: Mapping[str, Decimal], theirs: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {
        name: EXACT.subtract(ours.get(name, ZERO), theirs.get(name, ZERO))
        for name in sorted(ours.keys() | theirs.keys())
    }
