"""Perpetual, boosting without hyperparameters, with its defaults, on our features."""

from typing import Any

import numpy as np
import pandas as pd
from perpetual.sklearn import PerpetualClassifier

from benchmarks.peers.inputs import features

PACKAGES = ("perpetual",)


def churn(train: pd.DataFrame, test: pd.DataFrame, task: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """The probability of leaving (n,); the budget is where its documentation says to start."""
    learned, asked = features(train, test, task)
    model = PerpetualClassifier(seed=task["seed"], num_threads=task["threads"])
    model.fit(learned, train["churned"].astype(int))
    told = np.asarray(model.predict_proba(asked))[:, 1]
    return {"perpetual_default": pd.DataFrame({"churn_risk": told.astype("float64")})}
