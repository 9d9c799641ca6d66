import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actions.plan.gates import (
    GATES,
    History,
    gated,
    objectors,
    with_pauses,
)
from actions.plan.stopped import blocked_lists, stop_codes
from tests.actions.blocking import blocked_by

AS_OF = pd.Timestamp("2018-01-01")
ME = "c00000"


def reasons(scores, catalog, params, history=None):
    """{action: reason} of the first customer; None where nothing blocks."""
    blocked = blocked_by(scores, catalog.actions, history or History(), params)
    names = [None if gate < 0 else GATES[gate] for gate in blocked[0]]
    return dict(zip([action.id for action in catalog.actions], names, strict=True))


def contacts(*days_ago, **columns):
    times = [AS_OF - pd.Timedelta(days=days) for days in days_ago]
    frame = {"customer_id": ME, "event_time": times, "action_id": "mail", "channel": "email"}
    return pd.DataFrame({**frame, "arm": "treated", **columns})


def consents(*rows):
    """Rows of (channel, days ago, granted, purpose)."""
    return pd.DataFrame(
        {
            "customer_id": ME,
            "channel": [row[0] for row in rows],
            "event_time": [AS_OF - pd.Timedelta(days=row[1]) for row in rows],
            "granted": [row[2] for row in rows],
            "purpose": [row[3] if len(row) > 3 else None for row in rows],
        }
    )


def tickets(**columns):
    frame = {"customer_id": ME, "opened_at": AS_OF - pd.Timedelta(days=3), "closed_at": pd.NaT}
    return pd.DataFrame({**frame, "kind": "complaint", **columns}, index=[0])


def test_without_any_history_only_service_recovery_is_blocked(scores, catalog, params):
    assert reasons(scores(), catalog(), params()) == {
        "mail": None,
        "call": None,
        "repair": "no_open_complaint",
    }


@pytest.mark.slow
def test_the_newest_consent_for_the_channel_counts(scores, catalog, params):
    history = History(
        consents=consents(("email", 9, True), ("email", 2, False), ("phone", 5, True))
    )
    found = reasons(scores(), catalog(), params(), history)
    assert found["mail"] == "no_consent"
    assert found["call"] is None


@pytest.mark.slow
def test_at_the_same_time_a_refusal_beats_a_consent(scores, catalog, params):
    for order in ((True, False), (False, True)):
        history = History(consents=consents(*(("email", 2, granted) for granted in order)))
        assert reasons(scores(), catalog(), params(), history)["mail"] == "no_consent"


@pytest.mark.slow
def test_a_customer_without_a_row_in_the_consents_is_not_contacted(scores, catalog, params):
    other = consents(("email", 2, True)).assign(customer_id="c00001")
    blocked = blocked_by(scores(2), catalog().actions, History(consents=other), params())
    assert GATES[blocked[0, 0]] == "no_consent"
    assert blocked[1, 0] == -1


@pytest.mark.parametrize(("setting", "reason"), [("allow", None), ("block", "consent_unknown")])
def test_without_a_consents_table_the_parameter_decides(scores, catalog, params, setting, reason):
    found = reasons(scores(), catalog(), params(consent_when_unknown=setting))
    assert found["mail"] == reason


def test_an_action_without_a_channel_needs_neither_consent_nor_rest(scores, catalog, params):
    shelf = catalog(mail={"channels": ["none"], "contact_cost": 1.0})
    history = History(contacts=contacts(1, 2, 3))
    found = reasons(scores(), shelf, params(consent_when_unknown="block"), history)
    assert found["mail"] is None
    assert found["call"] == "consent_unknown"


def test_an_objection_to_profiling_is_the_newest_word_on_it_and_no_consent_to_a_channel():
    assert objectors(consents(("any", 5, False, "profiling"))) == {ME}
    assert (
        objectors(consents(("any", 5, False, "profiling"), ("any", 1, True, "profiling"))) == set()
    )
    assert objectors(consents(("email", 5, False, "marketing"))) == set()
    assert objectors(consents(("email", 5, False)).drop(columns="purpose")) == set()
    assert objectors(None) == set()


def test_a_later_word_on_all_channels_covers_each(scores, catalog, params):
    stopped = consents(("email", 9, True), ("phone", 9, True), ("all", 2, False))
    found = reasons(scores(), catalog(), params(), History(consents=stopped))
    assert (found["mail"], found["call"]) == ("no_consent", "no_consent")
    again = consents(("email", 9, True), ("all", 5, False), ("email", 2, True))
    found = reasons(scores(), catalog(), params(), History(consents=again))
    assert (found["mail"], found["call"]) == (None, "no_consent")


