"""No float reaches a ledger.

1. By the source of everything that keeps books: nowhere a float literal, the name `float`, or a true division, and
   nowhere a float field of a portfolio is read. The exceptions are `STATISTICS` below, by function; besides them a
   statement may write such a field, and `in` may look into it.
2. By the types: every field of what the books are told and keep is without floats, and counts are its only integers.
3. At run time: the contexts of money trap floats, and a float that comes past the types raises.
"""

import ast
import typing
from collections.abc import Iterator, Mapping
from decimal import Decimal, FloatOperation
from pathlib import Path
from typing import Any

import msgspec
import pytest

from brokers.simulated.claims import Claim
from tests.builders import fill, terms
from tests.market_builders import an_instrument
from trading.account.breaks import Break
from trading.account.differences import Difference, Planned
from trading.account.ledger import AccountDifference
from trading.account.records import Operation, Valuation
from trading.account.resolutions import Adoption, Resolution
from trading.account.transfers import Transfer
from trading.instruments import Instrument, MarginTerms
from trading.market import AccountSnapshot
from trading.money import EXACT, ROUNDING, Currency
from trading.orders import OrderTerms, Side
from trading.portfolio import Position, VirtualPortfolio
from trading.postings import AccountEvent, Posting, PostingKind
from trading.reports import ExecutionReport, Fill

ROOT = Path(__file__).resolve().parents[2]

STATISTICS: Mapping[str, set[str]] = {
    "trading/portfolio.py": {
        "VirtualPortfolio.mark",
        "VirtualPortfolio._mark",
        "VirtualPortfolio.equity",
        "VirtualPortfolio.state",
        "VirtualPortfolio.restore",  # what was known of worth
        "VirtualPortfolio._note_held",  # what a point of price is worth
        "VirtualPortfolio._track_drawdown",
        "VirtualPortfolio._worths",  # a mark's decimal text is a price
        "_floats",
    },
    "trading/account/ledger.py": {"Ledger.mark"},
    "trading/account/sharing.py": set(),
    "trading/account/transfers.py": set(),
    "trading/account/breaks.py": set(),
    "trading/account/differences.py": set(),
    "trading/account/reconciliation.py": set(),
    "trading/account/resolutions.py": set(),
    "trading/account/suspense.py": set(),
    "trading/account/valuation.py": set(),
    "trading/account/records.py": set(),
    "trading/instruments.py": {  # data's prices become Decimal
        "Instrument.exact_price",
        "Instrument.exact_mark",
        "Instrument.signed_worth",
    },
    "trading/money.py": set(),
    "trading/orders.py": {"Order.average_price"},  # for people
    "trading/postings.py": set(),
    "trading/rates.py": set(),
    "trading/reports.py": set(),
    "brokers/simulated/liquidation.py": {"MarginWatch._has_recovered"},  # a glance, exact where it is near
    **{
        f"brokers/simulated/{name}.py": set()
        for name in (
            "account",
            "accruals",
            "books",
            "claims",
            "entitlements",
            "settlement",
            "stakes",
        )
    },
}
"""Every file that keeps books, and its functions that deal with floats: marks, and what is reckoned for people."""

FLOAT_FIELDS = {"marks", "peak_equity", "max_drawdown", "_float_cash", "_points"}


def functions_with_floats(source: str) -> set[str]:
    """The qualified names of functions, and of classes' bodies, with anything that may make or bring a float."""
    return {scope for scope, statement in _statements(ast.parse(source), "") if _has_float(statement)}


