"""What leaving means, as worded in messages and reports."""

from typing import Any

from features.params import Churn

LAPSE: Churn = "lapse"
CANCELLATION: Churn = "cancellation"
STAYED: dict[Churn, str] = {
    "lapse": "bought again within the horizon",
    "cancellation": "had a running subscription at the end of the horizon",
    "label": "stayed, as the label says",
}
# What to change so that more customers count as leaving, or fewer.
MORE_LEAVE: dict[Churn, str] = {
    "lapse": "Shorten task.horizon_days or lengthen task.active_within_days",
    "cancellation": "Lengthen task.horizon_days",
    "label": "Bring rows of customers who left, or judge by other dates "
    "(timeline.test_as_of_dates)",
}
FEWER_LEAVE: dict[Churn, str] = {
    "lapse": "Lengthen task.horizon_days or shorten task.active_within_days",
    "cancellation": "Shorten task.horizon_days",
    "label": "Bring rows of customers who stayed, or judge by other dates "
    "(timeline.test_as_of_dates)",
}


def saved(churn: Churn) -> dict[str, Any]:
    """What a saved model says of `churn`: nothing for a lapse, as in models saved by older code."""
    return {} if churn == LAPSE else {"churn": churn}
