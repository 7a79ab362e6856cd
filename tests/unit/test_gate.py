"""The gate: the same rules again, on the ledger's books, for the container and for the account; and the halt."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from tests.builders import fill, terms
from tests.market_builders import an_instrument
from trading.account.gate import Gate
from trading.account.ledger import Ledger
from trading.admission import Refusal
from trading.limits import RiskLimits
from trading.order_manager import OrderManager
from trading.orders import OrderChange, OrderTerms, Side

INSTRUMENTS = {symbol: an_instrument(symbol) for symbol in ("AAA", "BBB")}
NO_LIMITS = RiskLimits()


class Account:
    """Two containers of 5,000 USD each, 1,000 over, and a gate before them; everything costs 100."""

    def __init__(self, limits: RiskLimits = NO_LIMITS, of_a: RiskLimits = NO_LIMITS) -> None:
        capital: Mapping[str, Mapping[str, Decimal]] = {strategy: {"USD": Decimal(5_000)} for strategy in ("a", "b")}
        self.ledger = Ledger(cash={"USD": Decimal(11_000)}, capital=capital, instruments=INSTRUMENTS)
        self.orders = {strategy: OrderManager(strategy) for strategy in capital}
        self.gate = Gate(
            ledger=self.ledger,
            orders=self.orders,
            instruments=INSTRUMENTS,
            account_limits=limits,
            limits={"a": of_a, "b": NO_LIMITS},
            price_of=lambda _: Decimal(100),
        )

    def holding(self, strategy: str, quantity: str, symbol: str = "AAA") -> "Account":
        self.ledger.book(fill(terms(quantity=quantity, strategy=strategy, symbol=symbol)))
        return self

    def working(self, order: OrderTerms) -> "Account":
        manager = self.orders[order.strategy]
        manager.change(manager.add(order), OrderChange.VALIDATE, 1)
        return self

    def refusal(self, order: OrderTerms) -> Refusal | None:
        return self.gate.refusal(order)


def limit(**limits: str) -> RiskLimits:
    return RiskLimits(**{name: Decimal(amount) for name, amount in limits.items()})  # type: ignore[arg-type]


def test_an_order_that_breaks_nothing_passes() -> None:
    assert Account().refusal(terms()) is None


@pytest.mark.parametrize(
    ("order", "code", "reason"),
    [
        (terms(symbol="ZZZ"), "unknown_symbol", "'ZZZ' is no instrument here"),
        (terms(quantity="0"), "bad_quantity", "quantity 0 is not above zero"),
        (terms(limit="1.001"), "bad_price", "limit price 1.001 is not a positive whole number of ticks of 0.01"),
        (terms(quantity="51"), "insufficient_cash", "5100.00 USD needed at 100, 5000 free"),
        (terms(Side.SELL, "1"), "short_not_allowed", "selling 1 AAA with 0 held and 0 already offered would be short"),
        (terms(quantity="21"), "max_order_quantity", "21 would be above the limit of 20 (max_order_quantity)"),
        (
            terms(quantity="16"),
            "account_max_order_notional",
            "for the account, 1600.00 would be above the limit of 1500 (max_order_notional)",
        ),
    ],
)
def test_each_refusal_has_its_code_and_sentence(order: OrderTerms, code: str, reason: str) -> None:
    account = Account(limit(max_order_notional="1500"), of_a=limit(max_order_quantity="20"))
    assert account.refusal(order) == Refusal(code, reason)


def test_the_cash_of_one_container_is_not_another_s() -> None:
    account = Account().holding("a", "50")
    assert account.refusal(terms(quantity="1")) is not None
    assert account.refusal(terms(quantity="1", strategy="b")) is None


def test_the_account_s_limits_count_all_containers_and_strangers() -> None:
    account = Account(limit(max_position_quantity="30")).holding("a", "10").holding("b", "10").holding("who", "5")
    assert account.refusal(terms(quantity="5")) is None
    assert account.refusal(terms(quantity="6")) == Refusal(
        "account_max_position_quantity",
        "for the account, 31 would be above the limit of 30 (max_position_quantity)",
    )


def test_the_account_s_limits_count_the_open_orders_of_all() -> None:
    account = Account(RiskLimits(max_open_orders=2)).working(terms()).working(terms(strategy="b"))
    refusal = account.refusal(terms(n=2))
    assert refusal is not None
    assert refusal.code == "account_max_open_orders"


def test_the_account_s_exposure_counts_the_worst_case_of_all() -> None:
    account = Account(limit(max_exposure_notional="3000")).holding("a", "10").working(terms(strategy="b", symbol="BBB"))
    assert account.refusal(terms(quantity="10")) is None
    assert account.refusal(terms(quantity="11")) is not None


def test_a_share_of_the_account_is_of_all_its_equity() -> None:
    account = Account(limit(max_position_equity_share="0.1"))
    assert account.refusal(terms(quantity="11")) is None
    assert account.refusal(terms(quantity="12")) is not None


def test_what_reduces_its_container_passes_though_it_adds_to_the_account() -> None:
    account = Account(limit(max_position_quantity="15")).holding("a", "10")
    account.ledger.book(fill(terms(Side.SELL, "20", strategy="who")))  # the account is short 10
    assert account.refusal(terms(Side.SELL, "10")) is None
    assert account.refusal(terms(quantity="26")) is not None


def test_a_halted_account_lets_only_reductions_pass() -> None:
    account = Account().holding("a", "10")
    account.gate.halted = "told by an operator"

    assert account.refusal(terms(Side.SELL, "10")) is None
    for order in (terms(), terms(Side.SELL, "11"), terms(Side.SELL, "1", strategy="b")):
        assert account.refusal(order) == Refusal(
            "halted", "trading is halted (told by an operator); only orders that reduce a position pass"
        )
