"""The gate: the same rules again, on the ledger's books, for the container and for the account; and the halt."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec
import pytest

from tests.builders import fill, report, terms
from tests.market_builders import an_instrument, through_msgpack
from trading.account.breakers import Restriction
from trading.account.gate import Gate
from trading.account.ledger import Ledger
from trading.capabilities import AMEND, Capabilities
from trading.limits import RiskLimits
from trading.order_manager import OrderManager
from trading.orders import OrderChange, OrderTerms, OrderType, Side, TimeInForce
from trading.refusals import Refusal
from trading.reports import ReportKind
from trading.timestamps import DAY, LAST_NS, SECOND

INSTRUMENTS = {symbol: an_instrument(symbol) for symbol in ("AAA", "BBB")}
NO_LIMITS = RiskLimits()
EVERYTHING = Capabilities.everything()


class Account:
    """Two containers of 5,000 USD each, 1,000 over, and a gate before them; everything costs 100."""

    def __init__(
        self, limits: RiskLimits = NO_LIMITS, of_a: RiskLimits = NO_LIMITS, capabilities: Capabilities = EVERYTHING
    ) -> None:
        capital: Mapping[str, Mapping[str, Decimal]] = {strategy: {"USD": Decimal(5_000)} for strategy in ("a", "b")}
        self.ledger = Ledger(cash={"USD": Decimal(11_000)}, capital=capital, instruments=INSTRUMENTS)
        self.orders = {strategy: OrderManager(strategy) for strategy in capital}
        self.restrictions: dict[str, Restriction] = {}
        self.untrusted: dict[str, Refusal] = {}
        self.gate = Gate(
            ledger=self.ledger,
            orders=self.orders,
            instruments=INSTRUMENTS,
            capabilities=capabilities,
            account_limits=limits,
            limits={"a": of_a, "b": NO_LIMITS},
            price_of=lambda _: Decimal(100),
            restriction=self.restrictions.get,
            data_refusal=self.untrusted.get,
        )

    def restrict(self, *strategies: str, of_account: bool = True) -> None:
        restriction = Restriction("told by an operator", of_account=of_account)
        self.restrictions.update(dict.fromkeys(strategies, restriction))

    def holding(self, strategy: str, quantity: str, symbol: str = "AAA") -> "Account":
        self.ledger.book(fill(terms(quantity=quantity, strategy=strategy, symbol=symbol)))
        return self

    def working(self, order: OrderTerms) -> "Account":
        manager = self.orders[order.strategy]
        kept = manager.add(order)
        manager.change(kept, OrderChange.VALIDATE, 1)
        manager.change(kept, OrderChange.ROUTE, 1)
        return self

    def refusal(self, order: OrderTerms) -> Refusal | None:
        return self.gate.refusal(order)

    def amend_refusal(self, order: OrderTerms, **changes: str) -> Refusal | None:
        numbers = {field: Decimal(number) for field, number in changes.items()}
        return self.gate.amend_refusal(msgspec.structs.replace(order, **numbers))


def limit(**limits: str) -> RiskLimits:
    return RiskLimits(**{name: Decimal(amount) for name, amount in limits.items()})  # type: ignore[arg-type]


def test_an_order_that_breaks_nothing_passes() -> None:
    assert Account().refusal(terms()) is None


@pytest.mark.parametrize(
    ("order", "code", "reason"),
    [
        (terms(symbol="ZZZ"), "unknown_symbol", "'ZZZ' is no instrument here; known: AAA, BBB"),
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
    account.ledger.book(fill(terms(Side.SELL, "20", strategy="b")))  # the account is short 10
    assert account.refusal(terms(Side.SELL, "10")) is None
    assert account.refusal(terms(quantity="26")) is not None


def test_a_halted_account_lets_only_reductions_pass() -> None:
    account = Account().holding("a", "10")
    account.restrict("a", "b")

    assert account.refusal(terms(Side.SELL, "10")) is None
    for order in (terms(), terms(Side.SELL, "11"), terms(Side.SELL, "1", strategy="b")):
        assert account.refusal(order) == Refusal(
            "halted", "trading is halted (told by an operator); only orders that reduce a position pass"
        )


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        (terms(Side.SELL, "4"), None),
        (terms(Side.SELL, "6"), "a sell of 6 AAA could do more, with 5 held and 0 working"),
        (terms(Side.SELL, "10"), "a sell of 10 AAA could do more, with 5 held and 0 working"),
        (terms(Side.BUY, "5", strategy="b"), "a buy of 5 AAA could do more, with 5 held and 0 working"),
    ],
)
def test_a_halted_account_lets_pass_only_what_reduces_the_net_too(order: OrderTerms, sentence: str | None) -> None:
    account = Account().holding("a", "10")
    account.ledger.book(fill(terms(Side.SELL, "5", strategy="b")))
    account.restrict("a", "b")
    halted = "trading is halted (told by an operator); only orders that reduce the account's position too pass"
    expected = Refusal("halted_net", f"{halted}: {sentence} already over all strategies") if sentence else None
    assert account.refusal(order) == expected


def test_a_halt_counts_what_others_already_have_working_against_the_net() -> None:
    account = Account().holding("a", "10").holding("b", "10").working(terms(Side.SELL, "10", "120", strategy="b"))
    account.ledger.book(fill(terms(Side.SELL, "5", strategy="who")))
    account.restrict("a", "b")
    assert account.refusal(terms(Side.SELL, "5")) is None
    refusal = account.refusal(terms(Side.SELL, "6"))
    assert refusal is not None
    assert (refusal.code, "with 15 held and 10 working already" in refusal.reason) == ("halted_net", True)


def test_a_halt_holds_back_no_amendment_that_adds_nothing_though_the_net_is_against_it() -> None:
    stop = terms(Side.SELL, "10", "120")
    account = Account().holding("a", "10").working(stop)
    account.ledger.book(fill(terms(Side.SELL, "15", strategy="who")))
    account.restrict("a", "b")
    assert account.amend_refusal(stop, limit_price="130") is None


@pytest.mark.parametrize(
    ("other", "quantity", "reduce_only", "sent"),
    [
        ("0", "10", True, True),
        ("0", "10", False, False),
        ("-4", "6", True, True),
        ("-4", "7", True, False),
        ("-10", "1", True, False),
        ("-15", "1", True, False),
        ("15", "10", True, True),
    ],
)
def test_an_order_is_sent_as_reduce_only_where_the_net_agrees(
    other: str, quantity: str, *, reduce_only: bool, sent: bool
) -> None:
    account, signed = Account().holding("a", "10"), Decimal(other)
    if signed:
        account.ledger.book(fill(terms(Side.BUY if signed > 0 else Side.SELL, str(abs(signed)), strategy="b")))
    order = msgspec.structs.replace(terms(Side.SELL, quantity), reduce_only=reduce_only)
    assert account.refusal(order) is None
    assert account.gate.sent_as_reduce_only(order) is sent


@pytest.mark.parametrize(
    ("loose", "order", "sentence"),
    [
        ("-10", terms(Side.SELL, "1"), "unallocated holds -10 AAA against the 10 of a: {} 10"),
        ("-25", terms(Side.SELL, "1"), "unallocated holds -25 AAA against the 10 of a: {} 10"),
        ("-4", terms(Side.SELL, "7"), "unallocated holds -4 AAA against the 10 of a: {} 4"),
        ("-4", terms(Side.SELL, "6"), None),
        ("-0.5", terms(Side.SELL, "10"), None),
        ("4", terms(Side.SELL, "10"), None),
        ("-4", terms(Side.BUY, "3"), None),
        ("-4", terms(Side.BUY, "3", strategy="b"), None),
    ],
)
def test_what_the_account_has_no_more_is_not_closed_again(loose: str, order: OrderTerms, sentence: str | None) -> None:
    """As after a liquidation, which `unallocated` has, while the book of who held it shows it still."""
    account, signed = Account().holding("a", "10"), Decimal(loose)
    account.ledger.book(fill(terms(Side.BUY if signed > 0 else Side.SELL, str(abs(signed)), strategy="unallocated")))
    move = "move them together first, bulkhead account transfer --from a --to unallocated --symbol AAA"
    expected = Refusal("unallocated_against", sentence.format(move)) if sentence else None
    assert account.refusal(order) == expected


def test_numbers_that_are_none_are_refused_also_while_halted() -> None:
    account = Account()
    account.restrict("a", "b")
    refusal = account.refusal(terms(Side.SELL, "NaN"))
    assert refusal == Refusal("bad_quantity", "quantity NaN is not above zero")


def test_a_halted_account_lets_pass_the_exits_of_what_works_and_amendments_of_what_reduces() -> None:
    entry = terms(limit="90")
    stop = msgspec.structs.replace(terms(Side.SELL, n=2, limit="120"), parent_id="a-1")
    account = Account().working(entry)
    account.restrict("a", "b")
    assert account.refusal(stop) is None
    account.working(stop)
    assert account.amend_refusal(stop, limit_price="130") is None
    refusal = account.amend_refusal(entry, limit_price="91")
    assert refusal is not None
    assert refusal.code == "halted"


# What the market does not offer.

PLAIN = Capabilities(
    order_types=frozenset({OrderType.MARKET, OrderType.LIMIT}), times_in_force=frozenset({TimeInForce.GTC})
)


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (
            msgspec.structs.replace(terms(), type=OrderType.STOP, stop_price=Decimal(90)),
            "unsupported_order_type",
        ),
        (msgspec.structs.replace(terms(), time_in_force=TimeInForce.DAY), "unsupported_time_in_force"),
        (msgspec.structs.replace(terms(limit="90"), post_only=True), "unsupported_option"),
    ],
)
def test_what_the_market_does_not_offer_is_refused_before_it_is_sent(order: OrderTerms, code: str) -> None:
    refusal = Account(capabilities=PLAIN).refusal(order)
    assert refusal is not None
    assert refusal.code == code
    assert Account().refusal(order) is None


def test_amendments_are_refused_where_the_market_does_not_know_them() -> None:
    order = terms(limit="90")
    refusal = Account(capabilities=PLAIN).working(order).amend_refusal(order, limit_price="91")
    assert refusal is not None
    assert (refusal.code, AMEND in refusal.reason) == ("unsupported_option", True)
    assert Account().working(order).amend_refusal(order, limit_price="91") is None


# Amendments and orders that hang together.


@pytest.mark.parametrize(
    ("quantity", "price", "code"),
    [
        ("20", "90", None),
        ("21", "90", "max_position_quantity"),
        ("10", "90", "bad_combination"),
        ("15", "90.001", "bad_price"),
        ("11", "500", "insufficient_cash"),
        ("20", "100", "account_max_order_notional"),
    ],
)
def test_an_amendment_is_looked_at_like_an_order(quantity: str, price: str, code: str | None) -> None:
    order = terms(limit="90")
    account = Account(limit(max_order_notional="1900"), of_a=RiskLimits(max_position_quantity=Decimal(20))).working(
        order
    )
    refusal = account.amend_refusal(order, quantity=quantity, limit_price=price)
    assert (refusal and refusal.code) == code


def test_a_child_that_changes_what_cannot_be_changed_is_refused() -> None:
    order = terms(limit="90")
    sold = msgspec.structs.replace(order, side=Side.SELL)
    refusal = Account().working(order).amend_refusal(sold)
    assert refusal is not None
    assert refusal.code == "bad_combination"


def test_an_exit_of_what_the_gate_has_refused_is_refused() -> None:
    account = Account()
    account.orders["a"].add(terms(quantity="1000"))  # refused before it was one
    exit_ = msgspec.structs.replace(terms(Side.SELL, n=2, limit="120"), parent_id="a-1")
    assert account.refusal(exit_) == Refusal("parent_ended", "order a-1, its parent, is over and has filled nothing")


def test_an_exit_counts_for_the_account_no_more_than_for_its_container() -> None:
    account = Account(limit(max_position_quantity="10")).working(terms(limit="90"))
    assert account.refusal(msgspec.structs.replace(terms(Side.SELL, n=2, limit="120"), parent_id="a-1")) is None


# Restrictions, data, and orders of which nobody knows what became.


def test_under_a_restriction_of_its_own_a_container_may_reduce_though_the_account_s_net_is_against_it() -> None:
    account = Account().holding("a", "10")
    account.ledger.book(fill(terms(Side.SELL, "15", strategy="b")))
    account.restrict("a", of_account=False)
    assert account.refusal(terms(Side.SELL, "10")) is None
    assert account.refusal(terms()) == Refusal(
        "halted", "trading is halted (told by an operator); only orders that reduce a position pass"
    )
    assert account.refusal(terms(strategy="b", quantity="1")) is None, "others trade on"
    account.restrict("a", of_account=True)
    refusal = account.refusal(terms(Side.SELL, "10"))
    assert refusal is not None
    assert refusal.code == "halted_net"


def test_upon_data_that_cannot_be_trusted_only_reductions_pass() -> None:
    account = Account().holding("a", "10")
    stale = account.untrusted["AAA"] = Refusal("feed_stale", "AAA is stale; only orders that reduce a position pass")
    assert account.refusal(terms()) == account.refusal(terms(limit="90")) == stale
    assert account.refusal(terms(symbol="BBB")) is None
    assert account.refusal(terms(Side.SELL, "10")) is None
    account.working(terms(limit="90", n=2))
    assert account.amend_refusal(terms(limit="90", n=2), limit_price="91") == stale


def lost(account: Account, order: OrderTerms, code: str = "") -> None:
    account.working(order)
    kept = account.orders[order.strategy].get(order.order_id)
    assert kept is not None
    account.orders[order.strategy].change(kept, OrderChange.LOSE, 2)
    kept.code = code


def test_a_container_with_a_quarantined_order_may_only_reduce() -> None:
    account = Account().holding("a", "10")
    lost(account, terms(limit="90", n=3))
    assert account.refusal(terms(limit="91")) is None, "what is merely unknown counts, and that is all"
    lost(account, terms(limit="89", n=4), "quarantined")
    why = "a-4 is quarantined, as nobody knows what became of it"
    assert account.refusal(terms(limit="91")) == Refusal(
        "quarantined", f"{why}; only orders of a that reduce a position pass"
    )
    assert account.refusal(terms(Side.SELL, "10")) is None
    assert account.refusal(terms(strategy="b")) is None, "others trade on"
    account.orders["a"].apply(report(terms(limit="89", n=4), ReportKind.CANCELLED))
    assert account.refusal(terms(limit="91")) is None


def test_the_quarantined_is_so_though_it_is_to_be_cancelled_meanwhile() -> None:
    account = Account()
    lost(account, terms(limit="89", n=4), "quarantined")
    order = account.orders["a"].get("a-4")
    assert order is not None
    account.orders["a"].change(order, OrderChange.REQUEST_CANCEL, 3)
    refusal = account.refusal(terms(limit="91"))
    assert refusal is not None
    assert refusal.code == "quarantined"


# Limits of time and of losses, of the container and of the account.


def test_the_account_s_rate_is_of_all_containers_together() -> None:
    account = Account(RiskLimits(max_orders_per_second=2), of_a=RiskLimits(max_orders_per_second=1))
    account.gate.now_ns = SECOND
    account.gate.note(terms())
    refusal = account.refusal(terms(n=2))
    assert refusal is not None
    assert refusal.code == "max_orders_per_second"
    account.gate.note(terms(strategy="b"))
    assert account.refusal(terms(n=2, strategy="b")) == Refusal(
        "account_max_orders_per_second",
        "for the account, 3 orders within a second would be above the limit of 2 (max_orders_per_second)",
    )
    account.gate.now_ns = 2 * SECOND
    assert account.refusal(terms(n=2)) is None


@pytest.mark.parametrize(
    ("limits", "code", "reason"),
    [
        (
            RiskLimits(restricted_symbols=("AAA",)),
            "account_restricted_symbols",
            "for the account, AAA is restricted (restricted_symbols)",
        ),
        (limit(price_collar_percent="1"), "account_price_collar_percent", "for the account, limit price 102 is above"),
        (limit(max_heat_notional="500"), "account_max_heat_notional", "for the account, 1020 would be above the limit"),
    ],
)
def test_each_limit_of_the_account_says_that_it_is(limits: RiskLimits, code: str, reason: str) -> None:
    refusal = Account(limits).refusal(terms(limit="102"))
    assert refusal is not None
    assert (refusal.code, refusal.reason.replace(".00", "").startswith(reason)) == (code, True), refusal


def test_a_duplicate_is_one_of_the_same_container() -> None:
    account = Account(RiskLimits(duplicate_window_ns=SECOND))
    account.gate.note(terms())
    refusal = account.refusal(terms(n=2))
    assert refusal is not None
    assert refusal.code == "account_duplicate"
    assert account.refusal(terms(strategy="b")) is None


def test_what_all_have_lost_today_is_held_against_the_account() -> None:
    account = Account(limit(max_daily_loss_notional="700"), of_a=limit(max_daily_loss_notional="500"))
    assert account.gate.day_ends_ns == 0
    account.gate.begin_day(SECOND)
    assert account.gate.day_ends_ns == DAY
    account.holding("a", "40").holding("b", "40")
    account.ledger.mark("AAA", 92.0)
    assert account.refusal(terms(strategy="b")) is None
    account.ledger.mark("AAA", 91.0)
    assert account.refusal(terms(strategy="b")) == Refusal(
        "account_max_daily_loss_notional",
        "for the account, 720.00 USD lost today is above the limit of 700 (max_daily_loss_notional)",
    )
    account.ledger.mark("AAA", 87.0)
    refusal = account.refusal(terms())
    assert refusal is not None
    assert refusal.code == "max_daily_loss_notional"
    assert account.refusal(terms(Side.SELL, "40")) is None


def test_the_account_s_drawdown_is_from_the_peak_of_the_sum() -> None:
    account = Account(limit(max_drawdown_share="0.05")).holding("a", "40")
    assert account.gate.follows_worth
    account.ledger.mark("AAA", 125.0)
    account.gate.note_worth()
    account.ledger.mark("AAA", 110.0)
    assert account.refusal(terms(strategy="b")) is None, "12,000 to 11,400"
    account.ledger.mark("AAA", 109.0)
    assert account.refusal(terms(strategy="b")) == Refusal(
        "account_max_drawdown_share",
        "for the account, 640.00 USD below the peak of 12000.00 is above the limit of 600.0000 (max_drawdown_share)",
    )


def test_a_gate_without_such_limits_keeps_nothing_and_asks_for_no_day() -> None:
    account = Account(limit(max_order_notional="100"))
    account.gate.note(terms())
    assert account.gate.day_ends_ns == LAST_NS
    assert not account.gate.follows_worth
    assert account.gate.state() == {"account": {}, "strategies": {}, "peak": None}


def test_what_the_gate_remembers_it_remembers_over_a_restart() -> None:
    limits = RiskLimits(
        max_orders_per_second=1,
        duplicate_window_ns=SECOND,
        max_daily_loss_notional=Decimal(700),
        max_drawdown_share=Decimal("0.05"),
    )
    before, after = (Account(limits, of_a=limits).holding("a", "40") for _ in range(2))
    before.gate.begin_day(SECOND)
    before.gate.now_ns = SECOND
    before.gate.note(terms())
    before.ledger.mark("AAA", 125.0)
    before.gate.note_worth()
    after.ledger.mark("AAA", 125.0)
    after.gate.restore(through_msgpack(before.gate.state()))
    assert after.gate.state() == before.gate.state()
    assert after.gate.day_ends_ns == before.gate.day_ends_ns == DAY
    for account in (before, after):
        account.gate.now_ns = SECOND + 1
        for book in account.ledger.all_books():
            book.mark("AAA", 80.0)
    for order in (terms(), terms(n=2), terms(limit="90", n=3), terms(strategy="b")):
        refusal = after.refusal(order)
        assert refusal is not None
        assert refusal == before.refusal(order)


def test_limits_that_are_new_after_a_restart_remember_nothing() -> None:
    before = Account()
    after = Account(limit(max_drawdown_share="0.5", max_daily_loss_notional="5"))
    after.gate.restore(through_msgpack(before.gate.state()))
    assert after.gate.day_ends_ns == 0
    assert after.refusal(terms()) is None
