"""What lists of cards can be sorted by."""

from typing import Literal, get_args

Descending = Literal[
    "value_at_risk",
    "churn_risk",
    "expected_value",
    "expected_gain",
    "one_return_pays_for",
    "return_probability",
]
Dated = Literal["next_purchase_date", "last_purchase_date"]
Ranked = Literal["rank_in_stage"]
Ascending = Literal[Dated, Ranked]
Sort = Literal[Descending, Ascending]
Order = Literal["asc", "desc"]
DESCENDING: tuple[Descending, ...] = get_args(Descending)  # largest first
DATED: tuple[Dated, ...] = get_args(Dated)  # earliest first
RANKED: tuple[Ranked, ...] = get_args(Ranked)  # the first of each stage first
ASCENDING: tuple[Ascending, ...] = (*DATED, *RANKED)
MONEY: tuple[Sort, ...] = ("value_at_risk", "expected_value", "expected_gain")
