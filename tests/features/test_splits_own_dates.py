"""Test and score dates that a person names: used as they are, or refused with those that work."""

import re
from datetime import date

import pytest

from core.errors import ShortHistoryError, TimelineError
from features.planning.splits import unjudged_timeline
from features.planning.timeplan import Timeline
from features.timeline import day_of
from tests.features.plans import FROM, plan, profile, task, timeline


def test_own_test_dates_are_used_as_they_are():
    made = plan(of_timeline={"test_as_of_dates": [date(2017, 11, 15)]})
    assert made.test == (day_of(date(2017, 11, 15)),)
    assert made.validation[-1] + 28 <= made.test[0]
    assert not [c for c in made.choices if c.key == "timeline.test_snapshots"]


def test_a_test_date_named_twice_counts_once():
    twice = plan(of_timeline={"test_as_of_dates": [date(2017, 11, 15)] * 2})
    assert twice == plan(of_timeline={"test_as_of_dates": [date(2017, 11, 15)]})


def test_a_test_date_whose_outcome_is_not_closed_is_refused_with_the_latest_that_works():
    dates = [date(2017, 11, 1), date(2017, 12, 5)]
    with pytest.raises(TimelineError, match="outcome of 2017-12-05 closes on 2018-01-02") as error:
        plan(of_timeline={"test_as_of_dates": dates})
    assert "The latest date that works is 2017-12-04" in str(error.value)
    plan(of_timeline={"test_as_of_dates": [date(2017, 11, 1), date(2017, 12, 4)]})


@pytest.mark.parametrize("first", [date(2015, 6, 1), date(2017, 2, 1)])
def test_a_test_date_too_early_for_any_training_is_refused_with_the_earliest_that_works(first):
    with pytest.raises(TimelineError, match=f"no training date fits before {first}") as error:
        plan(of_timeline={"test_as_of_dates": [first, date(2017, 11, 1)]})
    earliest = date.fromisoformat(re.findall(r"works is ([\d-]+)\.", str(error.value))[0])
    assert earliest > first
    made = plan(of_timeline={"test_as_of_dates": [earliest, date(2017, 11, 1)]})
    assert made.test[0] == day_of(earliest)
    too_early = [date.fromordinal(earliest.toordinal() - 1), date(2017, 11, 1)]
    with pytest.raises(TimelineError, match="no training date fits"):
        plan(of_timeline={"test_as_of_dates": too_early})


def test_data_after_a_given_score_date_is_not_used_for_outcomes():
    early = plan(of_timeline={"score_as_of": date(2017, 10, 1)})
    assert early.score == day_of(date(2017, 10, 1))
    assert max(early.test) + 28 <= early.score
    assert early.data_until == early.score


@pytest.mark.parametrize("horizon", [28, "auto"])
def test_a_plan_for_the_rule_has_the_score_date_of_the_others_and_nothing_else(horizon):
    made = unjudged_timeline(task(horizon_days=horizon), timeline(), profile(40))
    assert made.as_of_days() == (made.score,) == (FROM + 41,)
    assert made.split_of(made.score) == "score"
    assert made.history_days == 41
    assert made.horizon_days == 28
    assert Timeline.from_json(made.to_json()) == made
    early = timeline(score_as_of=date(2017, 1, 20))
    assert unjudged_timeline(task(), early, profile(40)).data_until == day_of(date(2017, 1, 20))


def test_a_date_in_params_that_cannot_be_is_no_history_too_short():
    with pytest.raises(TimelineError) as error:
        plan(of_timeline={"test_as_of_dates": [date(2017, 12, 30)]})
    assert not isinstance(error.value, ShortHistoryError)
