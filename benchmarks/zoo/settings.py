"""The params.yaml of a recipe: its own traits, and models that are quick instead of good."""

from datetime import timedelta
from typing import Any

import pandas as pd

from benchmarks.zoo.company import LAST
from benchmarks.zoo.recipe import Recipe

TREES = {
    "learning_rate": 0.3,
    "max_rounds": 12,
    "early_stopping_rounds": 3,
    "min_data_in_leaf": 10,
    "num_leaves": 4,
}
QUICK = {
    "threads": 1,
    "bootstrap_draws": 5,
    "calibration_folds": 2,
    "reasons_share": 0.2,
    "churn": {**TREES, "members": 1, "random_members": 0},
    "next_purchase": TREES,
    "value": TREES,
    "next_categories": {**TREES, "most_popular": 5, "most_pairs": 3_000},
}
LOW_GATES = {"min_customers": 20, "min_churners": 5}


def params_of(recipe: Recipe) -> dict[str, Any]:
    """The parameters that differ from the shipped ones; data lies in `inbox`."""
    last = pd.Timestamp(LAST).date()
    source: dict[str, Any] = {
        "kind": "files",
        "path": "inbox",
        "currency": "USD",
        "timezone": recipe.zone,
    }
    if recipe.attributes and "customers" in recipe.tables:
        source["static_attributes"] = ["region", "age_group"]
    if recipe.repeated_rows and recipe.seed % 2:
        source["drop_repeated_rows"] = ["orders"]
    timeline: dict[str, Any] = {
        "step_days": recipe.step,
        "snapshots": recipe.snapshots,
        "validation_snapshots": recipe.validation,
        "test_snapshots": recipe.tests,
    }
    if recipe.own_test_date:
        horizon = 28 if recipe.horizon == "auto" else recipe.horizon
        # As PyYAML reads them back: text, in quotes.
        timeline["test_as_of_dates"] = [(last - timedelta(days=horizon + 10)).isoformat()]
    if recipe.score != "auto":
        shift = -10 if recipe.score == "earlier" else 20
        timeline["score_as_of"] = (last + timedelta(days=shift)).isoformat()
    return {
        "source": source,
        "task": {
            "churn": recipe.churn,
            "horizon_days": recipe.horizon,
            "active_within_days": recipe.active,
            "value_horizon_days": recipe.value_horizon,
        },
        "timeline": timeline,
        "model": {**QUICK, **({"gates": LOW_GATES} if recipe.low_gates else {})},
        "actions": {"margin_rate": 0.3 if recipe.margin else None},
    }
