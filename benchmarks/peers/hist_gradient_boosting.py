"""scikit-learn's histogram gradient boosting with its defaults, on our features."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks.peers.inputs import features

PACKAGES = ("scikit-learn",)


def churn(train: pd.DataFrame, test: pd.DataFrame, task: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """The probability of leaving (n,)."""
    learned, asked = features(train, test, task)
    model = HistGradientBoostingClassifier(
        categorical_features="from_dtype", random_state=task["seed"]
    )
    model.fit(learned, train["churned"].astype(int))
    told = pd.DataFrame({"churn_risk": np.asarray(model.predict_proba(asked)[:, 1])})
    return {"hist_gradient_boosting": told}
