"""Every finding of the usability report: data that trips it, and data just beside that does not."""

import json

import numpy as np
import pandas as pd
import pytest

from core.errors import DataGateError
from features.usability.contract import contract_findings
from features.usability.customers import customer_findings
from features.usability.feed import feeds, judge
from features.usability.finding import Finding, as_records
from features.usability.forms import FORMS, in_one_form
from features.usability.times import lateness, rhythm_findings, time_findings
from features.usability.values import value_findings
from sources.contract import TABLES
from sources.params import SourceParams
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

HOUR = pd.Timedelta(hours=1)


def of_customers(of=None, **tables):
    of_tables = checked(**({"orders": orders()} | tables))
    return seen(customer_findings(of_tables, of or rhythm(), SourceParams(kind="files")))


def of_values(timezone="UTC", **tables):
    return seen(value_findings(checked(**({"orders": orders()} | tables)), timezone))


def of_times(of=None, **tables):
    tables = checked(**({"orders": orders()} | tables))
    judged = [judge(feed, frozenset()) for feed in feeds(tables)]
    return seen(time_findings(tables, of or rhythm(), 28, judged))


def with_amounts(amounts):
    rows = orders()
    return rows.assign(amount=[*amounts, *rows["amount"][len(amounts) :]])


def tickets(**columns):
    number = range(30)
    base = {
        "customer_id": [f"c{one + 1}" for one in number],
        "ticket_id": [f"t{one}" for one in number],
        "opened_at": [START + pd.Timedelta(days=10 * one) for one in number],
    }
    return pd.DataFrame(base | columns)


def events(first=0, last=DAYS - 1, customers=None):
    days = range(first, last + 1)
    ids = customers or [f"c{one + 1}" for one in range(CUSTOMERS)]
    return pd.DataFrame(
        {
            "customer_id": [ids[one % len(ids)] for one in days],
            "event_time": [START + pd.Timedelta(days=one, hours=10) for one in days],
            "kind": "visit",
        }
    )


@pytest.mark.slow
def test_data_without_a_fault_has_no_findings_but_tables_that_are_not_there():
    report = report_of(checked(orders=orders(each=20), events=events(), tickets=tickets()))
    assert {one["check"] for one in report["findings"]} == {"missing_table"}
    missing = [one["table"] for one in report["findings"]]
    assert missing == [name for name in TABLES if name not in ("orders", "events", "tickets")]


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
        assert "6.0 horizons of 28 days" in found.of("short_history")["meaning"]


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


def test_two_currencies_in_one_sum_are_an_error():
    rows = orders().assign(currency="EUR")
    assert "currencies" not in of_values(orders=rows).checks()
    rows.loc[0, "currency"] = "eur"
    rows.loc[1, "currency"] = None
    rows.loc[3, "currency"] = "€"
    assert "currencies" not in of_values(orders=rows).checks()
    rows.loc[2, "currency"] = "USD"
    found = of_values(orders=rows).of("currencies")
    assert (found["severity"], found["rows"]) == ("error", 1)
    assert "EUR (398), USD (1)" in found["meaning"]


def test_a_column_with_one_value_is_told_unless_it_needs_no_other():
    rows = orders().assign(store="main", category=None, currency="EUR")
    found = of_values(orders=rows, tickets=tickets(kind="complaint"))
    constant = [(f["table"], f["column"]) for f in found.findings]
    assert constant == [("orders", "store"), ("tickets", "kind")]
    rows.loc[0, "store"] = "side"
    assert "constant_column" not in of_values(orders=rows).checks()


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(("strangers", "is_told"), [(5, False), (6, True)])
def test_a_table_whose_customers_never_ordered(strangers, is_told):
    ids = [f"c{one + 1}" for one in range(10 - strangers)] + [f"x{one}" for one in range(strangers)]
    found = of_customers(events=events(customers=ids))
    assert ("not_in_orders" in found.checks()) == is_told


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("form", ["00{}", "{}.0", " {}", "0{}"])
def test_ids_in_another_form_than_in_orders_are_told(form):
    rows = orders().assign(customer_id=lambda t: t["customer_id"].str[1:])
    ids = [str(one + 1) for one in range(CUSTOMERS)]
    assert of_customers(orders=rows, events=events(customers=ids)).checks() == set()
    changed = events(customers=[form.format(one) for one in ids])
    found = of_customers(orders=rows, events=changed).of("id_forms")
    assert found["table"] == "events"
    assert f"({form.format(1)} here, 1 there)" in found["meaning"]


