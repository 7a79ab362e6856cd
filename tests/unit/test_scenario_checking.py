"""Scenarios before anything runs: what each one asks for, and whose problem a problem is."""

from pathlib import Path

import pytest

from daemon.config.problems import ConfigProblems
from daemon.config.source import WrittenFloat
from daemon.errors import BadWindow, DaemonError, NoScenario
from daemon.processes import Finished
from daemon.research.scenarios.answers import Known, Repeated
from daemon.research.scenarios.checking import Means, check_all, named, read_source, separate
from daemon.research.scenarios.surveys import Surveys
from daemon.research.scenarios.task import decoded
from daemon.research.wishes import Wishes
from tests.scenario_builders import checked, config, inner_processes, source
from tests.simulation.processes import SimulatedProcesses
from trading.timestamps import MINUTE, SECOND

OPEN_NS = 1_767_623_400 * SECOND
"""Where the feed of the config begins."""


def test_what_a_scenario_says_goes_before_what_the_command_line_says(tmp_path: Path) -> None:
    read = source(
        tmp_path,
        "{name: own, from: '2026-01-05T14:35:00Z', strategies: [counts], set: {feed.seed: 9}, max_events: 7}",
        "{name: none}",
    )
    asked = Wishes(
        start_ns=OPEN_NS, end_ns=OPEN_NS + MINUTE, settings=("feed.seed=3",), strategies=("mishap",), max_events=5
    )
    own, none = (one.wishes for one in named(read, (), asked))
    assert own == Wishes(
        start_ns=OPEN_NS + 5 * MINUTE,
        end_ns=OPEN_NS + MINUTE,
        settings=("feed.seed=3", "feed.seed=9"),
        strategies=("counts",),
        max_events=7,
    )
    assert none == asked


def test_those_named_run_in_the_order_of_the_config(tmp_path: Path) -> None:
    read = source(tmp_path, "{name: a}", "{name: b}", "{name: c}")
    assert [one.name for one in named(read, ("c", "a"), Wishes())] == ["a", "c"]


@pytest.mark.parametrize(
    ("scenarios", "names", "message"),
    [
        ((), (), "has no scenarios"),
        (
            ("{name: spring}", "{name: summer}"),
            ("sumer",),
            "no scenario 'sumer'; there are spring, summer; did you mean",
        ),
    ],
)
def test_a_scenario_that_is_not_there_is_refused(
    tmp_path: Path, scenarios: tuple[str, ...], names: tuple[str, ...], message: str
) -> None:
    with pytest.raises(NoScenario, match=message):
        named(source(tmp_path, *scenarios), names, Wishes())


def test_each_strategy_may_be_a_scenario_with_the_capital_that_it_is_given_and_nothing_beside(tmp_path: Path) -> None:
    read = source(tmp_path)
    wanted = separate(read, Wishes(max_events=3))
    assert [(one.name, one.wishes) for one in wanted] == [
        ("counts", Wishes(max_events=3, alone="counts")),
        ("mishap", Wishes(max_events=3, alone="mishap")),
    ]
    assert [one.name for one in separate(read, Wishes(strategies=("mishap",)))] == ["mishap"]
    with pytest.raises(NoScenario, match="no strategy 'conuts'; there are counts, mishap; did you mean 'counts'"):
        separate(read, Wishes(strategies=("conuts",)))


def test_a_problem_is_told_of_the_scenario_that_has_it_in_the_words_of_its_keys(tmp_path: Path) -> None:
    read = source(
        tmp_path,
        "{name: good}",
        "{name: empty, from: '2026-01-05T15:00:00Z', to: '2026-01-05T14:00:00Z'}",
        "{name: params, set: {strategies.counts.params.lable: x, strategies.mishap.params.file: 7}}",
        "{name: nobody, strategies: [conuts]}",
        "{name: part, part: test}",
        "{name: unset, set: {feed: {}}}",
    )
    problems = {one.wanted.name: one.problems for one in checked(read)}
    assert problems["good"] == ()
    assert problems["empty"] == (
        "the window is empty: it begins 2026-01-05T15:00:00Z, by from, and ends 2026-01-05T14:00:00Z, by to; "
        "set an earlier from or a later to",
    )
    assert problems["params"] == (
        'set strategies.counts.params.lable="x": strategies[0].params.lable: no such parameter; it has symbol, label;'
        " did you mean 'label'?",
        "set strategies.mishap.params.file=7: strategies[1].params.file: Expected str, got int (7)",
    )
    assert problems["nobody"] == (
        "strategy conuts: there is no such strategy; there are counts, mishap; did you mean 'counts'?",
    )
    assert [text.partition(":")[0] for text in problems["part"]] == ["part test"]
    assert problems["unset"]


def test_what_is_wrong_with_all_of_them_is_told_once_with_what_else_is_wrong(tmp_path: Path) -> None:
    path = config(tmp_path, "{name: a}", "{name: b, strategies: [nobody]}")
    path.write_text(path.read_text().replace("commission:", "comission:"))
    with pytest.raises(ConfigProblems) as caught:
        checked(read_source(path, {}))
    lines = str(caught.value).replace(f"{tmp_path}/", "").splitlines()
    assert lines == [
        "config.yaml:3: broker.comission: unknown key; did you mean 'commission'?",
        "scenario b: strategy nobody: there is no such strategy; there are counts, mishap",
    ]


