"""Why an order may not be. Whoever refuses one says it with this: validator, risk manager, gate, market."""

import msgspec


class Refusal(msgspec.Struct, frozen=True):
    """Why an order may not be: a code for programs, a sentence with the numbers for people."""

    code: str
    reason: str
