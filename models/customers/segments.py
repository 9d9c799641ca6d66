"""Segments: plain names for where a customer stands, by rules that a manager can check by hand.

Everything is computed within the scored cohort, so a name says "compared with the others today".
docs/segments.md shows the grid and the rules with numbers.
"""

import re
from typing import Literal, get_args

import numpy as np
import pandas as pd

from core.order import most_first
from models.lone import is_lone
from models.params import BandParams

RiskBand = Literal["high", "medium", "low"]
RfmSegment = Literal[
    "champions",
    "loyal",
    "potential_loyal",
    "new",
    "need_attention",
    "at_risk",
    "cannot_lose",
    "hibernating",
]
AbcClass = Literal["A", "B", "C"]
LifecycleStage = Literal["new", "developing", "regular", "fading", "lapsing"]
RISK_BANDS = get_args(RiskBand)
RFM_SEGMENTS = get_args(RfmSegment)
ABC_CLASSES = get_args(AbcClass)
LIFECYCLE_STAGES = get_args(LifecycleStage)

A_SHARE, B_SHARE = 0.80, 0.95  # of revenue, cumulated from the largest customer down
QUINTILES = 5
NEW_DAYS, DEVELOPING_DAYS = 30, 90  # tenure, days
DEVELOPING_ORDERS = 4
# Multiples of the customer's own mean gap. Someone who buys at random is silent for twice the mean
# gap on 13.5 % of days (exp(-2)) and for four times on 1.8 % (exp(-4)).
FADING_SILENCE, LAPSING_SILENCE = 2.0, 4.0

# Rows: recency score 5 (fresh) to 1; columns: value score 1 to 5.
GRID = {
    5: ("new", "potential_loyal", "potential_loyal", "champions", "champions"),
    4: ("new", "potential_loyal", "potential_loyal", "loyal", "loyal"),
    3: ("need_attention", "need_attention", "need_attention", "loyal", "loyal"),
    2: ("hibernating", "hibernating", "at_risk", "at_risk", "cannot_lose"),
    1: ("hibernating", "hibernating", "at_risk", "at_risk", "cannot_lose"),
}


def segments(snapshot: pd.DataFrame) -> pd.DataFrame:
    """Columns rfm_segment, lifecycle_stage and, where there are amounts, abc_class; same index.

    `snapshot` holds one row per customer of one as-of date with days_since_last_purchase,
    tenure_days, orders_total, gap_mean and, where the data has them, orders_Nd and amount_Nd.
    """
    names = pd.DataFrame(
        {"rfm_segment": rfm_segment(snapshot), "lifecycle_stage": lifecycle_stage(snapshot)},
        index=snapshot.index,
    )
    amounts = longest_window(snapshot, "amount")
    if amounts is not None:
        names["abc_class"] = abc_class(amounts)
    return names


def risk_band(churn_risk: "pd.Series[float]", bands: BandParams) -> "pd.Series[str]":
    """high, medium or low; a risk exactly at a cut falls in the higher band."""
    names = np.select(
        [churn_risk >= bands.high, churn_risk >= bands.medium], ["high", "medium"], "low"
    )
    return pd.Series(names, index=churn_risk.index)


def rank_in_stage(cards: pd.DataFrame) -> "pd.Series[int]":
    """Rank within the lifecycle stage: 1 has the most value at risk (without money: churn risk).

    Equal values are ordered by customer_id, so every rank is taken once.
    """
    by = "value_at_risk" if "value_at_risk" in cards.columns else "churn_risk"
    stages = cards["lifecycle_stage"].iloc[most_first(cards, by)]
    return stages.groupby(stages, observed=True).cumcount().add(1).reindex(cards.index)


def rfm_segment(snapshot: pd.DataFrame) -> "pd.Series[str]":
    """Named cell of the RFM grid (after Hughes 1994): recency score against value score.

    The value score is the mean of the frequency and money scores, rounded up; frequency alone
    without amounts. `new` is for young customers only: somebody known for longer who bought
    recently but rarely is potential_loyal.
    """
    scores = rfm_scores(snapshot)
    cells = np.array([GRID[score] for score in range(1, QUINTILES + 1)], dtype=object)
    found = cells[scores["recency"] - 1, scores["value"] - 1]
    names = pd.Series(found, index=snapshot.index, dtype="str")
    return names.mask((names == "new") & ~_is_young(snapshot), "potential_loyal")


