"""What lists of cards can be sorted by."""

from typing import Literal, get_args

Descending = Literal["value_at_risk", "churn_risk", "expected_value", "expected_gain"]
Ascending = Literal["next_purchase_date", "last_purchase_date"]
Sort = Literal[Descending, Ascending]
Order = Literal["asc", "desc"]
DESCENDING: tuple[Descending, ...] = get_args(Descending)  # largest first
ASCENDING: tuple[Ascending, ...] = get_args(Ascending)  # earliest first
MONEY: tuple[Sort, ...] = ("value_at_risk", "expected_value", "expected_gain")
