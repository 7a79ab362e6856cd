"""Reports of attempts, as the strategies that own them are told."""

from trading.orders import OrderTerms
from trading.reports import ExecutionReport, Origin, ReportKind
from trading.venue.attempts import Attempt
from trading.venue.evidence import Evidence, LocalDenial
from trading.venue.line import Line
from trading.venue.messages import VenueFill
from trading.venue.ownership import Ownership


class Reporter:
    """Makes reports; they are stamped with our own time."""

    def __init__(self, line: Line, ownership: Ownership) -> None:
        self._line = line
        self._ownership = ownership

    def report(
        self,
        attempt: Attempt,
        kind: ReportKind,
        *,
        fill: VenueFill | None = None,
        terms: OrderTerms | None = None,
        code: str = "",
        reason: str = "",
        evidence: Evidence | None = None,
    ) -> ExecutionReport:
        """What has become of an attempt; `fill` is booked to its strategy, or taken back from there."""
        owner = attempt.terms
        return ExecutionReport(
            order_id=owner.order_id,
            strategy=owner.strategy,
            kind=kind,
            ts_ns=self._line.now_ns,
            cid=attempt.cid,
            fill=None if fill is None else self._ownership.booked(fill, owner.strategy, owner.order_id),
            terms=terms,
            origin=Origin.GATE if isinstance(evidence, LocalDenial) else Origin.VENUE,
            code=code,
            reason=reason,
            evidence="" if evidence is None else evidence.citation,
        )
