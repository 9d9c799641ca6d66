"""Over how many days values are learned and told."""

import json

import pytest

from core.errors import TimelineError
from features.planning.splits import plan_timeline, unjudged_timeline
from features.planning.timeplan import Timeline
from features.planning.value_split import MIN_TRAIN
from tests.features.plans import plan, profile, task, timeline


def test_a_short_history_asks_models_for_the_value_horizon_that_is_set_and_no_other():
    chosen = unjudged_timeline(task(horizon_days=14), timeline(), profile(40))
    assert chosen.told_task["value_horizon_days"] is chosen.told_task["learned_value_days"] is None
    told = unjudged_timeline(task(horizon_days=14, value_horizon_days=90), timeline(), profile(40))
    assert (told.value_horizon_days, told.told_task["value_horizon_days"]) == (90, 90)
    # Models of an earlier run go on with what they learned.
    task_of = {"value_horizon_days": 90, "learned_value_days": 60}
    kept = chosen.with_values_of(task_of)
    assert (kept.value_horizon_days, kept.extrapolated_from) == (90, 60)
    assert chosen.with_values_of(chosen.told_task) == chosen
    long = plan_timeline(task(), timeline(), profile(730))
    assert None not in long.told_task.values()
    assert long.with_values_of(long.told_task) == long


def test_the_value_horizon_is_the_longest_that_closes_or_the_horizon():
    year = plan(365)
    assert year.value_horizon_days == 90
    assert len(year.value_train) >= MIN_TRAIN
    assert plan(1_500, of_timeline={"snapshots": 60}).value_horizon_days == 365
    short = plan(210)
    assert short.value_horizon_days == short.horizon_days
    assert (short.value_train, short.value_test) == (short.train, short.test)


def test_a_value_horizon_that_cannot_be_is_refused():
    with pytest.raises(
        TimelineError, match=r"\(20\) is shorter.* auto or to 28 or more"
    ) as refused:
        plan(of_task={"value_horizon_days": 20})
    assert "or shorten task.horizon_days" in str(refused.value)
    assert plan(of_task={"value_horizon_days": 28}).value_horizon_days == 28


def test_a_value_horizon_that_never_closes_is_told_and_a_shorter_one_learned():
    usual, longer = plan(), plan(of_task={"value_horizon_days": 300})
    assert (longer.value_horizon_days, longer.learned_value_days) == (300, 90)
    assert longer.extrapolated_from == 90
    assert longer.windows == usual.windows == (28, 90)
    assert (longer.value_train, longer.value_test) == (usual.value_train, usual.value_test)
    (choice,) = [c for c in longer.choices if c.key == "task.value_horizon_days"]
    assert choice.value == 300
    assert "close for 90 days only" in choice.why and "extrapolated" in choice.why
    assert Timeline.from_json(json.loads(json.dumps(longer.to_json()))) == longer


def test_values_are_not_extrapolated_where_nothing_says_how():
    with pytest.raises(TimelineError, match="of a cancellation are not extrapolated"):
        plan(of_task={"value_horizon_days": 300, "churn": "cancellation"})
    assert plan(of_task={"value_horizon_days": 90, "churn": "cancellation"}).windows == (28, 90)
    with pytest.raises(TimelineError, match=r"close for 90 days only, and .* to 1095 days at most"):
        plan(of_task={"value_horizon_days": 1_096})
    assert plan(of_task={"value_horizon_days": 1_095}).extrapolated_from == 90


def test_a_value_horizon_that_closes_is_learned_as_it_is_asked_for():
    made = plan(of_task={"value_horizon_days": 75})
    assert (made.value_horizon_days, made.learned_value_days) == (75, 75)
    assert made.extrapolated_from is plan().extrapolated_from is None
    assert not [c for c in made.choices if c.key == "task.value_horizon_days"]


def test_where_nothing_longer_than_the_horizon_closes_that_is_what_is_carried_on():
    made = plan(210, of_task={"value_horizon_days": 365})
    assert made.learned_value_days == made.extrapolated_from == made.horizon_days == 28
    assert (made.value_train, made.value_test) == (made.train, made.test)
