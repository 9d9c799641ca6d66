"""Nothing that happened, or reached us, from the as-of date on changes what is known at it.

Every example draws rows of all tables for many customers, most of them within a day of the as-of
midnight, and compares two runs: over all rows, computed together with other as-of dates, and over
those that had happened and were known, with the cells that filled in later empty.
"""

import random

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from features.building import purchase_timelines, tables_at
from features.checking.company import as_known, company, frames_of, past_of
from features.history.facts import collect
from sources.contract import TABLES
from tests.features.world import (
    AS_OF,
    DAY,
    day,
    feature_names,
    features_at,
    frame,
    moment,
    on_duckdb,
    timeline_at,
)
from tests.plugin_slow import examples

HISTORIES = 100  # customers in an example
AHEAD = 0.5  # share of the times that lie around the as-of midnight or after it
OTHERS = tuple(day(AS_OF) + days for days in (-200, -1, 1, 30))  # other as-of dates of the same run
CHURNS = st.sampled_from(["lapse", "lapse", "cancellation"])
SEEDS = st.integers(0, 2**32)
# A seed does not become simpler by being smaller: nothing to shrink.
EXAMPLE = settings(
    deadline=None,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)


def drawn_company(seed):
    return company(random.Random(seed), HISTORIES, AHEAD)


def past(drawn):
    return past_of(drawn, AS_OF)


def nothing_of_the_future_is_seen(seed, churn):
    drawn = drawn_company(seed)
    everything = features_at(frames_of(drawn), churn=churn, other_dates=OTHERS)
    stood = features_at(frames_of(past(drawn)), churn=churn)
    assert set(everything.columns) == {"customer_id", *feature_names()}
    assert_frame_equal(everything, stood, check_exact=True)


@pytest.mark.slow
@settings(EXAMPLE, max_examples=examples(2_000 // HISTORIES + 5, quick=1))
@given(seed=SEEDS, churn=CHURNS)
def test_rows_and_cells_from_the_as_of_date_on_never_change_a_feature(seed, churn):
    nothing_of_the_future_is_seen(seed, churn)


@pytest.mark.slow
@settings(EXAMPLE, max_examples=examples(4, quick=1))
@given(seed=SEEDS)
def test_purchase_timelines_end_at_the_as_of_date(seed):
    def timelines(tables):
        wanted = {name: tables[name] for name in ("orders", "consents")}
        return pd.concat(purchase_timelines(on_duckdb(frames_of(wanted)), timeline_at()))

    drawn = drawn_company(seed)
    assert_frame_equal(timelines(drawn), timelines(past(drawn)), check_exact=True)


@pytest.mark.slow
@settings(EXAMPLE, max_examples=examples(10, quick=1))
@given(seed=SEEDS)
def test_gates_see_rows_and_later_filled_cells_as_they_stood(seed):
    drawn = drawn_company(seed)
    names = ["contacts", "tickets", "subscriptions"]
    tables = frames_of({name: drawn[name] for name in names})
    stood = tables_at(on_duckdb(tables), timeline_at(), names)
    for name in names:
        key = list(TABLES[name].key)
        expected = frame(name, as_known(name, drawn[name], AS_OF))
        got = stood[name].sort_values(key).reset_index(drop=True)
        assert list(got.columns) == list(expected.columns)
        assert_frame_equal(
            got.astype(expected.dtypes.to_dict()),
            expected.sort_values(key).reset_index(drop=True),
            check_exact=True,
        )


def test_a_cell_whose_time_nobody_noted_is_never_known():
    answered = {"contact_id": "1", "event_time": moment(-5 * DAY), "responded": True}
    table = frame("contacts", [answered], ["contact_id", "event_time", "responded"])
    stood = tables_at(on_duckdb({"contacts": table}), timeline_at(), ["contacts"])["contacts"]
    assert stood["contact_id"].tolist() == ["1"]
    assert stood["responded"].isna().all()


def only(**tables):
    """Frames with the columns that any row of a table has."""
    return {
        name: frame(name, found, list(dict.fromkeys(cell for row in found for cell in row)))
        for name, found in tables.items()
    }


def order(customer, offset, known_offset=None, amount=5.0):
    return {
        "customer_id": customer,
        "order_id": customer + str(offset),
        "event_time": moment(offset),
        "known_at": moment(known_offset),
        "amount": amount,
    }


@pytest.mark.slow
def test_the_last_microsecond_before_the_as_of_date_is_known_and_midnight_is_not():
    purchases = [
        order("before", -1),
        order("midnight", 0),
        order("late", -1, known_offset=0),
        order("in time", -1, known_offset=-1),
        order("early word", 0, known_offset=-1),
    ]
    features = features_at(only(orders=purchases)).set_index("customer_id")
    assert sorted(features.index) == ["before", "in time"]
    assert (features["days_since_last_purchase"] == 1).all()


@pytest.mark.slow
def test_the_cohort_begins_on_its_first_day_to_the_microsecond():
    first = -90 * DAY
    purchases = [order("in", first), order("out", first - 1), order("inside", first + 1)]
    assert features_at(only(orders=purchases))["customer_id"].tolist() == ["in", "inside"]


@pytest.mark.slow
def test_an_objection_counts_from_the_microsecond_it_is_known():
    purchases = [order(customer, -DAY) for customer in ("known", "at midnight", "heard late")]
    objection = {"channel": "all", "granted": False, "purpose": "profiling"}
    consents = [
        objection | {"customer_id": "known", "event_time": moment(-1)},
        objection | {"customer_id": "at midnight", "event_time": moment(0)},
        objection | {"customer_id": "heard late", "event_time": moment(-1), "known_at": moment(0)},
    ]
    left = features_at(only(orders=purchases, consents=consents))["customer_id"]
    assert sorted(left) == ["at midnight", "heard late"]


def test_times_before_1970_and_far_from_it_fall_on_their_own_day():
    times = [
        pd.Timestamp("1969-12-31 23:59:59.999999"),
        pd.Timestamp("1970-01-01"),
        pd.Timestamp("2199-12-31 23:59:59.999999"),
    ]
    rows = [order("a", -DAY) | {"order_id": str(i), "event_time": t} for i, t in enumerate(times)]
    engine = on_duckdb(only(orders=rows))
    facts = collect(engine.schemas)
    for _ in engine.parts(facts.steps, ()):
        found = engine.frame(facts.tables["customer_days"].order_by("day"))
    assert found["day"].tolist() == [day(t) for t in times] == [-1, 0, 84_005]
