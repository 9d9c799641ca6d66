"""Nothing that happened, or reached us, from the as-of date on changes what is known at it.

Every example draws rows of all tables for many customers, most of them within a day of the as-of
midnight, and compares two runs: over all rows, and over those that had happened and were known.
"""

import pandas as pd
from features.history import collect as collect_facts
from features.history import purchase_timelines, tables_at
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from tests.features.world import (
    AS_OF,
    DAY,
    day,
    feature_names,
    features_at,
    frame,
    moment,
    on_duckdb,
)

AROUND = [days * DAY + shift for days in (-1, 0, 1) for shift in (-1, 0, 1)]
OFFSETS = st.one_of(
    st.sampled_from(AROUND),
    st.sampled_from(AROUND),
    st.integers(-120, 40).map(lambda days: days * DAY),
    st.integers(-100 * DAY, 40 * DAY),
)
TIMES = OFFSETS.map(moment)
KNOWN = st.one_of(st.none(), st.none(), TIMES)
CUSTOMERS = st.integers(0, 19).map("{:05d}".format)
CENTS = st.integers(-2_000, 4_000).map(lambda cents: cents / 100)
FEW = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
MANY = settings(FEW, max_examples=30)


def rows(size, **columns):
    return st.lists(st.fixed_dictionaries(columns), min_size=size, max_size=size + 30)


ORDERS = rows(
    60,
    customer_id=CUSTOMERS,
    order_id=st.sampled_from("abc"),
    event_time=TIMES,
    known_at=KNOWN,
    amount=st.one_of(CENTS, st.none()),
    category=st.sampled_from(["bread", "milk", None]),
    store=st.sampled_from(["north", "south", None]),
    discount=st.sampled_from([0.0, 0.35, None]),
)
EVENTS = rows(
    25,
    customer_id=CUSTOMERS,
    event_time=TIMES,
    kind=st.sampled_from(["campaign_exposed", "coupon_redeemed", "visit"]),
    known_at=KNOWN,
)
CONSENTS = rows(
    12,
    customer_id=CUSTOMERS,
    channel=st.just("email"),
    event_time=TIMES,
    granted=st.booleans(),
    purpose=st.sampled_from(["profiling", "profiling", "marketing", None]),
    known_at=KNOWN,
)
CONTACTS = rows(
    20,
    event_time=TIMES,
    responded=st.sampled_from([True, False, None]),
    responded_at=KNOWN,
    known_at=KNOWN,
)
TICKETS = rows(
    20,
    opened_at=TIMES,
    closed_at=KNOWN,
    csat=st.sampled_from([1.0, 5.0, None]),
    known_at=KNOWN,
)


def is_known(row, time="event_time"):
    """The rule of the design, in plain Python: it had happened and had reached us."""
    return row[time] < AS_OF and (row["known_at"] is None or row["known_at"] < AS_OF)


def world(orders, events, consents):
    # An order belongs to one customer; a refund is a later row of the same order.
    own = [row | {"order_id": row["customer_id"] + row["order_id"]} for row in orders]
    return {
        "orders": frame("orders", own),
        "events": frame("events", events),
        "consents": frame("consents", consents),
    }


def known(drawn):
    return [row for row in drawn if is_known(row)]


@FEW
@given(orders=ORDERS, events=EVENTS, consents=CONSENTS)
def test_rows_from_the_as_of_date_on_or_known_from_then_on_never_change_a_feature(
    orders, events, consents
):
    everything = features_at(world(orders, events, consents))
    past = features_at(world(known(orders), known(events), known(consents)))
    assert set(past.columns) == {"customer_id", *feature_names()}
    assert_frame_equal(everything, past, check_exact=True)


@settings(FEW, max_examples=4)
@given(orders=ORDERS, consents=CONSENTS)
def test_purchase_timelines_end_at_the_as_of_date(orders, consents):
    def timelines(drawn_orders, drawn_consents):
        tables = world(drawn_orders, [], drawn_consents)
        return purchase_timelines(collect_facts(on_duckdb(tables)), day(AS_OF))

    assert_frame_equal(
        timelines(orders, consents), timelines(known(orders), known(consents)), check_exact=True
    )


