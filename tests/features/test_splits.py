"""The time plan: no outcome reaches into the next split, and what gives way does so in order."""

import re

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import ShortHistoryError, TimelineError
from features.planning.horizons import ACTIVE, HORIZONS, MONTH
from features.planning.rungs import BY_DATE, BY_FOLDS, LESS_HISTORY, MIN_TRAIN, OTHER_CUSTOMERS
from features.planning.timeplan import Timeline
from features.timeline import date_of
from tests.features.plans import FROM, plan
from tests.plugin_slow import examples

AUTO = st.just("auto")


def windows(days, horizon):
    """Every (as-of date, end of its outcome) of a split."""
    return [(day, day + horizon) for day in days]


def assert_no_overlap(made):
    """The rules of the design, restated over all pairs of windows."""
    train, validation, test = made.train, made.validation, made.test
    assert len(train) >= (MIN_TRAIN if made.rung <= LESS_HISTORY else 1)
    assert bool(validation) == (made.rung <= LESS_HISTORY)
    assert test
    if made.rung == OTHER_CUSTOMERS:
        assert test == train[-1:]
        assert all(end <= made.data_until for _, end in windows(train, made.horizon_days))
        assert not {*made.unused} & {*train}
        assert (made.value_train, made.value_test) == (train, test)
        assert made.value_horizon_days >= made.learned_value_days == made.horizon_days
        assert train[0] >= made.data_from + made.horizon_days
        return
    for days in (train, validation, test, made.unused, made.value_train, made.value_test):
        assert list(days) == sorted(set(days))
    for earlier, later in ((train, validation), (validation, test), (train, test)):
        for _, end in windows(earlier, made.horizon_days):
            assert all(end <= start for start in later)
    for _, end in windows(made.value_train, made.learned_value_days):
        assert all(end <= start for start in made.value_test)
    for days, horizon in (
        (test, made.horizon_days),
        (made.unused, made.horizon_days),
        (made.value_test, made.learned_value_days),
    ):
        for _, end in windows(days, horizon):
            assert end <= made.data_until
    assert not {*made.unused} & {*train, *validation, *test}
    history = made.active_within_days if made.rung == BY_DATE else 0
    assert train[0] >= made.data_from + max(history, made.horizon_days)
    assert made.score >= test[-1] + made.horizon_days
    assert made.value_horizon_days >= made.learned_value_days >= made.horizon_days
    # What is chosen on the validation dates has a closed value to learn from.
    chosen_by = (*validation, *test)[0]
    assert any(end <= chosen_by for _, end in windows(train, made.learned_value_days))


@settings(max_examples=examples(300))
@given(
    span=st.integers(0, 1500),
    long_gap=st.one_of(st.none(), st.floats(1, 300)),
    horizon=st.one_of(AUTO, st.integers(1, 120)),
    active=st.one_of(AUTO, st.integers(1, 400)),
    value=st.one_of(AUTO, st.integers(1, 500)),
    step=st.integers(1, 60),
    churn=st.sampled_from(["lapse", "cancellation"]),
    snapshots=st.one_of(AUTO, st.integers(MIN_TRAIN, 12)),
    validation=st.integers(1, 4),
    tests=st.integers(1, 4),
    test_dates=st.lists(st.integers(-10, 1500), max_size=3),
)
def test_no_split_ever_overlaps_the_next_one(
    span, long_gap, horizon, active, value, step, churn, snapshots, validation, tests, test_dates
):
    try:
        made = plan(
            span,
            long_gap,
            {
                "churn": churn,
                "horizon_days": horizon,
                "active_within_days": active,
                "value_horizon_days": value,
            },
            {
                "step_days": step,
                "snapshots": snapshots,
                "validation_snapshots": validation,
                "test_snapshots": tests,
                "test_as_of_dates": tuple(date_of(FROM + days) for days in test_dates),
            },
        )
    except TimelineError as error:
        assert str(error)
        return
    assert_no_overlap(made)
    assert Timeline.from_json(made.to_json()) == made
    assert made.churn == made.to_json()["churn"] == churn
    if test_dates:
        asked = tuple(sorted({FROM + days for days in test_dates}))
        assert made.test == (asked if made.rung < OTHER_CUSTOMERS else asked[-1:])
    if horizon != "auto":
        assert made.horizon_days == horizon
    if snapshots != "auto":
        assert len(made.train) == snapshots or made.rung >= BY_FOLDS
        assert len(made.train) <= snapshots
    for day in made.as_of_days():
        assert made.split_of(day) in {"train", "validation", "test", "unused", "score"}


