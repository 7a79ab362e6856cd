"""Books from snapshots and changes: a missing change is noticed, and a level that is not as the venue has it."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import msgspec
import pytest

from tests.live.book_feed import Frame
from tests.live.books import Best, Book, BookChange, Torn

RECORDED = "cryptofeed_sessions/OKX.ws.1.0.txt.gz"


def whole(bids: str, asks: str, *, sequence: int = 5) -> BookChange:
    return BookChange(bids=levels(bids), asks=levels(asks), seq_id=sequence)


def change(bids: str = "", asks: str = "", *, before: int, sequence: int) -> BookChange:
    return BookChange(bids=levels(bids), asks=levels(asks), prev_seq_id=before, seq_id=sequence)


def levels(text: str) -> list[list[str]]:
    """Of `99:5 98:1`, prices and sizes."""
    return [level.split(":") for level in text.split()]


def a_book() -> Book:
    book = Book()
    book.begin(whole("99:5 98.5:1", "100.5:2 101:3"))
    return book


def test_the_best_levels_are_the_quote() -> None:
    book = a_book()
    assert book.best() == Best(99.0, 100.5, 5.0, 2.0)
    book.change(change("99:0 98.7:4", "100.5:1", before=5, sequence=6))
    assert book.best() == Best(98.7, 100.5, 4.0, 1.0)
    book.change(change("98.7:0 98.5:0", before=6, sequence=9))
    assert book.best() == Best(0.0, 100.5, 0.0, 1.0)
    book.begin(whole("9:1", ""))
    assert book.best() == Best(9.0, 0.0, 1.0, 0.0)


@pytest.mark.parametrize(("before", "sequence"), [(6, 7), (4, 5), (-1, 6)])
def test_a_change_that_does_not_follow_the_last_is_noticed(before: int, sequence: int) -> None:
    book = a_book()
    with pytest.raises(Torn, match=f"change {sequence} follows {before}, and 5 was the last to come"):
        book.change(change("99:1", before=before, sequence=sequence))
    assert book.best() == Best(99.0, 100.5, 5.0, 2.0)


def test_a_checksum_is_of_both_sides_by_turns() -> None:
    assert a_book().checksum() == crc32(b"99:5:100.5:2:98.5:1:101:3")
    book = Book()
    book.begin(whole("99:5 98.5:1", "100.5:2"))
    assert book.checksum() == crc32(b"99:5:100.5:2:98.5:1")
    book.begin(whole("", "100.5:2 101:2"))
    assert book.checksum() == crc32(b"100.5:2:101:2") - (1 << 32)


def recorded(shared: Path) -> Iterator[Frame]:
    decode = msgspec.json.Decoder(Frame).decode
    with gzip.open(shared / "data" / RECORDED, "rt") as lines:
        for line in lines:
            if '"channel":"books"' in line and '"action"' in line:
                yield decode(line.partition(": ")[2])


def test_every_checksum_of_recorded_books_is_ours(shared: Path) -> None:
    books: dict[str, Book] = {}
    frames = 0
    for frame in recorded(shared):
        book = books.setdefault(frame.arg.inst_id, Book())
        for one in frame.data:
            (book.begin if frame.action == "snapshot" else book.change)(one)
        best = book.best()
        assert 0 < best.bid < best.ask
        frames += 1
    assert (len(books), frames) == (3, 290)


@pytest.mark.parametrize("nth", range(10))
def test_one_level_of_a_recorded_change_that_is_not_as_it_was_sent_is_noticed(shared: Path, nth: int) -> None:
    book = Book()
    frames = [frame for frame in recorded(shared) if frame.arg.inst_id == "BTC-USDT"]
    for frame in frames[: nth + 1]:
        (book.begin if frame.action == "snapshot" else book.change)(frame.data[0])
    garbled = msgspec.structs.replace(frames[nth + 1].data[0])
    changed = {level[0] for level in garbled.bids}
    price, size = next(level for level in book.bids() if level[0] not in changed)
    garbled.bids = [*garbled.bids, [price, f"{size}1"]]
    with pytest.raises(Torn, match="the checksum is"):
        book.change(garbled)
