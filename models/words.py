"""Closed lists of words that models write, and that reports, plans and pages read."""

import math
from typing import Literal

# The status of a card: scored by models; ranked by a rule; in the cohort, but not ranked; gone
# before the as-of date.
Status = Literal["scored", "rule", "insufficient_data", "already_churned"]
SCORED: Status = "scored"
RULE: Status = "rule"
INSUFFICIENT_DATA: Status = "insufficient_data"
ALREADY_CHURNED: Status = "already_churned"
LISTED: tuple[Status, ...] = (SCORED, RULE)  # statuses with a rank by risk

Grade = Literal["A", "B", "C"]  # grade of the churn model on its test dates
CALIBRATED = (0.85, 1.15)  # observed over expected: within these limits probabilities hold
Ranks = Literal["clearly_better", "better", "not_shown"]  # beside the best simple model
Probabilities = Literal["hold", "unknown", "off"]

DriftLevel = Literal["steady", "moved", "drifted"]
STEADY: DriftLevel = "steady"
MOVED: DriftLevel = "moved"
DRIFTED: DriftLevel = "drifted"

# What an overview may lack, and why.
OverviewPart = Literal[
    "months",
    "cohorts",
    "rfm",
    "rfm_before",
    "pareto",
    "movers",
    "revenue",
    "nps",
    "csat",
    "value_at_risk",
    "relationship",
]
OverviewGap = Literal[
    "no_purchases", "short_history", "no_money", "no_surveys", "no_answers", "no_strength"
]

OURS = "ours"  # our model, among those it is compared with
# prefix of columns: the number of days and a "d" follow
PURCHASE_PROBABILITY = "purchase_probability_"
REPORTED_DAYS = (7, 14, 30, 60, 90)
CATEGORY_LISTS = ("new", "any")  # of the next categories: not bought lately, and all

# How a log ratio is told in words, and the upper limits of all but the last: within 10 % is steady.
CHANGES = ("halved", "down", "steady", "up", "doubled")
CHANGE_LIMITS = (-math.log(2), -0.1, 0.1, math.nextafter(math.log(2), 0.0))
# Who turned out otherwise than told: left though told safe, stayed though told high.
Wrong = Literal["missed_leavers", "false_alarms"]
