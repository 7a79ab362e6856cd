"""Performance of strategies and account, from the tables of the projection and what the books are worth now.

All of it is reckoned in the projector's thread; only a `Standing` is taken on the loop. `docs/performance.md` tells
the rules.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from heapq import merge
from operator import attrgetter
from typing import Final

import msgspec

from daemon.api.performance_views import PerformanceRow
from daemon.equity_history import Change, Part, Point, Track, begun
from daemon.journal.projection import Projection
from daemon.journal.rows import FillRow, PostingRow, ValuationRow
from daemon.standing import Standing
from trading.account.ledger import UNALLOCATED
from trading.instruments import Instrument, InstrumentKind
from trading.money import EXACT, ZERO
from trading.portfolio import CAPITAL
from trading.postings import PostingKind
from trading.statistics import Conventions, Flow, Returns, RoundTrip, RoundTrips, TrackRecord, performance_of, sharpe

ACCOUNT: Final = ""
"""The account as a whole among the owners of books."""

DAYS_OF_CRYPTO: Final = 365.0

MONTH_OF_RETURNS: Final = 30
"""Of days: of fewer nobody can tell what a year would bring."""

_ACROSS: Final = (PostingKind.DEPOSIT, PostingKind.WITHDRAWAL)
_ALWAYS_OPEN: Final = (InstrumentKind.CRYPTO, InstrumentKind.PERPETUAL)


class Tally(msgspec.Struct):
    """What is added up for one owner over the time asked for, 0 from its beginning; flows are of all time."""

    since_ns: int
    changes: list[Change] = []
    fills: int = 0
    fees: dict[str, Decimal] = {}
    traded: dict[str, Decimal] = {}
    income: dict[PostingKind, dict[str, Decimal]] = {}
    trips: list[RoundTrip] = []


class Reckoning:
    """The rows of a performance. `only` limits what is added up to one strategy, and what it is held against."""

    def __init__(
        self, projection: Projection, standing: Standing, since_ns: int | None = None, only: str | None = None
    ) -> None:
        self._standing = standing
        self._periods = _days_of_a_year(standing.instruments.values())
        points = self._points_of(projection.valuations())
        wanted = [ACCOUNT, *(standing.capital if only is None else (only,))]
        self._begun = {owner: self._begin(owner, points.get(owner, ())) for owner in wanted}
        self._tallies = {owner: Tally(self._begin_of(owner, since_ns)) for owner in wanted}
        self._add_up(projection, only)
        self._tracks = {owner: self._track(owner) for owner in wanted}
        account = self._tracks[ACCOUNT].since(self._tallies[ACCOUNT].since_ns)
        self._benchmark = None if account is None else _days(account)

    def since_ns(self, owner: str = ACCOUNT) -> int:
        """When the time asked for begins: with the last valuation at or before what was asked."""
        return max(self._tallies[owner].since_ns, self.start_ns(owner))

    def start_ns(self, owner: str) -> int:
        """When an owner began: when it was first valued, or before that with the feed."""
        return self._begun[owner][0].ts_ns

    def sharpe_of_all(self, owner: str) -> float | None:
        """The Sharpe ratio of all days, whatever was asked for."""
        whole = self._tracks[owner].since(0)
        return None if whole is None else sharpe(_days(whole).values, periods_per_year=self._periods)

    @property
    def days_of_a_year(self) -> float:
        """What ratios are reckoned by."""
        return self._periods

    def flows(self, owner: str = ACCOUNT) -> Sequence[Flow]:
        """What cuts one owner's curve, by time; nothing where it cannot be valued."""
        part = self._tracks[owner].since(0)
        return () if part is None else part.flows

    def trips(self, owner: str = ACCOUNT) -> Sequence[RoundTrip]:
        """One owner's round trips, by when they ended."""
        return self._tallies[owner].trips

    def row(self, owner: str = ACCOUNT) -> PerformanceRow:
        """One owner's figures."""
        standing, tally, track = self._standing, self._tallies[owner], self._tracks[owner]
        part = track.since(tally.since_ns)
        traded = standing.worth(tally.traded)
        convertible = all(_codes(trip) <= standing.rates.keys() for trip in tally.trips)
        found = performance_of(
            TrackRecord(
                currency=standing.currency.code,
                samples=() if part is None else part.samples,
                flows=() if part is None else part.flows,
                trips=tally.trips if convertible else (),
                traded=traded or ZERO,
                rates=standing.rates,
            ),
            Conventions(periods_per_year=self._periods),
            self._against(owner),
        )
        tells_of_a_year = part is not None and len(_days(part).values) >= MONTH_OF_RETURNS
        income = {kind: standing.worth(tally.income.get(kind, {})) for kind in PostingKind}
        return PerformanceRow(
            capital=track.capital,
            equity=track.equity,
            net_profit=None if part is None else part.net_profit,
            total_return=found.total_return,
            cagr=found.cagr if tells_of_a_year else None,
            volatility=found.volatility,
            sharpe=found.sharpe,
            sortino=found.sortino,
            calmar=found.calmar if tells_of_a_year else None,
            max_drawdown=found.max_drawdown,
            max_drawdown_days=found.max_drawdown_length,
            value_at_risk=found.value_at_risk,
            alpha=found.alpha,
            beta=found.beta,
            fills=tally.fills,
            trades=len(tally.trips),
            win_rate=found.win_rate,
            profit_factor=found.profit_factor,
            expectancy=self._money(found.expectancy),
            exposure=found.exposure,
            turnover=None if traded is None else found.turnover,
            fees=standing.worth(tally.fees),
            dividends=income[PostingKind.DIVIDEND],
            funding=income[PostingKind.FUNDING],
            swap=income[PostingKind.SWAP],
            borrow=income[PostingKind.BORROW],
            interest=income[PostingKind.INTEREST],
        )

    # Within.

    def _against(self, owner: str) -> Returns | None:
        return None if owner == ACCOUNT else self._benchmark

    def _money(self, amount: float | None) -> Decimal | None:
        return None if amount is None else self._standing.currency.rounded(Decimal(repr(amount)))

    def _points_of(self, rows: Sequence[ValuationRow]) -> dict[str, list[Point]]:
        """What each owner's book was worth, and all of them together, by the journal's order."""
        points: dict[str, list[Point]] = {}
        for row in rows:
            if row.sequence > self._standing.sequence:
                break
            point = Point(row.sequence, row.ts_ns, row.equity, row.exposure)
            points.setdefault(row.owner, []).append(point)
            together = points.setdefault(ACCOUNT, [])
            if together and together[-1].sequence == row.sequence:
                together[-1] = together[-1].plus(point)
            else:
                together.append(point)
        return points

    def _begin(self, owner: str, points: Sequence[Point]) -> list[Point]:
        standing = self._standing
        given = standing.cash if owner == ACCOUNT else standing.capital[owner]
        start_ns = points[0].ts_ns if points else standing.start_ns
        needs_no_rate = all(code == standing.currency.code for code, amount in given.items() if amount)
        return begun(points, Point(0, start_ns, standing.worth(given), ZERO), is_certain=needs_no_rate)

    def _begin_of(self, owner: str, since_ns: int | None) -> int:
        if since_ns is None or since_ns <= self.start_ns(owner):
            return 0
        return max(point.ts_ns for point in self._begun[owner] if point.ts_ns <= since_ns)

    def _track(self, owner: str) -> Track:
        standing = self._standing
        if owner == ACCOUNT:
            now = Point.sum_of(standing.values.values(), standing.sequence, standing.now_ns)
        else:
            value = standing.values[owner]
            now = Point(standing.sequence, standing.now_ns, value.equity, value.exposure)
        return Track([*self._begun[owner], now], self._tallies[owner].changes)

    def _add_up(self, projection: Projection, only: str | None) -> None:
        open_lots = RoundTrips()
        books = (None,) if only is None else (only, UNALLOCATED)  # what is paid in or out is unallocated
        postings = (projection.all_postings(strategy=book) for book in books)
        rows: Iterable[FillRow | PostingRow] = merge(
            projection.all_fills(strategy=only), *postings, key=attrgetter("sequence")
        )
        for row in rows:
            if row.sequence > self._standing.sequence:
                return
            owner, ts_ns = _whose(row)
            trips = [] if owner == UNALLOCATED else self._closed_by(row, open_lots)
            for tally in filter(None, (self._tallies.get(owner), self._tallies[ACCOUNT])):
                tally.trips += (trip for trip in trips if trip.exit_ts_ns >= tally.since_ns)
                if isinstance(row, PostingRow):
                    self._note_posting(tally, row, of_account=tally is self._tallies[ACCOUNT])
                elif ts_ns >= tally.since_ns:
                    _note_fill(tally, row)

    def _closed_by(self, row: FillRow | PostingRow, open_lots: RoundTrips) -> list[RoundTrip]:
        instruments = self._standing.instruments
        if isinstance(row, FillRow):
            return open_lots.book(row.fill, instruments[row.fill.symbol])
        if not row.posting.symbol:
            return []
        return open_lots.post(row.posting, instruments[row.posting.symbol])

    def _note_posting(self, tally: Tally, row: PostingRow, *, of_account: bool) -> None:
        posting = row.posting
        if posting.kind in CAPITAL:
            if not posting.symbol and (posting.kind in _ACROSS or not of_account):
                amount = self._standing.worth(posting.cash)
                tally.changes.append(Change(row.sequence, posting.ts_ns, amount))
        elif posting.ts_ns >= tally.since_ns:
            added = tally.income.setdefault(posting.kind, {})
            for code, amount in posting.cash.items():
                added[code] = EXACT.add(added.get(code, ZERO), amount)


def _note_fill(tally: Tally, row: FillRow) -> None:
    fill = row.fill
    tally.fills += 1
    tally.fees[fill.fee_currency] = EXACT.add(tally.fees.get(fill.fee_currency, ZERO), fill.fee)
    if not fill.reverses:
        so_far = tally.traded.get(fill.currency, ZERO)
        tally.traded[fill.currency] = EXACT.add(so_far, fill.notional.copy_abs())


def _whose(row: FillRow | PostingRow) -> tuple[str, int]:
    told = row.fill if isinstance(row, FillRow) else row.posting
    return told.strategy, told.ts_ns


def _days(part: Part) -> Returns:
    return part.curve().daily().returns()


def _codes(trip: RoundTrip) -> set[str]:
    return {trip.currency, *trip.other_fees}


def _days_of_a_year(instruments: Iterable[Instrument]) -> float:
    """Of an exchange, unless nothing but what is always traded is."""
    always = all(instrument.kind in _ALWAYS_OPEN for instrument in instruments)
    return DAYS_OF_CRYPTO if always else Conventions().periods_per_year
