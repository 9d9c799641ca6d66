"""The snapshot: the same numbers from the same facts, and only the columns the data supports."""

import random
from itertools import pairwise

import ibis
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from features.checking.company import as_known
from features.families import engagement
from features.families.definition import feature
from features.history.facts import Step
from features.history.labels import LABELS
from features.snapshot import (
    all_features,
    dictionary,
    group_of,
    model_features,
    supported,
)
from sources.contract import TABLES
from sources.params import SourceParams
from sources.tables.check import check_table
from tests.features.built import EARLY, drawn, frames_of, snapshots_of
from tests.features.world import (
    AS_OF,
    DAY,
    LONG,
    feature_names,
    features_at,
    frame,
    moment,
    on_duckdb,
)

MONEY_LABELS = ("spend_in_horizon", "value")
BARE = ("customer_id", "order_id", "event_time")


def schemas_of(frames):
    return on_duckdb(frames).schemas


@pytest.fixture(scope="module")
def rows():
    return drawn()


@pytest.fixture(scope="module")
def snapshots(rows):
    return snapshots_of(frames_of(rows))


@pytest.mark.slow
def test_the_order_of_the_rows_never_changes_a_byte(rows, snapshots):
    for seed in (1, 2):
        rng = random.Random(seed)
        shuffled = {name: rng.sample(table, len(table)) for name, table in rows.items()}
        assert_frame_equal(snapshots_of(frames_of(shuffled)), snapshots, check_exact=True)


@pytest.mark.slow
@pytest.mark.parametrize("part_rows", [7, 60, 1_000])
def test_the_number_of_parts_never_changes_a_byte(rows, snapshots, part_rows):
    cut = snapshots_of(frames_of(rows), part_rows=part_rows)
    assert_frame_equal(cut, snapshots, check_exact=True)


@pytest.mark.slow
def test_customers_are_cut_into_parts_and_nobody_is_in_two_or_none(rows):
    engine = on_duckdb(frames_of(rows), part_rows=60)
    steps = (Step("found", ibis.table(engine.schemas["orders"], name="orders"), keep=False),)
    found = ibis.table(engine.schemas["orders"], name="found")
    parts = [engine.frame(found)["customer_id"].unique() for _ in engine.parts(steps, ())]
    assert len(parts) > 3
    assert sorted(c for part in parts for c in part) == sorted(
        {row["customer_id"] for row in rows["orders"]}
    )
    # Ranges in the order of the ids, so that the files of a date are sorted one after the other.
    assert all(before.max() < after.min() for before, after in pairwise(parts))


@pytest.mark.slow
@pytest.mark.parametrize("threads", [2, 4])
def test_the_number_of_threads_never_changes_a_byte(rows, snapshots, threads):
    again = snapshots_of(frames_of(rows), threads=threads)
    assert_frame_equal(again, snapshots, check_exact=True)


@pytest.mark.slow
def test_the_same_rows_delivered_twice_never_change_a_byte(rows, snapshots, monkeypatch):
    """Rows with keys of their own, through the check that every table passes on entry."""
    # Of lines that came weeks later it would ask whether they are of another purchase.
    monkeypatch.setattr("sources.tables.check.shared_order_numbers", lambda *_: ())
    # And a line without a store would take that of its order.
    monkeypatch.setattr("sources.tables.check.filled_within_orders", lambda given, *_: (given, ()))
    numbered = [row | {"line_id": str(i)} for i, row in enumerate(rows["orders"])]
    once = frame("orders", numbered)
    params = SourceParams(kind="files")
    checked = [
        check_table(delivered, TABLES["orders"], params)
        for delivered in (once, pd.concat([once, once]))
    ]
    assert checked[1].counts["duplicates"] == len(numbered)
    tables = [frames_of(rows) | {"orders": one.rows[once.columns]} for one in checked]
    assert_frame_equal(snapshots_of(tables[1]), snapshots_of(tables[0]), check_exact=True)
    assert_frame_equal(snapshots_of(tables[0]), snapshots, check_exact=True)