def emptied(row, later):
    """The row with the cells that fill in later empty again, unless they were filled by then."""
    for time, cells in later.items():
        if row[time] is None or row[time] >= AS_OF:
            row = row | dict.fromkeys((time, *cells))
    return row


@MANY
@given(contacts=CONTACTS, tickets=TICKETS)
def test_gates_see_rows_and_later_filled_cells_as_they_stood(contacts, tickets):
    contacts = [row | {"contact_id": f"{i:03d}"} for i, row in enumerate(contacts)]
    tickets = [row | {"ticket_id": f"{i:03d}"} for i, row in enumerate(tickets)]
    tables = {"contacts": frame("contacts", contacts), "tickets": frame("tickets", tickets)}
    stood = tables_at(on_duckdb(tables), day(AS_OF))
    expected = {
        "contacts": frame(
            "contacts",
            [emptied(r, {"responded_at": ["responded"]}) for r in contacts if is_known(r)],
        ),
        "tickets": frame(
            "tickets",
            [emptied(r, {"closed_at": ["csat"]}) for r in tickets if is_known(r, "opened_at")],
        ),
    }
    for name, table in expected.items():
        got = stood[name].sort_values(table.columns[0]).reset_index(drop=True)
        assert list(got.columns) == list(table.columns)
        assert_frame_equal(got.astype(table.dtypes.to_dict()), table, check_exact=True)


def test_a_cell_whose_time_nobody_noted_is_never_known():
    answered = {"contact_id": "1", "event_time": moment(-5 * DAY), "responded": True}
    table = frame("contacts", [answered], ["contact_id", "event_time", "responded"])
    stood = tables_at(on_duckdb({"contacts": table}), day(AS_OF))["contacts"]
    assert stood["contact_id"].tolist() == ["1"]
    assert stood["responded"].isna().all()


def order(customer, offset, known_offset=None, amount=5.0):
    return {
        "customer_id": customer,
        "order_id": customer + str(offset),
        "event_time": moment(offset),
        "known_at": moment(known_offset),
        "amount": amount,
    }


def test_the_last_microsecond_before_the_as_of_date_is_known_and_midnight_is_not():
    purchases = [
        order("before", -1),
        order("midnight", 0),
        order("late", -1, known_offset=0),
        order("in time", -1, known_offset=-1),
        order("early word", 0, known_offset=-1),
    ]
    features = features_at(world(purchases, [], [])).set_index("customer_id")
    assert sorted(features.index) == ["before", "in time"]
    assert (features["days_since_last_purchase"] == 1).all()


def test_the_cohort_begins_on_its_first_day_to_the_microsecond():
    first = -90 * DAY
    purchases = [order("in", first), order("out", first - 1), order("inside", first + 1)]
    assert features_at(world(purchases, [], []))["customer_id"].tolist() == ["in", "inside"]


def test_an_objection_counts_from_the_microsecond_it_is_known():
    purchases = [order(customer, -DAY) for customer in ("known", "at midnight", "heard late")]
    objection = {"channel": "all", "granted": False, "purpose": "profiling"}
    consents = [
        objection | {"customer_id": "known", "event_time": moment(-1)},
        objection | {"customer_id": "at midnight", "event_time": moment(0)},
        objection | {"customer_id": "heard late", "event_time": moment(-1), "known_at": moment(0)},
    ]
    left = features_at(world(purchases, [], consents))["customer_id"]
    assert sorted(left) == ["at midnight", "heard late"]


def test_times_before_1970_and_far_from_it_fall_on_their_own_day():
    times = [
        pd.Timestamp("1969-12-31 23:59:59.999999"),
        pd.Timestamp("1970-01-01"),
        pd.Timestamp("2199-12-31 23:59:59.999999"),
    ]
    rows = [order("a", -DAY) | {"order_id": str(i), "event_time": t} for i, t in enumerate(times)]
    table = on_duckdb({"orders": frame("orders", rows)})
    days = collect_facts(table).order_days.order_by("order_id").to_pandas()["day"]
    assert days.tolist() == [day(t) for t in times] == [-1, 0, 84_005]
