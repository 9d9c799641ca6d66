"""Mean and scale that standardise the inputs of a regression."""

import numpy as np
import pandas as pd

from core.digits import CONVEX, to_digits

NOISE = 1e-9  # of a column's size: a column that varies by less is constant but for rounding errors


def mean_and_scale(inputs: pd.DataFrame) -> tuple["pd.Series[float]", "pd.Series[float]"]:
    """Mean and standard deviation of each column; 1 for a column that does not vary.

    With rounding errors as the scale, the first different value would outweigh everything else.
    """
    mean = inputs.mean().fillna(0.0)
    scale = inputs.std(ddof=0).fillna(0.0)
    varies = scale > NOISE * np.maximum(1.0, mean.abs())
    return _kept(mean), _kept(scale.where(varies, 1.0))


def _kept(values: "pd.Series[float]") -> "pd.Series[float]":
    """The inputs are logarithms."""
    kept = to_digits(np.asarray(values, np.float64), CONVEX)
    return pd.Series(kept, index=values.index)