@pytest.mark.slow
def test_repeated_lines_of_an_order_count_and_their_place_does_not(rows, snapshots):
    orders = rows["orders"]
    beside = {**rows, "orders": [row for row in orders for _ in range(2)]}
    behind = {**rows, "orders": orders + orders}
    twice = snapshots_of(frames_of(beside))
    assert_frame_equal(twice, snapshots_of(frames_of(behind)), check_exact=True)
    total = pd.Series(twice["amount_total"].to_numpy(), twice["customer_id"])
    once = pd.Series(snapshots["amount_total"].to_numpy(), snapshots["customer_id"])
    assert total.equals(2 * once)  # unknown money is unknown in both
    assert twice["orders_total"].equals(snapshots["orders_total"])


@pytest.mark.slow
def test_a_row_is_a_customer_of_the_cohort_and_a_date_sorted_with_its_split(snapshots):
    keys = snapshots[["as_of_date", "customer_id"]]
    assert keys.equals(keys.sort_values(["as_of_date", "customer_id"]))
    assert not keys.duplicated().any()
    assert snapshots.columns.tolist()[:3] == ["customer_id", "as_of_date", "split"]
    assert snapshots.groupby("as_of_date")["split"].unique().str[0].to_dict() == {
        EARLY: "test",
        AS_OF: "score",
    }
    assert snapshots["as_of_date"].dtype == "datetime64[us]"
    names = {"category_last", "subscription_plan", "attribute_region"}
    assert {f.name for f in all_features() if f.is_text} < names
    assert (snapshots[sorted(names)].dtypes == "str").all()
    assert (snapshots[sorted(set(feature_names()) - names)].dtypes == "float64").all()
    assert set(snapshots.columns) == {
        "customer_id",
        "as_of_date",
        "split",
        *feature_names(),
        *LABELS,
    }


def test_the_score_date_has_no_outcome_and_the_test_date_has(snapshots):
    known = snapshots.groupby("split")["outcome_known"].agg(["all", "any"])
    assert known.loc["test"].all()
    assert not known.loc["score"].any()
    assert snapshots.loc[snapshots["split"] == "score", ["churned", "value"]].isna().all(axis=None)


@pytest.mark.slow
def test_the_features_of_a_date_are_those_of_data_that_ended_there(rows, snapshots):
    # What was known by then, as rows: later rows gone, later-filled cells empty.
    past = {name: as_known(name, table, EARLY) for name, table in rows.items()}
    ended = features_at(frames_of(past), EARLY)
    early = snapshots[snapshots["split"] == "test"].reset_index(drop=True)
    assert_frame_equal(early[ended.columns], ended, check_exact=True)


@pytest.mark.slow
def test_without_amounts_money_columns_are_absent_and_not_zero(rows):
    bare = frame("orders", rows["orders"], BARE)
    table = snapshots_of({"orders": bare})
    money = {f.name for f in all_features() if "amount" in f.needs}
    assert {"amount_total", "amount_90d", "refund_share_90d", "monetary_value"} <= money
    assert not money & set(table.columns)
    assert not set(MONEY_LABELS) & set(table.columns)
    assert {"orders_90d", "gap_mean", "frequency", "churned"} <= set(table.columns)
    _, absent = supported(schemas_of({"orders": bare}), LONG)
    assert absent["amount_total"] == "the data has no amount"
    assert absent["discount_share_90d"] == "the data has no amount and no discount"
    assert absent["categories_total"] == "the data has no categories"
    assert absent["store_top_share"] == "the data has no stores"
    assert absent["days_since_coupon"] == "the data has no events"


@pytest.mark.slow
def test_discounts_without_amounts_are_not_a_share_of_anything(rows):
    table = frame("orders", rows["orders"], (*BARE, "discount"))
    assert "discount_share_90d" not in snapshots_of({"orders": table})


