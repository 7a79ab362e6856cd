"""What a terminal state rests on: words of the venue, a proof put together from them, a denial before anything left
this machine, or an operator's word. There is no other; time that passes, retries that are used up and empty answers
are none, and nothing here can be made of them.
"""

import msgspec

from trading.venue.messages import AccountTold, FillsTold, Message, OrderMissing, RequestUnsent


class VenueWord(msgspec.Struct, frozen=True, tag="venue_word"):
    """A message of the venue, by its id."""

    message_id: str

    @classmethod
    def of(cls, message: Message) -> "VenueWord":
        """The word that a message is."""
        return cls(message.message_id)

    @property
    def citation(self) -> str:
        """As a report cites it."""
        return self.message_id


class LocalDenial(msgspec.Struct, frozen=True, tag="local_denial"):
    """Not one byte of a request left this machine."""

    message_id: str

    @classmethod
    def of(cls, message: RequestUnsent) -> "LocalDenial":
        """The denial that a broker tells of."""
        return cls(message.message_id)

    @property
    def citation(self) -> str:
        """As a report cites it."""
        return f"unsent {self.message_id}"


class AbsenceProof(msgspec.Struct, frozen=True, kw_only=True, tag="absence_proof"):
    """An order is not at the venue and cannot come there any more: asked for by its id twice, far enough apart; not
    among what was executed; and the account explained without it."""

    first: str
    second: str
    fills: str
    account: str

    @classmethod
    def of(cls, first: OrderMissing, second: OrderMissing, fills: FillsTold, account: AccountTold) -> "AbsenceProof":
        """The proof that these four messages are."""
        return cls(first=first.message_id, second=second.message_id, fills=fills.message_id, account=account.message_id)

    @property
    def citation(self) -> str:
        """As a report cites it."""
        return f"absent {self.first} {self.second}, fills {self.fills}, account {self.account}"


class OperatorWord(msgspec.Struct, frozen=True, kw_only=True, tag="operator_word"):
    """Somebody has looked at the venue and says so; the operation is journaled with its reason."""

    reason: str

    @property
    def citation(self) -> str:
        """As a report cites it."""
        return f"operator: {self.reason}"


Evidence = VenueWord | LocalDenial | AbsenceProof | OperatorWord
