"""Money and positions that an operator moves: what was asked for is checked in words, and becomes an operation.

Whether a book has what is to leave it is the ledger's to say, when the operation is carried through.
"""

from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal
from typing import Final, NamedTuple

import anyio
from msgspec import structs

from daemon.api.account_views import MoveView
from daemon.api.operations import AccountRefused, unknown_strategy
from daemon.errors import BadRequest
from daemon.plain import plain, short
from daemon.shells import Shell
from trading.account.ledger import UNALLOCATED
from trading.account.records import Operation
from trading.account.resolutions import Adoption
from trading.account.transfers import Transfer
from trading.errors import InvalidInstrument, LedgerError
from trading.instruments import Instrument, currency_of
from trading.money import ROUNDING, Currency

MOST: Final = Decimal(10**12)
"""Of money, units, or a price: what is beyond is a slip, and products of such would not fit the exact context."""

PRICE_DIGITS: Final = 24


class Units(NamedTuple):
    """So many units of a symbol, long or short, at a price; without one at the last one heard."""

    symbol: str
    quantity: Decimal
    price: Decimal | None


class Treasury:
    """Moves things on one floor, one at a time: what one move is checked against is not moved by another. Each method
    tells what was moved, once it is in the journal; UnknownStrategy, BadRequest for what cannot be meant, else
    AccountRefused."""

    def __init__(self, shell: Shell, *, is_paper: bool) -> None:
        self._shell = shell
        self._is_paper = is_paper
        self._currency = shell.floor.fleet.currency
        self._instruments = shell.floor.fleet.instruments
        self._ledger = shell.floor.lockstep.router.ledger
        self._turn = anyio.Lock()

    async def deposit(self, amount: Decimal, currency: str, reason: str) -> MoveView:
        """Money comes to the account; it is unallocated."""
        self._require_paper("deposit")
        code, amount = self._checked_cash(amount, currency)
        async with self._turn:
            await self._operate(Operation(action="move_cash", ts_ns=0, reason=reason, currency=code, amount=amount))
        return _cash(None, UNALLOCATED, amount, code)

    async def withdraw(self, amount: Decimal, currency: str, reason: str) -> MoveView:
        """Money leaves what is unallocated."""
        self._require_paper("withdraw")
        code, amount = self._checked_cash(amount, currency)
        async with self._turn:
            there = self._ledger.unallocated.balance(code)
            if amount > there:
                raise AccountRefused(
                    f"{plain(there)} {code} of the account is unallocated; {plain(amount)} cannot be withdrawn",
                    mend=f"take more from a strategy first: bulkhead account transfer --from ID --to {UNALLOCATED} ...",
                )
            leaves = amount.copy_negate()
            await self._operate(Operation(action="move_cash", ts_ns=0, reason=reason, currency=code, amount=leaves))
        return _cash(UNALLOCATED, None, amount, code)

    async def transfer_cash(self, source: str, target: str, amount: Decimal, currency: str, reason: str) -> MoveView:
        """Cash goes from one book to another."""
        self._require_books(source, target)
        code, amount = self._checked_cash(amount, currency)
        moved = Transfer(source=source, target=target, amount=amount, currency=code)
        async with self._turn:
            await self._operate(Operation(action="transfer", ts_ns=0, reason=reason, transfer=moved))
        return _cash(source, target, amount, code)

    async def transfer_position(self, source: str, target: str, units: Units, reason: str) -> MoveView:
        """Units go from one book to another."""
        self._require_books(source, target)
        instrument = self._checked_instrument(units)
        quantity = short(units.quantity)
        async with self._turn:
            book = self._ledger.unallocated if source == UNALLOCATED else self._ledger.of(source)
            is_short = book.quantity(units.symbol) < 0
            price = self._last_price(instrument) if units.price is None else _at_tick(units.price, instrument)
            moved = Transfer(
                source=source,
                target=target,
                amount=quantity.copy_negate() if is_short else quantity,
                symbol=units.symbol,
                price=price,
            )
            await self._operate(Operation(action="transfer", ts_ns=0, reason=reason, transfer=moved))
        return MoveView(
            source=source,
            target=target,
            amount=moved.amount,
            currency=instrument.currency.code,
            symbol=units.symbol,
            price=price,
        )

    async def adopt(
        self, strategy: str, symbol: str, quantity: Decimal | None, price: Decimal | None, reason: str
    ) -> MoveView:
        """Units that are unallocated go to a strategy: so many, or all that there are."""
        self._require_books(strategy)
        instrument = self._known_instrument(symbol)
        if quantity is not None:
            self._checked_instrument(Units(symbol, quantity, price))
        elif price is not None:
            _require_price(price, instrument)
        async with self._turn:
            held = self._ledger.unallocated.quantity(symbol)
            units = held if quantity is None else short(quantity).copy_sign(held)
            at = self._last_price(instrument) if price is None else _at_tick(price, instrument)
            given = Adoption(strategy=strategy, symbol=symbol, units=units, price=at)
            await self._operate(Operation(action="adopt", ts_ns=0, reason=reason, adoption=given))
        return MoveView(
            source=UNALLOCATED,
            target=strategy,
            amount=units,
            currency=instrument.currency.code,
            symbol=symbol,
            price=at,
        )

    # Within.

    async def _operate(self, operation: Operation) -> None:
        try:
            await self._shell.operate(structs.replace(operation, ts_ns=self._shell.now_ns))
        except LedgerError as error:
            raise AccountRefused(str(error), mend="`bulkhead account show` has what each book holds") from error

    def _require_paper(self, verb: str) -> None:
        if not self._is_paper:
            raise AccountRefused(
                f"{verb} is for paper accounts; the money of a live one is moved at the venue",
                mend="what arrives there or leaves is found when the account is compared",
            )

    def _require_books(self, *owners: str) -> None:
        for owner in owners:
            if owner != UNALLOCATED and owner not in self._ledger.owners:
                raise unknown_strategy(owner, [*self._ledger.owners, UNALLOCATED])
        if len(set(owners)) < len(owners):
            raise BadRequest(f"{owners[0]} is named as source and as target", mend="name two books")

    def _checked_instrument(self, units: Units) -> Instrument:
        instrument = self._known_instrument(units.symbol)
        _require_amount(units.quantity, "quantity")
        if not instrument.on_lot(units.quantity):
            lot = plain(instrument.lot_size)
            raise BadRequest(f"{plain(units.quantity)} {units.symbol} is no whole number of lots of {lot}")
        if units.price is not None:
            _require_price(units.price, instrument)
        return instrument

    def _known_instrument(self, symbol: str) -> Instrument:
        instrument = self._instruments.get(symbol)
        if instrument is None:
            raise BadRequest(f"{symbol!r} is no instrument here", mend=_there_are(self._instruments))
        return instrument

    def _last_price(self, instrument: Instrument) -> Decimal:
        marks = self._shell.floor.lockstep.router.marks
        for symbol in (instrument.mark_symbol, instrument.symbol):
            if symbol in marks:
                return instrument.exact_mark(marks[symbol])
        raise AccountRefused(f"no price of {instrument.symbol} has been heard", mend="name one: --price")

    def _checked_cash(self, amount: Decimal, code: str) -> tuple[str, Decimal]:
        """The currency's code, the account's own where none is given, and the amount at its quantum."""
        code = code or self._currency
        _require_amount(amount, "amount")
        currency = self._currencies().get(code)
        if currency is None:
            raise BadRequest(f"{code!r} is no currency of this account", mend=_there_are(self._currencies()))
        if ROUNDING.remainder(amount, currency.quantum):
            raise BadRequest(
                f"{plain(amount)} {code} is finer than the smallest unit of {code}, {plain(currency.quantum)}"
            )
        return code, currency.rounded(amount)

    def _currencies(self) -> dict[str, Currency]:
        """Those of the account, of the instruments and of what is held, as far as their quanta are known."""
        instruments = self._instruments.values()
        held = {code for book in self._ledger.all_books() for code in book.cash}
        traded = {one.currency.code for one in instruments} | {one.base.code for one in instruments if one.base}
        found = {}
        for code in sorted({self._currency} | held | traded):
            with suppress(InvalidInstrument):
                found[code] = currency_of(code, instruments)
        return found


