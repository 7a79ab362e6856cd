"""Scenarios as they are written: what each key means, and what is refused with its line."""

from pathlib import Path

import pytest

from daemon.config.problems import ConfigProblems
from tests.config_builders import CONFIG, plan_of
from tests.scenario_builders import source
from trading.timestamps import MILLISECOND, SECOND

BEGIN_NS = 1_767_571_200 * SECOND
"""2026-01-05 in UTC."""


def test_a_scenario_says_its_window_its_settings_and_its_limits(tmp_path: Path) -> None:
    whole = (
        "{name: window_05, from: 2026-01-05, to: '2026-01-05T12:00:00+02:00', part: test, strategies: [counts],"
        " set: {feed.seed: 9}, timeout: 5m, memory: 512MB, max_events: 2300}"
    )
    (found,) = source(tmp_path, whole).scenarios
    assert (found.name, found.start_ns, found.end_ns) == ("window_05", BEGIN_NS, BEGIN_NS + 10 * 3_600 * SECOND)
    assert (found.part, found.settings, found.strategies) == ("test", {"feed.seed": 9}, ("counts",))
    assert (found.timeout_ns, found.memory_bytes, found.max_events) == (300 * SECOND, 512_000_000, 2_300)


@pytest.mark.parametrize(
    ("text", "size"), [("1KB", 1_000), ("3MB", 3_000_000), ("2GB", 2 * 10**9), ("4KiB", 4_096), ("1GiB", 2**30)]
)
def test_a_size_is_a_number_with_a_unit(tmp_path: Path, text: str, size: int) -> None:
    (found,) = source(tmp_path, f"{{name: a, memory: {text}}}").scenarios
    assert found.memory_bytes == size


def test_what_is_told_of_progress_is_little_if_nobody_asks_for_more(tmp_path: Path) -> None:
    told = source(tmp_path, "{name: a}").settings.backtest.progress
    assert (told.enabled, told.every_ns) == (True, 300 * MILLISECOND)
    assert (told.portfolio, told.performance, told.bars) == (False, False, False)


@pytest.mark.parametrize(
    ("scenario", "message"),
    [
        ("{from: 2026-01-05}", "[0].name: is missing (its name: small letters, digits, hyphens and underscores)"),
        (
            "{name: ../etc}",
            "[0].name: must be at most 39 small letters, digits, hyphens and underscores,"
            " a letter or digit first; got '../etc'",
        ),
        ("{name: a, form: 2026-01-05}", "[0].form: unknown key; did you mean 'from'?"),
        ("{name: a, from: '2026-01-05T10:00:00'}", "[0].from: has no time zone; append Z for UTC"),
        ("{name: a, from: 2026-13-05}", "[0].from: must be a date and time such as 2026-01-05T14:30:00Z"),
        ("{name: a, part: trian}", "[0].part: must be one of train, test; got 'trian'"),
        ("{name: a, max_events: 0}", "[0].max_events: must be 1 or more; got 0"),
        ("{name: a, timeout: 5}", "[0].timeout: must be an interval such as 5m"),
        (
            "{name: a, memory: 512}",
            "[0].memory: must be a size such as 512MB, a whole number and a unit of KB, MB, GB, KiB, MiB or GiB;"
            " got 512",
        ),
        ("{name: a, memory: 0MB}", "[0].memory: must be a size such as 512MB"),
    ],
)
def test_one_thing_wrong_is_told_with_its_line(tmp_path: Path, scenario: str, message: str) -> None:
    with pytest.raises(ConfigProblems) as caught:
        source(tmp_path, scenario)
    assert f"config.yaml:16: backtest.scenarios{message}" in str(caught.value)


def test_two_of_a_name_are_refused_wherever_the_config_is_read(tmp_path: Path) -> None:
    text = CONFIG + "backtest:\n  scenarios: [{name: a}, {name: b}, {name: a}]\n"
    with pytest.raises(ConfigProblems, match=r"'a' is the name of backtest.scenarios\[0\] already"):
        plan_of(tmp_path, text)


def test_two_of_a_name_are_refused_before_any_runs_with_the_places_of_both(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblems) as caught:
        source(tmp_path, "{name: a}", "{name: b}", "{name: a}", "{name: a, from: 2026-01-05}")
    lines = str(caught.value).replace(f"{tmp_path}/", "").splitlines()
    assert lines == [
        "config.yaml:18: backtest.scenarios[2].name: 'a' is the name of backtest.scenarios[0] already",
        "config.yaml:19: backtest.scenarios[3].name: 'a' is the name of backtest.scenarios[0] already",
    ]


def test_a_run_on_paper_takes_no_notice_of_scenarios(tmp_path: Path) -> None:
    text = CONFIG + "backtest:\n  scenarios: [{name: a, from: 2026-02-01, set: {nothing.of.that: 1}}]\n"
    assert plan_of(tmp_path, text).start_ns == plan_of(tmp_path).start_ns
