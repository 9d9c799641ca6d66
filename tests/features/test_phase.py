"""Leaving and buying that fall on a few days of the year or of the month."""

import random
from collections import Counter, defaultdict
from datetime import date

import pytest

from features.history.facts import collect
from features.planning.phase import Phase, leaving_days, measure, phase_dates
from features.planning.profile import profile
from features.timeline import date_of, day_of
from tests.features.world import DAY, day, frame, moment, on_duckdb

FROM, UNTIL = day_of(date(2019, 6, 1)), day_of(date(2023, 6, 1))


def on(*dates, each=40):
    return Counter({day_of(date.fromisoformat(text)): each for text in dates})


def spread(seed, count=400, weight=lambda when: 1.0):
    """Events on any day, more where the weight is larger."""
    rng = random.Random(seed)
    days = range(FROM, UNTIL)
    return Counter(rng.choices(days, [weight(date_of(d)) for d in days], k=count))


SEASONS = on("2019-08-31", "2020-08-31", "2021-08-31", "2022-08-31")
TERMS = on("2020-01-31", "2020-08-31", "2021-01-31", "2021-08-31", "2022-01-31", "2022-08-31")
WEEKENDS = on("2019-08-31", "2020-08-29", "2021-08-28", "2022-09-03")  # the last game


@pytest.mark.parametrize("counts", [SEASONS, TERMS, WEEKENDS, SEASONS + spread(1, 60)])
def test_ends_on_the_same_days_of_every_year_are_a_phase_of_the_year(counts):
    found = measure(counts, "leaving", FROM, UNTIL)
    assert found is not None and found.cycle == "year"
    assert found.events_ahead(day_of(date(2023, 6, 1)), 120)
    assert not found.events_ahead(day_of(date(2023, 3, 2)), 120)