@pytest.mark.parametrize("granted", [True, False])
def test_a_word_on_service_messages_is_none_on_offers(scores, catalog, params, granted):
    """Nor is a later yes to them a yes to offers, nor a later no a no."""
    said = consents(("email", 9, not granted, "marketing"), ("email", 2, granted, "service"))
    found = reasons(scores(), catalog(), params(), History(consents=said))["mail"]
    assert found == ("no_consent" if granted else None)


def test_agreeing_to_profiling_is_no_consent_to_be_mailed(scores, catalog, params):
    history = History(consents=consents(("email", 5, True, "profiling")))
    assert reasons(scores(), catalog(), params(), history)["mail"] == "no_consent"


@pytest.mark.parametrize(
    ("ages", "reason"),
    [
        ((20, 29.9), "frequency_cap"),
        ((20, 30), "frequency_cap"),
        ((20, 30.1), None),
        ((20,), None),
        ((6.9,), "quiet_period"),
        ((7,), "quiet_period"),
        ((7.1,), None),
    ],
)
def test_cap_and_quiet_period_end_exactly_where_the_parameters_say(
    scores, catalog, params, ages, reason
):
    """Cap: 2 contacts in 30 days; quiet: 7 days. The first moment of a window belongs to it."""
    found = reasons(scores(), catalog(), params(), History(contacts=contacts(*ages)))
    assert found["mail"] == reason
    assert found["call"] == reason


@pytest.mark.parametrize("gate", ["frequency_cap", "quiet_period"])
def test_a_contact_that_was_withheld_counts_as_if_it_had_been_made(scores, catalog, params, gate):
    history = History(contacts=contacts(*((8, 9) if gate == "frequency_cap" else (1,))))
    withheld = History(contacts=history.contacts.assign(arm="holdout"))
    for its in (history, withheld):
        assert reasons(scores(), catalog(), params(), its)["mail"] == gate


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_plan_is_blind_to_the_arms_of_earlier_plans(scores, catalog, params, data):
    """Given the same past plans, what is allowed does not depend on who was held out."""
    count = data.draw(st.integers(1, 6))
    days = data.draw(st.lists(st.integers(0, 40), min_size=count, max_size=count))
    words = st.lists(st.sampled_from(["treated", "holdout"]), min_size=count, max_size=count)
    one, other = (History(contacts=contacts(*days).assign(arm=data.draw(words))) for _ in range(2))
    here, there = (reasons(scores(), catalog(), params(), its) for its in (one, other))
    assert here == there


@pytest.mark.parametrize("columns", [{"action_id": "do_nothing"}, {"channel": "none"}])
def test_a_contact_that_was_never_intended_counts_for_nothing(scores, catalog, params, columns):
    history = History(contacts=contacts(1, 2, 3, **columns))
    assert reasons(scores(), catalog(), params(), history)["mail"] is None


def test_no_quiet_days_means_no_quiet_period(scores, catalog, params):
    history = History(contacts=contacts(0.1))
    assert reasons(scores(), catalog(), params(quiet_days=0), history)["mail"] is None


def test_an_open_complaint_leaves_only_service_recovery(scores, catalog, params):
    found = reasons(scores(), catalog(), params(), History(tickets=tickets()))
    assert found == {"mail": "open_complaint", "call": "open_complaint", "repair": None}


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    "columns", [{"closed_at": AS_OF - pd.Timedelta(days=1)}, {"kind": "question"}]
)
def test_a_closed_complaint_and_an_open_question_block_nothing(scores, catalog, params, columns):
    found = reasons(scores(), catalog(), params(), History(tickets=tickets(**columns)))
    assert found == {"mail": None, "call": None, "repair": "no_open_complaint"}


@pytest.mark.parametrize(("days_ago", "reason"), [(1, "open_complaint"), (3, None), (2, None)])
def test_a_complaint_reopened_after_it_was_closed_is_open(
    scores, catalog, params, days_ago, reason
):
    reopened = AS_OF - pd.Timedelta(days=days_ago)
    history = History(tickets=tickets(closed_at=AS_OF - pd.Timedelta(days=2), reopened_at=reopened))
    assert reasons(scores(), catalog(), params(), history)["mail"] == reason


