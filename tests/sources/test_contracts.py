"""Ends of contracts: the last covered day or the first that is not, late renewals, grace."""

import pandas as pd
import pytest

from features.history.outcomes import cancelled
from features.timeline import day_of
from tests.sources.contract_rows import chains, notes_of, read

DAY = pd.Timedelta(days=1)
EXCLUSIVE = {
    "dates": lambda end: f"{end:%Y-%m-%d}",
    "midnights": lambda end: f"{end:%Y-%m-%d} 00:00:00",
}
INCLUSIVE = {
    "the last day": lambda end: f"{end - DAY:%Y-%m-%d}",
    "its last second": lambda end: f"{end - DAY:%Y-%m-%d} 23:59:59",
    "its last millisecond": lambda end: f"{end - DAY:%Y-%m-%d} 23:59:59.999",
    "its last minute": lambda end: f"{end - DAY:%Y-%m-%d} 23:59",
}
ZONES = ["UTC", "Europe/Moscow", "America/New_York", "Europe/Berlin"]


def left_by(tables, day, horizon=1):
    """Customers who have left at the end of the horizon, by the statement of the monitor."""
    rows = tables["subscriptions"].rows
    customers = sorted(rows["customer_id"].unique())
    gone = cancelled(rows, customers, day_of(pd.Timestamp(day).date()) - horizon, horizon)
    return [customer for customer, is_gone in zip(customers, gone, strict=True) if is_gone]


@pytest.mark.slow
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("way", [*EXCLUSIVE, *INCLUSIVE])
def test_who_renews_has_not_left_however_the_end_is_noted(way, zone):
    raw = chains(last=(EXCLUSIVE | INCLUSIVE)[way])
    tables = read(raw, timezone=zone)
    for day in pd.date_range("2022-02-05", "2022-04-30"):  # the leavers stay three months
        assert left_by(tables, day) == []
    assert left_by(tables, "2022-05-05") == ["c11", "c2", "c5", "c8"]
    assert ("inclusive_ends" in notes_of(tables)) == (way in INCLUSIVE)


def test_the_note_tells_how_many_ends_and_how_it_was_found():
    note = notes_of(read(chains(last=INCLUSIVE["the last day"])))["inclusive_ends"]
    assert note.rows == 60
    assert "60 ends are the last day that is covered" in note.meaning
    assert "48 times the customer's next one starts on the day after, 0 times" in note.meaning


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(("declared", "shift"), [("inclusive", 1), ("exclusive", 0)])
def test_what_params_declare_is_not_asked_of_the_data(declared, shift):
    raw = chains(last=EXCLUSIVE["dates"])
    found = read(raw, ends=declared)["subscriptions"].rows["ended_at"]
    assert (found == pd.to_datetime(raw["ended_at"]) + shift * DAY).all()


@pytest.mark.slow
@pytest.mark.parametrize("months", [1, 3, 12])
def test_contracts_that_nobody_has_renewed_yet_tell_by_their_length(months):
    raw = chains(customers=12, rows=2, months=months, last=INCLUSIVE["the last day"])
    raw = raw.drop_duplicates("customer_id")
    note = notes_of(read(raw))["inclusive_ends"]
    assert "12 contracts last whole months or periods with it, 0 without" in note.meaning
    exclusive = chains(customers=12, rows=2, months=months, last=EXCLUSIVE["dates"])
    told = notes_of(read(exclusive.drop_duplicates("customer_id")))
    assert "inclusive_ends" not in told and "mixed_ends" not in told


def test_periods_of_days_tell_too():
    raw = chains(customers=30, rows=1, last=INCLUSIVE["the last day"]).assign(period_days=10)
    raw["ended_at"] = (pd.to_datetime(raw["started_at"]) + 19 * DAY).dt.strftime("%Y-%m-%d")
    assert notes_of(read(raw))["inclusive_ends"].rows == 20


