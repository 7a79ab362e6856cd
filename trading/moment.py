"""The moment that a container lives in: one for all its parts, so that it is told to none of them apart."""


class Moment:
    """`now_ns` is the time of what is being heard; `asked` counts what was asked for since it came."""

    __slots__ = ("asked", "now_ns")

    def __init__(self) -> None:
        self.now_ns = 0
        self.asked = 0
