"""The frames of a combined stream: what each becomes, and what is left out and counted."""

import logging

import pytest

from tests.live.frames import FrameReader, Told
from trading.market_data import Bar, Quote, Trade
from trading.sequencer import Offer
from trading.timestamps import MILLISECOND, MINUTE, SECOND

NOW_NS = 1_767_623_400 * SECOND
OFFERS = {"BTCUSDT": Offer(quotes=True, trades=True, bar_interval_ns=MINUTE), "ETHUSDT": Offer(trades=True)}

BOOK = '{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}'
BOOK_WITH_TIME = '{"e":"bookTicker","u":5,"s":"BTCUSDT","b":"61800.2","B":"2.5","a":"61800.3","A":"2","T":17,"E":18}'
TRADE = '{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3,"p":"61837.63","q":"0.02","T":1723161255342,"m":true}'
DEPTH = '{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","b":[["61738","0"]],"a":[]}}'
SNAPSHOT = '{"lastUpdateId":50093239218,"bids":[["61837.63","3.78"]],"asks":[]}'
ANSWER = '{"result":null,"id":1}'


def kline(begin_ms: int, *, complete: bool = True) -> str:
    prices = '"o":"10","c":"12","h":"13.5","l":"9","v":"1000"'
    end = f'"T":{begin_ms + 59_999},"i":"1m","x":{"true" if complete else "false"}'
    return f'{{"e":"kline","E":{begin_ms + 60_005},"s":"BTCUSDT","k":{{"t":{begin_ms},{prices},{end}}}}}'


def piece(stream: str, data: str) -> str:
    return f'{{"stream":"{stream}","data":{data}}}'


def read(*frames: str | bytes, reader: FrameReader | None = None) -> list[Told]:
    told: list[Told] = []
    reader = reader or FrameReader(OFFERS)
    for frame in frames:
        reader.read(
            frame.encode() if isinstance(frame, str) else frame,
            NOW_NS,
            lambda *event_and_time: told.append(event_and_time),
        )
    return told


def test_streams_are_those_of_the_data_that_is_offered() -> None:
    assert FrameReader(OFFERS).streams == [
        "btcusdt@bookTicker",
        "btcusdt@trade",
        "btcusdt@kline_1m",
        "ethusdt@trade",
    ]


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (piece("btcusdt@bookTicker", BOOK), (Quote("BTCUSDT", NOW_NS, 61837.63, 61837.64, 3.78826, 1.54698), 0)),
        (
            piece("btcusdt@bookTicker", BOOK_WITH_TIME),
            (Quote("BTCUSDT", NOW_NS, 61800.2, 61800.3, 2.5, 2.0), 17 * MILLISECOND),
        ),
        (
            piece("btcusdt@bookTicker", '{"b":"0","B":"0","a":"61837.64","A":"1"}'),
            (Quote("BTCUSDT", NOW_NS, 0.0, 61837.64, 0.0, 1.0), 0),
        ),
        (
            piece("btcusdt@trade", TRADE),
            (Trade("BTCUSDT", NOW_NS, 61837.63, 0.02), 1_723_161_255_342 * MILLISECOND),
        ),
        (
            piece("btcusdt@kline_1m", kline(1_723_161_240_000)),
            (
                Bar("BTCUSDT", 1_723_161_300 * SECOND, MINUTE, 10.0, 13.5, 9.0, 12.0, 1000.0),
                1_723_161_300_005 * MILLISECOND,
            ),
        ),
    ],
    ids=["spot quote", "quote with a time", "quote with an empty side", "trade", "bar"],
)
def test_a_frame_becomes_an_event_with_the_venues_time(frame: str, told: Told) -> None:
    assert read(frame) == [told]


def test_a_list_of_pieces_becomes_their_events_in_order() -> None:
    pieces = [piece("btcusdt@trade", TRADE), piece("btcusdt@bookTicker", BOOK), piece("ethusdt@trade", TRADE)]
    assert read(f"[{','.join(pieces)}]") == read(*pieces)
    assert [(type(event), event.symbol) for event, _ in read(*pieces)] == [
        (Trade, "BTCUSDT"),
        (Quote, "BTCUSDT"),
        (Trade, "ETHUSDT"),
    ]


