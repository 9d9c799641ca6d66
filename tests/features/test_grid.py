"""As-of dates at the phase of the score date, where people leave on certain days."""

from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ShortHistoryError, TimelineError
from features.planning.grid import closed_days
from features.planning.phase import Phase, usual_absence
from features.planning.profile import is_weekly
from features.planning.season import Season, season_of
from features.planning.splits import plan_timeline
from features.timeline import date_of, day_of
from tests.features.plans import profile, task, timeline
from tests.plugin_slow import examples

AUGUST = Phase("leaving", "year", (242, 243), 1.0)  # 31 August and 1 September
FIRST = Phase("leaving", "month", (1,), 1.0)


def planned(span, phase, of_task=None, of_timeline=None):
    return plan_timeline(
        task(churn="cancellation", **(of_task or {})),
        timeline(**(of_timeline or {})),
        replace(profile(span), leaving=phase),
    )


def test_dates_lie_on_the_score_date_of_the_years_before_and_the_plan_says_why():
    score = date(2023, 6, 2)
    made = planned(
        day_of(date(2023, 6, 1)) - day_of(date(2017, 1, 1)), AUGUST, {"horizon_days": 120}
    )
    days = [date_of(day) for day in made.as_of_days()]
    assert days == [date(year, 6, 2) for year in range(2017, 2024)]
    assert date_of(made.score) == score
    (why,) = (choice.why for choice in made.choices if choice.key == "timeline.step_days")
    assert "100% of all who leave do on certain days of the year: 31 August, 1 September" in why


def test_dates_lie_on_the_score_day_of_the_months_before():
    made = planned(365, FIRST, {"horizon_days": 31})
    assert {date_of(day).day for day in made.as_of_days()} == {2}
    assert len(made.train) > 3


@pytest.mark.parametrize(
    ("phase", "horizon", "changes"),
    [
        (AUGUST, 365, {}),  # every date sees one August
        (FIRST, 90, {}),
        (AUGUST, 28, {"test_as_of_dates": (date(2021, 3, 3),)}),  # params.yaml says which
        (None, 28, {}),
    ],
)
def test_where_any_date_will_do_they_lie_step_days_apart(phase, horizon, changes):
    made = planned(2200, phase, {"horizon_days": horizon}, changes)
    closed = [day for day in made.as_of_days() if day != made.score]
    assert {later - day for day, later in pairwise(closed)} == {14}


def test_purchases_of_one_season_keep_no_phase_in_which_nobody_buys():
    season = replace(AUGUST, of="buying")
    bought = replace(profile(2200), buying=season).asked("lapse")
    before_august = replace(bought, data_until=day_of(date(2022, 8, 1)))
    assert {date_of(day).month for day in closed_days(60, before_august, timeline())} == {8}
    after = replace(bought, data_until=day_of(date(2022, 10, 1)))
    assert len({date_of(day).month for day in closed_days(60, after, timeline())}) == 12


@pytest.mark.parametrize(
    ("until", "horizon"),
    [("08-20", 30), ("07-20", 56), ("06-20", 90), ("03-20", 180), ("09-10", 365)],
)
def test_the_automatic_horizon_of_a_cancellation_reaches_the_days_on_which_people_leave(
    until, horizon
):
    span = day_of(date.fromisoformat(f"2023-{until}")) - profile().data_from
    assert planned(span, AUGUST, {"horizon_days": "auto"}).horizon_days == horizon


def test_the_automatic_horizon_of_contracts_by_the_month_holds_the_longest():
    assert planned(800, FIRST, {"horizon_days": "auto"}).horizon_days == 31
    assert planned(800, None, {"horizon_days": "auto"}).horizon_days == 30


