"""Who left though told safe, and who stayed though told high: how many, of which groups, and why.

A calibrated model is wrong about some: of a hundred customers at 5 % about five leave. So beside
how many there were stands how many were to be expected, with the range that chance alone explains;
only what lies beyond it is the model's mistake.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import pandas as pd
from scipy.stats import norm

from core.arrays import FloatArray
from models.judging.would_have_told import would_have_told
from models.words import Wrong

WRONG: tuple[Wrong, ...] = get_args(Wrong)
MISSED, ALARMS = WRONG
BANDS = {MISSED: "low", ALARMS: "high"}  # what those customers were told
BY = ("reason", "rfm_segment", "abc_class")  # columns whose values are groups
LEVEL = 0.05


@dataclass(frozen=True)
class Chance:
    """How many are expected to turn out otherwise, and the range that chance alone explains."""

    expected: float
    low: int
    high: int

    def explains(self, is_wrong: FloatArray) -> bool:
        """Whether chance explains that so many turned out so."""
        return bool(self.low <= is_wrong.sum() <= self.high)


def judge_told(
    rows: pd.DataFrame, features: Sequence[str] = (), treated: "pd.Series[bool] | None" = None
) -> dict[str, Any]:
    """Both kinds of mistakes of one list, or of several as-of dates together.

    `rows` hold customer_id, churn_risk, risk_band and left, BY as far as they are known (a row
    without a value is in no group), `lost` (the money that a leaver takes along) where there is
    money, and the features. Whom a contact may have kept (`treated`) is no false alarm and is left
    out of those. Returns customers, rows, left and, for each of WRONG, `told`, `wrong`,
    `expected`, `low`, `high`, `value` (lost, of missed leavers), `groups`, `by_chance` (whether
    chance explains the number) and `would_have_told`.
    """
    result: dict[str, Any] = {
        "customers": int(rows["customer_id"].nunique()),
        "rows": len(rows),
        "left": int(rows["left"].sum()),
    }
    for kind in WRONG:
        told = of_kind(rows, kind, treated)
        is_wrong, chance = wrong_of(told, kind)
        of_all = by_chance(chance, told["customer_id"])
        result[kind] = {
            "told": len(told),
            **_counted(is_wrong, of_all),
            "by_chance": of_all.explains(is_wrong),
            "value": _value(told[is_wrong > 0], kind),
            "groups": list(_groups(told, is_wrong, chance)),
            "would_have_told": would_have_told(told, is_wrong, chance, features),
        }
    return result


def of_kind(
    rows: pd.DataFrame, kind: Wrong, treated: "pd.Series[bool] | None" = None
) -> pd.DataFrame:
    """Those of the rows who were told what this kind is wrong about."""
    inside = rows["risk_band"] == BANDS[kind]
    if kind == ALARMS and treated is not None:
        inside &= ~treated
    return rows[inside].reset_index(drop=True)


def wrong_of(told: pd.DataFrame, kind: Wrong) -> tuple[FloatArray, FloatArray]:
    """Whether each row turned out otherwise, and its probability by the model: (n,) each."""
    left, risk = (told[name].to_numpy(np.float64) for name in ("left", "churn_risk"))
    return (left, risk) if kind == MISSED else (1 - left, 1 - risk)


def by_chance(chance: FloatArray, customer_ids: "pd.Series[Any]", level: float = LEVEL) -> Chance:
    """How many of rows with these probabilities (n,) turn out so, were they right.

    The range is that of a sum of independent events by its first three moments (Cornish & Fisher
    1938), rows of one customer taken as wholly dependent. Exact to about one.
    """
    expected = float(chance.sum())
    variance = chance * (1 - chance)
    customers = pd.factorize(customer_ids)[0]
    spread = float(np.sqrt((np.bincount(customers, np.sqrt(variance)) ** 2).sum()))
    if spread == 0:
        return Chance(expected, round(expected), round(expected))
    skew = float((variance * (1 - 2 * chance)).sum()) / spread**3
    ends = []
    for z in norm.ppf([level / 2, 1 - level / 2]):
        ends.append(expected + spread * (z + skew * (z**2 - 1) / 6))
    low, high = (int(np.ceil(end - 0.5)) for end in ends)
    return Chance(expected, max(low, 0), min(high, len(chance)))


def _groups(
    told: pd.DataFrame, is_wrong: FloatArray, chance: FloatArray
) -> Iterator[dict[str, Any]]:
    """Counts of each group, most expected first; `stands_out` holds for all groups together."""
    columns = [name for name in BY if name in told]
    groups = sum(told[name].nunique() for name in columns)
    for by in columns:
        found = []
        for name in sorted(told[by].dropna().unique()):
            inside = (told[by] == name).to_numpy()
            ids = told["customer_id"][inside]
            usual, strict = (by_chance(chance[inside], ids, LEVEL / n) for n in (1, groups))
            wrong = is_wrong[inside]
            found.append(
                {
                    "by": by,
                    "group": str(name),
                    "told": int(inside.sum()),
                    **_counted(wrong, usual),
                    "stands_out": not strict.explains(wrong),
                }
            )
        yield from sorted(found, key=lambda one: (-one["expected"], one["group"]))


def _counted(is_wrong: FloatArray, chance: Chance) -> dict[str, Any]:
    return {
        "wrong": int(is_wrong.sum()),
        "expected": chance.expected,
        "low": chance.low,
        "high": chance.high,
    }


def _value(wrong: pd.DataFrame, kind: Wrong) -> float | None:
    """The money that missed leavers took along; None without money, and of false alarms."""
    if kind != MISSED or "lost" not in wrong or wrong["lost"].isna().all():
        return None
    return float(wrong["lost"].sum())