def test_a_ticket_without_a_kind_may_be_a_complaint(scores, catalog, params):
    history = History(tickets=tickets().drop(columns="kind"))
    assert reasons(scores(), catalog(), params(), history)["mail"] == "open_complaint"


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ({"risk_band": ["medium", "high"]}, None),
        ({"risk_band": ["high"]}, "not_applicable"),
        ({"churn_risk": {"min": 0.4}}, None),
        ({"churn_risk": {"min": 0.41}}, "not_applicable"),
        ({"churn_risk": {"max": 0.4}}, None),
        ({"churn_risk": {"max": 0.39}}, "not_applicable"),
        ({"risk_band": ["medium"], "lifecycle_stage": ["new"]}, "not_applicable"),
        ({"abc_class": ["A"]}, "not_applicable"),
    ],
)
def test_all_conditions_must_hold_and_one_on_an_absent_field_does_not(
    scores, catalog, params, condition, reason
):
    found = reasons(scores(), catalog(mail={"only_if": condition}), params())
    assert found["mail"] == reason


def test_an_unknown_value_meets_no_condition(scores, catalog, params):
    chosen = catalog(mail={"only_if": {"value_at_risk": {"max": 1e9}}})
    assert reasons(scores(value_at_risk=np.nan), chosen, params())["mail"] == "not_applicable"


def test_the_first_gate_gives_the_reason(scores, catalog, params):
    history = History(
        consents=consents(("phone", 1, True)), contacts=contacts(1, 2), tickets=tickets()
    )
    found = reasons(scores(), catalog(), params(), history)
    assert found == {"mail": "no_consent", "call": "frequency_cap", "repair": "frequency_cap"}


def test_every_blocked_action_keeps_its_reason_in_catalogue_order(scores, catalog, params):
    shelf = catalog(call={"only_if": {"churn_risk": {"max": 0.1}, "risk_band": ["high"]}})
    gates = gated(scores(2), shelf.actions, History(tickets=tickets()), params())
    assert blocked_lists(stop_codes(gates), shelf.actions) == [
        [
            {"action_id": "mail", "reason": "open_complaint", "condition": None},
            {"action_id": "call", "reason": "open_complaint", "condition": None},
        ],
        [
            {"action_id": "call", "reason": "not_applicable", "condition": "risk_band"},
            {"action_id": "repair", "reason": "no_open_complaint", "condition": None},
        ],
    ]


def test_the_missing_tables_are_named():
    assert History(consents=consents(("email", 1, True))).missing() == ("contacts", "tickets")


@pytest.mark.parametrize(
    ("long_gap", "stage", "churn", "is_blocked"),
    [
        (366.0, "regular", "lapse", True),
        (366.0, "new", "lapse", True),
        (366.0, "fading", "lapse", False),  # silent for longer than always
        (270.0, "regular", "lapse", False),
        (None, "regular", "lapse", False),
        (366.0, "regular", "cancellation", False),
    ],
)
def test_who_pauses_as_always_gets_no_offer_where_pauses_outlast_the_horizon(
    scores, catalog, params, long_gap, stage, churn, is_blocked
):
    cards = scores(lifecycle_stage=stage, horizon_days=180, churn_definition=churn)
    found = reasons(with_pauses(cards, long_gap), catalog(), params())
    assert (found["mail"] == "usual_pause") == is_blocked
    assert found["repair"] == "no_open_complaint"


@pytest.mark.parametrize(
    ("silent", "stage", "is_seasonal", "is_blocked"),
    [
        (5, "regular", True, True),
        (269, "regular", True, True),
        (270, "regular", True, False),  # the next season is near
        (5, "fading", True, True),  # twice in a season: the own mean gap is that of the season
        (280, "fading", True, False),
        (5, "regular", False, False),
    ],
)
def test_who_came_to_the_last_season_gets_no_offer_until_the_next_is_near(
    scores, catalog, params, silent, stage, is_seasonal, is_blocked
):
    cards = scores(lifecycle_stage=stage, horizon_days=365, churn_definition="lapse")
    cards["last_purchase_date"] = cards["as_of_date"] - pd.Timedelta(silent, "D")
    found = reasons(with_pauses(cards, 366.0, is_seasonal), catalog(), params())
    assert (found["mail"] == "usual_pause") == is_blocked


@pytest.mark.slow
def test_of_whom_no_consent_was_told_nothing_is_known(scores, catalog, params):
    told = consents(("email", 2, False))
    only_told = History(consents=told, only_told=("consents",))
    found = reasons(scores(), catalog(), params(consent_when_unknown="allow"), only_told)
    assert (found["mail"], found["call"]) == ("no_consent", None)
    found = reasons(scores(), catalog(), params(consent_when_unknown="block"), only_told)
    assert (found["mail"], found["call"]) == ("no_consent", "consent_unknown")
    # A table of the company's own names everybody who agreed.
    assert reasons(scores(), catalog(), params(), History(consents=told))["call"] == "no_consent"
