"""The gap alarm: a dead feed is told, and quiet days that mean nothing are not."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from core.errors import DataGateError
from features.timeline import date_of
from features.usability.feed import Feed, feed_findings, feeds, judge, known_days, refuse_dead_feed
from features.usability.volume import steady_end, volume_of
from sources.params import SourceParams
from tests.features.feed_rows import (
    FIRST,
    WEEK,
    counts_of,
    died,
    events_until,
    findings_of,
    volume,
)
from tests.features.usable import START, checked, rows_of_days
from tests.features.world import day


def test_a_feed_that_stopped_three_days_before_the_others_is_dead():
    counts = counts_of()
    counts[-5:] = 0  # Tuesday is the last day with orders; Sunday, the last day, is not judged
    found = died(counts)
    assert (date_of(found.first), date_of(found.last)) == (date(2023, 7, 19), date(2023, 7, 22))
    assert found.rows == 0
    assert found.usual == pytest.approx(42 + 45 + 60 + 80, rel=0.1)


@pytest.mark.parametrize(("silent", "is_dead"), [(2, False), (3, True)])
def test_one_silent_day_is_no_proof_and_two_full_ones_are(silent, is_dead):
    counts = counts_of(mean=np.full(7, 40))
    counts[-silent:] = 0  # the last of them may be incomplete
    assert (died(counts) is not None) == is_dead


@pytest.mark.parametrize(("left", "is_dead"), [(0.1, True), (0.2, True), (0.35, False)])
def test_a_feed_that_dropped_to_a_small_part_is_dead_and_a_bad_week_is_not(left, is_dead):
    rng, counts = np.random.default_rng(2), counts_of()
    counts[-8:] = rng.binomial(counts[-8:], left)
    assert (died(counts) is not None) == is_dead


def test_the_days_of_the_drop_are_found():
    rng, counts = np.random.default_rng(3), counts_of()
    counts[-16:] = rng.binomial(counts[-16:], 0.05)
    found = died(counts)
    assert abs(found.first - (FIRST + len(counts) - 16)) <= 1


@pytest.mark.parametrize("silent", [57, 75])
def test_a_feed_that_has_been_dead_for_months_is_still_dead(silent):
    counts = counts_of(weeks=30)
    counts[-silent:] = 0
    found = died(counts)
    assert found.first <= FIRST + len(counts) - silent + 1
    assert found.rows == 0


@pytest.mark.slow_after(2)
@pytest.mark.parametrize("seed", range(5))
def test_feeds_without_a_fault_are_not_told(seed):
    for mean in (WEEK, WEEK / 20, np.full(7, 400)):
        counts = counts_of(weeks=30, mean=mean, seed=seed)
        for days in range(60, len(counts)):
            assert died(counts[:days], days) is None


def test_volume_that_comes_in_bursts_is_not_missed_between_them():
    counts = np.zeros(200, dtype=int)
    counts[::23] = 900
    counts[1::2] += 3
    for days in range(60, 200):
        assert died(counts[:days], days) is None


def test_a_feed_that_is_often_silent_for_three_days_is_not_missed_for_three():
    counts = np.tile([20, 20, 20, 20, 20, 0, 0, 0], 25)
    for days in range(60, 200):
        assert died(counts[:days], days) is None


def test_a_shop_closed_on_sundays_and_at_christmas_is_not_dead():
    first = day(pd.Timestamp("2023-10-02"))
    counts = counts_of(weeks=13)
    christmas = day(pd.Timestamp("2023-12-24")) - first
    counts[christmas : christmas + 3] = 0
    for last in range(christmas, christmas + 6):
        assert died(counts[: last + 1], last + 1, first) is None
    counts[christmas:] = 0  # nothing has come yet on the 27th, and the 24th was a Sunday
    assert died(counts[: christmas + 4], christmas + 4, first) is None
    assert died(counts[: christmas + 6], christmas + 6, first) is not None


def test_what_was_as_quiet_a_year_before_is_the_season():
    counts = counts_of(weeks=70)
    counts[-10:] = 0
    assert died(counts) is not None
    counts[-10 - 364 : -364] = 0
    assert died(counts) is None


def test_a_feed_that_came_back_is_alive():
    counts = counts_of()
    back = counts[-4:].copy()
    counts[-12:] = 0
    assert died(counts) is not None
    counts[-4:] = back
    assert died(counts) is None
    counts[-30:-4] = 0
    counts[-1] = 0  # nothing yet today, but the days before are as usual
    assert died(counts) is None


def test_the_last_day_is_never_judged_and_may_show_that_the_feed_lives():
    counts = counts_of(mean=np.full(7, 40))
    counts[-1] = 1
    assert died(counts) is None
    counts[-3:-1] = 0  # two days off, and something has come since
    assert died(counts) is None
    counts[-4] = 0
    assert died(counts) is not None
    counts[-1] = 30  # it came back today
    assert died(counts) is None


def test_three_weeks_are_too_short_to_know_what_is_usual():
    counts = np.full(26, 40)
    counts[-4:] = 0
    assert died(counts[-23:]) is None
    assert died(counts) is not None


def test_known_days_quiet_the_alarm_and_only_they():
    counts = counts_of()
    counts[-10:] = 0
    found = died(counts)
    whole = range(found.first, found.last + 1)
    assert died(counts, known=frozenset(whole)) is None
    assert died(counts, known=frozenset(whole[:3])) is not None


def test_a_stray_row_does_not_move_the_end_of_a_feed():
    counts = np.full(50, 100)
    assert steady_end(volume(np.append(counts, [0, 0, 9]))) == FIRST + 49
    assert steady_end(volume(np.append(counts, [0, 0, 10]))) == FIRST + 52


def test_a_dead_feed_of_orders_is_an_error_that_names_days_figures_and_a_cure():
    counts = counts_of()
    counts[-6:] = 0
    finding = findings_of(counts).of("dead_feed")
    assert finding["severity"] == "error"
    assert finding["table"] == "orders"
    assert "0 orders from 2023-07-18 to 2023-07-22, where" in finding["meaning"]
    assert 'add ["2023-07-18", "2023-07-22"] to source.known_gaps' in finding["what_to_do"]


def test_a_dead_feed_of_another_table_is_a_warning():
    tables = checked(orders=rows_of_days(np.full(140, 40)), events=events_until(133))
    findings = feed_findings([judge(feed, frozenset()) for feed in feeds(tables)])
    (dead,) = (one for one in findings if one.check == "dead_feed")
    assert (dead.severity, dead.table) == ("warning", "events")


def test_subscriptions_that_end_show_that_their_feed_is_alive():
    orders = rows_of_days(np.full(140, 40))
    begun = START + pd.to_timedelta(np.repeat(np.arange(100), 5), unit="D")
    rows = pd.DataFrame({"customer_id": "a", "started_at": begun, "ended_at": pd.NaT})
    rows["ended_at"] = rows["ended_at"].astype("datetime64[us]")
    silent = checked(orders=orders, subscriptions=rows)
    told = {feed.table: judge(feed, frozenset()).dead for feed in feeds(silent)}
    assert told["subscriptions"] is not None
    ends = START + pd.to_timedelta(100 + np.arange(500) % 40, unit="D")
    alive = checked(orders=orders, subscriptions=rows.assign(ended_at=ends))
    told = {feed.table: judge(feed, frozenset()).dead for feed in feeds(alive)}
    assert told["subscriptions"] is None


def test_a_feed_that_died_more_than_a_year_ago_is_not_taken_for_a_season():
    findings = findings_of(np.full(400, 40), days=400 + 5 * 365)
    assert findings.of("dead_feed")["severity"] == "error"


@pytest.mark.parametrize(
    ("known", "severity", "check"),
    [
        ((), "error", "dead_feed"),
        (((date(2023, 7, 18), date(2023, 7, 22)),), "advice", "known_gap"),
        ((date(2023, 7, 18),), "error", "dead_feed"),
    ],
    ids=["unknown", "known", "only a part is known"],
)
def test_known_gaps_turn_the_error_into_advice(known, severity, check):
    counts = counts_of()
    counts[-6:] = 0
    assert findings_of(counts, known).of(check)["severity"] == severity


def test_scoring_is_refused_with_what_where_and_what_to_do():
    counts = counts_of()
    counts[-6:] = 0
    report = {"findings": findings_of(counts).findings}
    with pytest.raises(DataGateError, match=r"(?s)Nobody is scored.*orders: .*Bring the missing"):
        refuse_dead_feed(report)
    refuse_dead_feed({"findings": findings_of(counts_of()).findings})
    known = [(date(2023, 7, 18), date(2023, 7, 22))]
    refuse_dead_feed({"findings": findings_of(counts, known).findings})


def test_rows_that_come_late_are_waited_for():
    """With two days until a row is there, the last two full days are always poor."""
    counts = counts_of(mean=np.full(7, 40))
    rows = rows_of_days(counts)
    age = (rows["event_time"].max() - rows["event_time"]).dt.days
    there = rows[(age > 3) | (np.arange(len(rows)) % 40 == 0)]
    punctual = checked(orders=there, events=events_until(len(counts)))
    told = there.assign(known_at=there["event_time"] + pd.Timedelta(days=3))
    late = checked(orders=told, events=events_until(len(counts)))
    assert judge(feeds(punctual)[0], frozenset()).dead is not None
    assert judge(feeds(late)[0], frozenset()).dead is None


@pytest.mark.parametrize("robots", [1, 50])
def test_a_feed_that_loses_one_customer_is_alive_whatever_that_one_brought(robots):
    """Ten orders a day of the usual customers go on; two hundred of a few, or of many, end."""
    usual, many = rows_of_days(np.full(140, 10)), rows_of_days(np.full(130, 200))
    number = many.index % robots
    many = many.assign(order_id="r" + many["order_id"], customer_id=number.map("r{}".format))
    tables = checked(orders=pd.concat([usual, many], ignore_index=True))
    assert (judge(feeds(tables)[0], frozenset()).dead is not None) == (robots > 1)


def test_the_volume_of_orders_counts_orders_and_not_lines():
    rows = rows_of_days([3, 2, 4])
    twice = checked(orders=pd.concat([rows, rows]))
    assert feeds(twice)[0].volume.counts.tolist() == [3, 2, 4]
    assert volume_of(rows["event_time"]).first == FIRST


def test_known_gaps_are_dates_or_pairs_in_order():
    params = SourceParams(kind="files", known_gaps=["2023-07-18", ["2023-08-01", "2023-08-03"]])
    named = {date_of(number).isoformat() for number in known_days(params.known_gaps)}
    assert named == {"2023-07-18", "2023-08-01", "2023-08-02", "2023-08-03"}
    with pytest.raises(ValueError, match="ends before it begins"):
        SourceParams(kind="files", known_gaps=[["2023-08-03", "2023-08-01"]])


def test_subscriptions_from_before_the_first_order_are_not_judged():
    """Of the years before the data only those are there that still run: few, and far apart."""
    counts = np.full(140, 30)
    starts = rows_of_days(np.full(140, 12)).assign(amount=9.0)
    ages = np.random.default_rng(3).exponential(300, 1_500).astype(int) + 1
    long_ago = starts.iloc[:1_500].copy()
    long_ago["event_time"] = START - pd.to_timedelta(ages, unit="D")
    rows = pd.concat([long_ago, starts], ignore_index=True)
    subscriptions = pd.DataFrame(
        {
            "customer_id": rows["customer_id"],
            "subscription_id": [f"s{number}" for number in range(len(rows))],
            "started_at": rows["event_time"],
        }
    )
    tables = checked(orders=rows_of_days(counts), subscriptions=subscriptions)
    judged = {feed.table: feed for feed in feeds(tables)}
    assert judged["subscriptions"].volume.first == judged["orders"].volume.first == FIRST
    assert judged["subscriptions"].volume.counts.tolist() == [12] * 140
    # Without orders to tell when the data begins, all of it is judged.
    (alone,) = feeds({"subscriptions": tables["subscriptions"]})
    assert alone.volume.first < FIRST


@pytest.mark.parametrize("until", [-25, 0, 1])
def test_a_feed_that_is_known_later_than_it_is_long_is_not_judged(until):
    feed = Feed("subscriptions", volume(counts_of()[:2]), FIRST + until)
    assert judge(feed, frozenset()).dead is None
