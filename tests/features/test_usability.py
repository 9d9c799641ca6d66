"""Every finding of the usability report: data that trips it, and data just beside that does not."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.errors import DataGateError
from core.rows import Rows
from features.usability.finding import Finding, as_records
from features.usability.times import rhythm_findings
from features.usability.values import value_findings
from sources.contract import TABLES
from sources.params import SourceParams
from tests.features.findings import events, of_customers, of_times, of_values, tickets, with_amounts
from tests.features.usable import (
    CUSTOMERS,
    DAYS,
    START,
    checked,
    orders,
    report_of,
    rhythm,
    seen,
)
from tests.features.world import day

SOURCE = SourceParams(kind="files")
HOUR = pd.Timedelta(hours=1)


@pytest.mark.slow
def test_data_without_a_fault_has_no_findings_but_tables_that_are_not_there():
    report = report_of(checked(orders=orders(each=20), events=events(), tickets=tickets()))
    assert {one["check"] for one in report["findings"]} == {"missing_table"}
    missing = [one["table"] for one in report["findings"]]
    assert missing == [name for name in TABLES if name not in ("orders", "events", "tickets")]


@pytest.mark.slow
def test_what_is_always_stated_is_there():
    rows = with_amounts([-50.0])
    rows["known_at"] = rows["event_time"] + pd.Timedelta(days=2)
    report = report_of(checked(orders=rows, guests=100))
    assert (report["first_day"], report["last_day"]) == ("2023-03-06", "2023-12-30")
    assert report["history_days"] == DAYS - 1
    assert report["customers"] == CUSTOMERS
    assert report["orders"] == len(rows) - 1 == 399  # a return alone is no purchase
    assert report["one_time_share"] == 0
    assert report["guest_share"] == 0.2
    assert report["refund_line_share"] == 0.0025
    assert report["refund_money_share"] == pytest.approx(
        50 / rows["amount"].clip(0).sum(), abs=1e-4
    )
    late = report["late"]["orders"]
    assert (late["share"], late["median_days"], late["days_of_95_percent"]) == (1.0, 2.0, 2.0)
    assert report["history_in_horizons"] == pytest.approx((DAYS - 1) / 28, abs=0.01)
    assert report["suggested_horizon_days"] == 56  # every gap is some 37 days
    assert report["return_curve"][0]["silence_days"] == 7
    volume = report["volume"]["orders"]
    assert sum(volume["by_day"]) == 400
    assert volume["last_week"] == pytest.approx(volume["usual_week"], abs=3)
    assert json.loads(json.dumps(report, allow_nan=False)) == report


@pytest.mark.slow
def test_the_horizon_is_the_suggested_one_where_it_is_automatic():
    report = report_of(checked(orders=orders()), horizon_days="auto")
    assert report["horizon_is_auto"]
    assert report["horizon_days"] == report["suggested_horizon_days"] == 56
    # The rhythm of purchases says nothing of the end of a subscription: a month, as in the run.
    report = report_of(checked(orders=orders()), horizon_days="auto", churn="cancellation")
    assert report["horizon_days"] == report["suggested_horizon_days"] == 30
    assert "short_horizon" not in {one["check"] for one in report["findings"]}
    report = report_of(checked(orders=orders()), horizon_days=30)
    assert "short_horizon" in {one["check"] for one in report["findings"]}


@pytest.mark.slow
def test_without_amounts_money_is_absent_and_not_zero():
    report = report_of(checked(orders=orders().drop(columns="amount")))
    assert report["refund_line_share"] is report["refund_money_share"] is None


def test_there_is_no_report_on_nothing():
    with pytest.raises(DataGateError, match="no purchase"):
        report_of(checked(orders=orders().assign(amount=-1.0)))


def test_findings_are_sorted_by_severity():
    parts = [
        Finding(check, severity, "orders", None, 0, "m", "w")
        for check, severity in [("1", "advice"), ("2", "error"), ("3", "warning"), ("4", "error")]
    ]
    assert [one["check"] for one in as_records(parts)] == ["2", "4", "3", "1"]
    names = {"check", "severity", "table", "column", "rows", "meaning", "what_to_do", "step"}
    assert set(as_records(parts)[0]) == names


@pytest.mark.parametrize(("days", "is_short"), [(167, True), (168, False)])
def test_a_history_under_six_horizons_is_short(days, is_short):
    found = of_times(rhythm(data_until=day(START) + days))
    assert ("short_history" in found.checks()) == is_short
    if is_short:
        assert "6.0 horizons of 28 days; 6 leave" in found.of("short_history")["meaning"]


def test_of_a_short_history_the_horizon_of_auto_is_told_as_a_wish():
    found = of_times(rhythm(data_until=day(START) + 100), is_auto=True).of("short_history")
    assert "3.6 horizons of 28 days, which auto suggests; 6 leave" in found["meaning"]
    assert found["what_to_do"] == (
        "Bring 168 days or more, or take the horizon that auto shortens it to."
    )


@pytest.mark.parametrize(("horizon", "is_short"), [(19, True), (20, False), (28, False)])
def test_a_horizon_under_the_rhythm_of_the_data_is_short(horizon, is_short):
    found = seen(rhythm_findings(rhythm(), horizon, 28))
    assert ("short_horizon" in found.checks()) == is_short


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(("share", "is_high"), [(0.5, False), (0.51, True)])
def test_most_customers_bought_once(share, is_high):
    found = of_customers(rhythm(one_time_share=share))
    assert ("bought_once" in found.checks()) == is_high


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(("guests", "severity"), [(0, None), (100, "advice"), (101, "warning")])
def test_a_fifth_of_guests_is_much(guests, severity):
    found = of_customers(guests=guests)  # beside 400 lines of customers
    assert ("guests" in found.checks()) == (severity is not None)
    if severity:
        assert found.of("guests")["severity"] == severity


@pytest.mark.parametrize(("refunded", "is_high"), [(40, False), (41, True)])
def test_a_tenth_of_refunded_lines_is_much(refunded, is_high):
    found = of_values(orders=with_amounts([-0.01] * refunded))
    assert ("refunds" in found.checks()) == is_high


def test_a_tenth_of_the_money_going_back_is_much_in_few_lines_too():
    assert "refunds" in of_values(orders=with_amounts([-3000.0])).checks()
    assert "refunds" not in of_values(orders=with_amounts([-2000.0])).checks()


@pytest.mark.parametrize(
    ("copies", "severity"), [(21, None), (22, "advice"), (266, "advice"), (268, "warning")]
)
def test_many_lines_with_equal_content(copies, severity):
    rows = orders()
    more = rows.head(copies).assign(line_id="2")
    found = of_values(orders=pd.concat([rows, more]))
    assert ("equal_lines" in found.checks()) == (severity is not None)
    if severity:
        assert found.of("equal_lines")["severity"] == severity
        assert found.of("equal_lines")["rows"] == copies


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("house", "each", "is_told"),
    [(24, 8, True), (20, 8, False), (161, 8, True), (160, 8, False), (1000, 2, True)],
)
def test_a_customer_with_far_more_orders_than_a_person_is_told(house, each, is_told):
    # 24 and 20 are beside 5 % of the orders, 161 and 160 beside twenty times the median.
    customers = 50 if house > 100 else 400 // each
    rows = orders(customers=customers, each=1 if house < 100 else each)
    more = orders(customers=1, each=house).assign(customer_id="till")
    more["order_id"] = "h" + more["order_id"]
    found = of_customers(orders=pd.concat([rows, more]))
    assert ("house_account" in found.checks()) == is_told
    if is_told:
        assert f"till ({house:,})" in found.of("house_account")["meaning"]


@pytest.mark.slow
def test_hundreds_of_times_the_median_is_told_whatever_the_share():
    rows = orders(customers=9000, each=1)
    for house, is_told in ((301, True), (300, False)):
        more = orders(customers=1, each=house).assign(customer_id="till")
        more["order_id"] = "h" + more["order_id"]
        found = of_customers(orders=pd.concat([rows, more]))
        assert ("house_account" in found.checks()) == is_told


@pytest.mark.parametrize(
    ("amount", "is_told"), [(10_001.0, True), (10_000.0, False), (-10_001.0, True)]
)
def test_one_line_over_a_thousand_times_the_median(amount, is_told):
    rows = orders().assign(amount=10.0)
    rows.loc[7, "amount"] = amount
    found = of_values(orders=rows)
    assert ("outliers" in found.checks()) == is_told
    if is_told:
        assert "(order o7)" in found.of("outliers")["meaning"]


def test_midnights_are_those_of_the_sources_time_zone():
    summer = orders()
    midnight = summer["event_time"].dt.normalize()
    assert "midnights" not in of_values().checks()
    assert "midnights" in of_values(orders=summer.assign(event_time=midnight)).checks()
    one_later = midnight.where(midnight.index != 5, midnight + HOUR)
    assert "midnights" not in of_values(orders=summer.assign(event_time=one_later)).checks()
    london = midnight.dt.tz_localize("Europe/London").dt.tz_convert("UTC").dt.tz_localize(None)
    assert "midnights" not in of_values(orders=summer.assign(event_time=london)).checks()
    found = of_values("Europe/London", orders=summer.assign(event_time=london))
    assert "midnights" in found.checks()


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/Sao_Paulo", "2017-10-15"),
        ("Africa/Cairo", "2023-04-28"),
        ("Asia/Beirut", "2021-03-28"),
        ("America/Havana", "2022-03-13"),
        ("Asia/Tehran", "2021-03-22"),
        ("America/Asuncion", "2022-10-02"),
        ("America/Santiago", "2022-09-11"),
    ],
)
def test_a_day_that_begins_at_one_o_clock_is_a_day_like_others(zone, day):
    times = orders().assign(event_time=pd.Timestamp(day) + 12 * HOUR)
    assert "midnights" not in of_values(zone, orders=times).checks()
    assert (
        "midnights" in of_values(zone, orders=times.assign(event_time=pd.Timestamp(day))).checks()
    )


@pytest.mark.parametrize(
    ("unknown", "severity"), [(0, None), (1, "warning"), (12, "warning"), (13, "error")]
)
def test_unknown_amounts_are_told_and_above_three_per_cent_an_error(unknown, severity):
    rows = orders()
    rows.loc[: unknown - 1, "amount"] = np.nan
    found = of_values(orders=rows)
    assert len(rows) == 400
    assert ("unknown_amounts" in found.checks()) == (severity is not None)
    if severity:
        finding = found.of("unknown_amounts")
        assert (finding["severity"], finding["rows"]) == (severity, unknown)


@pytest.mark.parametrize("amount", [0.0, 9.9])
def test_amounts_that_are_all_one_are_told(amount):
    rows = orders().assign(amount=amount)
    assert f"every amount is {amount:g}" in of_values(orders=rows).of("flat_amounts")["meaning"]
    rows.loc[3, "amount"] = 1.0
    assert "flat_amounts" not in of_values(orders=rows).checks()


def test_amounts_whose_currency_nothing_names_are_told():
    named = checked(orders=orders())
    unnamed = {"orders": replace(named["orders"], currency=None)}
    assert "currency_unknown" not in seen(value_findings(named, SOURCE)).checks()
    found = seen(value_findings(unnamed, SOURCE)).of("currency_unknown")
    assert found["severity"] == "advice" and "source.currency" in found["what_to_do"]
    no_money = {"orders": replace(unnamed["orders"], rows=Rows.of(orders().drop(columns="amount")))}
    assert "currency_unknown" not in seen(value_findings(no_money, SOURCE)).checks()
