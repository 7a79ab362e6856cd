"""Every bug of the catalogue that can be put back is noticed by the test that is named for it."""

import pytest

from scripts import mutants


def test_every_mutant_is_caught(capsys: pytest.CaptureFixture[str]) -> None:
    code = mutants.main([])
    assert code == 0, capsys.readouterr().out