def test_a_plan_reads_as_in_the_docstring():
    made = plan(365)
    dates = made.to_json()
    assert dates["data_until"] == "2018-01-01"
    assert dates["test"] == ["2017-11-20", "2017-12-04"]
    assert dates["validation"] == ["2017-10-09", "2017-10-23"]
    assert (dates["train"][0], dates["train"][-1]) == ("2017-04-10", "2017-09-11")
    assert dates["score"] == "2018-01-02"
    assert made.history_days == 99
    assert made.split_of(made.score) == "score"


def test_a_window_closes_on_the_first_date_of_the_next_split_at_the_latest():
    # Step and horizon of one length leave no room between the splits at all.
    made = plan(600, of_task={"horizon_days": 14})
    assert made.train[-1] + 14 == made.validation[0]
    assert made.validation[-1] + 14 == made.test[0]
    assert made.test[-1] + 14 == made.data_until


def test_a_shorter_history_goes_down_the_ladder_and_a_later_time_judges_as_long_as_it_can():
    seen = []
    for span in range(500, 0, -1):
        try:
            made = plan(span, 27.0, {"horizon_days": "auto", "active_within_days": 60})
        except TimelineError:
            break
        shape = (made.rung, made.horizon_days, len(made.validation), len(made.test))
        if shape not in seen:
            seen.append(shape)
    assert seen[:3] == [(1, 28, 2, 2), (1, 28, 2, 1), (1, 28, 1, 1)]
    assert [rung for rung, horizon, *_ in seen if horizon == 28] == [1, 1, 1, 2, 2, 2, 3, 3]
    assert [rung for rung, horizon, *_ in seen if horizon == 14][-3:] == [3, 3, 4]
    assert span == 27


@pytest.mark.parametrize("span", [100, 130, 160, 200])
def test_the_days_to_the_next_rung_are_those_that_reach_it_and_no_fewer(span):
    made = plan(span)
    assert plan(made.days_to_next_rung).rung < made.rung
    assert plan(made.days_to_next_rung - 1).rung == made.rung
    assert plan(400).days_to_next_rung is None


def test_who_has_been_silent_for_less_than_a_horizon_has_not_lapsed():
    made = plan(200, of_task={"horizon_days": 90, "active_within_days": "auto"})
    assert made.active_within_days == 90
    (choice,) = [c for c in made.choices if c.key == "task.active_within_days"]
    assert choice.why == "the horizon, as a third of the history (66 days) is shorter"


def test_the_window_of_the_cohort_has_a_shortest_length_and_says_what_a_third_would_be():
    made = plan(80, of_task={"horizon_days": 14, "active_within_days": "auto"})
    assert made.active_within_days == 30
    (choice,) = [c for c in made.choices if c.key == "task.active_within_days"]
    assert choice.why == "the shortest there is; a third of the history is 26 days"


def test_gaps_are_rounded_up_so_that_a_gap_does_fit_into_the_horizon_that_is_told():
    (choice,) = [
        c for c in plan(400, 14.2, {"horizon_days": "auto"}).choices if "horizon" in c.key
    ][:1]
    assert (choice.key, choice.value) == ("task.horizon_days", 28)
    assert choice.why.endswith("typical repeat customer are at most 15 days")


def test_an_automatic_horizon_is_shortened_no_more_than_needed():
    auto = {"horizon_days": "auto", "active_within_days": 30}
    assert plan(300, 50.0, auto).horizon_days == 56
    assert plan(160, 50.0, auto).horizon_days == 28


def test_what_gave_way_is_said_with_the_reason():
    why = {c.key: c for c in plan(365, of_task={"active_within_days": "auto"}).choices}
    assert set(why) == {
        "task.active_within_days",
        "task.value_horizon_days",
        "timeline.snapshots",
        "timeline.score_as_of",
    }
    short = plan(80, 27.0, {"horizon_days": "auto", "active_within_days": 30})
    assert (short.rung, short.horizon_days) == (3, 14)
    (horizon,) = [c for c in short.choices if c.key == "task.horizon_days"]
    assert "so 28 days fit; the history is too short for them" in horizon.why
    shorter = plan(125, 27.0, {"horizon_days": "auto", "active_within_days": 60})
    gave_way = {c.key: (c.value, c.why) for c in shorter.choices}
    assert gave_way["timeline.validation_snapshots"][0] == 0
    assert "2 do not leave enough training" in gave_way["timeline.validation_snapshots"][1]


