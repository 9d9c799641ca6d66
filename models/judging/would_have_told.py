"""What would have told: features that part those the model was wrong about from the others.

Of customers in one risk band, the model says how many turn out otherwise. A feature would have told
if those who did have other values of it than the risks expected: the mean rank of the wrong is
compared with the mean rank weighted by each row's chance of being wrong. This is a score test of
the calibrated model against one that uses the feature more (Cox 1958, "Two further applications of
a model for binary regression", Biometrika 45, with the level of the band free).
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from core.arrays import FloatArray
from models.trees.inputs import is_text

FEWEST = 10  # who turned out otherwise: with fewer nothing can be said
LEVEL = 0.05  # of all features together (Holm 1979)
MOST_FOUND, MOST_VALUES = 5, 20
SAME = 1e-9  # ranks that differ by less are one, whatever the rounding of their mean


def would_have_told(
    rows: pd.DataFrame, is_wrong: FloatArray, chance: FloatArray, features: Sequence[str]
) -> dict[str, Any] | None:
    """The features that would have told, surest first; None where too few turned out otherwise.

    `rows` (n) hold the features as known at the as-of date and customer_id, `is_wrong` (n,) is in
    {0, 1}, `chance` (n,) its probability by the model. Returns `tested`, the number of features,
    and `found`: feature, value (of text), above (whether the wrong have high values, or this one
    more often), and of the rows in that half, or with that value, `told`, `wrong` and `expected`,
    at the level of the whole band. Rows of one
    customer are taken as wholly dependent.
    """
    if min(is_wrong.sum(), (1 - is_wrong).sum()) < FEWEST:
        return None
    level = is_wrong.sum() / chance.sum()
    customers = pd.factorize(rows["customer_id"])[0]
    names = [name for name in features if name in rows]
    tested = []
    for name in names:
        for value, ranks in _columns(rows[name]):
            if np.ptp(ranks) < SAME:
                continue
            z = _deviation(is_wrong, np.clip(chance * level, 0.0, 1.0), ranks, customers)
            tested.append((2 * float(norm.sf(abs(z))), name, value, z > 0, ranks))
    tested.sort(key=lambda one: one[:2])
    found: list[dict[str, Any]] = []
    for place, (p, name, value, above, ranks) in enumerate(tested):
        if p * (len(tested) - place) > LEVEL:
            break
        inside = ranks > 0.5 if value is not None else _half(ranks, above)
        told = {
            "feature": name,
            "value": value,
            "above": bool(above),
            "told": int(inside.sum()),
            "wrong": int(is_wrong[inside].sum()),
            "expected": float(level * chance[inside].sum()),
        }
        if name not in [one["feature"] for one in found]:
            found.append(told)
    return {"tested": len(names), "found": found[:MOST_FOUND]}


def _columns(column: "pd.Series[Any]") -> Iterator[tuple[str | None, FloatArray]]:
    """A feature as ranks in [0, 1] (n,); text as one column of 0 and 1 for each frequent value."""
    if is_text(column):
        for value in column.value_counts().sort_index().nlargest(MOST_VALUES).index:
            yield str(value), (column == value).to_numpy(np.float64)
        return
    numbers = column.astype("float64")
    ranks = numbers.rank(pct=True)
    yield None, np.asarray(ranks.fillna(ranks.mean()).fillna(0.5), dtype=np.float64)


def _half(ranks: FloatArray, above: bool) -> np.ndarray:
    """Whether each row lies in the upper, or the lower, half; of many equal values all or none."""
    middle = np.median(ranks)
    inside = (ranks > middle) if above else (ranks < middle)
    if inside.any():
        return np.asarray(inside)
    return np.asarray((ranks >= middle) if above else (ranks <= middle))


def _deviation(
    is_wrong: FloatArray, chance: FloatArray, ranks: FloatArray, customers: np.ndarray
) -> float:
    """How many standard deviations the ranks of the wrong lie above those expected."""
    centred = ranks - (chance * ranks).sum() / chance.sum()
    each = np.sqrt(chance * (1 - chance)) * np.abs(centred)
    spread = float(np.sqrt((np.bincount(customers, each) ** 2).sum()))
    return float((is_wrong * centred).sum()) / spread
