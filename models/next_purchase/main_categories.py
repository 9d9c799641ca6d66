"""A customer's main categories: bought regularly, of weight in what they spend; with their inputs.

A category is a main one at an as-of date where the customer

    bought it on FEWEST_DAYS days or more, the last of them within `active_within_days`
    usually buys it often enough: OFTEN times the usual gap between such days fit into the horizon
    spends on it: SMALLEST_SHARE or more of what they spent in a year

and of those the MOST with the largest shares. With a longer gap a horizon without the category is
what to expect, and says nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.next_purchase.candidates import POPULARITY

FEWEST_DAYS = 3
OFTEN = 2
SMALLEST_SHARE = 0.05
MOST = 3
KEY = ["as_of_date", "customer_id"]
# Inputs over a window, by the feature that a snapshot has where the history covers the window.
NEEDS = {
    "orders_30d": ("orders_30d", "bought_30d", "popular_lately", "return_rate"),
    "orders_90d": ("expected_days", "faded", "popular"),
}
ALWAYS = ("usual_gap", "silence", "late", "visits_without", "visit_share", "chance_of_run")
GAP = "gap_mean"  # the customer's own, between purchases of anything
SHORTEST_GAP = 0.5  # days: below it nothing follows from a shorter one
SMALL = 0.001  # added to shares before their logarithm is taken


@dataclass(frozen=True)
class Habit:
    """Days that say what is a main category: the horizon, and how long somebody counts as active.

    `features` are those of the snapshot from which inputs are made.
    """

    horizon_days: int
    active_within_days: int
    features: tuple[str, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs, in order."""
        windows = [
            name for known, names in NEEDS.items() if known in self.features for name in names
        ]
        own_gap = ["own_gap"] if GAP in self.features else []
        return (*ALWAYS, *own_gap, *windows)


def habit_of(horizon_days: int, active_within_days: int, features: Sequence[str]) -> Habit:
    """What these snapshots allow, given the features that models learn from."""
    read = (GAP, *NEEDS)
    return Habit(horizon_days, active_within_days, tuple(n for n in read if n in features))


def main_categories(
    snapshot: pd.DataFrame, history: pd.DataFrame, popular: pd.DataFrame, habit: Habit
) -> pd.DataFrame:
    """The main categories of the rows of a snapshot, one row each, the largest share first.

    Columns: `row` (position in the snapshot), the category, `usual_gap_days` (mean of the gaps
    between days with it), and the columns of `history` and `popular`
    (models/next_purchase/candidates.py).
    """
    gap = (history["first_ago"] - history["last_ago"]) / (history["bought"] - 1).clip(lower=1)
    regular = (
        (history["bought"] >= FEWEST_DAYS)
        & (history["last_ago"] <= habit.active_within_days)
        & (gap * OFTEN <= habit.horizon_days)
        & (history["share"] >= SMALLEST_SHARE)
    )
    own = history[regular].assign(usual_gap_days=gap[regular])
    own = own.astype({"customer_id": "str", "category": "str"})
    places = pd.MultiIndex.from_frame(snapshot[KEY].astype({"customer_id": "str"}))
    own["row"] = places.get_indexer(pd.MultiIndex.from_frame(own[KEY]))
    own = own[own["row"] >= 0].sort_values(
        ["row", "share", "category"], ascending=[True, False, True]
    )
    own = own.groupby("row").head(MOST)
    shares = popular[["as_of_date", "category", *POPULARITY]].astype({"category": "str"})
    return own.merge(shares, on=["as_of_date", "category"], how="left", validate="many_to_one")


def inputs_of(pairs: pd.DataFrame, snapshot: pd.DataFrame, habit: Habit) -> pd.DataFrame:
    """The inputs for `main_categories` of a snapshot (n, k), NaN where unknown.

    None of them grows with the history: what is learned on early dates holds on later ones.
    """
    customer = snapshot[list(habit.features)].astype("float64").iloc[pairs["row"]]
    customer = customer.reset_index(drop=True)
    gap = pairs["usual_gap_days"].clip(lower=SHORTEST_GAP)
    since, between = _visits(pairs)
    # Of the visits after the first with the category up to the last with it, how many had it.
    share = ((pairs["bought"] - 0.5) / (between + 1)).clip(0.02, 0.98)
    silence = np.log1p(pairs["last_ago"] / gap)
    run = np.exp(since * np.log1p(-share))
    lately, before = pairs["bought_30d"], pairs["bought_90d"] - pairs["bought_30d"]
    found = {
        "usual_gap": np.log(gap / habit.horizon_days),
        "silence": silence,
        "late": (silence - np.log(3)).clip(lower=0),
        "visits_without": np.log1p(since),
        "visit_share": np.log(share / (1 - share)),
        "chance_of_run": np.log((run + 0.01) / (1 - run + 0.01)),
        "bought_30d": np.log1p(lately),
        "faded": np.log1p(lately) - np.log1p(before / 2),
        "popular": np.log(pairs["buyers_90d"] + SMALL),
        "popular_lately": np.log(pairs["buyers_30d"] + SMALL),
        "return_rate": np.log(pairs["return_rate"] + SMALL),
    }
    if GAP in customer:
        found["own_gap"] = np.log(customer[GAP].clip(lower=SHORTEST_GAP))
    if "orders_30d" in customer:
        found["orders_30d"] = np.log1p(customer["orders_30d"])
    if "orders_90d" in customer:
        ahead = customer["orders_90d"] * (habit.horizon_days / 90)
        found["expected_days"] = np.log1p(ahead * share)
    return pd.DataFrame({name: found[name] for name in habit.inputs})


def _visits(pairs: pd.DataFrame) -> "tuple[pd.Series[float], pd.Series[float]]":
    """Days with purchases of anything since the last with the category, and from first to last."""
    since = pairs["visits_since_last"].astype("float64")
    between = pairs["visits_since_first"].astype("float64") - since
    return since, between.clip(lower=pairs["bought"] - 1)
