"""XGBoost with its defaults, on our features."""

from typing import Any

import pandas as pd
from xgboost import XGBClassifier

from benchmarks.peers.inputs import features

PACKAGES = ("xgboost-cpu",)


def churn(train: pd.DataFrame, test: pd.DataFrame, task: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """The probability of leaving (n,)."""
    learned, asked = features(train, test, task)
    model = XGBClassifier(
        enable_categorical=True, random_state=task["seed"], n_jobs=task["threads"]
    )
    model.fit(learned, train["churned"].astype(int))
    told = pd.DataFrame({"churn_risk": model.predict_proba(asked)[:, 1].astype("float64")})
    return {"xgboost_default": told}
