"""The laws of the books have teeth: each deliberate mistake in a rule of booking breaks them before long."""

from itertools import islice

import pytest

from tests.books.code import Code, changed, the_code
from tests.books.drawing import Seeded, draw
from tests.books.mutants import MUTANTS, PORTFOLIO, Mutant
from tests.books.story import Story, tell_all

EVENTS = 3_000
SEED = 7


def a_story(code: Code) -> None:
    source = Seeded(SEED)
    tell_all(Story(code, every=100, closely=False), islice(iter(lambda: draw(source), None), EVENTS))


def test_the_books_as_they_are_keep_the_laws() -> None:
    a_story(the_code())


def test_so_do_the_same_books_loaded_from_their_source() -> None:
    untouched = changed(PORTFOLIO, "class Position(", "class Position(")
    assert untouched.portfolio is not the_code().portfolio
    a_story(untouched)


@pytest.mark.parametrize("mutant", [pytest.param(mutant, id=mutant.name) for mutant in MUTANTS])
def test_a_mistake_is_noticed(mutant: Mutant) -> None:
    code = changed(mutant.module, mutant.old, mutant.new)
    with pytest.raises(AssertionError):
        a_story(code)


def test_every_mutant_has_a_name_of_its_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 25


@pytest.mark.parametrize(("old", "found"), [("class Nothing(", 0), ("self.", None)])
def test_a_mutant_of_code_that_has_changed_is_out_of_date(old: str, found: int | None) -> None:
    with pytest.raises(ValueError, match="times, not once" if found is None else f"{found} times, not once"):
        changed(PORTFOLIO, old, "")
