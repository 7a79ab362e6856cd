"""The account: its kind and cash, and what comes of its balances with time."""

from decimal import Decimal
from typing import Literal

from pydantic import Field

from daemon.config.calendar_settings import TimeOfDay
from daemon.config.section import Section
from daemon.config.values import Amounts, AtLeastOne, Code, Exact, Positive, written
from trading.money import ZERO


class InterestSettings(Section):
    """Yearly interest on the balance in one currency."""

    credit: Exact = Field(default=ZERO, description='share a year that a balance above zero earns: "0.01" is 1 %')
    debit: Exact = Field(default=ZERO, description="share a year that a balance below zero costs")


class RolloverSettings(Section):
    """When the account's days end: what is reckoned by the night falls due then."""

    at: TimeOfDay = Field(default=written("17:00"), description="time of day, by the clock of the zone, in quotes")
    zone: str = Field(default="America/New_York", description="its time zone")
    triple: Literal["mon", "tue", "wed", "thu", "fri", "none"] = Field(
        default="wed",
        description="day that counts for three nights, as Saturday and Sunday are none; none: each day is one",
    )


class AccountSettings(Section):
    """The account that the strategies share."""

    kind: Literal["cash", "margin"] = Field(
        default="cash", description="cash pays for all it holds; margin ties up a part, and may sell short"
    )
    currency: Code = Field(description="currency of the account, such as USD")
    cash: Amounts = Field(
        description='cash that the account begins with, such as "100000", or {USD: "100000", BNB: "5"}'
    )
    leverage: AtLeastOne | None = Field(
        default=None, description="worth that may be held for each unit put up, where an instrument has no own margin"
    )
    maintenance_margin: Positive | None = Field(
        default=None, description="share of its worth that keeps such a position; half of what opens it if not given"
    )
    interest: dict[Code, InterestSettings] = Field(default={}, description="interest on balances, by currency")
    day_count: Literal[360, 365] = Field(default=365, description="days of a year of interest, swaps and borrowing")
    rollover: RolloverSettings = Field(default=RolloverSettings(), description="when the account's days end")
    sweep: bool = Field(
        default=False, description="whether balances in other currencies become the account's when a day ends"
    )

    @property
    def balances(self) -> dict[str, Decimal]:
        """The cash that it begins with, by currency."""
        return by_currency(self.cash, self.currency)


def by_currency(amounts: Decimal | dict[str, Decimal], own: str) -> dict[str, Decimal]:
    """Amounts by their currencies, where one without is of the account's own."""
    return dict(amounts) if isinstance(amounts, dict) else {own: amounts}