@pytest.mark.parametrize("last_day", [False, True])
def test_ends_on_the_first_or_last_of_each_month_are_a_phase_of_the_month(last_day):
    ends = [date(2020 + m // 12, m % 12 + 1, 1) for m in range(36)]
    counts = Counter({day_of(when) - last_day: 5 for when in ends})
    found = measure(counts, "leaving", FROM, UNTIL)
    assert found is not None and found.cycle == "month"
    assert set(found.days) == ({28, 29, 30, 31} if last_day else {1})
    assert not found.events_ahead(day_of(date(2023, 5, 2)), 20)


@pytest.mark.parametrize("seed", range(5))
def test_more_ends_in_some_months_than_in_others_are_a_phase_of_the_month_and_not_of_the_year(seed):
    rng = random.Random(seed)
    often = [rng.uniform(0.5, 2.0) for _ in range(12)]
    ends = [date(2021 + m // 12, m % 12 + 1, 1) for m in range(24)]
    counts = Counter({day_of(when): round(20 * often[when.month - 1]) for when in ends})
    found = measure(counts, "leaving", FROM, UNTIL)
    assert found is not None and found.cycle == "month"


@pytest.mark.parametrize(
    "counts",
    [
        spread(2),
        spread(3, 40),
        spread(4, 4000, lambda when: 3.0 if when.month == 12 else 1.0),  # a shop at Christmas
        spread(5, 4000, lambda when: 3.0 if when.weekday() == 5 else 1.0),
        on("2022-08-31", each=4000),  # once: accounts that were closed in bulk
        on("2020-03-05", "2021-09-12", "2022-12-20"),
        Counter(),
        on("2020-08-31", "2021-08-31", each=5),
    ],
)
def test_ends_on_any_day_or_together_once_or_too_few_are_no_phase(counts):
    assert measure(counts, "leaving", FROM, UNTIL) is None


@pytest.mark.parametrize("seed", range(20))
def test_chance_is_hardly_ever_taken_for_a_phase(seed):
    assert measure(spread(seed, 30 + 20 * seed), "leaving", FROM, UNTIL) is None


def test_dates_lie_whole_cycles_before_the_score_date_and_their_outcomes_close():
    year = Phase("leaving", "year", (242,), 1.0)
    dates = phase_dates(day_of(date(2023, 6, 2)), year, FROM, UNTIL, 120)
    assert [date_of(d).isoformat() for d in dates] == [
        "2019-06-02",
        "2020-06-02",
        "2021-06-02",
        "2022-06-02",
    ]
    month = Phase("leaving", "month", (1,), 1.0)
    score = day_of(date(2023, 5, 31))
    dates = phase_dates(score, month, day_of(date(2023, 1, 1)), score, 31)
    assert [date_of(d).isoformat() for d in dates] == [
        "2023-01-31",
        "2023-02-28",
        "2023-03-31",
        "2023-04-30",
    ]
    leap = phase_dates(
        day_of(date(2020, 2, 29)), year, day_of(date(2016, 1, 1)), day_of(date(2020, 2, 28)), 28
    )
    assert [date_of(d).isoformat() for d in leap] == [
        "2016-02-29",
        "2017-02-28",
        "2018-02-28",
        "2019-02-28",
    ]


def test_a_horizon_as_long_as_the_cycle_sees_the_same_from_any_date():
    year, month = Phase("leaving", "year", (242,), 1.0), Phase("leaving", "month", (1,), 1.0)
    assert [year.bears_on(days) for days in (30, 120, 365)] == [True, True, False]
    assert [month.bears_on(days) for days in (14, 31, 90)] == [True, True, False]


def subscription(customer, number, start, end):
    return {
        "customer_id": customer,
        "subscription_id": f"{customer}-{number}",
        "started_at": moment(start * DAY),
        "ended_at": None if end is None else moment(end * DAY),
    }


def drawn(seed):
    rng = random.Random(seed)
    rows = []
    for customer in range(60):
        for number in range(rng.randrange(1, 5)):
            start = rng.randrange(-600, -60)
            end = rng.choice([None, *(start + length for length in (0, 30, 60, 200, 20))])
            rows.append(subscription(f"c{customer:02d}", number, start, end))
    return rows


def left_by_hand(rows):
    """A day after which nothing of a customer runs for more than 31 days."""
    own = defaultdict(list)
    for row in rows:
        ended = row["ended_at"] and day(row["ended_at"])
        own[row["customer_id"]].append((day(row["started_at"]), ended))
    found = Counter()
    for spans in own.values():
        for _, end in set(spans):
            if end is None:
                continue
            runs_on = any(s <= end + 31 and (e is None or e > end) for s, e in spans)
            if not runs_on and end == max(e for s, e in spans if s <= end + 31 and e is not None):
                found[end] += 1
    return found


@pytest.mark.slow_after(4)
@pytest.mark.parametrize("seed", range(6))
def test_who_left_is_who_has_nothing_running_for_more_than_a_month(seed):
    rows = drawn(seed)
    engine = on_duckdb({"subscriptions": frame("subscriptions", rows)})
    facts = collect(engine.schemas)
    for _ in engine.parts(facts.steps, ()):
        found = engine.frame(leaving_days(facts.tables["subscriptions_days"]))
    by_day = found.groupby("day")["events"].sum()
    assert Counter({int(day): int(count) for day, count in by_day.items()}) == left_by_hand(rows)


def test_the_profile_knows_when_people_leave_and_when_they_buy():
    rows = [
        subscription(f"c{n}", year, year * 365 + 10, year * 365 + 300 + n % 3)
        for n in range(30)
        for year in (-4, -3, -2)
    ]
    orders = [
        {
            "customer_id": f"c{n}",
            "order_id": f"{n}-{d}",
            "event_time": moment(d * DAY),
            "amount": 5.0,
        }
        for n in range(30)
        for d in range(-1400 + n, -10, 37)
    ]
    engine = on_duckdb(
        {"orders": frame("orders", orders), "subscriptions": frame("subscriptions", rows)}
    )
    found = profile(engine)
    assert found.buying is None
    assert found.leaving is not None and found.leaving.cycle == "year"
    assert found.asked("cancellation").phase == found.leaving
    assert found.asked("lapse").phase is None
