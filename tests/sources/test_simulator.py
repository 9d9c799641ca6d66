"""The simulated companies: the same every time, as the contract wants them, with their truth."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from sources.contract import TABLES
from sources.kinds.simulator import company_folder
from sources.kinds.simulator.people import draw_people
from sources.kinds.simulator.process import Clock, Phases, happenings, possible
from sources.kinds.simulator.worlds import SHOP, WORLDS
from sources.kinds.simulator.writing import START, simulate
from sources.params import SimulatorParams, SourceParams
from sources.registry import fingerprint, load
from sources.tables.check import check_table

DAYS = 730


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """Tables and truth of each world, by name."""
    folder, found = tmp_path_factory.mktemp("simulated"), {}

    def read(world, table, customers=20_000):
        path = folder / world
        if not path.exists():
            simulate(path, world, customers, DAYS, seed=3)
        if (world, table) not in found:
            place = "truth/customers" if table == "truth" else f"tables/{table}"
            found[world, table] = pd.read_parquet(path / f"{place}.parquet")
        return found[world, table]

    return read


def day_of(times):
    return (times - pd.Timestamp(START)) / pd.Timedelta(days=1)


def hashes(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.parquet"))
    }


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path, world):
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        simulate(tmp_path / name, world, 300, 200, seed)
    first = hashes(tmp_path / "one")
    assert hashes(tmp_path / "same") == first
    assert all(hashes(tmp_path / "other")[name] != digest for name, digest in first.items())


@pytest.mark.slow
def test_the_number_of_processes_changes_nothing(tmp_path):
    simulate(tmp_path / "one", "shop", 25_000, 120, processes=1)
    simulate(tmp_path / "two", "shop", 25_000, 120, processes=2)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")


@pytest.mark.slow
def test_a_larger_company_begins_with_the_customers_of_a_smaller(tmp_path):
    simulate(tmp_path / "small", "shop", 50, 200)
    simulate(tmp_path / "large", "shop", 90, 200)
    for name in ("orders", "events", "tickets", "consents", "contacts", "customers"):
        small, large = (
            pd.read_parquet(tmp_path / size / "tables" / f"{name}.parquet")
            for size in ("small", "large")
        )
        assert small["customer_id"].max() <= "C00000049"
        pd.testing.assert_frame_equal(
            large[large["customer_id"] <= "C00000049"].reset_index(drop=True), small
        )


def tables_of(world):
    """The tables a world has: only people who subscribe have subscriptions."""
    return [name for name in TABLES if name != "subscriptions" or world == "subscription"]


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_every_table_is_as_the_contract_wants_it(company, world):
    for name in tables_of(world):
        table, rows = TABLES[name], company(world, name)
        checked = check_table(rows, table, SourceParams(kind="simulator"))
        assert checked.counts["kept"] == len(rows) > 0, name


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_everything_happens_within_the_days_of_the_data(company, world):
    for name in tables_of(world):
        times = company(world, name)[TABLES[name].time].dropna()
        if name not in ("customers", "subscriptions"):  # who may have joined long before
            assert day_of(times).between(0, DAYS).all(), name


@pytest.mark.slow
def test_nobody_buys_before_joining_or_after_leaving(company):
    orders, truth = company("shop", "orders"), company("shop", "truth").set_index("customer_id")
    bought = orders[orders["amount"] > 0]
    day = np.floor(day_of(bought["event_time"]))
    left = truth.loc[bought["customer_id"], "left_day"].fillna(DAYS).to_numpy()
    joined = truth.loc[bought["customer_id"], "joined_day"].to_numpy()
    assert (day <= left).all()
    assert (day >= np.floor(joined)).all()


@pytest.mark.slow
def test_who_joins_buys_at_once(company):
    orders, truth = company("shop", "orders"), company("shop", "truth").set_index("customer_id")
    new = truth[(truth["joined_day"] > 0)]
    first = np.floor(day_of(orders.groupby("customer_id")["event_time"].min()))
    assert (first.loc[new.index] == np.floor(new["joined_day"])).mean() > 0.99


@pytest.mark.slow
def test_customers_buy_at_their_own_rate(company):
    orders, truth = company("shop", "orders"), company("shop", "truth").set_index("customer_id")
    stays = truth[truth["left_day"].isna() & (truth["joined_day"] == 0)]
    count = orders[orders["amount"] > 0].groupby("customer_id")["order_id"].nunique()
    count = count.reindex(stays.index).fillna(0)
    expected = stays["rate"] * DAYS
    assert count.sum() == pytest.approx(expected.sum(), rel=0.02)
    # An Erlang-2 varies half as much as a Poisson process of the same rate.
    busy = expected > 10
    spread = ((count - expected)[busy] ** 2 / expected[busy]).mean()
    assert spread == pytest.approx(0.5, abs=0.08)


EVEN = Clock(np.arange(401.0))  # without season and weekday


def happened(rate, shape, slows, n, seed):
    """Customers and days of what happens to `n` of them who slow down and leave on these days."""
    rates, nothing = np.full(n, rate), np.zeros(n)
    rng = np.random.default_rng(seed)
    these = possible(rates, nothing, nothing > 0, shape, EVEN, rng)
    onset, leaves = (np.full(n, min(day, 1e6)) for day in slows)
    day = happenings(these, rates, Phases(np.arange(n), nothing, onset, leaves), EVEN)
    return these.who[day < 400], day[day < 400]


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("shape", [0.6, 1.0, 2.0, 5.0])
def test_an_ordinary_renewal_process_has_the_gaps_that_were_asked_for(shape):
    n = 4000
    who, day = happened(0.2, shape, (np.inf, np.inf), n, seed=2)
    # Stationary: as busy in the first days as in the last.
    assert len(day) / n / 400 == pytest.approx(0.2, rel=0.02)
    assert (day < 40).mean() == pytest.approx(0.1, abs=0.005)
    gaps = np.diff(day)[np.diff(who) == 0]
    assert gaps.mean() == pytest.approx(5.0, rel=0.03)
    assert gaps.std() / gaps.mean() == pytest.approx(shape**-0.5, rel=0.03)


@pytest.mark.slow
def test_a_fading_customer_slows_down_to_a_twentieth():
    n = 10_000
    _, day = happened(1.0, 1.0, (100.0, 160.0), n, seed=4)
    assert day.max() < 160
    per_day = np.histogram(day, bins=[0, 100, 101, 130, 131, 159, 160])[0] / n
    speed = np.log(20) / 60
    assert per_day[0] / 100 == pytest.approx(1.0, rel=0.01)
    assert per_day[1] == pytest.approx(np.exp(-speed * 0.5), rel=0.03)
    assert per_day[3] == pytest.approx(np.exp(-speed * 30.5), rel=0.05)
    assert per_day[5] == pytest.approx(np.exp(-speed * 59.5), rel=0.15)


def test_season_and_weekdays_are_those_of_the_world(company):
    orders = company("shop", "orders")
    bought = orders[orders["amount"] > 0]["event_time"]
    by_weekday = bought.dt.day_of_week.value_counts(normalize=True).sort_index()
    assert by_weekday.idxmax() == 5
    assert by_weekday[5] / by_weekday[0] == pytest.approx(1.3 / 0.85, rel=0.05)
    days = bought.dt.floor("D").value_counts().groupby(lambda day: (day.year, day.month)).mean()
    assert days[2023, 12] / days[2023, 11] > 1.1
    assert days[2024, 2] < days[2024, 1]


def test_a_fifth_of_the_customers_brings_the_share_of_revenue_that_was_published(company):
    spent = company("shop", "orders").groupby("customer_id")["amount"].sum()
    spent = spent.sort_values(ascending=False)
    assert 0.55 < spent.head(20_000 // 5).sum() / spent.sum() < 0.75


@pytest.mark.slow
def test_visits_fade_before_purchases_do(company):
    truth = company("shop", "truth").set_index("customer_id")
    fading = truth[truth["fading_from_day"].notna() & (truth["left_day"] > 200)]
    fading = fading[fading["left_day"] - fading["fading_from_day"] > 60]

    def share_before(rows, days):
        """Of those of the 60 days before fading, how many were in its last days."""
        before = fading["fading_from_day"].reindex(rows["customer_id"]).to_numpy()
        before = before - day_of(rows["event_time"]).to_numpy()
        inside = (before > 0) & (before <= 60)
        return ((before > 0) & (before <= days)).sum() / inside.sum()

    events, orders = company("shop", "events"), company("shop", "orders")
    visits = share_before(events[events["kind"] == "visit"], 7)
    assert visits < 0.85 * share_before(orders[orders["amount"] > 0], 7)


@pytest.mark.slow
def test_an_unresolved_complaint_makes_people_leave_sooner_by_the_planted_ratio():
    people = draw_people(SHOP, np.arange(400_000), DAYS, np.random.default_rng(1))
    has = people.complained < 1e6
    # The rate of leaving just after a complaint, whatever the customers' own rates were.
    soon = people.would_leave - people.complained < 30
    angry, content = (has & ~people.is_resolved), (has & people.is_resolved)
    ratio = soon[angry].mean() / soon[content].mean()
    assert ratio == pytest.approx(SHOP.unresolved_hazard, rel=0.12)


def test_who_is_content_stays_longer_and_answers_higher(company):
    truth = company("shop", "truth").set_index("customer_id")
    surveys = company("shop", "surveys")
    stays = truth["left_day"].isna()
    assert truth["satisfaction"][stays].mean() > truth["satisfaction"][~stays].mean() + 0.2
    assert surveys["score"].between(0, 10).all()
    content = truth.loc[surveys["customer_id"], "satisfaction"].to_numpy()
    assert np.corrcoef(content, surveys["score"])[0, 1] > 0.5


@pytest.mark.slow
def test_subscriptions_end_with_a_month_that_was_paid(company):
    rows = company("subscription", "subscriptions")
    last = rows.sort_values("started_at").groupby("customer_id").tail(1)
    months = (last["ended_at"] - last["started_at"]).dropna() / pd.Timedelta(days=30)
    whole = rows.groupby("customer_id").filter(lambda one: len(one) == 1)
    single = months.loc[months.index.intersection(whole.index)]
    assert np.allclose(single, single.round(), atol=1e-4)
    ended = day_of(last["ended_at"].dropna())
    active = (day_of(rows["started_at"]) < 365).sum()
    monthly = ended.between(365, 395).sum() / (active - (ended < 365).sum())
    assert 0.02 < monthly < 0.08


@pytest.mark.slow
def test_a_price_change_is_a_new_subscription_where_the_old_one_ends(company):
    rows = company("subscription", "subscriptions").sort_values(["customer_id", "started_at"])
    twice = rows[rows.duplicated("customer_id", keep=False)]
    old, new = twice.groupby("customer_id").nth(0), twice.groupby("customer_id").nth(1)
    assert len(old) > 1000
    assert (old["ended_at"].to_numpy() == new["started_at"].to_numpy()).all()
    assert np.allclose(new["amount"].to_numpy() / old["amount"].to_numpy(), 1.1, atol=0.01)


@pytest.mark.slow
def test_payments_stop_with_the_subscription(company):
    paid = company("subscription", "orders")
    rows = company("subscription", "subscriptions")
    ends = rows.groupby("customer_id")["ended_at"].agg(lambda one: one.max(skipna=False))
    last = paid.groupby("customer_id")["event_time"].max()
    over = ends.dropna().index.intersection(last.index)
    assert (last[over] < ends[over] + pd.Timedelta(days=10)).all()


def test_the_truth_lies_outside_what_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    params = SourceParams(
        kind="simulator", simulator=SimulatorParams(customers=40, days=100, seed=5)
    )
    found = fingerprint(params)
    assert set(found["files"]) == {f"{name}.parquet" for name in tables_of("shop")}
    assert found["description"] == "simulated shop: 40 customers, 100 days, seed 5"
    folder = company_folder(params.simulator)
    assert (folder / "truth" / "customers.parquet").exists()
    assert not any("truth" in name for name in load(params))
    assert fingerprint(params) == found
    assert not [path for path in (tmp_path / "simulated").iterdir() if path.name.startswith(".")]