def test_a_given_horizon_is_never_shortened():
    assert plan(200, of_task={"horizon_days": 60}).horizon_days == 60
    with pytest.raises(TimelineError, match="60 days before it and 60 after it"):
        plan(100, of_task={"horizon_days": 60})


@pytest.mark.parametrize(
    ("long_gap", "horizon"),
    [(1.0, 14), (14.0, 14), (14.1, 28), (100.0, 180), (300.0, 365), (900.0, 365)],
)
def test_the_horizon_is_the_first_that_the_long_gaps_of_most_customers_fit_in(long_gap, horizon):
    assert plan(3_000, long_gap, {"horizon_days": "auto"}).horizon_days == horizon
    assert horizon in HORIZONS


@pytest.mark.parametrize("long_gap", [None, 1.0, 14.0, 100.0])
def test_a_cancellation_is_looked_for_a_month_ahead_whatever_the_rhythm_of_purchases(long_gap):
    made = plan(3_000, long_gap, {"churn": "cancellation", "horizon_days": "auto"})
    (choice,) = [c for c in made.choices if c.key == "task.horizon_days"]
    assert made.horizon_days == choice.value == MONTH == 30
    assert choice.why == "one month, in which a subscription paid by the month can end once"


def test_the_month_gives_way_to_a_short_history_and_says_so():
    auto = {"churn": "cancellation", "horizon_days": "auto", "active_within_days": 30}
    made = plan(80, None, auto)
    assert made.horizon_days == 14
    (choice,) = [c for c in made.choices if c.key == "task.horizon_days"]
    assert choice.why.endswith("can end once; the history is too short for 30")
    given = {"churn": "cancellation", "horizon_days": 90}
    assert plan(3_000, None, given).horizon_days == 90


def test_a_plan_kept_from_before_was_one_of_a_lapse():
    content = plan(365).to_json()
    del content["churn"]
    assert Timeline.from_json(content) == plan(365)


def test_without_repeat_customers_the_horizon_says_that_it_is_a_guess():
    made = plan(3_000, None, {"horizon_days": "auto"})
    (choice,) = [c for c in made.choices if c.key == "task.horizon_days"]
    assert "too few repeat customers" in choice.why


@pytest.mark.parametrize(("span", "active"), [(365, 90), (260, 60), (3_000, 90), (1_000, 90)])
def test_the_active_window_is_three_horizons_within_a_third_of_the_history(span, active):
    made = plan(span, of_task={"active_within_days": "auto"})
    assert made.active_within_days == active
    assert active in ACTIVE


@pytest.mark.parametrize("span", [0, 1, 28, 55])
def test_a_history_too_short_is_refused_with_its_dates_and_the_days_that_would_do(span):
    with pytest.raises(ShortHistoryError) as error:
        plan(span)
    text = str(error.value)
    have, need = error.value.distance["history_days"]
    assert have == span < need
    assert plan(need)
    assert f"The {span} days of history (2017-01-01 to {date_of(FROM + span)})" in text
    assert f"at least {need} days" in text
    assert "task.horizon_days" in text


@settings(max_examples=examples(60))
@given(
    span=st.integers(0, 250),
    horizon=st.one_of(AUTO, st.integers(1, 90)),
    active=st.one_of(AUTO, st.integers(1, 120)),
    step=st.integers(1, 40),
    snapshots=st.one_of(AUTO, st.integers(3, 9)),
)
def test_the_days_that_a_refusal_asks_for_are_enough_and_not_too_many(
    span, horizon, active, step, snapshots
):
    choices = ({"horizon_days": horizon, "active_within_days": active}, {"step_days": step})
    choices[1]["snapshots"] = snapshots
    try:
        plan(span, 20.0, *choices)
    except TimelineError as error:
        needed = int(re.search(r"at least (\d+) days", str(error)).group(1))
    else:
        assume(False)
    assert needed > span
    if horizon != "auto":  # an automatic horizon is the longest that fits, not the one refused
        assert plan(needed, 20.0, *choices).horizon_days == horizon
    else:
        plan(needed, 20.0, *choices)
    if needed - 1 > span:
        with pytest.raises(TimelineError):
            plan(needed - 1, 20.0, *choices)


def test_a_timeline_goes_through_json_with_dates_that_people_read():
    made = plan()
    content = made.to_json()
    assert content["test"] == [str(date_of(day)) for day in made.test]
    assert pd.Timestamp(content["score"]) == pd.Timestamp(date_of(made.score))
    assert Timeline.from_json(content) == made
