"""The bus of one container. What is published on it is heard only by its own container's components."""

from collections.abc import Callable
from typing import Any


class EventBus:
    """Publishes by the exact type of a message, to its subscribers in the order in which they came."""

    def __init__(self) -> None:
        self._handlers: dict[type, list[Callable[[Any], None]]] = {}

    def subscribe(self, message_type: type, handler: Callable[[Any], None]) -> None:
        """Hear every message of exactly this type."""
        self._handlers.setdefault(message_type, []).append(handler)

    def publish(self, message: object) -> None:
        """Bring a message to its subscribers, now; LookupError for one that nobody hears, a defect of the wiring."""
        try:
            handlers = self._handlers[type(message)]
        except KeyError:
            raise LookupError(f"nobody on this bus hears a {type(message).__name__}") from None
        for handler in handlers:
            handler(message)

    def line(self, message_type: type) -> Callable[[Any], None] | None:
        """What brings messages of one type to those who hear them now, as `publish` does; None where nobody does."""
        handlers = self._handlers.get(message_type, ())
        return self.publish if len(handlers) > 1 else next(iter(handlers), None)

    def close(self) -> None:
        """Forget every subscriber."""
        self._handlers.clear()