def test_only_a_complete_bar_is_told_and_each_once() -> None:
    begin_ms = 1_723_161_240_000
    told = read(
        piece("btcusdt@kline_1m", kline(begin_ms, complete=False)),
        piece("btcusdt@kline_1m", kline(begin_ms)),
        piece("btcusdt@kline_1m", kline(begin_ms)),
        piece("btcusdt@kline_1m", kline(begin_ms - 60_000)),
        piece("btcusdt@kline_1m", kline(begin_ms + 60_000)),
    )
    assert [event.ts_ns for event, _ in told] == [1_723_161_300 * SECOND, 1_723_161_360 * SECOND]


STREAM = "frames that are no part of a combined stream"
PIECE = "pieces that do not fit their stream"
UNASKED = "pieces of streams that were not asked for"


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (b"", STREAM),
        (b"\xff\xfe\x00", STREAM),
        (b"null", STREAM),
        (b'{"stream":"btcusdt@trade","data":{"p":', STREAM),
        (b"[" * 100_000, STREAM),
        (b'{"stream":"btcusdt@trade","data":' + b"[" * 100_000, STREAM),
        (SNAPSHOT, STREAM),
        (ANSWER, STREAM),
        (DEPTH, UNASKED),
        (piece("ethusdt@bookTicker", BOOK), UNASKED),
        (piece("btcusdt@trade", "[]"), PIECE),
        (piece("btcusdt@trade", BOOK), PIECE),
        (piece("btcusdt@trade", '{"p":"0","q":"1","T":1}'), PIECE),
        (piece("btcusdt@trade", '{"p":"-5","q":"1","T":1}'), PIECE),
        (piece("btcusdt@trade", '{"p":"nan","q":"1","T":1}'), PIECE),
        (piece("btcusdt@trade", '{"p":"inf","q":"1","T":1}'), PIECE),
        (piece("btcusdt@trade", '{"p":"1e999","q":"1","T":1}'), PIECE),
        (piece("btcusdt@trade", '{"p":"many","q":"1","T":1}'), PIECE),
        (piece("btcusdt@trade", '{"p":"5","q":"nan","T":1}'), PIECE),
        (piece("btcusdt@trade", '{"p":"5","q":"1","T":99999999999999999999}'), PIECE),
        (piece("btcusdt@bookTicker", '{"b":"nan","B":"0","a":"1","A":"1"}'), PIECE),
        (piece("btcusdt@kline_1m", kline(1_723_161_240_001)), PIECE),
    ],
)
def test_garbage_is_counted_by_kind_and_ends_nothing(frame: str | bytes, kind: str) -> None:
    reader = FrameReader(OFFERS)
    good = piece("btcusdt@trade", TRADE)
    assert read(good, frame, good, reader=reader) == read(good, good)
    assert reader.misunderstood == {kind: 1}


def test_a_bad_piece_leaves_the_others_of_its_frame() -> None:
    good = piece("btcusdt@trade", TRADE)
    assert read(f"[{good},{DEPTH},{piece('btcusdt@trade', '5')},{good}]") == read(good, good)


def test_each_kind_of_garbage_is_logged_once_with_its_beginning(caplog: pytest.LogCaptureFixture) -> None:
    reader = FrameReader(OFFERS)
    with caplog.at_level(logging.WARNING):
        read("hello" * 1000, "again", DEPTH, DEPTH, "and again", reader=reader)
    assert reader.misunderstood == {STREAM: 3, UNASKED: 2}
    assert [record.getMessage() for record in caplog.records] == [
        f"the venue sends {STREAM}; they are counted and left out, the first is {b'hello' * 40!r}",
        f"the venue sends {UNASKED}; they are counted and left out, the first is b'btcusdt@depth@100ms'",
    ]
