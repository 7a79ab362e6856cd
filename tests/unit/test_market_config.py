"""A config that says how the simulated market matches and how far off it is, and everything that can be wrong there."""

import enum
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from brokers.simulated.delay import DelayedMarket
from brokers.simulated.latency import Delays
from brokers.simulated.market import SimulatedMarket
from brokers.simulated.rules import BarPrice, Gap, MarketRules, Reach, StopLimitInBar, Unaffordable
from daemon.assembly import fleet_of, make_feed, make_market
from daemon.config.broker_settings import SimulatedBrokerSettings
from daemon.config.market_conversion import delays, market_rules
from daemon.config.market_settings import LatencySettings, MarketSettings
from daemon.config.settings import Settings
from daemon.fleet import FleetChange, change
from tests.config_builders import CONFIG, edited, in_broker, plan_of, problems_of, top
from tests.market_builders import a_quote, an_order, changed
from tests.market_files import write_rows
from trading.market_data import Bar, Trade
from trading.orders import Side, TimeInForce
from trading.timestamps import MILLISECOND, MINUTE, SECOND

ROOT = Path(__file__).resolve().parents[2]
NOON = 1_527_854_400 * SECOND


def broker(folder: Path, keys: str) -> SimulatedBrokerSettings:
    settings = plan_of(folder, in_broker(keys)).settings.broker
    assert isinstance(settings, SimulatedBrokerSettings)
    return settings


# What is right.


def test_what_is_not_said_is_the_markets_own_rule_at_no_distance() -> None:
    settings = MarketSettings()

    assert market_rules(settings) == MarketRules()
    assert delays(settings.latency) == Delays(seed=1)
    assert not delays(settings.latency)


RULES = [rule for rule in MarketRules.__struct_fields__ if rule != "volume_share"]


def test_every_rule_of_the_market_has_its_key() -> None:
    assert [*RULES, "volume_share", "latency"] == list(MarketSettings.model_fields)


@pytest.mark.parametrize("rule", RULES)
def test_every_way_of_a_rule_can_be_written(rule: str) -> None:
    default = getattr(MarketRules(), rule)
    assert isinstance(default, enum.Enum)
    ways = list(type(default))
    written = get_args(MarketSettings.model_fields[rule].annotation)

    assert list(written) == [way.value for way in ways]
    for way in ways:
        assert getattr(market_rules(MarketSettings(**{rule: way.value})), rule) is way


def test_rules_are_read_from_the_file(tmp_path: Path) -> None:
    keys = (
        "bar_price: next_typical, stop_gap: order, limit_reach: through, stop_limit_in_bar: next_bar,"
        ' unaffordable: wait, volume_share: "0.25"'
    )
    rules = market_rules(broker(tmp_path, keys))

    assert rules == MarketRules(
        bar_price=BarPrice.NEXT_TYPICAL,
        stop_gap=Gap.ORDER,
        limit_reach=Reach.THROUGH,
        stop_limit_in_bar=StopLimitInBar.NEXT_BAR,
        unaffordable=Unaffordable.WAIT,
        volume_share=rules.volume_share,
    )
    assert str(rules.volume_share) == "0.25"


@pytest.mark.parametrize(
    ("latency", "found"),
    [
        ("{}", Delays(seed=1)),
        ("{orders: 50ms}", Delays(orders_ns=50 * MILLISECOND, seed=1)),
        ("{orders: 250us, reports: 0s}", Delays(orders_ns=250_000, seed=1)),
        (
            "{orders: 50ms, reports: 20ms, jitter: 1s, seed: 9}",
            Delays(orders_ns=50 * MILLISECOND, reports_ns=20 * MILLISECOND, jitter_ns=SECOND, seed=9),
        ),
    ],
)
def test_latencies_are_read_from_the_file(latency: str, found: Delays, tmp_path: Path) -> None:
    assert delays(broker(tmp_path, f"latency: {latency}").latency) == found


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        ("", SimulatedMarket),
        ("latency: {orders: 0ms, seed: 3}", SimulatedMarket),
        ("latency: {orders: 1us}", DelayedMarket),
        ("latency: {reports: 1us}", DelayedMarket),
        ("latency: {jitter: 1us}", DelayedMarket),
    ],
)
def test_only_a_market_that_is_some_way_off_is_heard_with_a_delay(keys: str, kind: type, tmp_path: Path) -> None:
    plan = plan_of(tmp_path, in_broker(keys) if keys else CONFIG)

    assert type(make_market(plan, make_feed(plan))) is kind


