"""Whatever the catalogue, the past and the parameters, no plan breaks a gate or a limit.

Each rule is stated here once more, customer by customer, and compared with the plan.
"""

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actions.params import ActionParams
from actions.plan.catalog import Catalog
from actions.plan.gates import History
from actions.plan.holdout import NO_BUDGET
from actions.plan.plan import make_plan
from tests.plugin_slow import examples

AS_OF = pd.Timestamp("2018-01-01")
PEOPLE = [f"c{number}" for number in range(5)]
CHANNELS = ("email", "phone", "sms")
IDS = ("first", "second", "third", "repair")
STAGES = ("regular", "fading", "lapsing")
DAYS = (1, 6, 7, 8, 29, 30, 31)  # on both sides of the limits below
few = st.integers(0, 3)


@st.composite
def catalogs(draw):
    actions = []
    for name in IDS[: draw(st.integers(2, 4))]:
        channels = draw(st.permutations(CHANNELS))[: draw(st.integers(1, 3))]
        action = {
            "id": name,
            "channels": channels if draw(st.integers(0, 9)) else ["none"],
            "carried_out_by": draw(st.sampled_from(["automatic", "owner"])),
            "risk_reduction": {"low": draw(st.sampled_from([0.05, 0.2])), "mid": 0.2, "high": 0.2},
            "source": "assumption",
            "cooldown_days": draw(st.sampled_from([0, 7, 30])),
            "why": "reminder",
        }
        costs = st.sampled_from([0.0, 0.5, 2.0])
        action["contact_cost"] = {channel: draw(costs) for channel in action["channels"]}
        if name == "repair":
            action["kind"] = "service_recovery"
        if draw(st.booleans()):
            action["capacity"] = {"contacts": draw(few), "days": 30}
        if draw(st.booleans()):
            action["only_if"] = draw(
                st.sampled_from(
                    [
                        {"lifecycle_stage": ["fading"]},
                        {"purchases": {"min": 2}},
                        {"churn_risk": {"max": 0.5}, "lifecycle_stage": ["regular", "fading"]},
                        {"nps": {"max": 6}},
                    ]
                )
            )
        actions.append(action)
    return Catalog.model_validate({"currency": "USD", "actions": actions})


