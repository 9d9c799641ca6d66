"""Customers who hold so much of a total alone that they would decide what others are.

A wholesaler with 40 % of the revenue leaves 40 % for the other customers of class A, moves their
mean and, in trees, the leaf that they share. Such a customer is judged apart.
"""

import pandas as pd

SHARE = 0.2  # of the total
TIMES = 20.0  # the median of those who have any


def is_lone(amounts: "pd.Series[float]") -> "pd.Series[bool]":
    """Who alone holds more than SHARE of the total and TIMES the median (n,); unknown is not."""
    held = amounts.clip(lower=0.0).fillna(0.0)
    some = held[held > 0]
    if some.empty:
        return held > 0
    return (held > SHARE * held.sum()) & (held > TIMES * some.median())