def test_a_market_made_of_a_plan_keeps_its_rules_and_its_distance(tmp_path: Path) -> None:
    keys = "quote_price: mid, latency: {orders: 2s}"
    text = in_broker(keys).replace("kind: synthetic", "kind: synthetic\n  data: [quotes]")
    plan = plan_of(tmp_path, text)
    market = make_market(plan, make_feed(plan))
    market.on_event(a_quote(99.0, 100.0, at=1))
    assert market.on_command(an_order("a", Side.BUY, "1"), SECOND) == []

    accepted, filled = market.on_event(a_quote(109.0, 110.0, at=4))
    assert (accepted.ts_ns, filled.ts_ns) == (3 * SECOND, 3 * SECOND)  # type: ignore[union-attr]
    assert str(filled.fill.price) == "99.5"  # type: ignore[union-attr]


def test_a_market_made_of_a_plan_knows_what_is_matched_on_bars(tmp_path: Path) -> None:
    text = in_broker("latency: {orders: 2s}").replace("kind: synthetic", "kind: synthetic\n  data: [bars]")
    plan = plan_of(tmp_path, text)
    market = make_market(plan, make_feed(plan))
    bars = [Bar("AAA", minute * MINUTE, MINUTE, 100.0, 100.0, 100.0, 100.0, 1.0) for minute in (1, 2, 3)]
    market.on_event(bars[0])
    market.on_command(an_order("a", Side.BUY, "1"), MINUTE)

    assert market.on_event(Trade("BBB", 2 * MINUTE, 1.0, 1.0)) == []
    assert [len(market.on_event(bar)) for bar in bars[1:]] == [1, 1]


def test_a_market_made_of_a_plan_goes_by_the_calendars_of_its_instruments(tmp_path: Path) -> None:
    calendar = 'calendars: {dawn: {kind: weekly, zone: UTC, open: "03:00", close: "04:00"}}'
    text = edited("mode: paper", f"mode: paper\n{calendar}").replace('"1"}', '"1", calendar: dawn}')
    plan = plan_of(tmp_path, text)
    market = make_market(plan, make_feed(plan))
    assert isinstance(market, SimulatedMarket)
    market.on_event(a_quote(99.0, 100.0))
    order = changed(an_order("a", Side.BUY, "1", "50.00"), time_in_force=TimeInForce.DAY)
    market.on_command(order, SECOND)

    assert [one.expires_ns for one in market.working()] == [4 * 3_600 * SECOND]


# What is wrong.

SHAPE = [
    ("bar_price: close", "broker.bar_price: must be one of next_open, next_typical, this_close; got 'close'"),
    ("quote_price: ask", "broker.quote_price: must be one of bid_ask, mid; got 'ask'"),
    ("stop_gap: true", "broker.stop_gap: must be one of market, order; got true"),
    ("limit_reech: touch", "broker.limit_reech: unknown key; did you mean 'limit_reach'?"),
    ("volume_share: 0", "broker.volume_share: must be above 0; got 0"),
    ('volume_share: "-0.1"', "broker.volume_share: must be above 0; got '-0.1'"),
    ("volume_share: 0.25",
     'broker.volume_share: put it in quotes, "0.25": an unquoted number with a point is not exact'),
    ("latency: 50ms", "broker.latency: must be a mapping of keys to values; got '50ms'"),
    ("latency: {order: 50ms}", "broker.latency.order: unknown key; did you mean 'orders'?"),
    ("latency: {orders: 50}",
     "broker.latency.orders: must be a delay such as 50ms, a whole number and a unit of us, ms or s; got 50"),
    ("latency: {reports: 1.5ms}",
     "broker.latency.reports: must be a delay such as 50ms, a whole number and a unit of us, ms or s; got '1.5ms'"),
    ("latency: {jitter: -1ms}",
     "broker.latency.jitter: must be a delay such as 50ms, a whole number and a unit of us, ms or s; got '-1ms'"),
    ("latency: {seed: -1}", "broker.latency.seed: must be 0 or more; got -1"),
    ("latency: {seed: x}", "broker.latency.seed: must be a whole number; got 'x'"),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "message"), SHAPE)
