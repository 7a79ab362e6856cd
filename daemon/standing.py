"""What is known of a floor at one event, and cannot be had from the tables of the projection."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from daemon.book_views import AccountValues
from daemon.fleet import Fleet
from trading.account.records import Valuation
from trading.account.router import Router
from trading.instruments import Instrument, currency_of
from trading.money import ROUNDING, Currency, total


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What is known on the loop, at one event. `sequence` is the journal's; `capital` is what each strategy was given,
    `cash` what the account began with, both by currency; `rates` is what a unit of each currency is worth in the
    account's, `values` what every book is."""

    start_ns: int
    now_ns: int
    sequence: int
    currency: Currency
    rates: Mapping[str, Decimal]
    instruments: Mapping[str, Instrument]
    capital: Mapping[str, Mapping[str, Decimal]]
    cash: Mapping[str, Decimal]
    values: Mapping[str, Valuation]

    def worth(self, amounts: Mapping[str, Decimal]) -> Decimal | None:
        """What amounts by currency are worth in the account's; None where one of them has no rate."""
        if not all(code in self.rates for code, amount in amounts.items() if amount):
            return None
        converted = (ROUNDING.multiply(amount, self.rates[code]) for code, amount in amounts.items() if amount)
        return self.currency.rounded(total(self.currency.rounded(amount) for amount in converted))


def standing_of(fleet: Fleet, router: Router, *, start_ns: int, now_ns: int, sequence: int) -> Standing:
    """Where an account stands between two steps; `start_ns` is that of its feed."""
    currency = currency_of(fleet.currency, fleet.instruments.values())
    codes = {fleet.currency, *fleet.cash}
    for book in router.ledger.all_books():
        codes.update(book.currencies())
    for instrument in fleet.instruments.values():
        codes.add(instrument.currency.code)
    return Standing(
        start_ns=start_ns,
        now_ns=now_ns,
        sequence=sequence,
        currency=currency,
        rates=AccountValues(router, fleet.instruments, currency).rates(codes),
        instruments=fleet.instruments,
        capital={entry.id: entry.capital for entry in fleet.strategies},
        cash=fleet.cash,
        values=router.values(),
    )
