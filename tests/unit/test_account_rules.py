"""Every rule of docs/accounts.md has a row in a test table, and no row is of a rule that is not there."""

import re
from collections import Counter
from pathlib import Path

from tests.account_builders import AccountRow
from tests.unit import test_accruals, test_liquidation, test_margin_account

DOCUMENT = Path(__file__).parents[2] / "docs" / "accounts.md"
ROWS: list[AccountRow] = [*test_margin_account.ROWS, *test_accruals.ROWS, *test_liquidation.ROWS]


def documented() -> list[str]:
    lines = DOCUMENT.read_text().splitlines()
    return [found[1] for line in lines if (found := re.match(r"\| ([A-Z]\d+) \|", line))]


def test_every_rule_has_a_row_and_every_row_a_rule() -> None:
    assert sorted({row.rule for row in ROWS}) == sorted(documented())


def test_no_rule_is_there_twice_and_none_is_left_out_in_its_count() -> None:
    by_letter: dict[str, list[int]] = {}
    for rule in documented():
        by_letter.setdefault(rule[0], []).append(int(rule[1:]))

    assert by_letter == {letter: list(range(1, len(numbers) + 1)) for letter, numbers in by_letter.items()}


def test_the_rows_are_told_apart() -> None:
    assert not [name for name, count in Counter(map(str, ROWS)).items() if count > 1]