def _statements(node: ast.AST, scope: str) -> Iterator[tuple[str, ast.AST]]:
    """Every simple statement and every expression of a compound one, with the function that it stands in."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _statements(child, f"{scope}.{child.name}".lstrip("."))
        elif isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case) and hasattr(child, "body"):
            yield from _statements(child, scope)
        else:
            yield scope, child


def _has_float(statement: ast.AST) -> bool:
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if all(_is_float_field(target) for target in targets):
            return False
    looked_into = {
        id(node.comparators[0])
        for node in ast.walk(statement)
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn)
    }
    return any(_makes_float(node) for node in ast.walk(statement) if id(node) not in looked_into)


def _makes_float(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=float()) | ast.Name(id="float") | ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
            return True
        case ast.Attribute(attr=name) if name in FLOAT_FIELDS:
            return True
    return False


def _is_float_field(target: ast.expr) -> bool:
    """`self.marks`, or an entry of it."""
    while isinstance(target, ast.Subscript):
        target = target.value
    return isinstance(target, ast.Attribute) and target.attr in FLOAT_FIELDS


@pytest.mark.parametrize("path", STATISTICS)
def test_no_float_is_made_or_read_where_books_are_kept(path: str) -> None:
    assert functions_with_floats((ROOT / path).read_text()) == STATISTICS[path]


@pytest.mark.parametrize(
    ("path", "old", "new", "where"),
    [
        pytest.param(
            "trading/portfolio.py",
            "self._move_cash(fill.fee_currency, fill.fee.copy_negate())",
            "self._move_cash(fill.fee_currency, Decimal(float(fill.fee)))",
            "VirtualPortfolio.book",
            id="a call of float",
        ),
        pytest.param(
            "trading/portfolio.py",
            "share = ROUNDING.divide(ROUNDING.multiply(position.cost, closing), held)",
            "share = position.cost * closing / held",
            "removed_cost",
            id="a division",
        ),
        pytest.param(
            "trading/portfolio.py",
            "unpaid = (p.cost for",
            "unpaid = (p.quantity * self.marks[p.symbol] for",
            "VirtualPortfolio.balance",
            id="a mark is read",
        ),
        pytest.param(
            "trading/account/sharing.py",
            "per_unit = event.per_long if held > 0 else event.per_short",
            "per_unit = event.per_long if held > 0 else 0.0",
            "_accrued",
            id="a literal",
        ),
        pytest.param(
            "trading/account/transfers.py", "    price: Decimal = ZERO", "    price: float", "Transfer", id="a field"
        ),
        pytest.param(
            "trading/account/ledger.py",
            "free = self.unallocated.balance(currency)",
            "free = self.unallocated.equity(currency) or float(0)",
            "Ledger.allocate",
            id="inside a loop",
        ),
    ],
)
def test_one_that_is_brought_in_is_seen(path: str, old: str, new: str, where: str) -> None:
    source = (ROOT / path).read_text()
    assert source.count(old) == 1, "this mutant is out of date"
    assert functions_with_floats(source.replace(old, new)) == {*STATISTICS[path], where}


def test_of_a_portfolio_s_own_state_only_marks_and_statistics_are_floats() -> None:
    books = VirtualPortfolio("a", {"USD": Decimal(1_000)}, {"AAA": an_instrument()})
    books.book(fill(terms()))
    assert {name for name, value in vars(books).items() if _floats_in(value)} == FLOAT_FIELDS


def _floats_in(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_floats_in(inner) for inner in value.values())
    if isinstance(value, msgspec.Struct):
        return any(_floats_in(inner) for inner in msgspec.structs.asdict(value).values())
    return isinstance(value, float)


# The types.

STRUCTS = (
    Position,
    Fill,
    ExecutionReport,
    Posting,
    *typing.get_args(AccountEvent),
    AccountSnapshot,
    AccountDifference,
    Transfer,
    Operation,
    Break,
    Difference,
    Planned,
    Resolution,
    Adoption,
    Valuation,
    OrderTerms,
    Instrument,
    MarginTerms,
    Currency,
    Claim,
)
COUNTS = {
    "number",
    "cause",
    "ts_ns",
    "due_ns",
    "created_ns",
    "expires_ns",
    "expire_ns",
    "n",
    "first_ns",
    "last_ns",
    "seen",
}
"""The integers: times, and what is counted."""


def leaves(hint: Any) -> set[Any]:
    """The plain types that a type is made of: Decimal and str of Mapping[str, Decimal]."""
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is typing.Literal or not arguments:
        return {hint}
    return {leaf for argument in arguments for leaf in leaves(argument)}


def numbers_of(struct: type[msgspec.Struct]) -> dict[str, set[Any]]:
    """The fields that hold numbers of any kind, with the kinds."""
    kinds = {
        name: leaves(hint) & {float, int, complex, Decimal} for name, hint in typing.get_type_hints(struct).items()
    }
    return {name: found for name, found in kinds.items() if found}


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_money_and_quantities_are_decimals(struct: type[msgspec.Struct]) -> None:
    numbers = numbers_of(struct)
    assert {name for name, kinds in numbers.items() if kinds != {Decimal}} <= COUNTS
    assert not any(float in kinds for kinds in numbers.values())


def test_a_struct_with_a_float_is_seen() -> None:
    wrong = msgspec.defstruct("Wrong", [("cash", Mapping[str, float]), ("cost", Decimal | None), ("units", int)])
    assert numbers_of(wrong) == {"cash": {float}, "cost": {Decimal}, "units": {int}}


def test_the_structs_of_books_have_the_fields_that_are_looked_through() -> None:
    assert set(numbers_of(Position)) == {"quantity", "cost", "realised"}
    assert {"quantity", "price", "notional", "fee", "slippage"} <= set(numbers_of(Fill))
    assert {"cash", "units", "cost", "realised", "price"} <= set(numbers_of(Posting))
    assert set(numbers_of(AccountSnapshot)) == {"cash", "positions"}


# At run time.


@pytest.mark.parametrize("context", [EXACT, ROUNDING], ids=["EXACT", "ROUNDING"])
def test_the_contexts_of_money_trap_floats(context: Any) -> None:
    assert context.traps[FloatOperation]
    with pytest.raises(FloatOperation):
        context.create_decimal(0.1)
    for operation in (context.add, context.subtract, context.multiply, context.divide):
        with pytest.raises((FloatOperation, TypeError)):
            operation(Decimal(1), 0.1)


def holder() -> VirtualPortfolio:
    """Long ten at 100."""
    books = VirtualPortfolio("a", {"USD": Decimal(10_000)}, {"AAA": an_instrument()})
    books.book(fill(terms()))
    return books


def assert_without_floats(books: VirtualPortfolio) -> None:
    assert {name for name, value in vars(books).items() if _floats_in(value)} == FLOAT_FIELDS


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("quantity", ["4", "10", "15"])
@pytest.mark.parametrize("field", ["quantity", "notional", "fee"])
def test_a_fill_with_a_float_raises(side: Side, quantity: str, field: str) -> None:
    books = holder()
    right = fill(terms(side, quantity), fee="1")
    wrong = msgspec.structs.replace(right, **{field: float(getattr(right, field))})
    with pytest.raises((FloatOperation, TypeError, AttributeError)):
        books.book(wrong)
    assert_without_floats(books)


def test_so_does_a_float_price_where_it_decides_what_a_flip_settles() -> None:
    books = holder()
    with pytest.raises((FloatOperation, TypeError)):
        books.book(msgspec.structs.replace(fill(terms(Side.SELL, "15")), price=100.0))
    assert_without_floats(books)


@pytest.mark.parametrize("field", ["cash", "units", "cost", "realised"])
def test_a_posting_with_a_float_raises(field: str) -> None:
    books = holder()
    wrong: Any = {"USD": 0.5} if field == "cash" else 0.5
    posting = Posting(
        strategy="a", event_id="e", kind=PostingKind.SPLIT, ts_ns=1, symbol="AAA", price=Decimal(1), **{field: wrong}
    )
    with pytest.raises((FloatOperation, TypeError)):
        books.post(posting)
    assert_without_floats(books)


def test_so_does_capital_in_floats() -> None:
    books: Any = holder()
    with pytest.raises((FloatOperation, TypeError)):
        books.endow({"USD": 0.1})
    assert_without_floats(books)
