"""The headline figures of a run, which `dvc metrics diff` and `dvc exp show` compare.

With the horizon, the number of rows and the base rate: figures of two horizons are not one better
than the other, since a shorter one has more leavers, who are another kind of customer.
"""

from collections.abc import Mapping
from typing import Any

from models.next_purchase.what import LIST_LENGTH
from models.words import OURS

# Figures of the churn model under the names that metrics/churn.json has for them.
OF_CHURN = (
    "auc",
    "average_precision",
    "brier_skill",
    "log_loss",
    "lift_at_10",
    "calibration_error",
    "observed_over_expected",
    "expected_maximum_profit",
)


def headline(
    judged: Mapping[str, Any], churn: Mapping[str, Any], following: Mapping[str, Any]
) -> dict[str, Any]:
    """One flat dictionary; a figure that the test rows do not give is left out.

    `judged` are the counts of the churn evaluation, `churn` is metrics/churn.json and `following`
    metrics/next_purchase.json.
    """
    ours = churn.get(OURS, {})
    when, categories = following.get("when", {}), following.get("next_categories", {})
    found = {
        "horizon_days": judged["horizon_days"],
        "test_rows": judged["rows"],
        "base_rate": round(judged["churn_rate"], 5),
        "grade": churn["grade"],
        "auc_gain_over_best_rule": churn["auc_gain_over_best_rule"].get("value"),
        **{name: ours.get(name) for name in OF_CHURN},
        "next_purchase_error_days": when.get("median_absolute_error", {}).get(OURS),
        "concordance": when.get("concordance", {}).get(OURS),
        "spend_total_error": _of(when, "spend_in_horizon", "total_error"),
        "value_total_error": _of(following.get("value", {}), "value", "total_error"),
        f"categories_hit_at_{LIST_LENGTH}": _of(categories, "any", f"hit_at_{LIST_LENGTH}"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _of(content: Mapping[str, Any], part: str, metric: str) -> float | None:
    """A figure of ours; None where it is absent."""
    value: float | None = content.get(part, {}).get(OURS, {}).get(metric)
    return value