def test_a_single_one_keeps_its_problems_to_itself(tmp_path: Path) -> None:
    (found,) = checked(source(tmp_path, "{name: a, strategies: [nobody]}"))
    assert len(found.problems) == 1


LATE = Wishes(start_ns=OPEN_NS + 10**6 * SECOND)
ENDS = "and ends 2026-01-05T14:50:00Z, by feed.start and feed.duration"
EMPTY = f"the window is empty: it begins 2026-01-17T04:16:40Z, by --from, {ENDS}"


@pytest.mark.parametrize("scenarios", [("{name: a}",), ("{name: a}", "{name: b, set: {feed.seed: 9}}")])
def test_what_an_option_makes_impossible_is_told_of_the_option_as_of_a_backtest(
    tmp_path: Path, scenarios: tuple[str, ...]
) -> None:
    with pytest.raises(BadWindow) as caught:
        checked(source(tmp_path, *scenarios), wishes=LATE)
    assert (str(caught.value), caught.value.mend) == (EMPTY, "set an earlier --from or a later --to")


def test_an_option_that_fits_none_is_told_with_what_each_makes_of_it(tmp_path: Path) -> None:
    read = source(tmp_path, "{name: a}", "{name: b, to: '2026-01-05T14:40:00Z'}")
    with pytest.raises(ConfigProblems) as caught:
        checked(read, wishes=LATE)
    lines = str(caught.value).replace(f"{tmp_path}/", "").splitlines()
    assert lines == [
        f"scenario a: {EMPTY}; set an earlier --from or a later --to",
        "scenario b: the window is empty: it begins 2026-01-17T04:16:40Z, by --from, and ends 2026-01-05T14:40:00Z,"
        " by to; set an earlier --from or a later to",
    ]


def test_an_option_that_fits_some_keeps_those_alone_back_that_it_does_not_fit(tmp_path: Path) -> None:
    read = source(tmp_path, "{name: late}", "{name: early, from: '2026-01-05T14:40:00Z'}")
    late, early = checked(read, wishes=LATE)
    assert late.problems == (f"{EMPTY}; set an earlier --from or a later --to",)
    assert early.problems == ()


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        (Wishes(settings=("feed.sed=3",)), "--set feed.sed=3: feed.sed: unknown key; did you mean 'seed'?"),
        (Wishes(strategies=("mishp",)), "--strategy mishp: there is no such strategy; there are counts, mishap"),
        (Wishes(part="train"), "--part train: the config has no backtest.split"),
    ],
)
def test_an_option_that_is_wrong_is_told_also_where_there_is_one_scenario(
    tmp_path: Path, wishes: Wishes, message: str
) -> None:
    with pytest.raises(DaemonError) as caught:
        checked(source(tmp_path, "{name: a, set: {feed.seed: 3}}"), wishes=wishes)
    assert str(caught.value).startswith(message)


def test_what_all_scenarios_say_themselves_is_told_in_the_words_of_their_keys(tmp_path: Path) -> None:
    own = "from: '2026-01-17T04:16:40Z'"
    with pytest.raises(BadWindow) as caught:
        checked(source(tmp_path, f"{{name: a, {own}}}", f"{{name: b, {own}}}"))
    assert (str(caught.value), caught.value.mend) == (EMPTY.replace("--", ""), "set an earlier from or a later to")


def test_a_thousand_scenarios_do_not_come_along_with_each(tmp_path: Path) -> None:
    read = source(tmp_path, *(f"{{name: s{place}}}" for place in range(1_000)))
    assert len(read.scenarios) == 1_000
    assert "scenarios" not in decoded(read.values)["backtest"]
    assert len(read.document.origins) < 100


def test_helpers_are_asked_once_and_their_answers_go_along(tmp_path: Path) -> None:
    processes = inner_processes()
    read = source(
        tmp_path, "{name: a}", "{name: b, set: {feed.seed: 9}}", "{name: c, set: {strategies.counts.warmup: 3}}"
    )
    found = check_all(read, named(read, (), Wishes()), Means({}, processes, Surveys()), 1)
    assert len(processes.given) == 2, "the seed is nothing that a strategy is described by"
    assert [len(one.answers) for one in found] == [1, 1, 1]
    assert found[0].answers == found[1].answers != found[2].answers


def test_an_answer_is_repeated_and_anything_else_is_asked() -> None:
    asked: list[bytes] = []

    def program(given: bytes) -> bytes:
        asked.append(given)
        return given.upper()

    listener = Known(SimulatedProcesses({"loud": program})).listener()
    how = {"environment": {}, "deadline_seconds": 1.0}
    assert listener.run(("loud",), given=b"a", **how).output == b"A"  # type: ignore[arg-type]
    again = Repeated(listener.answers, SimulatedProcesses({"loud": lambda _: b"new"}))
    assert again.run(["loud"], given=b"a", **how) == Finished(exit_code=0, output=b"A", errors=b"")  # type: ignore[arg-type]
    assert again.run(["loud"], given=b"b", **how).output == b"new"  # type: ignore[arg-type]
    assert asked == [b"a"]


def test_a_number_out_of_a_variable_keeps_its_digits(tmp_path: Path) -> None:
    read = read_source(config(tmp_path, "{name: a}"), {"BULKHEAD_INSTRUMENTS__AAA__TICK_SIZE": "0.010"})
    tick_size = decoded(read.values)["instruments"]["AAA"]["tick_size"]
    assert isinstance(tick_size, WrittenFloat)
    assert tick_size.text == "0.010"
    assert checked(read)[0].problems == ()
