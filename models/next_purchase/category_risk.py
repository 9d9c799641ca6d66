"""The risk that a customer leaves a main category: he goes on buying, but nothing of it.

For a customer who stays (buys anything within the horizon) and each of his main categories
(models/next_purchase/main_categories.py)

    risk = P(buys nothing of the category within the horizon | buys anything)

A logistic regression on pairs of customer and category, learned from customers who stayed. Whether
the customer stays at all is the churn risk's question, and not asked again here.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.digits import TOLD, to_digits
from core.errors import DataGateError
from core.files import read_json, write_json
from features.history.category_history import Categories
from models.next_purchase.candidates import bought_of, popularity
from models.next_purchase.main_categories import Habit, inputs_of, main_categories
from models.params import ModelParams
from models.simple.logistic import Logistic

FILE = "category_risk.json"
SIMPLE = ["silence"]  # the input of the rule that the model is compared with


@dataclass(frozen=True)
class CategoryRiskModel:
    """The regression, and beside it one on the silence alone, fitted on the same pairs."""

    habit: Habit
    regression: Logistic
    by_silence: Logistic

    def predict(
        self, snapshot: pd.DataFrame, history: pd.DataFrame, popular: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """Every main category of every row, the largest risk of a row first.

        Columns: row, category, risk, by_silence, share, usual_gap_days, last_ago. `history` covers
        the as-of dates of the snapshot and the whole cohort, which shows how a category is bought;
        where it covers only some customers, `popular` says it (`popularity`).
        """
        if popular is None:
            popular = popularity(history[history["as_of_date"].isin(snapshot["as_of_date"])])
        pairs = main_categories(snapshot, history, popular, self.habit)
        inputs = inputs_of(pairs, snapshot, self.habit)
        told = pairs[["row", "category", "share", "usual_gap_days", "last_ago"]].assign(
            risk=to_digits(self.regression.predict(inputs), TOLD),
            by_silence=to_digits(self.by_silence.predict(inputs[SIMPLE]), TOLD),
        )
        return told.sort_values(
            ["row", "risk", "category"], ascending=[True, False, True], ignore_index=True
        )

    def save(self, folder: Path) -> None:
        """Write `category_risk.json`."""
        write_json(folder / FILE, asdict(self))

    @classmethod
    def load(cls, folder: Path) -> "CategoryRiskModel | None":
        """Read what `save` wrote; None where there is nothing."""
        if not (folder / FILE).exists():
            return None
        content: dict[str, Any] = read_json(folder / FILE)
        habit = content["habit"] | {"features": tuple(content["habit"]["features"])}
        fitted = (Logistic(**content[name]) for name in ("regression", "by_silence"))
        return cls(Habit(**habit), *fitted)


def fit_category_risk(
    rows: pd.DataFrame, categories: Categories, habit: Habit, params: ModelParams
) -> CategoryRiskModel:
    """Fit on the main categories of snapshot rows whose customers stayed.

    Rows with unknown outcomes are not used. Raises DataGateError where there are too few of them
    to learn from: a wrong risk is worse than none.
    """
    rows = stayed(rows)
    history = categories.history[categories.history["as_of_date"].isin(rows["as_of_date"])]
    pairs = main_categories(rows, history, popularity(history), habit)
    left = left_of(pairs, rows, categories)
    customers, least = int(pairs["customer_id"].nunique()), params.gates
    gone = int(left.sum())
    enough = min(gone, len(left) - gone) >= least.min_churners
    if not enough or customers < least.min_customers:
        raise DataGateError(
            f"Leaving a category: of {len(left):,} main categories of {customers:,} customers who "
            f"stayed {gone:,} were left, and {least.min_churners} of each kind and "
            f"{least.min_customers} customers are needed (model.gates): cards tell no such risk."
        )
    inputs = inputs_of(pairs, rows, habit)
    return CategoryRiskModel(habit, Logistic.fit(inputs, left), Logistic.fit(inputs[SIMPLE], left))


def stayed(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with a known outcome whose customers bought again within the horizon."""
    return rows[rows["outcome_known"] & (rows["churned"] == 0)].reset_index(drop=True)


def left_of(
    pairs: pd.DataFrame, rows: pd.DataFrame, categories: Categories
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """1.0 for pairs of customers who stayed that were left within the horizon, else 0.0, (n,)."""
    asked = pairs[["row"]].assign(category=pd.Categorical(pairs["category"]))
    return 1.0 - bought_of(asked, rows, categories.outcomes)
