"""By which channel a customer is reached, what was answered there, and what caps leave of it."""

import numpy as np
import pandas as pd
import pytest

from actions.plan.channels import contact_costs, reached_by, responsiveness
from actions.plan.gates import GATES, History, gated

AS_OF = pd.Timestamp("2018-01-01")
ME = "c00000"


def contacts(*rows):
    """Rows of (channel, days ago, answered)."""
    return pd.DataFrame(
        {
            "customer_id": ME,
            "event_time": [AS_OF - pd.Timedelta(days=days) for _, days, _ in rows],
            "action_id": "earlier",
            "channel": [channel for channel, _, _ in rows],
            "arm": "treated",
            "responded": [answered for _, _, answered in rows],
        }
    )


def consents(*channels):
    return pd.DataFrame(
        {
            "customer_id": ME,
            "channel": list(channels),
            "event_time": AS_OF - pd.Timedelta(days=9),
            "granted": True,
            "purpose": None,
        }
    )


BOTH = {"channels": ["email", "phone"], "contact_cost": {"email": 0.5, "phone": 4.0}}
LONG_AGO = {"max_contacts": 9, "quiet_days": 0}


@pytest.mark.parametrize(
    ("made", "channel"),
    [
        ((), "email"),  # the first of the file
        ((("email", 40, False), ("phone", 50, True)), "phone"),
        ((("email", 40, True), ("phone", 50, False)), "email"),
        ((("email", 40, True), ("email", 60, False), ("phone", 50, True)), "phone"),
        ((("phone", 366, True),), "email"),  # too long ago
    ],
)
def test_the_channel_is_the_one_by_which_the_customer_answers_most(
    scores, catalog, params, made, channel
):
    actions = catalog(mail=BOTH).actions
    history = History(contacts=contacts(*made) if made else None)
    reached = gated(scores(1), actions, history, params(**LONG_AGO)).reached
    assert reached.names[reached.channel[0, 0]] == channel
    cost = {"email": 0.5, "phone": 4.0}[channel]
    assert contact_costs(actions, reached)[0, 0] == cost


@pytest.mark.slow
def test_a_channel_without_consent_is_not_taken_and_without_any_the_action_is_blocked(
    scores, catalog, params
):
    actions = catalog(mail=BOTH).actions
    gates = gated(scores(1), actions, History(consents=consents("phone")), params())
    assert gates.reached.names[gates.reached.channel[0, 0]] == "phone"
    assert gates.blocked[0, 0] == -1
    gates = gated(scores(1), actions, History(consents=consents("sms")), params())
    assert GATES[gates.blocked[0, 0]] == "no_consent"


def test_a_cap_on_a_channel_leaves_the_others_and_blocks_where_there_is_none(
    scores, catalog, params
):
    capped = params(**LONG_AGO, max_contacts_by_channel={"email": 1, "phone": 2})
    actions = catalog(mail=BOTH).actions

    def found(*made):
        gates = gated(scores(1), actions, History(contacts=contacts(*made)), capped)
        blocked = gates.blocked[0, 0]
        return GATES[blocked] if blocked >= 0 else gates.reached.names[gates.reached.channel[0, 0]]

    once, twice = (("email", 20, True),), (("phone", 21, True), ("phone", 22, True))
    assert found(*once) == "phone"
    assert found(*twice) == "email"
    assert found(*once, *twice) == "channel_cap"
    assert found(("email", 31, True), *twice) == "email"  # the cap counts 30 days


def test_opened_emails_answer_too_and_no_more_often_than_mails_were_sent(scores):
    cards = scores(3).assign(email_opens_90d=[0.0, 1.0, 30.0])
    rate = responsiveness(cards, ("email", "phone"), None)
    np.testing.assert_allclose(rate["email"], [0.0, 0.5, 30 / 31])
    assert (rate["phone"] == 0).all()
    sent = contacts(*(("email", day, False) for day in (1, 2, 3)))
    of_first = responsiveness(cards.assign(email_opens_90d=1.0), ("email",), sent)["email"]
    np.testing.assert_allclose(of_first, [0.25, 0.5, 0.5])


@pytest.mark.parametrize(("days", "blocked"), [(29, True), (30, True), (31, False)])
def test_the_same_action_rests_for_its_cooldown_also_where_it_was_withheld(
    scores, catalog, params, days, blocked
):
    actions = catalog(mail={"cooldown_days": 30}).actions
    past = contacts(("email", days, False)).assign(action_id="mail", arm="holdout")
    gates = gated(scores(1), actions, History(contacts=past), params(**LONG_AGO))
    assert (gates.blocked[0, 0] == GATES.index("cooldown")) == blocked
    assert gates.blocked[0, 1] == -1  # the call is another action


def test_who_has_left_gets_nothing(scores, catalog, params):
    gone = scores(1, status="already_churned")
    gates = gated(gone, catalog().actions, History(), params())
    assert (gates.blocked == GATES.index("already_churned")).all()


def test_nobody_open_is_reached_by_the_first_channel(catalog):
    actions = catalog(mail=BOTH).actions
    closed = {name: np.array([False]) for name in ("email", "phone")}
    nothing = {name: np.zeros(1) for name in closed}
    assert reached_by(actions, closed, nothing).channel[0].tolist() == [0, 1, 1]
