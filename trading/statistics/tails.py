"""The far ends of a series of simple returns, as they were: no distribution is assumed."""

from collections.abc import Sequence

from trading.statistics.figures import defined, mean, percentile, require_finite, require_share


@defined
def tail_ratio(returns: Sequence[float]) -> float | None:
    """Size of the 95th percentile / size of the 5th; None without returns and where the 5th is zero."""
    require_finite(returns)
    low = percentile(returns, 0.05) if returns else 0.0
    return abs(percentile(returns, 0.95)) / abs(low) if low else None


@defined
def value_at_risk(returns: Sequence[float], cutoff: float = 0.05) -> float | None:
    """The return that this share of the returns is below, linear between ranks: a loss is negative.

    Historical simulation. None without returns; ValueError when the share is not from 0 to 1.
    """
    require_finite(returns)
    require_share(cutoff, "cutoff")
    return percentile(returns, cutoff) if returns else None


@defined
def conditional_value_at_risk(returns: Sequence[float], cutoff: float = 0.05) -> float | None:
    """Mean of the k lowest returns, k = int((n - 1) x share) + 1; None without returns.

    ValueError when the share is not from 0 to 1. Rockafellar and Uryasev (2000), on the sample.
    """
    require_finite(returns)
    require_share(cutoff, "cutoff")
    if not returns:
        return None
    return mean(sorted(returns)[: int((len(returns) - 1) * cutoff) + 1])
