"""Where orders go: the market that is simulated here, or a venue."""

from typing import Annotated, Literal

from pydantic import Field

from daemon.config.cost_settings import Commission, NoCommissionSettings, NoSlippageSettings, Slippage
from daemon.config.market_settings import MarketSettings
from daemon.config.section import Section
from daemon.config.venue_settings import PlainBrokerSettings


class SimulatedBrokerSettings(MarketSettings):
    """The simulated market stands in for the venue."""

    kind: Literal["simulated"]
    commission: Commission = Field(
        default=(NoCommissionSettings(kind="none"),), description="what a fill is charged; several are added up"
    )
    slippage: Slippage = Field(
        default=(NoSlippageSettings(kind="none"),),
        description="how much worse than seen orders trade that take liquidity; several are added up",
    )


class PassthroughBrokerSettings(Section):
    """Every order fills at once at the current price: for wiring tests, never for judging a strategy."""

    kind: Literal["passthrough"]


Broker = Annotated[
    SimulatedBrokerSettings | PassthroughBrokerSettings | PlainBrokerSettings, Field(discriminator="kind")
]