def test_one_thing_wrong_is_one_message_with_its_line(keys: str, message: str, tmp_path: Path) -> None:
    assert problems_of(tmp_path, in_broker(keys)) == [f"config.yaml:7: {message}"]


def test_a_passthrough_market_has_no_rules(tmp_path: Path) -> None:
    text = edited("{kind: simulated}", "{kind: passthrough, latency: {}}")

    assert problems_of(tmp_path, text) == ["config.yaml:7: broker.latency: unknown key"]


# Who takes a share of sizes needs some.

OHLC = ("open", "high", "low", "close")
HEADS = {"quotes": ("time", "bid", "ask"), "trades": ("time", "price"), "bars": ("time", *OHLC)}
PRICES: dict[str, tuple[Any, ...]] = {"quotes": (1.0, 2.0), "trades": (1.0,), "bars": (1.0, 1.0, 1.0, 1.0)}
MENDED = "would ever fill; name the column in feed.files, or leave volume_share out"


def on_files(folder: Path, *files: tuple[str, tuple[str, ...]], share: str = 'volume_share: "0.25"') -> str:
    """A config of files of AAA, each of a kind of data with further columns; the broker stands on the line after."""
    lines = ["mode: paper", 'account: {currency: USD, cash: "100000"}', "feed:", "  kind: file", "  files:"]
    for data, sizes in files:
        rows = [(NOON + n * MINUTE, *PRICES[data], *(9.0 for _ in sizes)) for n in range(90)]
        write_rows(folder / f"{data}.csv", (*HEADS[data], *sizes), rows)
        stamp = ", interval: 1m, stamp: close" if data == "bars" else ""
        lines.append(f"    - {{path: {data}.csv, data: {data}, symbol: AAA{stamp}}}")
    lines += [f"broker: {{kind: simulated, {share}}}", CONFIG[CONFIG.index("instruments:") :]]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("data", "there", "lacking"),
    [
        ("quotes", (), "bid_size and no ask_size"),
        ("quotes", ("ask_size",), "bid_size"),
        ("trades", (), "size"),
        ("bars", (), "volume"),
    ],
)
def test_a_share_of_sizes_that_a_file_has_not_is_refused(
    data: str, there: tuple[str, ...], lacking: str, tmp_path: Path
) -> None:
    message = f"config.yaml:7: broker.volume_share: {data}.csv has no {lacking}, so that no order of AAA {MENDED}"

    assert problems_of(tmp_path, on_files(tmp_path, (data, there))) == [message]
    plan_of(tmp_path, on_files(tmp_path, (data, there), share="volume_share: null"))


@pytest.mark.parametrize(
    ("data", "sizes"), [("quotes", ("bid_size", "ask_size")), ("trades", ("size",)), ("bars", ("volume",))]
)
def test_a_share_of_sizes_that_are_there_is_right(data: str, sizes: tuple[str, ...], tmp_path: Path) -> None:
    assert len(plan_of(tmp_path, on_files(tmp_path, (data, sizes))).heads) == 1


def test_sizes_of_data_that_is_not_matched_on_are_not_asked_for(tmp_path: Path) -> None:
    files = ("quotes", ("bid_size", "ask_size")), ("trades", ()), ("bars", ())

    assert len(plan_of(tmp_path, on_files(tmp_path, *files)).heads) == 3


@pytest.mark.parametrize("data", ["quotes", "trades", "bars"])
def test_made_up_data_has_sizes(data: str, tmp_path: Path) -> None:
    text = in_broker('volume_share: "0.25"').replace("kind: synthetic", f"kind: synthetic\n  data: [{data}]")
    event = next(iter(make_feed(plan_of(tmp_path, text)).events()))
    sizes = {name: value for name, value in msgspec.structs.asdict(event).items() if name.endswith(("size", "volume"))}

    assert sizes
    assert all(size >= 4.0 for size in sizes.values())


# What it says of itself.


