"""What was lost since the day began and from the peak, in money worked out by hand."""

from collections.abc import Mapping
from decimal import Decimal

import pytest

from tests.builders import fill, terms
from tests.market_builders import USD, through_msgpack
from tests.unit.test_admission import INSTRUMENTS, PRICES
from trading.appraiser import Appraiser
from trading.holdings import ContainerHoldings
from trading.limiter import Limiter
from trading.limits import RiskLimits
from trading.losses import NO_DAY, DayWatch, PeakWatch, drawdown
from trading.order_manager import OrderManager
from trading.orders import OrderTerms, Side
from trading.portfolio import VirtualPortfolio
from trading.postings import Posting, PostingKind
from trading.refusals import Refusal
from trading.timestamps import DAY

BUY, SELL = Side.BUY, Side.SELL
NOON = DAY // 2


class Purse:
    """A book of 10,000 USD with limits on what it may lose; prices are set by the test."""

    def __init__(self, limits: RiskLimits | None = None, capital: Mapping[str, str] | None = None) -> None:
        self.prices = dict(PRICES)
        amounts = {code: Decimal(amount) for code, amount in (capital or {"USD": "10000"}).items()}
        self.portfolio = VirtualPortfolio("a", amounts, INSTRUMENTS)
        self.appraiser = Appraiser(INSTRUMENTS, self.prices.get)
        self.limiter = Limiter(
            limits or RiskLimits(max_daily_loss_notional=Decimal(500)),
            holdings=ContainerHoldings(self.portfolio, OrderManager("a"), INSTRUMENTS),
            appraiser=self.appraiser,
            books=lambda: (self.portfolio,),
            peaks=lambda: self.portfolio.peak_equity,
        )

    def day(self, number: int) -> "Purse":
        """That day begins, before anything of it."""
        self.limiter.begin_day(number * DAY + 1)
        return self

    def trade(self, quantity: str, at: str, symbol: str = "AAA") -> "Purse":
        signed = Decimal(quantity)
        order = terms(BUY if signed > 0 else SELL, str(abs(signed)), symbol=symbol)
        self.portfolio.book(fill(order, at=at, instrument=INSTRUMENTS[symbol]))
        return self.at(at, symbol)

    def at(self, price: str, symbol: str = "AAA") -> "Purse":
        self.prices[symbol] = Decimal(price)
        self.portfolio.mark(symbol, float(price))
        return self

    def post(self, kind: PostingKind, symbol: str = "", **cash: str) -> "Purse":
        amounts = {code: Decimal(amount) for code, amount in cash.items()}
        self.portfolio.post(Posting(event_id="e1", kind=kind, strategy="a", ts_ns=1, cash=amounts, symbol=symbol))
        return self

    def says(self, order: OrderTerms | None = None, at: int = NOON) -> str | None:
        refusal = self.limiter.refusal(order or terms(), at)
        return None if refusal is None else f"{refusal.code}: {refusal.reason}"


LOST = "max_daily_loss_notional: {} USD lost today is above the limit of 500 (max_daily_loss_notional)"


def test_entries_are_refused_once_the_day_has_lost_more_than_its_limit() -> None:
    purse = Purse().day(0).trade("100", "100").at("95")
    assert purse.says() is None, "500 is not above 500"
    assert purse.at("94.99").says() == LOST.format("501.00")
    assert purse.says(terms(SELL, "100")) is None, "what is held may be left"
    assert purse.says(terms(SELL, "101")) is not None
    assert purse.at("96").says() is None, "what came back is not lost"


def test_what_is_lost_for_good_is_lost_for_the_day() -> None:
    purse = Purse().day(0).trade("100", "100").trade("-100", "94")
    assert purse.says() == LOST.format("600.00")
    assert purse.day(1).says(at=DAY + 2) is None


def test_the_night_s_gap_is_of_the_day_that_begins_with_it() -> None:
    purse = Purse().day(0).trade("100", "100").at("98")
    assert purse.says() is None
    purse.day(1).at("92")
    assert purse.says(at=DAY + 2) == LOST.format("600.00")


