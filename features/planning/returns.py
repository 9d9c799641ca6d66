"""Whether the silent come back: by days of silence, the share that ends in a purchase."""

from math import sqrt

import pandas as pd

SILENCES = (7, 14, 21, 28, 42, 56, 90, 120, 180, 270, 365)
FEWEST_SURE = 30  # customers, below whom a share is shown as one of few
Z_95 = 1.959964  # of a normal distribution, 95 % lie within so many standard errors


def return_curve(days: pd.DataFrame, data_until: int) -> pd.DataFrame:
    """Of the silences that reached N days, the share that ended in a purchase within N more days.

    `days` is `purchase_days`. Only silences whose 2 N days lie inside the data are counted; its
    last day may be incomplete and lies outside.
    Columns: silence_days, silences, customers (whose silences they are), returned (share in
    [0, 1]) with its 95 % interval low and high, few (fewer customers than FEWEST_SURE). The
    interval is Wilson's (1927), which is honest near 0 and 1, and counts customers instead of
    silences: those of one customer are alike.
    """
    silence = days.groupby("customer_id")["gap"].shift(-1).fillna(float("inf"))
    rows = []
    for reached in SILENCES:
        observed = (days["day"] + 2 * reached < data_until) & (silence > reached)
        if observed.any():
            back = float((silence[observed] <= 2 * reached).mean())
            customers = int(days.loc[observed, "customer_id"].nunique())
            low, high = wilson_95(back, customers)
            rows.append(
                (reached, int(observed.sum()), customers, back, low, high, customers < FEWEST_SURE)
            )
    columns = ["silence_days", "silences", "customers", "returned", "low", "high", "few"]
    return pd.DataFrame(rows, columns=columns)


def wilson_95(share: float, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share observed among `count`."""
    shrunk = 1 + Z_95**2 / count
    middle = (share + Z_95**2 / (2 * count)) / shrunk
    half = Z_95 / shrunk * sqrt(share * (1 - share) / count + Z_95**2 / (4 * count**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)
