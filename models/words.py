"""Words of closed lists that models write, and that reports, plans and pages read."""

from typing import Literal

# What a card says of its customer: with a risk by models, ranked by a rule, in the cohort and
# ranked by nothing, or gone before the as-of date.
Status = Literal["scored", "rule", "insufficient_data", "already_churned"]
SCORED: Status = "scored"
RULE: Status = "rule"
INSUFFICIENT_DATA: Status = "insufficient_data"
ALREADY_CHURNED: Status = "already_churned"
LISTED: tuple[Status, ...] = (SCORED, RULE)  # statuses with a rank by risk

Grade = Literal["A", "B", "C"]  # of the churn model on its test dates

DriftLevel = Literal["steady", "moved", "drifted"]
STEADY: DriftLevel = "steady"
MOVED: DriftLevel = "moved"
DRIFTED: DriftLevel = "drifted"

OURS = "ours"  # our model among those that it is judged beside
PURCHASE_PROBABILITY = "purchase_probability_"  # columns: the number of days and a d follow
