"""What lists of cards can be sorted by, and who stands in them."""

from typing import Literal, get_args

Descending = Literal["value_at_risk", "churn_risk", "expected_value", "expected_gain"]
Ascending = Literal["next_purchase_date", "last_purchase_date"]
Sort = Literal[Descending, Ascending]
Order = Literal["asc", "desc"]
DESCENDING: tuple[Descending, ...] = get_args(Descending)  # largest first
ASCENDING: tuple[Ascending, ...] = get_args(Ascending)  # earliest first
MONEY = ("value_at_risk", "expected_value", "expected_gain")
LISTED: tuple[Literal["scored", "rule"], ...] = ("scored", "rule")  # statuses with a rank by risk
