"""Customers with so large a share of a total that they would distort how the others are judged.

A wholesaler with 40 % of the revenue leaves only 40 % for the other customers of class A, moves
their mean and, in trees, the leaf that they share. Such a customer is judged apart.
"""

import pandas as pd

SHARE = 0.2  # of the total
TIMES = 20.0  # times the median of the positive amounts


def is_lone(amounts: "pd.Series[float]") -> "pd.Series[bool]":
    """Whether a customer alone holds more than SHARE of the total and TIMES the median, (n,).

    False where the amount is unknown.
    """
    held = amounts.clip(lower=0.0).fillna(0.0)
    some = held[held > 0]
    if some.empty:
        return held > 0
    return (held > SHARE * held.sum()) & (held > TIMES * some.median())