def _require_amount(amount: Decimal, name: str) -> None:
    if not amount.is_finite() or not 0 < amount <= MOST:
        raise BadRequest(f"{name} is {_told(amount)}; it must be above zero and at most {MOST}")


def _require_price(price: Decimal, instrument: Instrument) -> None:
    if not price.is_finite() or price.copy_abs() > MOST or (price <= 0 and not instrument.may_be_negative):
        raise BadRequest(f"price is {_told(price)}; it must be above zero and at most {MOST}")
    if len(price.as_tuple().digits) > PRICE_DIGITS:
        raise BadRequest(f"price is {plain(price)}; it may have {PRICE_DIGITS} digits")
    if not instrument.on_tick(price):
        tick = plain(instrument.tick_size)
        raise BadRequest(f"price is {plain(price)}; it must be a whole number of ticks of {tick}")


def _at_tick(price: Decimal, instrument: Instrument) -> Decimal:
    """A whole number of ticks with the digits of one: 99.50 of 99.5."""
    return Decimal(plain(price.quantize(instrument.tick_size, context=ROUNDING)))


def _cash(source: str | None, target: str | None, amount: Decimal, currency: str) -> MoveView:
    return MoveView(source=source, target=target, amount=amount, currency=currency, symbol="", price=None)


def _told(amount: Decimal) -> str:
    """In few digits, whatever it is."""
    return f"above {MOST}" if amount.is_finite() and amount > MOST else plain(amount)


def _there_are(names: Iterable[str]) -> str:
    return f"there are: {', '.join(names)}"
