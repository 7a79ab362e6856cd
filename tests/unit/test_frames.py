import pytest

from daemon.journal.frames import NO_SEAL, OVERHEAD, SEAL_BYTES, BrokenFrame, Frame, NewerFrame, decode, encode

PAYLOAD = b"what happened"
FRAME = encode(8, 6, b"seal of no 7....", PAYLOAD)


def test_a_frame_reads_back_as_it_was_written() -> None:
    assert decode(FRAME, 0) == Frame(0, 8, 6, b"seal of no 7....", PAYLOAD, FRAME[-SEAL_BYTES:])
    assert decode(FRAME, 0).size == len(FRAME) == OVERHEAD + len(PAYLOAD)


def test_a_frame_is_found_at_its_offset() -> None:
    assert decode(b"before" + FRAME + b"after", 6) == decode(FRAME, 0)._replace(offset=6)


def test_the_seal_depends_on_the_frame_before() -> None:
    first, second = encode(1, 0, NO_SEAL, b"x"), encode(1, 0, b"another seal....", b"x")
    assert first[-SEAL_BYTES:] != second[-SEAL_BYTES:]


def test_any_flipped_bit_breaks_a_frame() -> None:
    for bit in range(8 * len(FRAME)):
        flipped = bytearray(FRAME)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BrokenFrame):
            decode(bytes(flipped), 0)


def test_a_part_of_a_frame_is_none_whether_the_file_ends_or_zeros_follow() -> None:
    for length in range(len(FRAME)):
        with pytest.raises(BrokenFrame):
            decode(FRAME[:length], 0)
        with pytest.raises(BrokenFrame):
            decode(FRAME[:length].ljust(len(FRAME), b"\0"), 0)


def test_a_frame_of_a_newer_build_is_not_taken_for_a_torn_one() -> None:
    with pytest.raises(NewerFrame, match="version 2; this build reads 1"):
        decode(FRAME[:3] + b"\x02" + FRAME[4:], 0)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (bytes(200), "no frame begins here"),
        (FRAME[:10], "ends inside a header, 10 of 40 bytes"),
        (FRAME[:50], f"ends inside a frame, 50 of {len(FRAME)} bytes"),
        (FRAME[:-1] + b"?", "seal does not fit"),
        (FRAME[:3] + b"\x00" + FRAME[4:], "version 0, which never was"),
    ],
)
def test_a_broken_frame_says_why(data: bytes, told: str) -> None:
    with pytest.raises(BrokenFrame, match=told):
        decode(data, 0)
