"""Our features in the form that peers take: numbers, and text as pandas categories."""

from typing import Any

import pandas as pd


def features(
    train: pd.DataFrame, test: pd.DataFrame, task: dict[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The feature columns of both, text as categories of the training rows.

    A column without any value to learn from is left out: scikit-learn's binning fails on one.
    """
    names = [name for name in task["features"] if train[name].notna().any()]
    learned, asked = train[names].copy(), test[names].copy()
    for name in task["text"]:
        learned[name] = learned[name].astype("category")
        asked[name] = asked[name].astype(learned[name].dtype)
    return learned, asked