def rfm_scores(snapshot: pd.DataFrame) -> pd.DataFrame:
    """Columns recency and value, 1 to 5: a customer's place in the RFM grid; same index."""
    orders = longest_window(snapshot, "orders")
    value = quintile(snapshot["orders_total"] if orders is None else orders)
    amounts = longest_window(snapshot, "amount")
    if amounts is not None:
        value = np.ceil((value + quintile(amounts)) / 2).astype("int64")
    recency = quintile(-snapshot["days_since_last_purchase"])
    return pd.DataFrame({"recency": recency, "value": value}, index=snapshot.index)


def abc_class(amounts: "pd.Series[float]") -> "pd.Series[str]":
    """Pareto classes: A brings the first 80 % of revenue, B the next 15 %, C the rest.

    The customer who crosses a limit still belongs above it, equal amounts share a class, and an
    unknown, zero or negative amount is C. A lone customer (models/lone.py) is A, and the others are
    classed as if that customer were not there.
    """
    alone = is_lone(amounts)
    revenue = amounts.where((amounts > 0) & ~alone, 0.0)
    levels = revenue.groupby(revenue).sum().sort_index(ascending=False)
    total = levels.sum()
    before = (levels.cumsum() - levels) / (total if total > 0 else 1.0)
    share_before = revenue.map(before)
    is_positive = revenue > 0
    names = np.select(
        [alone | (is_positive & (share_before < A_SHARE)), is_positive & (share_before < B_SHARE)],
        ["A", "B"],
        "C",
    )
    return pd.Series(names, index=amounts.index)


def usual_gap(snapshot: pd.DataFrame) -> float:
    """The cohort's median gap between purchases, in days; NaN where nobody has one."""
    gap = snapshot["gap_mean"]
    return float(gap[gap > 0].median())


def lifecycle_stage(snapshot: pd.DataFrame, cohorts_gap: float | None = None) -> "pd.Series[str]":
    """The first rule that holds: lapsing, fading, new, developing, else regular.

    Silence is measured in the customer's own mean gaps; where there is no gap yet (one purchase
    day), in the cohort's median gap: that of the snapshot, if `cohorts_gap` does not tell it. A
    subscriber who never bought is new.
    """
    gap = snapshot["gap_mean"]
    usual = gap.where(gap > 0).fillna(usual_gap(snapshot) if cohorts_gap is None else cohorts_gap)
    silence = snapshot["days_since_last_purchase"] / usual
    names = np.select(
        [
            silence >= LAPSING_SILENCE,
            silence >= FADING_SILENCE,
            (snapshot["tenure_days"] < NEW_DAYS) | ~(snapshot["orders_total"] > 1),
            _is_young(snapshot),
        ],
        ["lapsing", "fading", "new", "developing"],
        "regular",
    )
    return pd.Series(names, index=snapshot.index)


def quintile(values: "pd.Series[float]") -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Scores 1 (lowest fifth) to 5 (highest), (n,). Equal values get equal scores; unknown is 1.

    The score comes from the mid-rank, so in a cohort where all values are equal everyone scores 3.
    """
    ranks = values.rank(method="average")
    scores = (ranks - 0.5) * QUINTILES // max(int(ranks.count()), 1) + 1
    return np.asarray(scores.fillna(1), dtype=np.int64)


def longest_window(
    snapshot: pd.DataFrame, family: str, most_days: int | None = None
) -> "pd.Series[float] | None":
    """The column `family_Nd` with the largest N, up to `most_days`; None when there is none."""
    windows = {
        int(match[1]): str(column)
        for column in snapshot.columns
        if (match := re.fullmatch(rf"{family}_(\d+)d", str(column)))
        and (most_days is None or int(match[1]) <= most_days)
    }
    return snapshot[windows[max(windows)]] if windows else None


def _is_young(snapshot: pd.DataFrame) -> "pd.Series[bool]":
    return (snapshot["tenure_days"] < DEVELOPING_DAYS) | ~(
        snapshot["orders_total"] >= DEVELOPING_ORDERS
    )
