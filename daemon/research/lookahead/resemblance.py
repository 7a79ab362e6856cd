"""Whether a file of which nothing is known holds prices of the feed, as text or as numbers of a machine."""

import re
import struct
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Final

from daemon.research.lookahead.knowing import Prices
from daemon.research.lookahead.tables import LARGEST_BYTES

_SAMPLE: Final = 64
_FEWEST: Final = 16
"""Of fewer different prices nothing can be said."""
_NUMBER: Final = re.compile(rb"\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_FORMS: Final = ("<d", ">d", "<f", ">f")


def holds_prices(path: Path, feed: Mapping[str, Prices]) -> bool:
    """Whether half of some prices of a symbol, drawn evenly, stand in it in one and the same form."""
    if path.stat().st_size > LARGEST_BYTES:
        return False
    content = path.read_bytes()
    numbers = {float(number) for number in _NUMBER.findall(content)}
    return any(_are_in(sorted(set(one.prices.tolist())), content, numbers) for one in feed.values())


def _are_in(prices: Sequence[float], content: bytes, numbers: Container[float]) -> bool:
    sample = prices[:: max(1, len(prices) // _SAMPLE)]
    found = [sum(price in numbers for price in sample)]
    found += [sum(struct.pack(form, price) in content for price in sample) for form in _FORMS]
    return len(sample) >= _FEWEST and 2 * max(found) >= len(sample)
