"""Laws of orders that hang together, and of orders that are given other terms, over any story."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from tests.market_builders import a_trade, buy, cancel, exit_of, sell, told
from tests.market_tales import (
    BEGIN_NS,
    SCARCE,
    Asked,
    Scope,
    Tale,
    a_tale,
    examples,
    played,
    reports_of,
    tales,
    tradable,
)
from trading.commands import WireAmend, WireCommand, WireSubmit
from trading.market import Effect
from trading.market_data import MarketEvent
from trading.money import ZERO
from trading.orders import OrderTerms
from trading.reports import ReportKind

EXITS = Scope(groups=False)
GROUPS = Scope(brackets=False, equal=True)
ENDS = (ReportKind.CANCELLED, ReportKind.EXPIRED, ReportKind.REJECTED)
OF_OTHERS = ("oco", "parent_ended")
"""Codes of what happens to an order because of another."""


ENTRY = buy("c1", "10", "100")
STOP_LOSS, PROFIT = (
    exit_of("c1", sell("c2", "10", stop="95"), "s-g1"),
    exit_of("c1", sell("c3", "5", "105"), "s-g1"),
)
AMENDED_AFTER_ITS_PARENT = a_tale(
    "trades",
    ENTRY,
    STOP_LOSS,
    a_trade(100.0, at=7_000, size=5.0),
    cancel("c1"),
    Asked("c2", STOP_LOSS.terms, {"quantity": Decimal(9)}),
    volume_share=Decimal(1),
)


class Heard:
    """What reports alone tell: by order id the terms, what has filled and how; which orders are over."""

    def __init__(self) -> None:
        self.terms: dict[str, OrderTerms] = {}
        self.filled: dict[str, Decimal] = defaultdict(Decimal)
        self.largest: dict[str, Decimal] = {}
        self.over: set[str] = set()
        self.groups_over: set[str | None] = set()

    def hear(self, happening: MarketEvent | WireCommand, effects: Iterable[Effect]) -> None:
        """Take up what came of a happening; no exit has traded more than its parent at any place of it."""
        if isinstance(happening, WireSubmit):
            self.terms[happening.terms.order_id] = happening.terms
            self.largest[happening.terms.order_id] = happening.terms.quantity
        for report in reports_of(effects):
            order_id = report.order_id
            if report.terms is not None:
                self.terms[order_id] = report.terms
                self.largest[order_id] = max(self.largest[order_id], report.terms.quantity)
            terms = self.terms[order_id]
            if report.fill is not None:
                self.filled[order_id] += report.fill.quantity
                assert order_id not in self.over
                assert self.filled[order_id] <= terms.quantity
                assert terms.parent_id is None or self.left(terms.parent_id) >= ZERO
            if report.kind in ENDS or self.filled[order_id] >= terms.quantity:
                self.over.add(order_id)
            if report.kind in ENDS[:2] and report.code not in OF_OTHERS:
                self.groups_over.add(terms.group_id)

    def left(self, parent_id: str) -> Decimal:
        """What an order has filled less what its exits have."""
        exits = (order_id for order_id, terms in self.terms.items() if terms.parent_id == parent_id)
        return self.filled[parent_id] - sum((self.filled[order_id] for order_id in exits), ZERO)


@examples(150)
@example(tale=AMENDED_AFTER_ITS_PARENT, short_sales=True)
@given(tale=tales(EXITS) | tales(msgspec.structs.replace(SCARCE, groups=False)), short_sales=st.booleans())
def test_exits_never_trade_more_than_their_parent_and_nothing_of_a_bracket_outlives_it(
    tale: Tale, short_sales: bool
) -> None:
    """What has come in and gone out by a bracket never crosses zero, whatever else is held."""
    market = tale.setting.market(holding="0" if short_sales else "100", cash="100000", short_sales=short_sales)
    heard = Heard()
    for happening, effects in played(market, tale.story):
        heard.hear(happening, effects)
        for order, units in tradable(market):
            if order.terms.parent_id is not None:
                left = heard.left(order.terms.parent_id)
                assert units <= left
                assert order.remaining <= left or order.terms.parent_id not in heard.over


@examples(250)
@given(tale=tales(GROUPS))
def test_of_orders_of_which_one_cancels_the_others_no_more_than_one_is_filled(tale: Tale) -> None:
    story = [one for one in tale.story if "quantity" not in getattr(one, "changes", {})]
    market, heard = tale.setting.market(cash="100000", holding="100"), Heard()
    for happening, effects in played(market, story):
        heard.hear(happening, effects)
        filled: dict[str, Decimal] = defaultdict(Decimal)
        for order_id, terms in heard.terms.items():
            if terms.group_id is not None:
                filled[terms.group_id] += heard.filled[order_id]
                assert filled[terms.group_id] <= heard.largest[order_id]
        assert not [order for order in market.working() if order.terms.group_id in heard.groups_over - {None}]


@examples(200)
@given(tale=tales())
def test_an_order_that_is_amended_is_one_order(tale: Tale) -> None:
    market, heard = tale.setting.market(), Heard()
    for happening, effects in played(market, tale.story):
        heard.hear(happening, effects)
        working = market.working()
        assert len({order.cid for order in working}) == len({order.terms.order_id for order in working}) == len(working)
        assert all(heard.filled[order_id] <= largest for order_id, largest in heard.largest.items())
        if isinstance(happening, WireAmend):
            kinds = [report.kind for report in reports_of(effects) if report.cid == happening.cid]
            assert kinds[0] in (ReportKind.REPLACED, ReportKind.REPLACE_REJECTED)
            assert kinds[0] is ReportKind.REPLACED or len(effects) == 1


@examples(200)
@given(tale=tales())
def test_an_order_that_works_is_not_taken_a_second_time_whatever_it_goes_by(tale: Tale) -> None:
    market = tale.setting.market()
    for _ in played(market, tale.story):
        pass
    before = [msgspec.structs.replace(order) for order in market.working()]
    for order in before:
        again = WireSubmit(cid=f"{order.cid}-again", terms=order.terms)
        assert [report.code for report in reports_of(market.on_command(again, BEGIN_NS))] == ["duplicate_id"]
    assert market.working() == before


def test_a_stop_loss_that_has_filled_a_part_goes_on_when_nothing_is_left_of_a_smaller_take_profit() -> None:
    fills = [a_trade(100.0, at=7_000, size=10.0), *(a_trade(95.0, at=at, size=5.0) for at in (7_060, 7_120))]
    tale = a_tale("trades", ENTRY, STOP_LOSS, PROFIT, *fills, volume_share=Decimal(1))
    market = tale.setting.market(holding="0")
    reports = [report for _, effects in played(market, tale.story) for report in reports_of(effects)]
    assert told(reports)[4:] == [
        "c2 triggered",
        "c2 filled 5 at 95 taker",
        "c3 cancelled oco",
        "c2 filled 5 at 95 taker",
    ]