def test_midnight_is_of_the_day_that_ends_with_it() -> None:
    purse = Purse().day(0).trade("100", "100").trade("-100", "94")
    assert purse.says(at=DAY) == LOST.format("600.00")
    assert purse.says(at=DAY + 1) is None, "asked first, the day begins with the question"


def test_a_day_begins_once() -> None:
    purse = Purse().day(0).trade("100", "100").at("94")
    purse.limiter.begin_day(NOON)
    assert purse.says() is not None
    assert purse.limiter.day_ends_ns == DAY


def test_money_paid_in_or_changed_is_neither_gained_nor_lost() -> None:
    purse = Purse().day(0).trade("100", "100").at("94")
    purse.post(PostingKind.WITHDRAWAL, USD="-3000").post(PostingKind.DEPOSIT, USD="1000")
    assert purse.says() == LOST.format("600.00")
    purse.at("100").post(PostingKind.CONVERSION, USD="-4000", EUR="1000")
    assert purse.says() is None
    purse.post(PostingKind.BORROW, "AAA", USD="-501")
    assert purse.says() == LOST.format("501.00")


def test_the_limit_may_be_a_share_of_what_the_day_began_with() -> None:
    purse = Purse(RiskLimits(max_daily_loss_equity_share=Decimal("0.05")))
    purse.day(0).trade("100", "100").at("94")
    name = "max_daily_loss_equity_share"
    assert purse.says() == f"{name}: 600.00 USD lost today is above the limit of 500.00 ({name})"
    purse.post(PostingKind.DEPOSIT, USD="2000")
    assert purse.says() is None, "12,000 were there in all"
    purse.day(1).at("88")
    assert purse.says(at=DAY + 2) == f"{name}: 600.00 USD lost today is above the limit of 570.0000 ({name})"


def test_what_is_lost_in_another_currency_is_converted() -> None:
    purse = Purse(capital={"USD": "10000", "EUR": "1000"}).day(0).trade("50", "10", "EEE").at("7", "EEE")
    assert purse.says() == LOST.format("600.00"), "150 EUR of 4 USD"
    assert purse.trade("10", "100").at("110").says() is None, "and 100 USD were gained"


@pytest.mark.parametrize("limit", ["max_daily_loss_notional", "max_daily_loss_equity_share", "max_drawdown_share"])
def test_what_cannot_be_converted_is_no_entry(limit: str) -> None:
    limits = RiskLimits(**{limit: Decimal("0.1")})  # type: ignore[arg-type]
    purse = Purse(limits, capital={"USD": "10000", "EUR": "1000"})
    purse.day(0).trade("50", "10", "EEE").at("9", "EEE")
    del purse.prices["EURUSD"]
    said = purse.says()
    assert said is not None
    assert said.startswith("no_rate: no rate from EUR to USD")


# Drawdown.


def test_entries_are_refused_once_equity_is_too_far_below_its_peak() -> None:
    purse = Purse(RiskLimits(max_drawdown_share=Decimal("0.1"))).trade("100", "100").at("120")
    assert purse.at("108").says() is None, "10,800 is a tenth below 12,000"
    assert purse.at("107.99").says() == (
        "max_drawdown_share: 1201.00 USD below the peak of 12000.00 is above the limit of 1200.000 (max_drawdown_share)"
    )
    assert purse.says(terms(SELL, "100")) is None
    assert purse.day(5).says(at=5 * DAY + 2) is not None, "a peak is not of a day"
    assert purse.at("109").says() is None


def test_what_was_paid_out_leaves_the_peak_where_it_is_beside_it() -> None:
    purse = Purse(RiskLimits(max_drawdown_share=Decimal("0.1"))).trade("100", "100").at("120")
    purse.post(PostingKind.WITHDRAWAL, USD="-6000")
    assert purse.says() is None


def test_peaks_of_several_currencies_are_added_up_so_that_none_hides_another_s() -> None:
    purse = Purse(capital={"USD": "10000", "EUR": "1000"})
    purse.trade("50", "10", "EEE").at("8", "EEE")
    books = (purse.portfolio,)
    assert drawdown({"USD": 10_000.0, "EUR": 1_000.0}, books, USD, purse.appraiser) == money(400, 14_000)
    purse.trade("10", "100").at("140")
    assert drawdown(purse.portfolio.peak_equity, books, USD, purse.appraiser) == money(400, 14_400)


