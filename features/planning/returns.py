"""Whether the silent come back: by days of silence, the share that ends in a purchase."""

from collections.abc import Iterable
from math import sqrt

import numpy as np
import numpy.typing as npt
import pandas as pd

SILENCES = (7, 14, 21, 28, 42, 56, 90, 120, 180, 270, 365)
FEWEST_SURE = 30  # customers, below whom a share is shown as one of few
Z_95 = 1.959964  # of a normal distribution, 95 % lie within so many standard errors


def return_curve(days: Iterable[pd.DataFrame], data_until: int) -> pd.DataFrame:
    """Of the silences that reached N days, the share that ended in a purchase within N more days.

    `days` is `purchase_days`. Only silences whose 2 N days lie inside the data are counted; its
    last day may be incomplete and lies outside.
    Columns: silence_days, silences, customers (whose silences they are), returned (share in
    [0, 1]) with its 95 % interval low and high, few (fewer customers than FEWEST_SURE). The
    interval is Wilson's (1927), which is honest near 0 and 1, and counts customers instead of
    silences: those of one customer are alike.
    """
    counts = sum((_counts(part, data_until) for part in days), np.zeros((len(SILENCES), 3), int))
    rows = []
    for reached, (silences, ended, customers) in zip(SILENCES, counts.tolist(), strict=True):
        if silences:
            low, high = wilson_95(ended / silences, customers)
            is_few = customers < FEWEST_SURE
            rows.append((reached, silences, customers, ended / silences, low, high, is_few))
    columns = ["silence_days", "silences", "customers", "returned", "low", "high", "few"]
    return pd.DataFrame(rows, columns=columns)


def _counts(days: pd.DataFrame, data_until: int) -> npt.NDArray[np.int64]:
    """By SILENCES: how many reached so many days, how many of them ended, and of how many people.

    All days of a customer lie in one part, so that these add up.
    """
    silence = days.groupby("customer_id")["gap"].shift(-1).fillna(float("inf"))
    counts = []
    for reached in SILENCES:
        observed = (days["day"] + 2 * reached < data_until) & (silence > reached)
        customers = days.loc[observed, "customer_id"].nunique()
        counts.append((observed.sum(), (silence[observed] <= 2 * reached).sum(), customers))
    return np.array(counts, dtype="int64")


def wilson_95(share: float, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share observed among `count`."""
    shrunk = 1 + Z_95**2 / count
    middle = (share + Z_95**2 / (2 * count)) / shrunk
    half = Z_95 / shrunk * sqrt(share * (1 - share) / count + Z_95**2 / (4 * count**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)
