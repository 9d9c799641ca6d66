"""The overview against plain Python that states each figure once more, and at its edges."""

import datetime as dt
from collections import defaultdict

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.checking.world import day, frame, on_duckdb
from features.planning.timeplan import Timeline
from features.timeline import closed_months, date_of
from models.customers.over_time import cohort_table, count_over_time, monthly, scale_tops

START = dt.date(2024, 1, 1)
ACTIVE, HORIZON = 40, 28
COLUMNS = ("customer_id", "order_id", "event_time", "amount")


def plan(score, **changes):
    usual = {
        "horizon_days": HORIZON,
        "active_within_days": ACTIVE,
        "value_horizon_days": HORIZON,
        "data_from": day(START),
        "data_until": day(score) - 1,
        "score": day(score),
        "choices": (),
    }
    splits = ("train", "validation", "test", "unused", "value_train", "value_test")
    return Timeline(**{**dict.fromkeys(splits, ()), **usual, **changes})


def order(customer, when, amount=10.0, number=0):
    when = pd.Timestamp(when)
    name = f"{customer}-{when}-{number}"
    return {"customer_id": customer, "order_id": name, "event_time": when, "amount": amount}


def counted(rows, timeline, **tables):
    frames = {"orders": frame("orders", rows, COLUMNS)} | tables
    return count_over_time(on_duckdb(frames, part_rows=tables.pop("part_rows", 7)), timeline)


def stated(rows, timeline):
    """The same figures once more, in plain Python: one dictionary a month."""
    bought, money = defaultdict(list), defaultdict(list)
    for row in sorted(rows, key=lambda row: row["event_time"]):
        when = row["event_time"].date()
        if not when < date_of(timeline.score):
            continue
        money[when].append(row["amount"])
        if row["amount"] is None or row["amount"] > 0:
            bought[row["customer_id"]].append(when)
    lines = []
    for starts, ends in closed_months(timeline.data_from, timeline.score):
        first, end = date_of(starts), date_of(ends)

        def inside(when, start, stop):
            return start <= when < stop

        def active(at):
            from_ = at - dt.timedelta(days=timeline.active_within_days)
            return {who for who, days in bought.items() if any(inside(d, from_, at) for d in days)}

        later = first + dt.timedelta(days=timeline.horizon_days)
        at_start = active(first)
        stayed = {who for who in at_start if any(inside(d, first, later) for d in bought[who])}
        orders = sum(inside(d, first, end) for days in bought.values() for d in days)
        known = [a for when, some in money.items() if inside(when, first, end) for a in some]
        so_far = [a for when, some in money.items() if when < end for a in some]
        ever = [who for who, days in bought.items() if any(d < end for d in days)]
        in_time = [d for days in bought.values() for d in [days[0]] if inside(d, first, end)]
        reaches = starts - timeline.active_within_days >= timeline.data_from
        is_known = reaches and starts + timeline.horizon_days <= timeline.data_until and at_start
        lines.append(
            {
                "churn_rate": 1 - len(stayed) / len(at_start) if is_known else None,
                "customers_active": len(active(end))
                if ends - timeline.active_within_days >= timeline.data_from
                else None,
                "customers_new": len(in_time) if reaches else None,
                "orders": orders,
                "revenue": sum(a for a in known if a is not None),
                "unpriced_orders": sum(a is None for a in known),
                "value_so_far": sum(a for a in so_far if a is not None) / len(ever)
                if ever
                else None,
            }
        )
    return lines


when = st.integers(0, 190).map(lambda days: pd.Timestamp(START) + pd.Timedelta(days=days))
# Around the ends of months, where a day more or less counts.
edges = st.builds(
    lambda month, days: pd.Timestamp(2024, month, 1) + pd.Timedelta(days=days),
    st.integers(2, 7),
    st.sampled_from([-ACTIVE - 1, -ACTIVE, -1, 0, HORIZON - 1, HORIZON]),
).filter(lambda time: time >= pd.Timestamp(START))
amounts = st.sampled_from([10.0, 2.5, -4.0, None])
orders_drawn = st.lists(
    st.tuples(st.sampled_from("abc"), st.one_of(when, edges), amounts), min_size=1, max_size=25
)


