"""scikit-learn's histogram gradient boosting with its defaults, on our features."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks.peers.inputs import features

PACKAGES = ("scikit-learn",)
MOST_VALUES = 255  # values of a category that it accepts


def churn(train: pd.DataFrame, test: pd.DataFrame, task: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """The probability of leaving (n,)."""
    learned, asked = _few_values(*features(train, test, task))
    model = HistGradientBoostingClassifier(
        categorical_features="from_dtype", random_state=task["seed"]
    )
    model.fit(learned, train["churned"].astype(int))
    told = pd.DataFrame({"churn_risk": np.asarray(model.predict_proba(asked)[:, 1])})
    return {"hist_gradient_boosting": told}


def _few_values(learned: pd.DataFrame, asked: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The most frequent values of each category; the others, and unseen ones, count as missing."""
    for name in learned.select_dtypes("category"):
        frequent = sorted(learned[name].value_counts().index[:MOST_VALUES])
        learned[name] = learned[name].cat.set_categories(frequent)
        asked[name] = asked[name].cat.set_categories(frequent)
    return learned, asked
