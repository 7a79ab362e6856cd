"""The life of a container's components: registered, built together, resolved by name, torn down in reverse."""

from collections.abc import Callable
from typing import Any, TypeVar

from trading.errors import ScopeError

T = TypeVar("T")


class Scope:
    """A set of named components that live and end together, and the shared services that they may see.

    `initialize_scope` and `teardown_scope` may be called again and then do nothing. ScopeError for whatever is asked
    out of order: a name twice, a name that is not there, anything before it is built or after it is gone.
    """

    def __init__(self, container_id: str) -> None:
        self.container_id = container_id
        self._builders: dict[str, Callable[[], Any]] = {}
        self._closers: dict[str, Callable[[Any], None]] = {}
        self._components: dict[str, object] = {}
        self._services: dict[str, object] = {}
        self._initialized = False
        self._torn_down = False

    def register_shared_service(self, name: str, service: object) -> None:
        """Let the components see something from outside; it is the giver's and stays when the scope ends."""
        self._refuse_taken(name)
        self._services[name] = service

    @property
    def is_built(self) -> bool:
        """Whether its components are there."""
        return self._initialized and not self._torn_down

    def create_component(self, name: str, build: Callable[[], T], close: Callable[[T], None] | None = None) -> None:
        """Plan a component; it is built by `initialize_scope` after those planned before it, and closed before them."""
        if self._initialized:
            raise ScopeError(f"{self.container_id}: {name!r} comes after initialize_scope; create components before it")
        self._refuse_taken(name)
        self._builders[name] = build
        if close is not None:
            self._closers[name] = close

    def initialize_scope(self) -> None:
        """Build every component in order. If one fails, those already built are torn down and the error goes on."""
        if self._torn_down:
            raise ScopeError(f"{self.container_id}: its scope has ended; make a new container")
        if self._initialized:
            return
        self._initialized = True
        try:
            for name, build in self._builders.items():
                self._components[name] = build()
        except BaseException:
            self.teardown_scope()
            raise

    def resolve(self, name: str, kind: type[T]) -> T:
        """The component or shared service of that name, which must be of that type."""
        found = self._components.get(name, self._services.get(name))
        if found is None:
            state = "ended" if self._torn_down else "built" if self._initialized else "not built yet"
            known = ", ".join(sorted({*self._components, *self._services})) or "nothing"
            raise ScopeError(f"{self.container_id}: no {name!r} here (scope {state}; it has {known})")
        if not isinstance(found, kind):
            raise ScopeError(f"{self.container_id}: {name!r} is a {type(found).__name__}, not a {kind.__name__}")
        return found

    def teardown_scope(self) -> None:
        """Close every component that is to be closed, last built first, and let go of everything."""
        self._torn_down = True
        while self._components:
            name, component = self._components.popitem()
            if name in self._closers:
                self._closers[name](component)
        self._builders.clear()
        self._closers.clear()
        self._services.clear()

    def _refuse_taken(self, name: str) -> None:
        if self._torn_down:
            raise ScopeError(f"{self.container_id}: its scope has ended; make a new container")
        if name in self._builders or name in self._services:
            raise ScopeError(f"{self.container_id}: {name!r} is there already")
