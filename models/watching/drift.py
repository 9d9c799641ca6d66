"""Drift: how far what the models see today lies from what they learned from.

The population stability index of two sets of shares p (then) and q (now) over bins,

    PSI = sum of (q - p) × ln(q / p),

is the symmetric Kullback-Leibler divergence (Siddiqi 2006, credit scorecards). Bins are quantiles
of the rows learned from, with a bin for missing values; half a row is added to each bin, so that an
empty one does not make it infinite. Without any drift, PSI / (1/n + 1/m) is about chi-squared with
(bins - 1) degrees of freedom (Yurdakul 2018): this is what chance alone would give.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2

from core.arrays import FloatArray
from models.params import MonitorParams
from models.words import DRIFTED, MOVED, STEADY

HALF_ROW = 0.5
CHANCE = 0.95


class Size(NamedTuple):
    """Numbers of customers on both sides (not of rows: the rows of one customer are alike)."""

    then: int
    now: int


def feature_drift(
    then: pd.DataFrame, now: pd.DataFrame, gain_share: Mapping[str, float], params: MonitorParams
) -> list[dict[str, Any]]:
    """One entry per feature of `gain_share`, those that moved most first.

    `then` are the snapshots learned from, `now` those of the score date, with customer_id.
    """
    size = Size(int(then["customer_id"].nunique()), len(now))
    found = [
        {
            "feature": name,
            "gain_share": float(share),
            **shift(then[name], now[name], size, params),
            **_seen("then", then[name]),
            **_seen("now", now[name]),
        }
        for name, share in gain_share.items()
    ]
    return sorted(found, key=lambda feature: (-feature["psi"], feature["feature"]))


def shift(
    then: "pd.Series[Any]", now: "pd.Series[Any]", size: Size, params: MonitorParams
) -> dict[str, Any]:
    """`psi`, `psi_by_chance` (its 95 % quantile without drift), and `level`, by the cuts."""
    bins = _bins_of_numbers if pd.api.types.is_numeric_dtype(then) else _bins_of_texts
    before, after = bins(then, now, params.bins)
    kept = (before + after) > 0
    before, after = before[kept], after[kept]
    value = psi(before, after)
    chance = float(chi2.ppf(CHANCE, max(len(before) - 1, 1)) * (1 / size.then + 1 / size.now))
    level = STEADY
    if value > chance:
        level = next(
            (
                name
                for name, cut in ((DRIFTED, params.psi_drifted), (MOVED, params.psi_moved))
                if value >= cut
            ),
            STEADY,
        )
    return {"psi": value, "psi_by_chance": chance, "level": level}


def psi(before: FloatArray, after: FloatArray) -> float:
    """The population stability index of two sets of counts over the same bins."""
    p = (before + HALF_ROW) / (before.sum() + HALF_ROW * len(before))
    q = (after + HALF_ROW) / (after.sum() + HALF_ROW * len(after))
    return float(((q - p) * np.log(q / p)).sum())


def _bins_of_numbers(
    then: "pd.Series[Any]", now: "pd.Series[Any]", bins: int
) -> tuple[FloatArray, FloatArray]:
    """Counts by quantile bin of `then`, and of missing values last."""
    known = then.dropna().to_numpy(np.float64)
    inner = np.linspace(0, 1, bins + 1)[1:-1]
    edges = np.unique(np.quantile(known, inner)) if len(known) else np.array([])
    return _counted(then, edges), _counted(now, edges)


def _counted(values: "pd.Series[Any]", edges: FloatArray) -> FloatArray:
    numbers = values.to_numpy(np.float64)
    missing = np.isnan(numbers)
    place = np.searchsorted(edges, numbers[~missing], side="left")
    counts = np.bincount(place, minlength=len(edges) + 1)
    return np.asarray(np.r_[counts, missing.sum()], np.float64)


def _bins_of_texts(
    then: "pd.Series[Any]", now: "pd.Series[Any]", bins: int
) -> tuple[FloatArray, FloatArray]:
    """Counts of the most frequent texts of `then`, of all others, and of missing ones last."""
    frequent = pd.Index(then.value_counts().index[: bins - 1])

    def counted(values: "pd.Series[Any]") -> FloatArray:
        place: npt.NDArray[np.int64] = frequent.get_indexer(pd.Index(values))
        place = np.where(values.isna().to_numpy(), len(frequent) + 1, place)
        place = np.where(place < 0, len(frequent), place)
        return np.asarray(np.bincount(place, minlength=len(frequent) + 2), np.float64)

    return counted(then), counted(now)


def _seen(when: str, values: "pd.Series[Any]") -> dict[str, Any]:
    """The typical value (median, of text the most frequent) and the share of missing ones."""
    known = values.dropna()
    typical: Any = None
    if len(known):
        is_number = pd.api.types.is_numeric_dtype(values)
        typical = float(known.median()) if is_number else str(known.mode().iloc[0])
    return {f"typical_{when}": typical, f"missing_{when}": float(values.isna().mean())}
