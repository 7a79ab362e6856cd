"""Says what happened, once it is committed: a line for each fill, trip and refusal, for what befell the account and the
books, and for what an operator did; and the API's event stream."""

import logging
from collections.abc import Callable

from daemon.api.account_views import PostingView
from daemon.api.stream import Booked, EventStream, Filled, Operated, OrderChanged
from daemon.api.views import FillView, OrderView
from daemon.journal.records import Entry
from daemon.journal.steps import StepGatherer
from daemon.watch.logs import breaker_line, fill_line, operation_line, posting_line
from trading.account.breaker_states import BreakerState
from trading.account.records import BreakerChanged, Noted, Operation, Posted, Reported
from trading.commands import RefusedOrder, Trip
from trading.orders import Order
from trading.postings import ForeignFill, Liquidation, MarginCall, Posting, PostingKind
from trading.reports import ExecutionReport, Fill, ReportKind
from trading.timestamps import iso

log = logging.getLogger(__name__)

_LEVELS = {PostingKind.MARGIN_CALL: logging.WARNING, PostingKind.LIQUIDATION: logging.ERROR}
"""Of what a strategy is told of its book; the rest is daily business."""

_MOVES = ("move_cash", "transfer", "adopt", "cancel_order", "reconcile")
"""Operations that are daily business too."""


class Announcer:
    """Hears the journal's safe entries. `order_of` finds an order as it stands, by strategy and id, `currency_of` what
    currency a symbol is priced in."""

    def __init__(
        self,
        stream: EventStream,
        order_of: Callable[[str, str], Order | None],
        currency_of: Callable[[str], str],
    ) -> None:
        self._stream = stream
        self._order_of = order_of
        self._currency_of = currency_of
        self._gatherer = StepGatherer()
        self._refused_for: dict[str, str] = {}

    def hear(self, entry: Entry) -> None:
        """Announce the steps that this entry completes."""
        for entries, committed in self._gatherer.take(entry):
            if committed:
                for one in entries:
                    self._announce(one)

    def _announce(self, entry: Entry) -> None:
        match entry.record:
            case Reported(report=report):
                if report.fill is not None:
                    self._say_traded(report, report.fill)
                if self._stream.heard and (order := self._order_of(report.strategy, report.order_id)) is not None:
                    self._stream.publish(OrderChanged(order=OrderView.of(order)))
            case RefusedOrder() as refused:
                self._say_once(refused)
            case Trip() as trip:
                log.error("tripped: %s\n%s", trip.reason, trip.traceback, extra={"strategy": trip.strategy})
            case Noted(note=Liquidation() as liquidation):
                log.error("liquidated: %s  (%s)", fill_line(liquidation.fill), liquidation.reason)
                self._stream.publish(Filled(fill=FillView.of(liquidation.fill)))
            case Noted(note=ForeignFill(fill=fill)):
                log.warning("no strategy's: %s", fill_line(fill))
                self._stream.publish(Filled(fill=FillView.of(fill)))
            case Noted(note=MarginCall() as call):
                log.warning("margin call: %s", call.reason)
            case Posted(posting=posting):
                self._say_posted(posting)
            case BreakerChanged() as changed:
                level = logging.ERROR if changed.after is BreakerState.OPEN else logging.WARNING
                log.log(level, "%s", breaker_line(changed))
            case Operation() as operation:
                log.log(
                    logging.INFO if operation.action in _MOVES else logging.WARNING, "%s", operation_line(operation)
                )
                self._stream.publish(
                    Operated(action=operation.action, ts=iso(operation.ts_ns), reason=operation.reason)
                )

    def _say_traded(self, report: ExecutionReport, fill: Fill) -> None:
        if report.kind is ReportKind.BUSTED:
            fill = fill.reversal(report.ts_ns)
            log.warning("annulled: %s", fill_line(fill), extra={"strategy": report.strategy})
        else:
            log.info("%s", fill_line(fill), extra={"strategy": report.strategy})
        self._stream.publish(Filled(fill=FillView.of(fill)))

    def _say_posted(self, posting: Posting) -> None:
        """What has no number is nobody's, and is told of only to who listens."""
        if posting.number:
            level = _LEVELS.get(posting.kind, logging.INFO)
            log.log(level, "%s", posting_line(posting), extra={"strategy": posting.strategy})
        if self._stream.heard:
            currency = self._currency_of(posting.symbol) if posting.symbol else ""
            self._stream.publish(Booked(posting=PostingView.of(posting, currency)))

    def _say_once(self, refused: RefusedOrder) -> None:
        """A strategy that asks for the same again and again is told of once; every refusal is among its orders."""
        again = self._refused_for.get(refused.strategy) == refused.code
        self._refused_for[refused.strategy] = refused.code
        log.log(
            logging.DEBUG if again else logging.INFO,
            "order refused: %s (%s)",
            refused.reason,
            refused.code,
            extra={"strategy": refused.strategy},
        )
