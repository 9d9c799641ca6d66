"""The card's field `category_risks`: which main categories a customer may leave while he stays."""

from typing import Any

import numpy as np
import pandas as pd

from core.digits import TOLD, to_digits
from models.next_purchase.category_risk import CategoryRiskModel
from models.probability.metrics import known


def with_category_risks(
    cards: pd.DataFrame,
    snapshot: pd.DataFrame,
    history: pd.DataFrame,
    model: CategoryRiskModel,
    popular: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Add `category_risks`: a list for each row of the snapshot, the largest risk first.

    Each of the list is {category, risk, share, usual_gap_days, days_since_last_purchase,
    value_at_stake}; a customer without main categories has an empty list, one without a score none.
    `value_at_stake` is risk × share × `expected_value`, None where no value is known. As shares of
    a customer add up to 1 at most, no more is at stake than the card expects. `history` and
    `popular` are those of `with_next_categories`.
    """
    at_date = history[history["as_of_date"].isin(snapshot["as_of_date"])]
    told = model.predict(snapshot, at_date, popular)
    who = snapshot["customer_id"].to_numpy()[told["row"]]
    expected = pd.Series(np.nan, index=told.index)
    if "expected_value" in cards:
        value = cards.set_index("customer_id")["expected_value"].astype("float64")
        expected = value.reindex(who).reset_index(drop=True)
    columns = {
        "category": told["category"],
        "risk": told["risk"],
        "share": _rounded(told["share"]),
        "usual_gap_days": _rounded(told["usual_gap_days"]),
        "days_since_last_purchase": told["last_ago"].astype("int64"),
        "value_at_stake": _rounded(told["risk"] * told["share"] * expected),
    }
    lists: dict[str, list[dict[str, Any]]] = {one: [] for one in snapshot["customer_id"]}
    for one, *cells in zip(who, *(values.tolist() for values in columns.values()), strict=True):
        row = dict(zip(columns, cells, strict=True))
        lists[one].append(row | {"value_at_stake": known(row["value_at_stake"])})
    found = pd.Series([lists.get(one) for one in cards["customer_id"]], cards.index, dtype=object)
    return cards.assign(category_risks=found)


def _rounded(values: "pd.Series[float]") -> "pd.Series[float]":
    return pd.Series(to_digits(np.asarray(values, np.float64), TOLD), values.index)
