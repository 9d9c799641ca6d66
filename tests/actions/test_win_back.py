"""By whom of the lapsed it pays to be asked: the least that asking has to do, and who may ask."""

import numpy as np
import pandas as pd
import pytest

from actions.plan.everybody import Settings
from actions.plan.gates import History
from actions.plan.win_back import COLUMNS, win_back
from tests.actions.conftest import AS_OF

LAPSED = {
    "status": "already_churned",
    "return_probability": [0.2, 0.95, 0.05],
    "value_if_returns": [60.0, 60.0, 12.0],
    "value_if_stays_away": [10.0, 10.0, 12.0],
}
BACK = {"why": "win_back", "only_if": {"risk_band": ["high"]}}
COUPON = {**BACK, "incentive_cost": 2.0, "accept_rate": 0.5}


@pytest.fixture
def told(scores, catalog, params):
    def tell(history=None, actions=None, currency="USD", **changes):
        found = win_back(
            scores(**LAPSED),
            history or History(),
            Settings(catalog(**(actions or {"mail": COUPON})), params(**changes), currency),
        )
        return found.set_index("customer_id")

    return tell


def gain(uplift, chance, worth_of_return, contact=1.0, incentive=1.0):
    """What asking one customer brings on average, as it would be counted afterwards."""
    return 0.25 * worth_of_return * uplift - contact - incentive * (chance + uplift)


def test_at_the_break_even_uplift_asking_brings_what_it_costs(told):
    found = told()
    one = found.loc["c00000"]
    assert one["win_back_action"] == "mail" and one["win_back_channel"] == "email"
    assert one["win_back_cost"] == pytest.approx(1.2)  # a fifth take the coupon along anyway
    assert gain(1 / one["one_return_pays_for"], 0.2, 50.0) == pytest.approx(0.0, abs=1e-6)
    assert gain(1.1 / one["one_return_pays_for"], 0.2, 50.0) > 0
    # Nearly all come anyway, and nobody brings more by coming: that never pays.
    assert found.loc[["c00001", "c00002"], "one_return_pays_for"].isna().all()
    assert found["win_back_blocked"].isna().all()


def test_the_action_that_pays_for_most_is_told_of_those_that_are_allowed(told):
    both = {"mail": COUPON, "call": BACK, "letter": {**BACK, "channels": ["post"]}}
    both["letter"] |= {"contact_cost": 0.5}
    assert told(actions=both).loc["c00000", "win_back_action"] == "letter"
    no_post = pd.DataFrame(
        {"customer_id": "c00000", "channel": ["phone"], "event_time": AS_OF - pd.Timedelta("1D")}
    ).assign(granted=True, purpose=None)
    found = told(History(consents=no_post), both)
    assert found.loc["c00000", "win_back_action"] == "call"
    assert pd.isna(found.loc["c00000", "win_back_blocked"])
    assert found.loc["c00001", "win_back_blocked"] == "no_consent"


def test_whom_nobody_may_ask_is_told_with_the_reason(told):
    complaint = pd.DataFrame(
        {
            "customer_id": ["c00000"],
            "opened_at": AS_OF - pd.Timedelta(days=3),
            "closed_at": pd.NaT,
            "kind": "complaint",
        }
    )
    found = told(History(tickets=complaint), persistent_control=0.999999)["win_back_blocked"]
    assert found.tolist() == ["open_complaint", "persistent_control", "persistent_control"]


def test_without_money_no_number_and_without_an_action_nothing_is_told(
    told, scores, catalog, params
):
    for found in (told(margin_rate=None), told(currency=None)):
        assert found["one_return_pays_for"].isna().all() and (found["win_back_cost"] > 0).all()
    assert told(actions={"mail": {}})[list(COLUMNS)].isna().all(axis=None)
    here = scores(2, return_probability=np.nan)
    for cards in (here, here.drop(columns="return_probability")):
        settings = Settings(catalog(mail=COUPON), params(), "USD")
        assert win_back(cards, History(), settings).empty
