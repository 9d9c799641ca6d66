"""CatBoost with its defaults, on our features."""

from typing import Any

import pandas as pd
from catboost import CatBoostClassifier

PACKAGES = ("catboost",)


def churn(train: pd.DataFrame, test: pd.DataFrame, task: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """The probability of leaving (n,)."""
    names, text = list(task["features"]), list(task["text"])
    learned, asked = train[names].copy(), test[names].copy()
    for name in text:
        learned[name] = learned[name].astype("object").fillna("unknown")
        asked[name] = asked[name].astype("object").fillna("unknown")
    model = CatBoostClassifier(
        cat_features=text,
        random_seed=task["seed"],
        thread_count=task["threads"],
        verbose=False,
        allow_writing_files=False,
    )
    model.fit(learned, train["churned"].astype(int))
    return {"catboost_default": pd.DataFrame({"churn_risk": model.predict_proba(asked)[:, 1]})}
