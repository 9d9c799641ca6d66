"""Candidates: the categories a customer may buy next, with the inputs for each pair.

Every category that a customer ever bought is a candidate, and so are the most popular ones of the
date. A pair is described by the customer's own days with the category, by how the cohort buys the
category at that date, and by a few features of the customer. The category itself is not an input: a
category that is new next month is judged by how it is bought.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import union_categoricals

from core.arrays import FloatArray
from features.history.category_history import DAYS
from models.trees.inputs import Inputs

CUSTOMER = (
    "orders_30d",
    "orders_90d",
    "gap_mean",
    "days_since_last_purchase",
    "categories_90d",
    "categories_total",
    "tenure_days",
)
# Inputs over a window, by the feature that the snapshot has where the history covers the window.
WINDOWS = {
    "categories_30d": ("bought_30d", "buyers_30d"),
    "categories_90d": ("bought_90d", "buyers_90d", "return_rate", "frequency_90d"),
}
# Without the total count: it grows with the history, so predictions on later dates would be too
# high.
LIFETIME = ("first_ago", "last_ago", "gap", "silence_over_gap", "rate")
DATE_AND_CATEGORY = ["as_of_date", "category"]
POPULARITY = ("buyers_30d", "buyers_90d", "return_rate", "frequency_90d")

Counted: TypeAlias = "tuple[pd.DataFrame, pd.Series[int]]"  # of a part of the customers


@dataclass(frozen=True)
class Pairs:
    """Which pairs are judged, and the inputs that describe them: `of_pair`, then `of_customer`.

    Besides a customer's own categories the `most_popular` ones of the date are judged.
    """

    of_pair: tuple[str, ...]
    of_customer: Inputs
    most_popular: int

    @property
    def names(self) -> tuple[str, ...]:
        """The inputs, in the order of `matrix`."""
        return (*self.of_pair, *(f"customer_{name}" for name in self.of_customer.features))

    def matrix(self, pairs: pd.DataFrame, snapshot: pd.DataFrame) -> FloatArray:
        """The inputs for the `candidates` of a snapshot (n, k), NaN where unknown.

        Raises ArtifactError where the snapshot lacks a feature that is read.
        """
        row = pairs["row"].to_numpy(np.int64)
        bought = pairs["bought"].to_numpy(np.float64)
        first, last = (pairs[n].to_numpy(np.float64) for n in ("first_ago", "last_ago"))
        with np.errstate(divide="ignore", invalid="ignore"):
            gap = np.where(bought > 1, (first - last) / (bought - 1), np.nan)
            ratios = {
                "gap": gap,
                "silence_over_gap": last / gap,
                "rate": bought / snapshot["tenure_days"].to_numpy(np.float64)[row],
            }
        columns = [
            ratios[n] if n in ratios else pairs[n].to_numpy(np.float64) for n in self.of_pair
        ]
        return np.column_stack([*columns, self.of_customer.matrix(snapshot)[row]])


def pairs_of(features: Sequence[str], most_popular: int) -> Pairs:
    """The inputs of pairs that these snapshots allow, given the features that models learn from."""
    windows = [name for known, names in WINDOWS.items() if known in features for name in names]
    customer = Inputs(tuple(name for name in CUSTOMER if name in features))
    return Pairs((*LIFETIME, *windows), customer, most_popular)


def popularity(history: pd.DataFrame) -> pd.DataFrame:
    """`popularity_of` a history that is held whole."""
    return popularity_of([counted(history)])


def popularity_of(parts: Iterable[Counted]) -> pd.DataFrame:
    """How the cohort buys each category, by as_of_date and category.

    `parts` are `counted` of its history, one or more: all rows of a customer are in one of them.

    `buyers_30d` and `buyers_90d` are the shares of customers who bought it in so many days.
    `return_rate` is the share who bought it in the last 30 days, of those who had not in the 60
    days before. `frequency_90d` is the mean number of days with it, of those who bought it in 90
    days.
    """
    known = [*parts]
    sums = pd.concat([rows for rows, _ in known], ignore_index=True)
    if len(known) > 1:
        # Each part knows the categories that it met: together they keep the order of meeting them.
        sums["category"] = union_categoricals([rows["category"] for rows, _ in known])
        sums = sums.groupby(DATE_AND_CATEGORY, observed=True).sum().reset_index()
    people = pd.concat([customers for _, customers in known]).groupby(level=0).sum()
    customers = sums["as_of_date"].map(people).astype("float64")
    absent = customers - sums["before"]
    return sums[DATE_AND_CATEGORY].assign(
        buyers_30d=sums["lately"] / customers,
        buyers_90d=sums["recently"] / customers,
        return_rate=(sums["returned"] / absent).where(absent > 0, 0.0),
        frequency_90d=(sums["days"] / sums["recently"]).where(sums["recently"] > 0, 0.0),
    )


def counted(history: pd.DataFrame) -> Counted:
    """Sums over the customers by as_of_date and category; and by date, how many customers."""
    earlier = history["bought_90d"] - history["bought_30d"]
    lately = history["bought_30d"] > 0
    rows = history[DATE_AND_CATEGORY].assign(
        lately=lately,
        recently=history["bought_90d"] > 0,
        before=earlier > 0,
        returned=lately & (earlier == 0),
        days=history["bought_90d"],
    )
    sums = rows.groupby(DATE_AND_CATEGORY, observed=True).sum().reset_index()
    return sums, history.groupby("as_of_date")["customer_id"].nunique()


def candidates(
    snapshot: pd.DataFrame, history: pd.DataFrame, popular: pd.DataFrame, most_popular: int
) -> pd.DataFrame:
    """The pairs to judge for the rows of a snapshot, one row each, sorted by row and category.

    Columns: `row` (position in the snapshot), `category`, the days of the history (`first_ago` and
    `last_ago` are unknown for a category never bought) and the columns of `popular`. The pairs are
    the customer's own categories and the `most_popular` ones of the date.
    """
    found = []
    for date, found_at in snapshot.groupby("as_of_date").indices.items():
        place = np.asarray(found_at, np.int64)
        known = history[history["as_of_date"] == date]
        here = popular[popular["as_of_date"] == date]
        if len(known):
            customers = snapshot["customer_id"].iloc[place]
            found.append(_at(customers, place, known, here, most_popular))
    if not found:
        return pd.DataFrame(columns=["row", "category", *DAYS, *POPULARITY])
    pairs = found[0] if len(found) == 1 else pd.concat(found, ignore_index=True)
    order = np.lexsort((pairs["category"].cat.codes, pairs["row"]))
    return pairs.iloc[order].reset_index(drop=True)


def _at(
    customers: "pd.Series[str]",
    position: npt.NDArray[np.int64],
    known: pd.DataFrame,
    popular: pd.DataFrame,
    most_popular: int,
) -> pd.DataFrame:
    """The candidates of one as-of date."""
    names = known["category"].cat.categories
    people = known["customer_id"].cat.categories
    # One more element, at -1, for customers who never bought any category; it is never read.
    row_of = np.full(len(people) + 1, -1)
    row_of[people.get_indexer(pd.Index(customers))] = position
    row = row_of[known["customer_id"].cat.codes]
    own = known[row >= 0].assign(row=row[row >= 0])
    called = popular["category"].astype("str").tolist()
    buyers = popular["buyers_90d"].tolist()
    ranked = sorted(zip([-share for share in buyers], called, strict=True))
    top = names.get_indexer(pd.Index([name for _, name in ranked[:most_popular]], dtype="str"))
    every_row, every_code = np.repeat(position, len(top)), np.tile(top, len(position))
    key = own["row"].to_numpy() * len(names) + own["category"].cat.codes.to_numpy(np.int64)
    other = ~np.isin(every_row * len(names) + every_code, key)
    codes = np.concatenate([own["category"].cat.codes.to_numpy(np.int64), every_code[other]])
    columns = {
        "row": np.concatenate([own["row"].to_numpy(), every_row[other]]),
        "category": pd.Categorical.from_codes(codes, names),
    }
    for name in DAYS:  # nothing was bought of the others, at no time
        unknown = np.nan if name.endswith("_ago") else 0
        theirs = np.full(int(other.sum()), unknown)
        columns[name] = np.concatenate([own[name].to_numpy(), theirs])
    values = np.full((len(names), len(POPULARITY)), np.nan)
    values[names.get_indexer(pd.Index(called, dtype="str"))] = popular[list(POPULARITY)]
    columns |= {name: values[codes, place] for place, name in enumerate(POPULARITY)}
    return pd.DataFrame(columns)


def bought_of(pairs: pd.DataFrame, snapshot: pd.DataFrame, outcomes: pd.DataFrame) -> FloatArray:
    """1.0 for pairs of a snapshot that were bought within the horizon, else 0.0, (n,)."""
    row = pairs["row"].to_numpy(np.int64)
    people, names = (outcomes[name].cat.categories for name in ("customer_id", "category"))
    who = people.get_indexer(pd.Index(snapshot["customer_id"]))[row]
    what = names.get_indexer(pairs["category"].cat.categories)[pairs["category"].cat.codes]
    asked = pd.MultiIndex.from_arrays([snapshot["as_of_date"].to_numpy()[row], who, what])
    codes = (outcomes["customer_id"].cat.codes, outcomes["category"].cat.codes)
    return np.asarray(
        asked.isin(pd.MultiIndex.from_arrays([outcomes["as_of_date"], *codes])), np.float64
    )