@pytest.mark.slow
@settings(deadline=None, max_examples=20)
@given(drawn=orders_drawn, score=st.sampled_from(["2024-07-01", "2024-06-30", "2024-07-14"]))
def test_every_month_is_what_plain_python_makes_of_the_same_orders(drawn, score):
    rows = [order(who, time, amount, n) for n, (who, time, amount) in enumerate(drawn)]
    timeline = plan(dt.date.fromisoformat(score))
    found = monthly(counted(rows, timeline))
    wanted = stated(rows, timeline)
    assert len(found) == len(wanted)
    for line, other in zip(found, wanted, strict=True):
        assert {name: line[name] for name in other} == pytest.approx(other)
        if line["churn_rate"] is not None:
            assert line["retention_rate"] == pytest.approx(1 - line["churn_rate"])
        if line["orders"] and line["customers_active"]:
            assert line["frequency"] == line["orders"] / line["customers_active"]


@pytest.mark.slow
@settings(deadline=None, max_examples=12)
@given(drawn=orders_drawn)
def test_a_cohort_is_its_first_period_and_who_of_it_came_back(drawn):
    rows = [order(who, time, 5.0, n) for n, (who, time, _) in enumerate(drawn)]
    found = counted(rows, plan(dt.date(2024, 7, 1)))
    assert not found.is_by_quarter
    bought = defaultdict(set)
    for row in rows:
        if row["event_time"] < pd.Timestamp("2024-07-01"):
            bought[row["customer_id"]].add(row["event_time"].month)
    wanted = {}
    for months in bought.values():
        wanted.setdefault(min(months), []).append(months)
    for row in cohort_table(found):
        month = dt.date.fromisoformat(row["starts"]).month
        theirs = wanted.pop(month)
        assert row["customers"] == len(theirs)
        assert row["is_left_censored"] == (month < 3)  # 1 January and 40 days: known from March on
        later = range(month + 1, 7)
        assert row["shares"] == [sum(m in one for one in theirs) / len(theirs) for m in later]
    assert wanted == {}


def test_a_month_is_told_once_it_is_over_and_only_if_the_data_holds_all_of_it():
    def told(first, score):
        periods = closed_months(day(first), day(score))
        return [date_of(start).isoformat() for start, _ in periods]

    assert told("2024-01-01", "2024-03-01") == ["2024-01-01", "2024-02-01"]
    assert told("2024-01-02", "2024-02-29") == []
    assert told("2024-01-31", "2024-01-31") == []
    assert closed_months(day("2023-11-01"), day("2024-07-01"), step=3) == [
        (day("2024-01-01"), day("2024-04-01")),
        (day("2024-04-01"), day("2024-07-01")),
    ]


@pytest.mark.slow
def test_one_month_one_customer_and_refunds_alone_are_told_without_a_division_by_nothing():
    timeline = plan(dt.date(2024, 2, 1))
    one = monthly(counted([order("a", "2024-01-10")], timeline))
    assert [line["revenue"] for line in one] == [10.0]
    assert one[0]["churn_rate"] is None and one[0]["customers_active"] is None
    back = monthly(counted([order("a", "2024-01-10", -3.0)], timeline))
    assert (back[0]["revenue"], back[0]["orders"]) == (-3.0, 0)
    assert (back[0]["average_order"], back[0]["value_so_far"]) == (None, None)
    unknown = monthly(counted([order("a", "2024-01-10", None)], timeline))
    assert (unknown[0]["orders"], unknown[0]["unpriced_orders"]) == (1, 1)
    assert unknown[0]["average_order"] is None
    assert monthly(counted([order("a", "2024-01-10")], plan(dt.date(2024, 1, 20)))) == []


def test_a_repeated_purchase_is_two_orders_within_the_days_also_on_one_day():
    rows = [
        order("twice", "2024-03-01"), order("twice", "2024-03-20"),
        order("same day", "2024-03-05", number=1), order("same day", "2024-03-05", number=2),
        order("once", "2024-03-25"),
        order("too old", "2024-01-05"), order("too old", "2024-03-30"),
    ]  # fmt: skip
    march = monthly(counted(rows, plan(dt.date(2024, 4, 1))))[-1]
    assert (march["repeat_of"], march["repeat_rate"]) == (4, 0.5)


@pytest.mark.slow
def test_who_buys_on_the_last_day_of_the_horizon_stayed_and_a_day_later_has_left():
    start = pd.Timestamp("2024-05-01")
    rows = [order(who, start - pd.Timedelta(days=1)) for who in ("last day", "too late", "never")]
    rows += [order("long ago", start - pd.Timedelta(days=ACTIVE + 1))]
    rows += [order("just active", start - pd.Timedelta(days=ACTIVE))]
    rows += [order("last day", start + pd.Timedelta(days=HORIZON - 1))]
    rows += [order("too late", start + pd.Timedelta(days=HORIZON))]
    may = monthly(counted(rows, plan(dt.date(2024, 7, 1))))[4]
    assert may["starts"] == "2024-05-01"
    assert (may["customers_at_start"], may["churn_rate"]) == (4, 0.75)
    closing = dt.date(2024, 5, 1) + dt.timedelta(days=HORIZON)
    for until, is_known in ((closing, True), (closing - dt.timedelta(days=1), False)):
        timeline = plan(dt.date(2024, 6, 1), data_until=day(until))
        assert (monthly(counted(rows, timeline))[4]["churn_rate"] is not None) == is_known