def rows(draw, most, **columns):
    """Rows of some people, days before the as-of date."""
    count = draw(st.integers(most // 3, most))
    found = {"customer_id": [draw(st.sampled_from(PEOPLE)) for _ in range(count)]}
    for name, values in columns.items():
        found[name] = [draw(values) for _ in range(count)]
    return pd.DataFrame(found, columns=["customer_id", *columns])


days = st.sampled_from(DAYS).map(lambda number: AS_OF - pd.Timedelta(days=number))


@st.composite
def histories(draw):
    contacts = rows(
        draw,
        15,
        event_time=days,
        action_id=st.sampled_from([*IDS, "do_nothing"]),
        channel=st.sampled_from([*CHANNELS, "none"]),
        arm=st.sampled_from(["treated", "holdout"]),
        responded=st.booleans(),
    )
    consents = rows(
        draw,
        14,
        channel=st.sampled_from([*CHANNELS, "all"]),
        event_time=days,
        granted=st.booleans(),
        purpose=st.sampled_from([None, None, "marketing", "marketing", "profiling", "service"]),
    )
    tickets = rows(
        draw,
        2,
        opened_at=days,
        closed_at=st.sampled_from([pd.NaT, AS_OF - pd.Timedelta(days=1)]),
        kind=st.sampled_from(["complaint", "question"]),
    )
    for table, times in ((contacts, ["event_time"]), (consents, ["event_time"]),
                         (tickets, ["opened_at", "closed_at"])):  # fmt: skip
        for column in times:
            table[column] = pd.to_datetime(table[column])
    consents["granted"] = consents["granted"].astype(bool)
    tables = {"contacts": contacts, "consents": consents, "tickets": tickets}
    left_out = draw(
        st.sampled_from([(), ("consents",), ("consents",), ("contacts",), ("tickets",)])
    )
    return History(**{name: table for name, table in tables.items() if name not in left_out})


@st.composite
def parameters(draw):
    return (
        ActionParams(
            catalog="actions.yaml",
            margin_rate=0.25,
            budget=draw(st.sampled_from([0.0, 1.0, 3.3, 100.0])),
            capacities={},
            owner_capacity=draw(st.sampled_from([None, 0, 1, 2])),
            max_contacts=draw(st.sampled_from([1, 3, 9])),
            max_contacts_days=30,
            quiet_days=draw(st.sampled_from([0, 7])),
            consent_when_unknown=draw(st.sampled_from(["allow", "allow", "block"])),
            holdout_share=0.3,
            holdout_salt="salt",
        ),
        draw(st.dictionaries(st.sampled_from(CHANNELS), few)),
        draw(st.dictionaries(st.sampled_from(CHANNELS), st.integers(1, 2))),
    )


@st.composite
def cards(draw):
    def some(values):
        return [draw(values) for _ in PEOPLE]

    return pd.DataFrame(
        {
            "customer_id": PEOPLE,
            "as_of_date": AS_OF,
            "status": some(st.sampled_from(["scored", "scored", "scored", "already_churned"])),
            "churn_risk": some(st.sampled_from([0.1, 0.4, 0.8])),
            "value_if_stays": some(st.sampled_from([50.0, 300.0, 900.0])),
            "value_if_lapses": 20.0,
            "value_at_risk": 100.0,
            "lifecycle_stage": some(st.sampled_from(STAGES)),
            "purchases": some(st.sampled_from([1.0, 2.0, 5.0])),
            "nps": some(st.sampled_from([np.nan, 3.0, 9.0])),
            "owner": some(st.sampled_from(["Anna", "Boris", None])),
        }
    )


class Past:
    """The rules, stated again over the rows of one customer."""

    def __init__(self, history, params, person):
        self.params = params
        tables = (history.contacts, history.consents, history.tickets)
        self.contacts, self.consents, self.tickets = (
            None if table is None else table[table["customer_id"] == person].to_dict("records")
            for table in tables
        )

    def ago(self, contact):
        return (AS_OF - contact["event_time"]).days

    def intended(self, within, **of):
        return [
            row
            for row in self.contacts or []
            if row["action_id"] != "do_nothing"
            and row["channel"] != "none"
            and self.ago(row) <= within
            and all(row[name] == value for name, value in of.items())
        ]

    def objects(self):
        words = [row for row in self.consents or [] if row["purpose"] == "profiling"]
        newest = max((row["event_time"] for row in words), default=None)
        return any(not row["granted"] for row in words if row["event_time"] == newest)

    def agrees(self, channel):
        if channel == "none":
            return True
        if self.consents is None:
            return self.params.consent_when_unknown == "allow"
        words = [
            row
            for row in self.consents
            if row["channel"] in (channel, "all") and row["purpose"] not in ("profiling", "service")
        ]
        newest = max((row["event_time"] for row in words), default=None)
        last = [row["granted"] for row in words if row["event_time"] == newest]
        return bool(last) and all(last)

    def complains(self):
        return any(
            row["kind"] == "complaint" and pd.isna(row["closed_at"]) for row in self.tickets or []
        )

    def may_by(self, channel):
        cap = self.params.max_contacts_by_channel.get(channel)
        return self.agrees(channel) and (
            cap is None or len(self.intended(30, channel=channel)) < cap
        )


def fits(card, only_if):
    for name, wanted in only_if.conditions():
        value = card[name]
        if isinstance(wanted, tuple):
            if value not in wanted:
                return False
        elif not (wanted.min is None or value >= wanted.min) or not (
            wanted.max is None or value <= wanted.max
        ):
            return False
    return True


def is_allowed(card, action, past):
    """Whether the action may be done for the customer at all, by some channel."""
    reaches = "none" not in action.channels
    rested = not past.intended(past.params.quiet_days)
    capped = len(past.intended(past.params.max_contacts_days)) >= past.params.max_contacts
    repairs = action.kind == "service_recovery"
    return (
        fits(card, action.only_if)
        and past.complains() == repairs
        and not (action.cooldown_days and past.intended(action.cooldown_days, action_id=action.id))
        and (not reaches or (rested and not capped))
        and any(past.may_by(channel) for channel in action.channels)
    )


def within_limits(plan, catalog, params, history, owner):
    """The budget and every capacity, counted again."""
    # What no budget pays for is only intended.
    paid = plan[plan["withheld_by"] != NO_BUDGET]
    assert paid["expected_cost"].sum() <= params.budget * (1 + 1e-6)
    for channel, most in params.capacities.items():
        assert (plan["channel"] == channel).sum() <= most
    for action in catalog.actions:
        taken = int((plan["intended_action"] == action.id).sum())
        if action.capacity is not None:
            table = history.contacts
            past = [] if table is None else table["customer_id"].unique()
            before = sum(
                len(Past(history, params, who).intended(30, action_id=action.id)) for who in past
            )
            assert taken <= max(action.capacity.contacts - before, 0)
    if params.owner_capacity is not None:
        theirs = plan[plan["carried_out_by"] == "owner"]
        counts = theirs["customer_id"].map(owner).value_counts()
        assert counts.max() <= params.owner_capacity if len(counts) else True


@settings(
    max_examples=examples(40, quick=4),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(catalog=catalogs(), history=histories(), given_params=parameters(), people=cards())
def test_no_plan_breaks_a_gate_a_cap_a_budget_or_a_capacity(catalog, history, given_params, people):
    params, capacities, caps = given_params
    known = set(catalog.channels())
    params = params.model_copy(
        update={
            "capacities": {name: n for name, n in capacities.items() if name in known},
            "max_contacts_by_channel": {name: n for name, n in caps.items() if name in known},
        }
    )
    plan, _ = make_plan(people, catalog, params, history, "USD")
    by_id = {action.id: action for action in catalog.actions}
    by_person = people.set_index("customer_id").to_dict("index")
    for row in plan.to_dict("records"):
        person = row["customer_id"]
        card, past = by_person[person], Past(history, params, person)
        assert card["status"] == "scored" and not past.objects()
        blocked = {entry["action_id"] for entry in row["blocked"]}
        allowed = {name for name, one in by_id.items() if is_allowed(card, one, past)}
        assert allowed == set(by_id) - blocked
        if row["intended_action"] == "do_nothing":
            continue
        action = by_id[row["intended_action"]]
        assert action.id in allowed
        assert row["channel"] in action.channels and past.may_by(row["channel"])
        assert row["contact_cost"] == action.contact_cost[row["channel"]]
        assert row["expected_gain"] > 0
        assert not (row["withheld"] and action.kind == "service_recovery")
    within_limits(plan, catalog, params, history, people.set_index("customer_id")["owner"])