def test_ends_on_any_day_after_which_people_come_back_on_any_day_are_left_as_they_are():
    raw = chains(customers=40, rows=6, last=lambda end: f"{end - DAY:%Y-%m-%d}")
    lasted = pd.Series(range(len(raw))) * 7 % 23
    ended = pd.to_datetime(raw["started_at"]) + pd.to_timedelta(lasted, unit="D")
    raw["ended_at"] = ended.dt.strftime("%Y-%m-%d")
    found = read(raw)["subscriptions"]
    assert not any(note.check == "inclusive_ends" for note in found.notes)
    assert (found.rows["ended_at"] == ended).all()


@pytest.mark.slow
def test_ends_of_two_kinds_are_told_and_the_parameter_decides():
    raw = chains(customers=40, last=EXCLUSIVE["dates"])
    other = chains(customers=40, last=INCLUSIVE["the last day"])
    for column in ("customer_id", "subscription_id"):
        other[column] = "x" + other[column]
    both = pd.concat([raw, other], ignore_index=True)
    assert notes_of(read(both))["mixed_ends"].severity == "warning"
    assert "mixed_ends" not in notes_of(read(both, ends="inclusive"))


def late(days):
    """Every customer renews this many days after the end."""
    raw = chains(customers=12, last=EXCLUSIVE["dates"])
    ended = pd.to_datetime(raw["ended_at"]) - pd.Timedelta(days=days)
    return raw.assign(ended_at=ended.dt.strftime("%Y-%m-%d"))


@pytest.mark.slow
def test_late_renewals_are_told_with_the_grace_that_covers_them_and_then_no_more():
    note = notes_of(read(late(4), ends="exclusive"))["late_renewals"]
    assert "48 of 48 renewals (100.0%) come 1 to 10 days after the end" in note.meaning
    assert "Set task.grace_days to 4 in params.yaml" in note.what_to_do
    assert "late_renewals" not in notes_of(read(late(4), grace_days=4, ends="exclusive"))
    assert "late_renewals" not in notes_of(read(late(0), ends="exclusive"))


@pytest.mark.slow
def test_within_the_grace_nobody_has_left_and_after_it_who_did_not_renew():
    raw = late(4)
    gone = left_by(read(raw, ends="exclusive"), "2022-03-03")
    assert len(gone) > 3
    tables = read(raw, grace_days=5, ends="exclusive")
    assert left_by(tables, "2022-03-03") == []
    assert left_by(tables, "2022-05-03") == []  # the last end is 04-28 or later
    assert left_by(tables, "2022-05-06") == ["c11", "c2", "c5", "c8"]


@pytest.mark.slow
def test_grace_is_never_paid_for_and_never_runs_beside_the_next_contract():
    raw = late(4)
    plain, graced = read(raw, ends="exclusive"), read(raw, grace_days=9, ends="exclusive")
    pd.testing.assert_frame_equal(plain["orders"].rows, graced["orders"].rows)
    rows = graced["subscriptions"].rows.sort_values(["customer_id", "started_at"])
    following = rows.groupby("customer_id")["started_at"].shift(-1)
    assert (rows["ended_at"] <= following)[following.notna()].all()


def test_overlap_pause_trial_and_open_end_stay_what_they_are():
    raw = pd.DataFrame(
        [
            ("a", "1", "2023-01-01", "2023-03-01"),  # overlaps the next
            ("a", "2", "2023-02-01", "2023-06-01"),
            ("b", "3", "2023-01-01", "2023-02-01"),  # pauses for two months
            ("b", "4", "2023-04-01", None),
            ("c", "5", "2023-01-01", "2023-01-08"),  # a trial, then a plan
            ("c", "6", "2023-01-08", None),
        ],
        columns=["customer_id", "subscription_id", "started_at", "ended_at"],
    )
    tables = read(raw)
    assert left_by(tables, "2023-03-05") == ["b"]
    assert left_by(tables, "2023-04-05") == []
    assert left_by(tables, "2023-06-05") == ["a"]
