"""What leaving means, in the words of messages and reports."""

from typing import Any

from features.params import Churn

LAPSE: Churn = "lapse"
STAYED: dict[Churn, str] = {
    "lapse": "bought again within the horizon",
    "cancellation": "had a running subscription at the end of the horizon",
}
# More of them leave within ...
MORE_LEAVE: dict[Churn, str] = {
    "lapse": "Shorten task.horizon_days or lengthen task.active_within_days",
    "cancellation": "Lengthen task.horizon_days",
}
FEWER_LEAVE: dict[Churn, str] = {
    "lapse": "Lengthen task.horizon_days or shorten task.active_within_days",
    "cancellation": "Shorten task.horizon_days",
}


def saved(churn: Churn) -> dict[str, Any]:
    """What a saved model says of it: nothing for a lapse, as in models kept from before."""
    return {} if churn == LAPSE else {"churn": churn}
