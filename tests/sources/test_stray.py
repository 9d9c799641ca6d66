"""One row far from all others is set aside by name; a young, closed or seasonal shop keeps all."""

import numpy as np
import pandas as pd
import pytest

from core.errors import TableError
from sources.contract import CONSENTS, EVENTS, SUBSCRIPTIONS
from tests.sources.raw_tables import check, orders

START = pd.Timestamp("2022-01-01")


def shop(*extra, days=730, each=3, start=START):
    """Orders on every day, and those of the given times."""
    times = [start + pd.Timedelta(days=n // each, minutes=n % 600) for n in range(days * each)]
    rows = [(f"c{n % 40}", f"o{n}", time, 5.0) for n, time in enumerate(times)]
    more = [(f"c{n}", f"x{n}", pd.Timestamp(time), 5.0) for n, time in enumerate(extra)]
    return orders(*rows, *more)


def set_aside(result):
    return result.quarantine.loc[result.quarantine["reason"].str.contains("far from"), "order_id"]


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    "stray", ["1970-01-02", "2002-06-01", "2012-03-04", "2019-01-01", "2024-03-01", "2026-05-01"]
)
def test_one_order_far_from_all_others_is_set_aside_with_row_and_value(stray):
    result = check(shop(stray), max_quarantined=0.05)
    assert set_aside(result).tolist() == ["x0"]
    (finding,) = result.findings
    assert f'(first: row 2192, "{pd.Timestamp(stray)}")' in finding
    span = result.rows["event_time"].agg(["min", "max"])
    assert (span["max"] - span["min"]).days == 729


def test_strays_on_both_sides_and_at_several_times_are_all_set_aside():
    raw = shop(
        "2005-01-01",
        "2011-05-05",
        "2026-02-02",
        "2026-06-01",
        days=1500,
        each=2,
        start=pd.Timestamp("2021-06-01"),
    )
    assert sorted(set_aside(check(raw))) == ["x0", "x1", "x2", "x3"]


def test_all_lines_of_a_stray_order_are_one():
    raw = shop(*["2012-03-04"] * 12)
    raw.loc[raw["order_id"].str.startswith("x"), "order_id"] = "x"
    assert set_aside(check(raw)).tolist() == ["x"] * 12


def test_test_orders_before_the_opening_stay():
    result = check(shop("2021-06-01", "2021-06-01 10:00", "2021-07-15"))
    assert result.counts["quarantined"] == 0


@pytest.mark.slow
def test_a_long_closure_with_much_on_both_sides_cuts_nothing():
    before = shop(days=200, start=pd.Timestamp("2020-01-01"))
    before["order_id"] = "early-" + before["order_id"]
    result = check(pd.concat([before, shop(days=200)], ignore_index=True))
    assert result.counts["quarantined"] == 0
    few = before.head(12)  # four days of business, and two years of nothing
    assert check(pd.concat([few, shop()], ignore_index=True)).counts["quarantined"] == 0


def test_a_season_and_a_slow_trade_have_long_pauses_of_their_own():
    christmas = pd.concat(
        [shop(days=30, start=pd.Timestamp(f"{year}-11-25")) for year in range(2019, 2024)]
    )
    christmas["order_id"] = [f"o{n}" for n in range(len(christmas))]
    again = orders(("c1", "first", pd.Timestamp("2024-11-25"), 5.0))
    assert check(pd.concat([christmas, again], ignore_index=True)).counts["quarantined"] == 0
    rng = np.random.default_rng(1)
    days = np.cumsum(rng.exponential(9, 200))
    slow = orders(
        *[(f"c{n % 9}", f"o{n}", START + pd.Timedelta(days=d), 5.0) for n, d in enumerate(days)]
    )
    assert check(slow[slow["event_time"] < pd.Timestamp("2026-01-01")]).counts["quarantined"] == 0


def test_in_a_handful_of_orders_nothing_is_far():
    assert check(shop("2012-01-01", days=10, each=4)).counts["quarantined"] == 0


def test_contracts_and_objections_may_stand_alone_and_visits_may_not():
    usual = pd.date_range(START, periods=400, freq="D").tolist()
    old = [pd.Timestamp("2012-01-01"), *usual]
    ids = [str(n) for n in range(len(old))]
    contracts = pd.DataFrame({"customer_id": ids, "subscription_id": ids, "started_at": old})
    assert check(contracts, SUBSCRIPTIONS).counts["quarantined"] == 0
    words = pd.DataFrame(
        {"customer_id": ids, "channel": "email", "event_time": old, "granted": "no"}
    )
    assert check(words, CONSENTS).counts["quarantined"] == 0
    visits = pd.DataFrame({"customer_id": ids, "event_time": old, "kind": "visit"})
    assert check(visits, EVENTS).counts["quarantined"] == 1


def test_many_rows_of_1970_are_no_times_and_stop_the_run():
    with pytest.raises(TableError, match="1 January 1970, which systems write where there is no"):
        check(shop(*["1970-01-01"] * 300), max_quarantined=0.05)
