"""Who bought which category: cut at the as-of date, beside what was bought afterwards."""

import random
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from features.building import build_snapshots
from features.checking.company import as_known, company
from features.history.category_history import (
    DAYS,
    HABIT,
    HISTORY,
    KEY,
    OUTCOMES,
    USUAL_DAYS,
    category_tables,
    read_categories,
)
from features.history.facts import collect
from features.snapshot import supported
from tests.features.built import drawn, frames_of
from tests.features.oracle import Customer, in_cohort
from tests.features.oracle.customer import money
from tests.features.world import (
    AS_OF,
    DAY,
    LONG,
    columns_of,
    day,
    frame,
    moment,
    on_duckdb,
    timeline_at,
)

HORIZON = 28
OPEN = timeline_at()
CLOSED = timeline_at(data_until=day(AS_OF) + 60)


def built(frames, folder, plan=CLOSED, **how):
    """What a run would read: both tables, text as text, or None."""
    engine = on_duckdb(frames, **how)
    features, _ = supported(engine.schemas, LONG)
    build_snapshots(engine, plan, features, folder / "snapshots", categories=folder / "categories")
    found = read_categories(folder / "categories")
    if found is None:
        return None
    texts = dict.fromkeys(("customer_id", "category"), "str")
    return found.history.astype(texts), found.outcomes.astype(texts)


def line(customer, offset, amount=5.0, category="bread", order=None):
    return {
        "customer_id": customer,
        "order_id": f"{customer}-{offset if order is None else order}",
        "event_time": moment(offset),
        "amount": amount,
        "category": category,
    }


def habit(then, category):
    """The columns of HABIT: visits after the first and the last with it, and its share of money."""
    visits = [one.date for one in then.purchase_days]
    own = [date for date in visits if date in then.bought("category")[category]]
    counts = (
        [sum(date > one for date in visits) for one in (own[0], own[-1])] if own else [None] * 2
    )
    paid = defaultdict(Decimal)
    for line in then.rows("orders"):
        is_bought = line["category"] is not None and then.weight(line) > 0
        if is_bought and then.within(line["event_time"].date(), USUAL_DAYS):
            paid[line["category"]] += money(line["amount"])
    moved = [one for one in then.moved(USUAL_DAYS) if one.date in visits and not one.is_unpriced]
    sold = sum(one.net for one in moved if one.net > 0)
    whole = max(sold, sum(paid.values()))
    return *counts, float(paid[category]) / float(whole) if whole else None


def orders(*lines):
    return {"orders": frame("orders", lines, list(lines[0]))}


def customers_of(rows):
    found = defaultdict(lambda: defaultdict(list))
    for name, of_table in rows.items():
        for row in of_table:
            found[row["customer_id"]][name].append(row)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_both_tables_agree_with_a_second_statement_in_plain_python(tmp_path, seed):
    rows = company(random.Random(seed), 250, ahead=0.3)
    history, outcomes = built(frames_of(rows), tmp_path)
    known, happened = [], []
    for who, own in customers_of(rows).items():
        then = Customer(own, AS_OF)
        if not in_cohort(then, 90):
            continue
        for category, dates in then.bought("category").items():
            ago = [then.ago(date) for date in dates]
            counts = [len(ago), sum(a <= 30 for a in ago), sum(a <= 90 for a in ago)]
            known.append((who, category, *counts, max(ago), min(ago), *habit(then, category)))
        later = Customer(own, AS_OF + pd.Timedelta(days=1_000))
        purchases = {one.date for one in later.purchase_days}
        ahead = {then.as_of + timedelta(days=n) for n in range(HORIZON)} & purchases
        for category, dates in later.bought("category").items():
            if set(dates) & ahead:
                happened.append((who, category))
    assert list(history.columns) == [*KEY, *DAYS, *HABIT]
    stated = pd.DataFrame(sorted(known, key=lambda row: row[:2]), columns=history.columns[1:])
    told = history.drop(columns="as_of_date").reset_index(drop=True)
    assert_frame_equal(told, stated, check_dtype=False, rtol=1e-12)
    assert len(known) > 60 and history["visits_since_last"].max() > 1
    assert 0 < history.groupby("customer_id")["share"].sum().max() <= 1 + 1e-12
    told = outcomes.drop(columns="as_of_date").itertuples(index=False, name=None)
    assert list(told) == sorted(happened) and len(happened) > 20
    assert (history["as_of_date"] == AS_OF).all() and (outcomes["as_of_date"] == AS_OF).all()


