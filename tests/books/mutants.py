"""Books with one deliberate mistake each: a snippet of the source and what it becomes. At least one for every rule."""

from typing import NamedTuple

PORTFOLIO = "trading.portfolio"
SHARING = "trading.account.sharing"
TRANSFERS = "trading.account.transfers"
LEDGER = "trading.account.ledger"
REPORTS = "trading.reports"
INSTRUMENTS = "trading.instruments"


class Mutant(NamedTuple):
    """`name` says what is wrong in it; `old` stands in the module exactly once."""

    name: str
    module: str
    old: str
    new: str


MUTANTS = (
    # Fills.
    Mutant(
        "removed cost is rounded down",
        PORTFOLIO,
        "return instrument.currency.rounded(share)",
        'return share.quantize(instrument.currency.quantum, "ROUND_FLOOR", context=ROUNDING)',
    ),
    Mutant(
        "removed cost has halves rounded up",
        PORTFOLIO,
        "return instrument.currency.rounded(share)",
        'return share.quantize(instrument.currency.quantum, "ROUND_HALF_UP", context=ROUNDING)',
    ),
    Mutant(
        "removed cost is not rounded at all",
        PORTFOLIO,
        "return instrument.currency.rounded(share)",
        "return share.quantize(instrument.currency.quantum.scaleb(-3), context=ROUNDING)",
    ),
    Mutant(
        "a full close removes its share of the cost only",
        PORTFOLIO,
        "return position.cost\n    share",
        "return instrument.currency.rounded(position.cost.scaleb(-1))\n    share",
    ),
    Mutant(
        "what is realised has the wrong sign",
        PORTFOLIO,
        "position.realised = EXACT.subtract(position.realised, EXACT.add(settled, removed))",
        "position.realised = EXACT.add(position.realised, EXACT.add(settled, removed))",
    ),
    Mutant(
        "what is realised forgets the removed cost",
        PORTFOLIO,
        "position.realised = EXACT.subtract(position.realised, EXACT.add(settled, removed))",
        "position.realised = EXACT.subtract(position.realised, settled)",
    ),
    Mutant(
        "removed cost stays in the position",
        PORTFOLIO,
        "        position.cost = EXACT.subtract(position.cost, removed)\n",
        "",
    ),
    Mutant(
        "a flip opens at the cost of the whole fill",
        PORTFOLIO,
        "        opened = EXACT.subtract(paid, settled)\n",
        "",
    ),
    Mutant(
        "a flip settles all that was paid",
        PORTFOLIO,
        "        if closing != fill.quantity:\n",
        "        if closing == fill.quantity:\n",
    ),
    Mutant(
        "a flip settles without regard to its side",
        PORTFOLIO,
        "settled = fill.side.signed(instrument.notional(closing, fill.price))",
        "settled = instrument.notional(closing, fill.price)",
    ),
    Mutant(
        "a flip closes the whole fill",
        PORTFOLIO,
        "closing = min(held.copy_abs(), fill.quantity) if held",
        "closing = max(held.copy_abs(), fill.quantity) if held",
    ),
    Mutant(
        "shorts are never closed",
        PORTFOLIO,
        "if held and (held > 0) is not (signed > 0) else ZERO\n    opened",
        "if held > 0 and signed < 0 else ZERO\n    opened",
    ),
    Mutant(
        "cash goes the wrong way",
        PORTFOLIO,
        "self._move_cash(fill.currency, paid.copy_negate())",
        "self._move_cash(fill.currency, paid)",
    ),
    Mutant(
        "the fee is paid in the instrument's currency",
        PORTFOLIO,
        "self._move_cash(fill.fee_currency, fill.fee.copy_negate())",
        "self._move_cash(fill.currency, fill.fee.copy_negate())",
    ),
    Mutant(
        "the fee is counted in the instrument's currency",
        PORTFOLIO,
        "self.fees[fill.fee_currency] = EXACT.add(self.fees.get(fill.fee_currency, ZERO), fill.fee)",
        "self.fees[fill.currency] = EXACT.add(self.fees.get(fill.currency, ZERO), fill.fee)",
    ),
    Mutant(
        "fee and cash of it are of the instrument's currency, so that the law holds",
        PORTFOLIO,
        "        paid = fill.side.signed(fill.notional)\n        self._move_cash(fill.currency",
        "        fill = msgspec.structs.replace(fill, fee_currency=fill.currency)\n"
        "        paid = fill.side.signed(fill.notional)\n        self._move_cash(fill.currency",
    ),
    Mutant(
        "a rebate is a fee",
        PORTFOLIO,
        "        paid = fill.side.signed(fill.notional)\n        self._move_cash(fill.currency",
        "        fill = msgspec.structs.replace(fill, fee=fill.fee.copy_abs())\n"
        "        paid = fill.side.signed(fill.notional)\n        self._move_cash(fill.currency",
    ),
    Mutant("fills are not counted", PORTFOLIO, "        self.fills += 1\n", ""),
    Mutant(
        "a worth has no multiplier",
        INSTRUMENTS,
        "return self.currency.rounded(EXACT.multiply(EXACT.multiply(quantity.copy_abs(), price), self.multiplier))",
        "return self.currency.rounded(EXACT.multiply(quantity.copy_abs(), price))",
    ),
    Mutant(
        "a worth below zero is one above",
        INSTRUMENTS,
        "return self.currency.rounded(EXACT.multiply(EXACT.multiply(quantity.copy_abs(), price), self.multiplier))",
        "return self.currency.rounded("
        "EXACT.multiply(EXACT.multiply(quantity.copy_abs(), price.copy_abs()), self.multiplier))",
    ),
    # Busts.
    Mutant(
        "a bust keeps the fee",
        REPORTS,
        "fee=self.fee.copy_negate() if self.fee else self.fee,",
        "fee=ZERO,",
    ),
    Mutant(
        "a bust takes the fee again",
        REPORTS,
        "fee=self.fee.copy_negate() if self.fee else self.fee,",
        "fee=self.fee,",
    ),
    Mutant("a bust fills once more", REPORTS, "            side=self.side.opposite,\n", ""),
    # Balances, capital and postings in general.
    Mutant(
        "a balance is cash, whatever was never paid for",
        PORTFOLIO,
        "return EXACT.add(self.cash.get(currency, ZERO), total(unpaid))",
        "return self.cash.get(currency, ZERO)",
    ),
    Mutant(
        "of equity on margin nothing was paid",
        INSTRUMENTS,
        "return self.margin is None or self.kind in (InstrumentKind.EQUITY, InstrumentKind.CRYPTO)",
        "return self.margin is None",
    ),
    Mutant(
        "income is cash only",
        PORTFOLIO,
        "                income[currency] = EXACT.add(income.get(currency, ZERO), amount)\n",
        "                income[currency] = amount\n",
    ),
    Mutant(
        "swap is no income",
        PORTFOLIO,
        "    PostingKind.SWAP,\n",
        "",
    ),
    Mutant(
        "a deposit is no capital",
        PORTFOLIO,
        "            self.capital[currency] = EXACT.add(self.capital.get(currency, ZERO), amount)\n",
        "",
    ),
    Mutant(
        "cash that is transferred is no capital",
        PORTFOLIO,
        "frozenset({PostingKind.DEPOSIT, PostingKind.WITHDRAWAL, PostingKind.TRANSFER})",
        "frozenset({PostingKind.DEPOSIT, PostingKind.WITHDRAWAL})",
    ),
    Mutant(
        "a posting loses its realised result",
        PORTFOLIO,
        "            position.realised = EXACT.add(position.realised, posting.realised)\n",
        "",
    ),
    Mutant(
        "a posting of cost alone is passed over",
        PORTFOLIO,
        "if posting.units or posting.cost or posting.realised:",
        "if posting.units:",
    ),
    # Accruals.
    Mutant(
        "dividends of shorts are not paid",
        SHARING,
        "per_unit = event.per_long if held > 0 else event.per_short",
        "per_unit = event.per_long if held > 0 else ZERO",
    ),
    Mutant(
        "shorts receive what longs do",
        SHARING,
        "per_unit = event.per_long if held > 0 else event.per_short",
        "per_unit = event.per_long",
    ),
    Mutant(
        "interest is paid on cash instead of the balance",
        SHARING,
        "held = book.quantity(event.symbol) if event.symbol else book.balance(event.currency)",
        "held = book.quantity(event.symbol) if event.symbol else book.cash.get(event.currency, ZERO)",
    ),
    Mutant(
        "the residue of an accrual is dropped",
        SHARING,
        "    if left:\n        yield _posting(event, rest, event.kind,",
        "    if False:\n        yield _posting(event, rest, event.kind,",
    ),
    Mutant(
        "the rest receives all, and containers their shares too",
        SHARING,
        "            left = EXACT.subtract(left, share)\n            yield _posting(event, book, event.kind,",
        "            yield _posting(event, book, event.kind,",
    ),
    Mutant(
        "an accrual goes to the rest alone",
        SHARING,
        "        if share:\n            left",
        "        if False:\n            left",
    ),
    Mutant(
        "shares are cut instead of rounded",
        SHARING,
        "return amount.quantize(like, context=ROUNDING)",
        'return amount.quantize(like, "ROUND_DOWN", context=ROUNDING)',
    ),
    # Splits.
    Mutant(
        "a split takes new for old and old for new",
        SHARING,
        "        scaled = EXACT.multiply(position.quantity, event.new)\n"
        "        whole = instrument.whole_lots(ROUNDING.divide(scaled, event.old))",
        "        scaled = EXACT.multiply(position.quantity, event.old)\n"
        "        whole = instrument.whole_lots(ROUNDING.divide(scaled, event.new))",
    ),
    Mutant(
        "the fraction of a split is not paid out",
        SHARING,
        "cash = instrument.currency.rounded(ROUNDING.divide(worth, event.old))",
        "cash = ZERO",
    ),
    Mutant(
        "the fraction of a split is paid out without the multiplier, or as old units",
        SHARING,
        "cash = instrument.currency.rounded(ROUNDING.divide(worth, event.old))",
        "cash = instrument.currency.rounded(worth)",
    ),
    Mutant(
        "cost does not leave with the fraction",
        SHARING,
        "        removed = _part(position.cost, fraction, scaled, instrument)\n",
        "        removed = ZERO\n",
    ),
    Mutant(
        "a position that a split ends keeps its cost",
        SHARING,
        "        removed = _part(position.cost, fraction, scaled, instrument)\n",
        "        removed = _part(position.cost, fraction, scaled, instrument) if whole else ZERO\n",
    ),
    Mutant(
        "lots of a short are cut away from zero",
        INSTRUMENTS,
        "lots = ROUNDING.divide(quantity, self.lot_size).to_integral_value(ROUND_DOWN, ROUNDING)",
        "lots = ROUNDING.divide(quantity, self.lot_size).to_integral_value(ROUND_FLOOR, ROUNDING)",
    ),
    Mutant(
        "what is left of a split is dropped",
        SHARING,
        "    yield from _split_rest(event, rest, instrument, units_left, cash_left)\n",
        "",
    ),
    Mutant(
        "what the rest takes over at a split has no cost",
        SHARING,
        "            cost=EXACT.subtract(EXACT.subtract(settled, cash), removed),\n"
        "            realised=EXACT.subtract(settled, removed),",
        "            cost=removed.copy_negate(),\n            realised=EXACT.subtract(cash, removed),",
    ),
    Mutant(
        "what the rest gives away at a split keeps its cost",
        SHARING,
        "        removed = _part(position.cost, closing, held.copy_abs(), instrument)\n",
        "",
    ),
    # Settlement and expiry.
    Mutant(
        "a settlement uses cost twice",
        SHARING,
        "            cost=gain,\n            realised=gain,",
        "            cost=gain,\n            realised=EXACT.subtract(gain, position.cost),",
    ),
    Mutant(
        "a settlement leaves the cost as it was",
        SHARING,
        "            cost=gain,\n            realised=gain,",
        "            realised=gain,",
    ),
    Mutant(
        "a settlement moves cash",
        SHARING,
        "            cost=gain,\n            realised=gain,",
        "            cash={event.currency: gain},\n            realised=gain,",
    ),
    Mutant(
        "a settlement forgets the rest",
        SHARING,
        "_holding(event.symbol, (*books, rest))",
        "_holding(event.symbol, books)",
    ),
    Mutant(
        "an expiry leaves the cost",
        SHARING,
        "PostingKind.EXPIRY, units=units, cash=cash, removed=position.cost)",
        "PostingKind.EXPIRY, units=units, cash=cash, removed=ZERO)",
    ),
    Mutant(
        "an expiry leaves the rest's cost",
        SHARING,
        "removed = position.cost if position is not None and flat else ZERO",
        "removed = ZERO",
    ),
    Mutant(
        "an expiry leaves the units",
        SHARING,
        "PostingKind.EXPIRY, units=units, cash=cash, removed=position.cost)",
        "PostingKind.EXPIRY, units=ZERO, cash=cash, removed=position.cost)",
    ),
    Mutant(
        "an expiry is a settlement",
        SHARING,
        "(_expired if event.expires else _settled)",
        "(_settled if event.expires else _settled)",
    ),
    # Conversions.
    Mutant(
        "a conversion drops its residue",
        SHARING,
        "    if left or into_left:\n",
        "    if False:\n",
    ),
    Mutant(
        "a conversion gives nothing for what it takes",
        SHARING,
        "cash={event.currency: amount, event.into: into})",
        "cash={event.currency: amount})",
    ),
    Mutant(
        "a conversion divides by the rate",
        SHARING,
        "ROUNDING.multiply(balance, event.rate)",
        "ROUNDING.divide(balance, event.rate)",
    ),
    Mutant(
        "a conversion converts cash instead of the balance",
        SHARING,
        "        balance = book.balance(event.currency)\n",
        "        balance = book.cash.get(event.currency, ZERO)\n",
    ),
    Mutant(
        "money that comes in goes to a container",
        SHARING,
        "shared = [_posting(event, rest, kind, cash={event.currency: event.amount})]",
        "shared = [_posting(event, (*books, rest)[0], kind, cash={event.currency: event.amount})]",
    ),
    # Liquidations.
    Mutant(
        "a liquidation is booked to a container",
        LEDGER,
        "            self.book(event.fill)\n",
        "            self.book(msgspec.structs.replace(event.fill, strategy=next(iter(self._books))))\n",
    ),
    Mutant("a liquidation is not booked", LEDGER, "            self.book(event.fill)\n", ""),
    # Transfers.
    Mutant(
        "cash that is transferred comes, and does not go",
        TRANSFERS,
        "moved = [(books[0], amount.copy_negate()), (books[1], amount)]",
        "moved = [(books[1], amount)]",
    ),
    Mutant(
        "a transfer realises nothing",
        TRANSFERS,
        "realised=EXACT.subtract(EXACT.subtract(ZERO, removed), settled),",
        "realised=ZERO,",
    ),
    Mutant(
        "a transfer takes units without their cost",
        TRANSFERS,
        "cost=EXACT.subtract(EXACT.subtract(paid, settled), removed),",
        "cost=EXACT.subtract(paid, settled),",
    ),
    Mutant(
        "a transfer is free",
        TRANSFERS,
        "        cash={currency: paid.copy_negate()},\n",
        "",
    ),
    Mutant(
        "a transfer opens though it closes",
        TRANSFERS,
        "if held and (held > 0) is not (units > 0) else ZERO",
        "if False else ZERO",
    ),
    Mutant(
        "a transfer that flips settles all",
        TRANSFERS,
        "settled = instrument.worth(closing.copy_sign(units), price)",
        "settled = paid",
    ),
    Mutant(
        "units come from nowhere",
        TRANSFERS,
        "        _traded(blank, books[0], instrument, units.copy_negate(), price),\n",
        "",
    ),
    # Capital of containers, and restarts.
    Mutant(
        "a container's capital stays unallocated too",
        LEDGER,
        "        self.unallocated.endow({currency: amount.copy_negate() for currency, amount in amounts.items()})\n",
        "",
    ),
    Mutant(
        "what a container leaves behind is gone",
        LEDGER,
        "        self.unallocated.endow(book.cash)\n",
        "",
    ),
    Mutant(
        "a container leaves its first capital behind",
        LEDGER,
        "        self.unallocated.endow(book.cash)\n",
        "        self.unallocated.endow(book.capital)\n",
    ),
    Mutant(
        "a restart forgets income",
        PORTFOLIO,
        '        self.income = msgspec.convert(state["income"], dict[str, dict[str, Decimal]])\n',
        "",
    ),
    Mutant(
        "a restart forgets what was realised",
        PORTFOLIO,
        'self.positions = {p.symbol: p for p in msgspec.convert(state["positions"], list[Position])}',
        'self.positions = {p.symbol: p for p in msgspec.convert(state["positions"], list[Position]) if p.quantity}',
    ),
    Mutant(
        "a stranger's fills are booked to nobody",
        LEDGER,
        "        book = self._books.get(fill.strategy, self.unallocated)\n        book.book(fill)\n",
        "        book = self._books.get(fill.strategy, self.unallocated)\n"
        "        if fill.strategy not in self._books:\n            return\n        book.book(fill)\n",
    ),
    # What only the comparison of containers with the ledger shows.
    Mutant(
        "a container hears of a posting what the ledger did not book",
        LEDGER,
        "        for posting in postings:\n            self.post(posting)\n        return postings\n\n    def post",
        "        for posting in postings:\n            self.post(posting)\n"
        "        return [msgspec.structs.replace(one, realised=ZERO) for one in postings]\n\n    def post",
    ),
)
