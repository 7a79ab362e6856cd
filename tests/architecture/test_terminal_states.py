"""No order ends without a venue's word, a proof made of such words, a local denial, or an operator's word.

1. By the types: what ends an attempt wants evidence, and evidence can only be made of the messages that it cites. Each
   way around that is given to mypy here, and refused.
2. By the source: an attempt's state is assigned in one place; reports that end an order are made in the places named
   here, and by markets, which are venues themselves.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from trading.orders import FINAL_STATES, TRANSITIONS, OrderState
from trading.reports import _CHANGES, ReportKind
from trading.venue.attempts import OVER, AttemptChange, AttemptState
from trading.venue.attempts import TRANSITIONS as ATTEMPTS

ROOT = Path(__file__).resolve().parents[2]

ENDINGS = {
    kind
    for kind, change in _CHANGES.items()
    if any(TRANSITIONS.get((state, change)) in FINAL_STATES for state in OrderState if state not in FINAL_STATES)
}

REPORT_ENDINGS = {
    "trading/account/answers.py": "a denial before anything was sent",
    "trading/venue/progress.py": "what the venue said, with its evidence",
}
"""Where the pure core may name a kind of report that ends an order, beside the table of what they do."""

WAYS_AROUND = {
    "a time": "attempt.end(AttemptChange.CANCEL, 1_000_000_000, 5)",
    "words": 'attempt.end(AttemptChange.CANCEL, "no answer for an hour", 5)',
    "nothing": "attempt.end(AttemptChange.CANCEL, None, 5)",
    "no evidence at all": "attempt.end(AttemptChange.CANCEL, now_ns=5)",
    "an answer that never came": "VenueWord.of(None)",
    "a lost answer as a denial": 'LocalDenial.of(RequestLost(message_id="r1", request=1, reason=""))',
    "one query for two": "AbsenceProof.of(missing, None, fills, account)",
    "no account": "AbsenceProof.of(missing, missing, fills, missing)",
}

PREAMBLE = """
from trading.venue.attempts import Attempt, AttemptChange
from trading.venue.evidence import AbsenceProof, LocalDenial, VenueWord
from trading.venue.messages import AccountTold, FillsTold, OrderMissing, RequestLost

def way_around(attempt: Attempt, missing: OrderMissing, fills: FillsTold, account: AccountTold) -> None:
    {way}
"""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What mypy says of each way around, and of the right way."""
    folder = tmp_path_factory.mktemp("ways")
    ways = {**WAYS_AROUND, "the right way": "attempt.end(AttemptChange.CANCEL, VenueWord.of(missing), 5)"}
    files = {}
    for number, (name, way) in enumerate(ways.items()):
        files[name] = folder / f"way_{number}.py"
        files[name].write_text(PREAMBLE.format(way=way))
    answer = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder / "cache"), *map(str, files.values())],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "error" in answer.stdout, answer.stderr
    return {
        name: "\n".join(line for line in answer.stdout.splitlines() if file.name in line)
        for name, file in files.items()
    }


def test_the_types_refuse_every_way_around(verdicts: dict[str, str]) -> None:
    assert verdicts.pop("the right way") == ""
    assert {name for name, verdict in verdicts.items() if "error" not in verdict} == set()


def test_no_change_without_evidence_leads_to_an_end_in_the_table() -> None:
    endings = {
        AttemptChange.FILL,
        AttemptChange.CANCEL,
        AttemptChange.EXPIRE,
        AttemptChange.REJECT,
        AttemptChange.PROVE_ABSENT,
        AttemptChange.DENY,
    }

    ended = {change for (state, change), after in ATTEMPTS.items() if after in OVER and state not in OVER}

    assert ended == endings
    assert {AttemptChange.LOSE, AttemptChange.QUARANTINE} & ended == set()
    assert AttemptState.QUARANTINED not in OVER


def test_an_attempts_state_is_assigned_in_one_place() -> None:
    assigned = {
        name
        for name, tree in sources("trading/venue", "daemon", "brokers/plain")
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        for one in ([*target.elts] if isinstance(target, ast.Tuple) else [target])
        if isinstance(one, ast.Attribute)
        and one.attr == "state"
        and isinstance(node.value, ast.Name | ast.Tuple)
        and "after" in ast.dump(node.value)
    }

    assert assigned == {"trading/venue/attempts.py"}


def test_evidence_is_made_in_one_place() -> None:
    kinds = {"VenueWord", "LocalDenial", "AbsenceProof"}
    made = {
        name
        for name, tree in sources("trading", "brokers", "daemon")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds
    }

    assert made <= {"trading/venue/evidence.py"}


def test_reports_that_end_an_order_are_made_in_the_places_that_are_named() -> None:
    named = {
        name
        for name, tree in sources("trading/account", "trading/venue", "daemon", "brokers/plain")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "ReportKind"
        and ReportKind[node.attr] in ENDINGS
        and _is_made(node, tree)
    }

    assert named == set(REPORT_ENDINGS)


def test_the_endings_are_those_that_people_know() -> None:
    assert {ReportKind.REJECTED, ReportKind.CANCELLED, ReportKind.EXPIRED} <= ENDINGS
    assert ReportKind.UNKNOWN not in ENDINGS


def _is_made(node: ast.AST, tree: ast.Module) -> bool:
    """Whether a kind is named to make something, and not to compare with it or to look it up."""
    comparisons = (one for one in ast.walk(tree) if isinstance(one, ast.Compare | ast.match_case | ast.Set))
    return not any(node is inner for comparison in comparisons for inner in ast.walk(comparison))


def sources(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())