@pytest.mark.slow
def test_a_purchase_without_amounts_is_an_order_that_is_no_return():
    orders = [
        {"customer_id": name, "order_id": name, "event_time": moment(-DAY), "quantity": quantity}
        for name, quantity in (("a", 1.0), ("b", -1.0), ("c", None), ("d", 0.0))
    ]
    counted = frame("orders", orders, (*BARE, "quantity"))
    assert features_at({"orders": counted})["customer_id"].tolist() == ["a", "c"]
    plain = frame("orders", orders, BARE)
    assert features_at({"orders": plain})["customer_id"].tolist() == ["a", "b", "c", "d"]


@pytest.mark.slow
def test_a_window_longer_than_the_history_is_dropped_by_name(rows):
    schemas = schemas_of(frames_of(rows))
    kept, absent = supported(schemas, 99)
    names = {f.name for f in kept}
    # Two windows back: the 45 days before the last 45.
    assert {"orders_90d", "orders_change_45d", "orders_total"} <= names
    assert not {"orders_180d", "orders_365d", "orders_change_90d"} & names
    assert absent["orders_180d"] == (
        "looks back 180 days; the first training date has 99 days of history"
    )
    assert "looks back 180 days" in absent["orders_change_90d"]
    everything = {f.name for f in all_features()}
    assert names | set(absent) == everything
    table = snapshots_of(frames_of(rows), history_days=99)
    assert not set(absent) & set(table.columns)
    edge, _ = supported(schemas, 180)
    assert "orders_180d" in {f.name for f in edge}


@pytest.mark.slow
def test_a_feature_written_as_documented_is_found(monkeypatch, rows):
    @feature(base="events", group="campaigns", unit="events", windows=(30, 500), when_none=0)
    def events_seen(events, window):
        """Events of any kind in the last {window} days."""
        return events.happened.sum(where=events.ago <= window).fill_null(0)

    before = features_at(frames_of(rows))
    monkeypatch.setattr(engagement, "FEATURES", (*engagement.FEATURES, events_seen))
    after = features_at(frames_of(rows))
    assert_frame_equal(after[before.columns], before, check_exact=True)
    known = as_known("events", rows["events"], AS_OF)
    recent = [e["customer_id"] for e in known if e["event_time"] >= moment(-30 * DAY)]
    seen = {customer: recent.count(customer) for customer in after["customer_id"]}
    assert after.set_index("customer_id")["events_seen_30d"].to_dict() == seen
    assert 0 in seen.values()
    (mine, longer) = [f for f in all_features() if f.name.startswith("events_seen")]
    assert mine.description == "Events of any kind in the last 30 days."
    assert (mine.history_days, longer.history_days) == (30, 500)
    assert "events_seen_30d" in model_features(after)
    assert group_of(["events_seen_30d"]) == {"events_seen_30d": "campaigns"}
    _, absent = supported(schemas_of(frames_of(rows)), 400)
    assert "events_seen_500d" in absent


def test_models_learn_from_every_feature_but_the_btyd_quadruple(snapshots):
    learned = model_features(snapshots)
    quadruple = {"frequency", "recency", "T", "monetary_value"}
    assert set(learned) == set(feature_names()) - quadruple
    assert set(group_of(learned)) == set(learned)
    assert not set(group_of(quadruple))


@pytest.mark.slow
def test_the_dictionary_describes_every_column_and_names_what_is_absent(rows):
    kept, absent = supported(schemas_of(frames_of(rows)), 99)
    content = dictionary(kept, absent)
    assert [f["name"] for f in content["features"]] == [f.name for f in kept]
    assert content["absent"] == absent
    by_name = {f["name"]: f for f in content["features"]}
    assert by_name["orders_30d"]["description"] == "Purchases in the last 30 days."
    assert by_name["orders_30d"]["source"] == "purchase_days"


@pytest.mark.slow
def test_an_attribute_may_be_called_like_a_column_of_ours(rows):
    """Beside `as_of` of ours the customers' own would have been taken for the date."""
    plain = frames_of(rows)
    ours = ("as_of", "as_of_date", "horizon_days", "ago", "created_at_ago", "part")
    named = plain["customers"].assign(**dict.fromkeys(ours, 99_999.0))
    assert_frame_equal(snapshots_of(plain), snapshots_of(plain | {"customers": named}))