def test_every_key_is_described_in_schema_and_documents() -> None:
    schema = Settings.model_json_schema()["$defs"]
    text = (ROOT / "docs" / "latency.md").read_text() + (ROOT / "docs" / "market-rules.md").read_text()
    for section in (MarketSettings, LatencySettings):
        keys = [field.alias or name for name, field in section.model_fields.items()]
        written = schema["SimulatedBrokerSettings" if section is MarketSettings else "LatencySettings"]["properties"]
        assert all(written[key]["description"] for key in keys)
        assert [key for key in keys if f"`{key}`" not in text] == []


def test_the_documents_give_the_defaults_in_force() -> None:
    rows = {}
    for document in ("latency.md", "market-rules.md"):
        for line in (ROOT / "docs" / document).read_text().splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if line.startswith("| `"):
                rows[cells[0].strip("`")] = cells[-1].strip("`")
    defaults = {key: str(field.default) for key, field in MarketSettings.model_fields.items() if key != "latency"}
    defaults["volume_share"] = "null"
    defaults |= {field.alias or key: str(field.default) for key, field in LatencySettings.model_fields.items()}

    assert {key: rows.get(key) for key in defaults} == defaults


def test_the_examples_of_the_documents_are_lawful(tmp_path: Path) -> None:
    for document in ("latency.md", "market-rules.md"):
        example = (ROOT / "docs" / document).read_text().split("```yaml\n")[1].split("```")[0]
        found = plan_of(tmp_path, CONFIG.replace("broker: {kind: simulated}\n", example)).settings.broker
        assert found != SimulatedBrokerSettings(kind="simulated")


def test_other_trading_hours_are_a_change_that_is_told(tmp_path: Path) -> None:
    hours = 'calendars: {venue: {kind: weekly, zone: UTC, open: "09:00", close: "17:00", holidays: [2026-12-25]}}'
    at_venue = top(hours).replace('lot_size: "1"', 'lot_size: "1", calendar: venue')
    before, after, later = CONFIG, at_venue, at_venue.replace('"17:00", holidays: [2026-12-25]', '"16:30"')
    round_the_clock, by_day, shorter = (fleet_of(plan_of(tmp_path, text)) for text in (before, after, later))
    assert change(round_the_clock, by_day).altered == [
        "instruments.AAA.calendar: venue, was 24/7",
        "calendars.venue.kind: weekly, was not given",
        "calendars.venue.zone: UTC, was not given",
        "calendars.venue.open: 09:00, was not given",
        "calendars.venue.close: 17:00, was not given",
        "calendars.venue.holidays: 2026-12-25, was not given",
    ]
    assert change(by_day, shorter).altered == [
        "calendars.venue.close: 16:30, was 17:00",
        "calendars.venue.holidays: not given, was 2026-12-25",
    ]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (
            "slippage: {kind: fixed, ticks: 1}",
            "slippage: {kind: fixed, ticks: 2}",
            ["broker.slippage.ticks: 2, was 1"],
        ),
        (
            'commission: {kind: per_share, rate: "0.005"}',
            'commission: [{kind: per_share, rate: "0.005"}, {kind: per_trade, amount: "1"}]',
            [
                "broker.commission.kind: not given, was per_share",
                "broker.commission.rate: not given, was 0.005",
                "broker.commission[0].kind: per_share, was not given",
                "broker.commission[0].rate: 0.005, was not given",
                "broker.commission[1].kind: per_trade, was not given",
                "broker.commission[1].amount: 1, was not given",
            ],
        ),
        (
            "latency: {orders: 50ms, seed: 2}",
            "latency: {orders: 1500us, seed: 3}",
            ["broker.latency.orders: 1500us, was 50ms", "broker.latency.seed: 3, was 2"],
        ),
        ("quote_price: bid_ask", "limit_reach: through", ["broker.limit_reach: through, was not given"]),
    ],
    ids=["slippage", "commission", "latency", "rules"],
)
def test_another_market_is_a_change_that_is_told(before: str, after: str, told: list[str], tmp_path: Path) -> None:
    first, second = (fleet_of(plan_of(tmp_path, in_broker(keys))) for keys in (before, after))
    assert change(first, second) == FleetChange(altered=told)