@settings(max_examples=examples(50))
@given(
    span=st.integers(30, 3000),
    horizon=st.one_of(st.just("auto"), st.integers(1, 400)),
    phase=st.sampled_from([AUGUST, FIRST]),
    snapshots=st.one_of(st.just("auto"), st.integers(3, 8)),
    score=st.integers(-20, 200),
)
def test_whatever_the_history_outcomes_close_before_the_next_split(
    span, horizon, phase, snapshots, score
):
    asked = {"snapshots": snapshots, "score_as_of": date_of(profile().data_from + span + score)}
    try:
        made = planned(span, phase, {"horizon_days": horizon}, asked)
    except TimelineError as error:
        assert str(error)
        return
    later = (*made.validation, *made.test)
    assert made.test and made.test[-1] + made.horizon_days <= made.data_until
    if made.train[-1] not in made.test:  # other customers judge on the one date there is
        assert made.train[-1] + made.horizon_days <= later[0]
    assert made.train[0] - made.horizon_days >= made.data_from
    if phase.bears_on(made.horizon_days):
        there = {date_of(day).day for day in made.as_of_days()}
        assert max(there) - min(there) <= 3 or {28, 29, 30, 31} & there


@pytest.mark.parametrize(("weekly", "step", "same"), [(True, 14, 1), (True, 13, 0), (False, 14, 0)])
@pytest.mark.parametrize("horizon", [28, 30, 45, 90])
def test_where_all_buy_on_a_day_of_the_week_dates_fall_on_that_of_the_score_date(
    weekly, step, same, horizon
):
    """On the day after the weekly box everybody has just bought, and two days later nobody has."""
    of = replace(profile(700), weekly=weekly)
    made = plan_timeline(task(horizon_days=horizon), timeline(step_days=step), of)
    weekdays = {(made.score - day) % 7 for day in (*made.train, *made.validation, *made.test)}
    assert (weekdays == {0}) == bool(same or (horizon == 90 and step == 14))
    assert made.test[-1] + horizon <= of.data_until


def test_one_or_two_days_of_the_week_are_a_weekly_rhythm_and_five_are_none():
    days = range(7 * 30)
    assert is_weekly(Counter({day: 5 for day in days if day % 7 == 3}))
    assert is_weekly(Counter({day: 5 for day in days if day % 7 in (3, 6)} | {0: 9}))
    assert not is_weekly(Counter({day: 5 for day in days if day % 7 < 5}))
    assert not is_weekly(Counter())


SUMMER = Season(first=5, months=3, share=0.97)


def test_the_season_is_the_shortest_that_holds_nearly_all_purchases():
    first, last = day_of(date(2020, 1, 1)), day_of(date(2023, 1, 1))
    bought = Counter({day: 3 for day in range(first, last) if date_of(day).month in (6, 7, 8)})
    found = season_of(bought, first, last)
    assert (found.first, found.months, found.name) == (5, 3, "June to August")
    assert season_of(bought, first, first + 399) is None
    assert season_of(Counter(range(first, last)), first, last) is None


@pytest.mark.slow
def test_a_shop_of_one_season_is_asked_about_the_next_one_a_year_from_date_to_date():
    of = replace(profile(4 * 365 - 10), season=SUMMER)
    made = plan_timeline(task(horizon_days="auto", active_within_days="auto"), timeline(), of)
    assert made.horizon_days == 365
    assert made.is_seasonal and not plan_timeline(task(), timeline(), profile()).is_seasonal
    score = date_of(made.score)
    days = [date_of(day) for day in (*made.train, *made.test)]
    assert {(day.month, day.day) for day in days} == {(score.month, score.day)}
    (why,) = (choice.why for choice in made.choices if choice.key == "task.horizon_days")
    assert "one season (June to August)" in why
    # With two years none of a year can be judged, and half a year from winter sees no season.
    short = replace(profile(700), season=SUMMER)
    with pytest.raises(ShortHistoryError):
        plan_timeline(task(horizon_days="auto", active_within_days="auto"), timeline(), short)


def test_pupils_who_are_back_in_september_are_asked_about_after_that():
    assert usual_absence(Counter({92: 60, 93: 30, 0: 50})) == 93
    assert usual_absence(Counter({92: 30, 0: 70})) is None
    assert usual_absence(Counter()) is None
    june = Phase("leaving", "year", (151,), 1.0)  # 1 June
    asked = task(churn="cancellation", horizon_days="auto")
    score = timeline(score_as_of=date(2021, 5, 1))
    of = replace(profile(4 * 365), leaving=june)
    assert plan_timeline(asked, score, of).horizon_days == 56
    made = plan_timeline(asked, score, replace(of, absence=92))
    assert made.horizon_days == 180
    assert "the 92 days after which most who come back are back" in made.choices[0].why
