"""What trading costs at the simulated market: every commission and slippage by its `kind`, one or a list of them."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from daemon.config.section import Section
from daemon.config.values import Exact, FeeCurrency, NotNegative, Positive
from trading.money import ZERO


class _Charged(Section):
    """How an amount becomes what is paid."""

    rounding: Literal["half_up", "half_even", "up", "down"] = Field(
        default="half_up", description="to the currency's smallest unit: up is more to pay, halves go up or to even"
    )
    basis: Literal["order", "fill"] = Field(
        default="order", description="what is rounded: what the order owes in all, or what each fill adds to that"
    )


class _ChargedFlat(_Charged):
    currency: FeeCurrency | None = Field(
        default=None, description="quote, base or any currency's code; the account's currency if not given"
    )


class _ChargedByShare(_Charged):
    currency: Literal["quote", "base"] = Field(
        default="quote",
        description="quote: of the worth, in the currency of the price; base: of the quantity, in the one traded",
    )


class NoCommissionSettings(Section):
    """Trading is free."""

    kind: Literal["none"]


class PerShareCommissionSettings(_ChargedFlat):
    """An amount for each unit traded."""

    kind: Literal["per_share"]
    rate: NotNegative = Field(description="charge per unit, in the fee's currency")
    minimum: NotNegative = Field(default=ZERO, description="least charge of an order")
    cap_percent: NotNegative | None = Field(
        default=None, description="most that an order is charged, in percent of its worth; the minimum stands above it"
    )
    maximum: NotNegative | None = Field(default=None, description="most that an order is charged")


class PercentCommissionSettings(_ChargedByShare):
    """A share of what was traded."""

    kind: Literal["percent"]
    percent: NotNegative = Field(lt=100, description='charge in percent of what is traded: "0.1" is a thousandth')
    minimum: NotNegative = Field(default=ZERO, description="least charge of an order")
    maximum: NotNegative | None = Field(default=None, description="most that an order is charged")


class PerTradeCommissionSettings(_ChargedFlat):
    """An amount for each order that trades."""

    kind: Literal["per_trade"]
    amount: NotNegative = Field(description="charge per order, with its first fill")


class PerContractCommissionSettings(_ChargedFlat):
    """An amount for each contract, and one for the exchange."""

    kind: Literal["per_contract"]
    rate: NotNegative = Field(description="charge per contract, in the fee's currency")
    exchange_fee: NotNegative = Field(default=ZERO, description="charge per order, with its first fill")
    minimum: NotNegative = Field(default=ZERO, description="least charge of an order, the exchange's fee included")


MakerPercent = Annotated[
    Exact,
    Field(gt=-100, lt=100, description="charge in percent for making liquidity; a rebate is below zero"),
]
TakerPercent = Annotated[NotNegative, Field(lt=100, description="charge in percent for taking liquidity")]


class MakerTakerCommissionSettings(_ChargedByShare):
    """One percentage for making liquidity, one for taking it."""

    kind: Literal["maker_taker"]
    maker_percent: MakerPercent
    taker_percent: TakerPercent


class TierSettings(Section):
    """What is charged from a turnover on."""

    turnover: NotNegative = Field(
        description="worth traded in the calendar month before, in the instrument's currency; the first tier's is 0"
    )
    maker_percent: MakerPercent
    taker_percent: TakerPercent


class TieredCommissionSettings(_ChargedByShare):
    """Percentages that depend on the account's turnover."""

    kind: Literal["tiered"]
    tiers: Annotated[tuple[TierSettings, ...], Field(strict=False)] = Field(
        description="the tiers, in rising order of their turnover"
    )


class NoSlippageSettings(Section):
    """Orders trade at the price seen."""

    kind: Literal["none"]


class FixedSlippageSettings(Section):
    """Orders that take liquidity trade this many ticks worse."""

    kind: Literal["fixed"]
    ticks: int = Field(ge=1, description="ticks by which an order trades worse")


class BasisPointSlippageSettings(Section):
    """Orders that take liquidity trade worse by a part of the price."""

    kind: Literal["basis_points"]
    basis_points: Positive = Field(lt=10_000, description="hundredths of a percent of the price")


class VolumeShareSlippageSettings(Section):
    """Orders that take liquidity trade worse by the square of their share of what is on offer."""

    kind: Literal["volume_share"]
    impact_percent: Positive = Field(
        lt=100, description="percent of the price by which an order trades worse that takes all that is on offer"
    )


class SpreadShareSlippageSettings(Section):
    """Orders that take liquidity trade worse by a part of the spread."""

    kind: Literal["spread_share"]
    share: Positive = Field(description='share of the distance of bid and ask: "0.5" is half of it')


class SquareRootSlippageSettings(Section):
    """Orders that take liquidity trade worse by the root of their share of the volume."""

    kind: Literal["square_root"]
    coefficient_percent: Positive = Field(
        lt=100, description="percent of the price by which an order trades worse that is as large as the volume"
    )


class _Unlisted:
    """Tells editors that a list of one may be written as the one."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


_Entry = TypeVar("_Entry")
OneOrSeveral = Annotated[tuple[_Entry, ...], Field(strict=False), BeforeValidator(_listed), _Unlisted()]
"""A list that may be written as its one entry."""

FlatCharge = PerShareCommissionSettings | PerTradeCommissionSettings | PerContractCommissionSettings
Charge = FlatCharge | PercentCommissionSettings | MakerTakerCommissionSettings | TieredCommissionSettings
CommissionEntry = NoCommissionSettings | Charge
SlippageEntry = (
    NoSlippageSettings
    | FixedSlippageSettings
    | BasisPointSlippageSettings
    | VolumeShareSlippageSettings
    | SpreadShareSlippageSettings
    | SquareRootSlippageSettings
)
Commission = OneOrSeveral[Annotated[CommissionEntry, Field(discriminator="kind")]]
Slippage = OneOrSeveral[Annotated[SlippageEntry, Field(discriminator="kind")]]
