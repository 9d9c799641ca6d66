"""AutoGluon tabular, `best_quality` within a time limit, on our features."""

import tempfile
from typing import Any

import pandas as pd
from autogluon.tabular import TabularPredictor

PACKAGES = ("autogluon.tabular",)


def churn(train: pd.DataFrame, test: pd.DataFrame, task: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """The probability of leaving (n,); all rows of a customer are in one fold of its bagging."""
    names = list(task["features"])
    learned = train[names].assign(churned=train["churned"].astype(int), group=train["customer_id"])
    with tempfile.TemporaryDirectory() as folder:
        predictor = TabularPredictor(
            label="churned",
            eval_metric="log_loss",
            groups="group",
            path=folder,
            verbosity=0,
        )
        # Folds by customer: AutoGluon takes a column of fold numbers with few values.
        learned["group"] = pd.util.hash_array(learned["group"].to_numpy(object)) % 5
        predictor.fit(
            learned,
            time_limit=task["seconds"],
            presets="best_quality",
            num_cpus=task["threads"],
            num_gpus=0,
        )
        told = pd.DataFrame({"churn_risk": predictor.predict_proba(test[names])[1].to_numpy()})
        return {"autogluon_tabular": told}
