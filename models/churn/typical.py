"""Learns what values are compared with: typical values, classes of customers alike, evidence."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from core.digits import CONVEX, to_digits
from features.params import Churn
from models.churn.comparisons import GAP, Comparisons, Evidence, classes_of, numbers_of, plain
from models.churn.shown import plain_meaning
from models.trees.inputs import RARE, is_text

CLASSES = 5  # of the usual gap, equally large; customers without one are one more
MIN_ALIKE = 50  # customers who stayed, for a typical value of their own class
BINS = 10  # of a feature's values, equally large
SURE = 2.0  # standard errors by which leaving in a bin has to differ


def learn_comparisons(
    rows: pd.DataFrame, features: Sequence[str], units: Mapping[str, str], churn: Churn
) -> Comparisons:
    """Typical values of those who stayed, classes of customers alike, and evidence.

    `units` are those of the features.

    Where no outcome is known, all rows are used, and there is no evidence.
    """
    stayed = rows[rows["churned"] != 1]
    typical = {name: _typical(stayed[name]) for name in sorted(features)}
    gaps = _gap_limits(rows)
    alike: dict[str, list[float | None]] = {}
    if gaps is not None:
        classes = classes_of(numbers_of(stayed[GAP]), gaps)
        customers = stayed.groupby(classes)["customer_id"].nunique()
        enough = [number for number in customers.index if customers[number] >= MIN_ALIKE]
        for name in sorted(features):
            if name == GAP or is_text(stayed[name]):
                continue
            medians = stayed[name].groupby(classes).median()
            alike[name] = [
                plain(medians[number]) if number in enough else None  # type: ignore[misc]
                for number in range(len(gaps) + 2)
            ]
    meanings = {name: plain_meaning(name, churn) for name in sorted(features)}
    plain_ones = {name: meaning for name, meaning in meanings.items() if meaning}
    evidence = _evidence(rows, [name for name in meanings if not meanings[name]], gaps)
    return Comparisons(typical, plain_ones, gaps, alike, evidence, dict(units))


def _gap_limits(rows: pd.DataFrame) -> list[float] | None:
    gaps = rows[GAP].dropna() if GAP in rows else rows.iloc[:0].index.to_series()
    if gaps.empty:
        return None
    limits = gaps.quantile(np.arange(1, CLASSES) / CLASSES).unique()
    return [float(limit) for limit in to_digits(np.asarray(limits, np.float64), CONVEX)]


def _evidence(
    rows: pd.DataFrame, features: Sequence[str], gaps: Sequence[float] | None
) -> dict[str, Evidence]:
    known = rows[rows["churned"].notna()]
    left = known["churned"].to_numpy(np.float64)
    if not len(left) or left.min() == left.max():
        return {}
    alike = np.zeros(len(known), np.intp)
    if gaps is not None:
        alike = classes_of(numbers_of(known[GAP]), gaps)
    expected = pd.Series(left).groupby(alike).transform("mean").to_numpy(np.float64)
    table = pd.DataFrame(
        {"customer": known["customer_id"].to_numpy(), "left": left, "expected": expected}
    )
    return {name: _evidence_of(known[name], table) for name in features}


def _evidence_of(values: "pd.Series[Any]", table: pd.DataFrame) -> Evidence:
    if is_text(values):
        found = _signs(values, table)
        return Evidence(signs={str(text): int(sign) for text, sign in found.items() if sign})
    numbers = numbers_of(values)
    there = numbers[np.isfinite(numbers)]
    if not len(there):
        return Evidence(signs=[0])
    limits = np.unique(np.quantile(there, np.arange(1, BINS) / BINS, method="inverted_cdf"))
    bins = pd.Series(np.searchsorted(limits, numbers, side="left"))
    found = _signs(bins.where(np.isfinite(numbers)), table)
    signs = [int(found.get(number, 0)) for number in range(len(limits) + 1)]
    return Evidence([float(limit) for limit in limits], signs)


def _signs(bins: "pd.Series[Any]", table: pd.DataFrame) -> "pd.Series[int]":
    """The sign of each bin that enough customers are in; one customer has rows of many dates."""
    by_bin = table.groupby(bins.to_numpy())
    customers = by_bin["customer"].nunique()
    expected = by_bin["expected"].mean()
    excess = by_bin["left"].mean() - expected
    error: pd.Series[float] = (expected * (1.0 - expected) / customers) ** 0.5
    sure = (excess.abs() > SURE * error) & (customers >= RARE)
    return pd.Series(np.where(sure, np.sign(excess), 0).astype(int), index=excess.index)


def _typical(stayed: "pd.Series[Any]") -> float | str | None:
    """The median of numbers; the most frequent text, on a tie the first alphabetically."""
    if is_text(stayed):
        most = stayed.mode()
        return plain(str(most.iloc[0])) if len(most) else None
    return plain(stayed.median())
