"""How a live feed stands, on the metrics page: one line for each stream that was asked for, whatever comes."""

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from daemon.api.operations import Vitals
from daemon.watch.metrics import Exposition
from tests.simulation.operations import OperationsInMemory


class Watched(OperationsInMemory):
    """Operations whose feed has brought quotes half a second ago, and trades never."""

    def vitals(self) -> Vitals:
        return msgspec.structs.replace(
            super().vitals(),
            feed_silent_seconds={("AAA", "quotes"): 0.5, ("AAA", "trades"): 61.0},
            feed_left_out_total={("AAA", "trades"): 3, ("", ""): 1},
            feed_reruns_total=2,
        )


def samples(operations: OperationsInMemory) -> dict[tuple[str, str, str], float]:
    """What the page says of the feed, by name, symbol and kind."""
    page = Exposition(operations).text().decode()
    return {
        (sample.name, sample.labels.get("symbol", ""), sample.labels.get("kind", "")): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name in ("bulkhead_feed_silent_seconds", "bulkhead_feed_left_out_total", "bulkhead_feed_reruns_total")
    }


def test_each_stream_has_its_silence_and_what_was_left_out_of_it() -> None:
    assert samples(Watched()) == {
        ("bulkhead_feed_silent_seconds", "AAA", "quotes"): 0.5,
        ("bulkhead_feed_silent_seconds", "AAA", "trades"): 61.0,
        ("bulkhead_feed_left_out_total", "AAA", "trades"): 3.0,
        ("bulkhead_feed_left_out_total", "", ""): 1.0,
        ("bulkhead_feed_reruns_total", "", ""): 2.0,
    }


def test_a_feed_that_cannot_fall_silent_has_no_streams() -> None:
    assert samples(OperationsInMemory()) == {("bulkhead_feed_reruns_total", "", ""): 0.0}
