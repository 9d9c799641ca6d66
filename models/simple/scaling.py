"""Means and scales by which the inputs of a regression are standardised."""

import numpy as np
import pandas as pd

NOISE = 1e-9  # of a column's size: what varies by less is one number, told with rounding errors


def mean_and_scale(inputs: pd.DataFrame) -> tuple["pd.Series[float]", "pd.Series[float]"]:
    """Mean and standard deviation of each column; 1 for a column that does not vary.

    Divided by rounding errors, the first value that is another would count for all the rest.
    """
    mean = inputs.mean().fillna(0.0)
    scale = inputs.std(ddof=0).fillna(0.0)
    varies = scale > NOISE * np.maximum(1.0, mean.abs())
    return mean, scale.where(varies, 1.0)
