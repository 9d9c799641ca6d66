"""Time plans of a history so long, as `params.yaml` asks for them."""

from datetime import date

from features.params import TaskParams, TimelineParams
from features.planning.profile import Profile
from features.planning.splits import plan_timeline
from features.timeline import day_of

FROM = day_of(date(2017, 1, 1))


def task(**changes):
    usual = {"horizon_days": 28, "active_within_days": 90, "value_horizon_days": "auto"}
    return TaskParams(**({"churn": "lapse"} | usual | changes))


def timeline(**changes):
    return TimelineParams(**({"step_days": 14, "snapshots": "auto"} | changes))


def profile(span=365, long_gap=20.0):
    return Profile(FROM, FROM + span, customers=99, one_time_share=0.1, long_gap=long_gap)


def plan(span=365, long_gap=20.0, of_task=None, of_timeline=None):
    return plan_timeline(
        task(**(of_task or {})), timeline(**(of_timeline or {})), profile(span, long_gap)
    )