@pytest.mark.slow
def test_answers_are_counted_in_their_month_and_nps_is_promoters_less_detractors():
    timeline = plan(dt.date(2024, 3, 1))
    scores = (10, 9, 8, 7, 6, 0)
    surveys = [
        {"customer_id": "a", "event_time": pd.Timestamp("2024-02-05"), "kind": "nps", "score": s}
        for s in scores
    ]
    late = {"customer_id": "a", "event_time": pd.Timestamp("2024-03-01"), "kind": "nps"}
    surveys += [{**late, "score": 0.0}, {**surveys[0], "kind": "csat", "score": 4.0}]
    closed = {"opened_at": pd.Timestamp("2024-01-20"), "closed_at": pd.Timestamp("2024-02-01")}
    tickets = [
        {"customer_id": "a", "ticket_id": "1", **closed, "csat": 3.0},
        {"customer_id": "a", "ticket_id": "2", **closed, "csat": None},
        {"customer_id": "a", "ticket_id": "3", "opened_at": closed["opened_at"], "csat": 1.0},
    ]
    found = counted(
        [order("a", "2024-01-10")],
        timeline,
        surveys=frame("surveys", surveys, ("customer_id", "event_time", "kind", "score")),
        tickets=frame(
            "tickets", tickets, ("customer_id", "ticket_id", "opened_at", "closed_at", "csat")
        ),
    )
    january, february = monthly(found)
    assert (february["nps"], february["nps_answers"]) == (pytest.approx(0.0), 6)
    assert (february["csat"], february["csat_tickets"]) == (4.0, 3.0)
    assert january["nps"] is None and january["csat_tickets"] is None
    assert scale_tops(found) == {"csat": 5.0, "csat_tickets": 5.0}


@pytest.mark.slow
def test_of_subscriptions_the_churn_rate_is_of_those_that_ended():
    rows = [
        {"customer_id": who, "subscription_id": f"{who}{n}", "started_at": start, "ended_at": end}
        for n, (who, start, end) in enumerate(
            [
                ("stays", pd.Timestamp("2024-01-01"), None),
                ("leaves", pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-10")),
                ("renews", pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-10")),
                ("renews", pd.Timestamp("2024-02-10"), None),
                ("gone", pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-31")),
            ]
        )
    ]
    columns = ("customer_id", "subscription_id", "started_at", "ended_at")
    timeline = plan(dt.date(2024, 4, 1), churn="cancellation")
    found = counted(
        [order("stays", "2024-01-01")],
        timeline,
        subscriptions=frame("subscriptions", rows, columns),
    )
    january, february, march = monthly(found)
    assert [m["customers_active"] for m in (january, february, march)] == [3, 2, 2]
    assert (february["customers_at_start"], february["churn_rate"]) == (3, pytest.approx(1 / 3))
    assert march["churn_rate"] == 0.0


@pytest.mark.slow
def test_who_objects_to_profiling_is_in_no_figure():
    consents = frame(
        "consents",
        [
            {
                "customer_id": "b",
                "channel": "all",
                "event_time": pd.Timestamp("2024-01-02"),
                "granted": False,
                "purpose": "profiling",
            }
        ],
    )
    rows = [order("a", "2024-01-10"), order("b", "2024-01-11", 99.0)]
    (line,) = monthly(counted(rows, plan(dt.date(2024, 2, 1)), consents=consents))
    assert (line["orders"], line["revenue"], line["value_so_far"]) == (1, 10.0, 10.0)


@pytest.mark.slow
def test_parts_of_the_customers_give_what_all_at_once_give():
    rows = [
        order(f"c{n % 17}", pd.Timestamp(START) + pd.Timedelta(days=n * 7 % 180), 5.0 + n, n)
        for n in range(120)
    ]
    frames = {"orders": frame("orders", rows, COLUMNS)}
    timeline = plan(dt.date(2024, 7, 1))
    whole, parted = (
        count_over_time(on_duckdb(frames, part_rows=size), timeline) for size in (10_000, 9)
    )
    assert monthly(whole) == monthly(parted)
    assert cohort_table(whole) == cohort_table(parted)