# Of several books.


def money(*amounts: int) -> tuple[Decimal, ...]:
    return tuple(Decimal(amount) for amount in amounts)


class Pair:
    """Two books of 10,000 USD, taken together."""

    def __init__(self) -> None:
        self.books = [VirtualPortfolio(owner, {"USD": Decimal(10_000)}, INSTRUMENTS) for owner in ("a", "b")]
        self.appraiser = Appraiser(INSTRUMENTS, PRICES.get)
        for book, symbol in zip(self.books, ("AAA", "BBB"), strict=True):
            order = terms(quantity="100", symbol=symbol)
            book.book(fill(order, at=str(PRICES[symbol]), instrument=INSTRUMENTS[symbol]))

    def at(self, aaa: float, bbb: float) -> "Pair":
        for book, symbol, price in zip(self.books, ("AAA", "BBB"), (aaa, bbb), strict=True):
            book.mark(symbol, price)
        return self


def test_the_peak_of_several_books_is_of_their_sum() -> None:
    pair = Pair()
    peak = PeakWatch(lambda: pair.books)
    for aaa, bbb in ((110.0, 45.0), (95.0, 57.0), (90.0, 50.0)):
        pair.at(aaa, bbb)
        peak.note()
    assert peak.peaks() == {"USD": 20_500.0}
    assert drawdown(peak.peaks(), pair.books, USD, pair.appraiser) == money(1_500, 20_500)
    assert [book.peak_equity["USD"] for book in pair.books] == [11_000.0, 10_700.0]


def test_a_restart_remembers_what_the_day_began_with_and_the_peak() -> None:
    pair = Pair()
    day, peak = DayWatch(lambda: pair.books), PeakWatch(lambda: pair.books)
    day.begin_day(NOON)
    pair.at(112.0, 50.0)
    peak.note()
    pair.at(90.0, 50.0)
    again, summit = DayWatch(lambda: pair.books), PeakWatch(lambda: pair.books)
    again.restore(through_msgpack(day.state()))
    summit.restore(through_msgpack(peak.state()))
    assert (again.state(), summit.state()) == (day.state(), peak.state())
    assert again.lost(USD, pair.appraiser) == 1_000
    assert summit.peaks() == {"USD": 21_200.0}


def test_a_book_that_is_taken_out_over_a_restart_takes_neither_loss_nor_peak_with_it() -> None:
    pair = Pair()
    day, peak = DayWatch(lambda: pair.books), PeakWatch(lambda: pair.books)
    day.begin_day(NOON)
    pair.at(112.0, 50.0)
    peak.note()
    a, b = pair.books
    a.book(fill(terms(SELL, "100"), at="96"))
    before = through_msgpack({"day": day.state(), "peak": peak.state()})
    b.endow(a.cash)  # what it has becomes capital of the other
    pair.books = [b]
    again, summit = DayWatch(lambda: pair.books), PeakWatch(lambda: pair.books)
    again.restore(before["day"])
    summit.restore(before["peak"])
    assert again.lost(USD, pair.appraiser) == 400
    assert again.opening(USD, pair.appraiser) == 20_000
    assert summit.peaks() == {"USD": 21_200.0}


def test_who_asks_for_no_day_has_none_that_ends() -> None:
    purse = Purse(RiskLimits(max_drawdown_share=Decimal("0.1")))
    assert purse.day(3).limiter.day_ends_ns == NO_DAY
    assert Purse().limiter.day_ends_ns == 0, "the first day is due at once"


def test_a_loss_that_cannot_be_told_is_said() -> None:
    pair = Pair()
    day = DayWatch(lambda: pair.books)
    order = terms(quantity="5", symbol="EEE")
    pair.books[0].book(fill(order, at="10", fee="1", instrument=INSTRUMENTS["EEE"]))
    assert day.lost(USD, pair.appraiser) == 4, "1 EUR"
    assert day.lost(USD, Appraiser(INSTRUMENTS, lambda _: None)) == Refusal(
        "no_rate", "no rate from EUR to USD: no price of EURUSD has been heard yet; subscribe to it"
    )