@pytest.mark.slow
def test_ids_of_orders_in_two_forms_are_told():
    rows = orders()
    rows.loc[0, "customer_id"] = "C1"
    found = of_customers(orders=rows).of("id_forms")
    assert found["table"] == "orders"
    assert "C1" in found["meaning"] and "c1" in found["meaning"]
    many = orders(customers=300, each=2)
    many.loc[0, "customer_id"] = "C1"
    assert "id_forms" not in of_customers(orders=many).checks()  # two of 301 may be chance


def test_what_ids_have_in_common_but_for_their_form():
    given = pd.Series(["00123", "123", "123.0", "C-00123", "c123", "0", "000", "100", "a b"])
    expected = ["123", "123", "123", "c123", "c123", "0", "0", "100", "ab"]
    assert in_one_form(given, FORMS).tolist() == expected


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        (28, DAYS - 1 - 28, None),
        (29, DAYS - 1, "begins on 2023-04-04, orders on 2023-03-06"),
        (29, DAYS - 1 - 29, "begins on"),
    ],
)
def test_a_table_that_covers_another_period_than_orders_is_told(first, last, told):
    found = of_times(events=events(first, last))
    assert ("other_period" in found.checks()) == (told is not None)
    if told:
        assert told in found.of("other_period")["meaning"].replace("Begins", "begins")


def test_sparse_tables_that_end_early_are_told_and_dead_feeds_only_once():
    early = tickets(opened_at=[START + pd.Timedelta(days=one * 9) for one in range(30)])
    assert "ends on 2023-11-22" in of_times(tickets=early).of("other_period")["meaning"]
    dense = pd.concat([events(last=200)] * 20)
    assert "other_period" not in of_times(events=dense).checks()


@pytest.mark.parametrize(("late", "is_told"), [(20, False), (21, True)])
def test_late_rows_are_told_with_how_late_they_are(late, is_told):
    rows = orders()
    delay = pd.Series([pd.Timedelta(days=3 if one < late else 0) for one in range(len(rows))])
    found = of_times(orders=rows.assign(known_at=rows["event_time"] + delay))
    assert ("late_rows" in found.checks()) == is_told
    if is_told:
        assert "half of them after 3.0 days" in found.of("late_rows")["meaning"]


def test_known_later_the_same_day_is_not_late():
    rows = orders().assign(known_at=lambda t: t["event_time"] + HOUR)
    assert lateness("orders", checked(orders=rows)["orders"])["share"] == 0
    assert lateness("orders", checked(orders=orders())["orders"]) is None


def test_rows_known_before_they_happened_are_told():
    rows = orders().assign(known_at=lambda t: t["event_time"])
    assert "known_too_early" not in of_times(orders=rows).checks()
    rows.loc[0, "known_at"] -= HOUR
    assert of_times(orders=rows).of("known_too_early")["rows"] == 1


def test_what_ended_before_it_began_is_told():
    table = tickets(closed_at=lambda: None)
    table["closed_at"] = table["opened_at"]
    table.loc[4, "closed_at"] = None
    assert "reversed_times" not in of_times(tickets=table).checks()
    table.loc[3, "closed_at"] -= HOUR
    found = of_times(tickets=table).of("reversed_times")
    assert (found["rows"], found["table"], found["column"]) == (1, "tickets", "closed_at")


def test_what_the_check_of_the_contract_did_is_told():
    rows = orders()
    rows.loc[0, "amount"] = None
    tables = checked(orders=rows)
    assert not any(
        one["table"] == "orders"
        for one in seen(contract_findings(checked(orders=orders()))).findings
    )
    one = tables["orders"]
    one.counts.update(quarantined=2, duplicates=3)
    tables["orders"] = type(one)(one.rows, one.quarantine, one.counts, ("Country",), ("2 rows: …",))
    found = seen(contract_findings(tables))
    assert found.of("quarantined")["rows"] == 2
    assert found.of("duplicates")["rows"] == 3
    assert found.of("unknown_column")["column"] == "Country"
    assert (found.of("empty_cells")["column"], found.of("empty_cells")["rows"]) == ("amount", 1)
    missing = [f["table"] for f in found.findings if f["check"] == "missing_table"]
    assert "consents" in missing