@pytest.mark.slow
def test_what_happens_from_the_as_of_date_on_never_changes_the_history(tmp_path):
    rows = company(random.Random(5), 100, ahead=0.5)
    past = {name: as_known(name, found, AS_OF) for name, found in rows.items()}
    everything, _ = built(frames_of(rows), tmp_path / "all")
    stood, _ = built(frames_of(past), tmp_path / "past")
    assert_frame_equal(everything, stood, check_exact=True)


@pytest.mark.slow
def test_an_outcome_lies_within_the_horizon_to_the_microsecond(tmp_path):
    last = HORIZON * DAY
    lines = [line("a", -DAY, category="wine")]
    lines += [
        line("a", offset, category=name)
        for offset, name in ((-1, "before"), (0, "first"), (last - 1, "last"), (last, "after"))
    ]
    history, outcomes = built(orders(*lines), tmp_path)
    assert outcomes["category"].tolist() == ["first", "last"]
    assert history["category"].tolist() == ["before", "wine"]
    assert history["bought"].tolist() == [1, 1]
    assert history["last_ago"].tolist() == [1, 1]


@pytest.mark.slow
def test_what_is_exchanged_on_a_day_without_a_purchase_is_no_outcome(tmp_path):
    back = 3 * DAY
    exchange = [
        line("a", -DAY),
        line("a", back, amount=-9.0, order="exchange"),
        line("a", back, amount=5.0, category="wine", order="exchange"),
    ]
    bought = [line("b", -DAY), line("b", back, amount=5.0, category="wine")]
    _, outcomes = built(orders(*exchange, *bought), tmp_path)
    assert outcomes["customer_id"].tolist() == ["b"]


@pytest.mark.slow
def test_nothing_is_told_of_a_window_that_is_not_closed(tmp_path):
    lines = [line("a", -DAY), line("a", DAY)]
    history, outcomes = built(orders(*lines), tmp_path / "open", OPEN)
    assert len(history) == 1 and outcomes.empty
    until = day(AS_OF) + HORIZON
    for data_until, rows in ((until - 1, 0), (until, 1)):
        plan = replace(CLOSED, data_until=data_until)
        _, outcomes = built(orders(*lines), tmp_path / str(data_until), plan)
        assert len(outcomes) == rows


@pytest.mark.slow
def test_only_the_cohort_has_rows(tmp_path):
    lines = [line("lately", -DAY), line("long ago", -91 * DAY)]
    lines += [line(who, DAY, category="wine") for who in ("lately", "long ago", "new")]
    for table in built(orders(*lines), tmp_path):
        assert set(table["customer_id"]) == {"lately"}


@pytest.mark.slow
def test_how_many_parts_the_customers_are_cut_into_changes_nothing(tmp_path):
    frames = frames_of(drawn(seed=4, customers=60))
    one = built(frames, tmp_path / "one")
    several = built(frames, tmp_path / "several", part_rows=90)
    assert len(list((tmp_path / "several" / "categories" / HISTORY).iterdir())) > 2
    for ours, theirs in zip(one, several, strict=True):
        assert_frame_equal(ours, theirs, check_exact=True)


@pytest.mark.slow
def test_without_categories_nothing_is_written(tmp_path):
    bare = [c for c in columns_of("orders") if c != "category"]
    lines = [line("a", -DAY), line("a", DAY)]
    assert built({"orders": frame("orders", lines, bare)}, tmp_path) is None
    assert [path.name for path in (tmp_path / "categories").iterdir()] == ["none.txt"]
    engine = on_duckdb({"orders": frame("orders", lines, bare)})
    assert category_tables(collect(engine.schemas)) == {}


def test_a_category_that_is_always_empty_is_none(tmp_path):
    lines = [line("a", -DAY, category=None), line("a", DAY, category=None)]
    assert built(orders(*lines), tmp_path) is None


@pytest.mark.slow
def test_what_was_there_before_is_replaced(tmp_path):
    lines = [line("a", -DAY), line("a", DAY)]
    built(orders(*lines), tmp_path)
    stale = tmp_path / "categories" / OUTCOMES / "1999-01-01-0000.parquet"
    stale.write_bytes(b"not parquet")
    built(orders(*lines), tmp_path)
    assert not stale.exists()
