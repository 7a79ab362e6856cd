"""The life of a scope: planned, built in order, resolved by name and type, torn down in reverse, gone."""

import pytest

from trading.errors import ScopeError
from trading.scope import Scope


class Component:
    def __init__(self, name: str, log: list[str]) -> None:
        self.name = name
        self.log = log
        log.append(f"+{name}")

    def end(self) -> None:
        self.log.append(f"-{self.name}")


def scope(*names: str) -> tuple[Scope, list[str]]:
    """A scope of closable components and the log of what happens to them."""
    log: list[str] = []
    made = Scope("a")
    for name in names:
        made.create_component(name, lambda name=name: Component(name, log), Component.end)  # type: ignore[misc]
    return made, log


def test_components_are_built_in_order_and_closed_in_reverse() -> None:
    made, log = scope("bus", "orders", "strategy")
    assert (log, made.is_built) == ([], False)
    made.initialize_scope()
    assert (log, made.is_built) == (["+bus", "+orders", "+strategy"], True)
    made.teardown_scope()
    assert log[3:] == ["-strategy", "-orders", "-bus"]


def test_both_ends_may_be_asked_for_again() -> None:
    made, log = scope("bus")
    for _ in range(2):
        made.initialize_scope()
    for _ in range(2):
        made.teardown_scope()
    assert log == ["+bus", "-bus"]


def test_a_later_component_finds_the_earlier_ones() -> None:
    made, _ = scope("bus")
    made.create_component("orders", lambda: made.resolve("bus", Component).name)
    made.initialize_scope()
    assert made.resolve("orders", str) == "bus"


def test_a_shared_service_is_seen_and_stays_its_giver_s() -> None:
    log: list[str] = []
    feed = Component("feed", log)
    made = Scope("a")
    made.register_shared_service("feed", feed)
    assert made.resolve("feed", Component) is feed
    made.initialize_scope()
    made.teardown_scope()
    assert log == ["+feed"]


def test_a_component_is_closed_only_by_what_it_was_given_to_be_closed_with() -> None:
    class Candle:
        """A strategy may well have an attribute of that name."""

        close = 101.5

    made = Scope("a")
    made.create_component("strategy", Candle)
    made.initialize_scope()
    made.teardown_scope()
    with pytest.raises(ScopeError):
        made.resolve("strategy", Candle)


def test_when_one_fails_those_before_it_are_closed_and_the_error_goes_on() -> None:
    made, log = scope("bus", "orders")
    made.create_component("strategy", lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        made.initialize_scope()
    assert log == ["+bus", "+orders", "-orders", "-bus"]
    with pytest.raises(ScopeError, match="a: its scope has ended; make a new container"):
        made.initialize_scope()


def test_a_scope_that_was_never_built_can_be_torn_down() -> None:
    made, log = scope("bus")
    made.teardown_scope()
    assert (log, made.is_built) == ([], False)


@pytest.mark.parametrize("name", ["bus", "feed"])
def test_a_name_is_taken_once(name: str) -> None:
    made, _ = scope("bus")
    made.register_shared_service("feed", object())
    with pytest.raises(ScopeError, match=f"a: '{name}' is there already"):
        made.create_component(name, object)
    with pytest.raises(ScopeError, match=f"a: '{name}' is there already"):
        made.register_shared_service(name, object())


def test_a_component_cannot_come_late() -> None:
    made, _ = scope("bus")
    made.initialize_scope()
    with pytest.raises(ScopeError, match="a: 'risk' comes after initialize_scope; create components before it"):
        made.create_component("risk", object)


def test_what_is_not_there_or_of_another_type_is_told() -> None:
    made, _ = scope("bus")
    with pytest.raises(ScopeError, match=r"a: no 'bus' here \(scope not built yet; it has nothing\)"):
        made.resolve("bus", Component)
    made.initialize_scope()
    with pytest.raises(ScopeError, match=r"a: no 'risk' here \(scope built; it has bus\)"):
        made.resolve("risk", Component)
    with pytest.raises(ScopeError, match="a: 'bus' is a Component, not a int"):
        made.resolve("bus", int)
    made.teardown_scope()
    with pytest.raises(ScopeError, match=r"a: no 'bus' here \(scope ended; it has nothing\)"):
        made.resolve("bus", Component)
    with pytest.raises(ScopeError, match="its scope has ended"):
        made.register_shared_service("feed", object())
