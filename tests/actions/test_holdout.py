import numpy as np
import pandas as pd
import pytest

from actions.plan.estimates import Estimates
from actions.plan.gates import History
from actions.plan.holdout import arms, in_persistent_control
from actions.plan.plan import make_plan
from tests.actions.conftest import AS_OF

ACTION = pd.Series(["mail"] * 20_000)
NO = np.zeros(20_000, dtype=bool)
DRAW = np.random.default_rng(5).random(20_000)


def held(plan):
    return set(plan.loc[plan["withheld"], "customer_id"])


def tickets_of(customers):
    opened = AS_OF - pd.Timedelta(days=3)
    return customers.to_frame().assign(opened_at=opened, closed_at=pd.NaT, kind="complaint")


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.5])
def test_the_share_withheld_is_the_one_asked_for_and_its_propensity_the_rest(share):
    """Within four standard errors."""
    found = arms(ACTION, np.full(len(ACTION), share), DRAW, NO, NO, NO)
    error = (share * (1 - share) / len(ACTION)) ** 0.5
    assert abs(found["withheld"].mean() - share) <= 4 * error
    assert (found["propensity"] == 1 - share).all()
    assert ((found["arm"] == "holdout") == found["withheld"]).all()
    assert set(found.loc[found["withheld"], "withheld_by"]) <= {"draw"}


def test_a_larger_share_withholds_from_all_of_a_smaller_one():
    small, large = (
        arms(ACTION, np.full(len(ACTION), share), DRAW, NO, NO, NO)["withheld"]
        for share in (0.05, 0.2)
    )
    assert (small <= large).all() and small.sum() < large.sum()


def test_the_layer_that_withholds_is_named_and_gives_the_propensity():
    persistent, unpaid, never = DRAW < 0.1, DRAW > 0.9, (DRAW > 0.05) & (DRAW < 0.2)
    found = arms(ACTION, np.full(len(ACTION), 0.5), DRAW, persistent, never, unpaid)
    assert (found["persistent_control"] == persistent).all()
    assert not found.loc[never, "withheld"].any() and (found.loc[never, "propensity"] == 1).all()
    assert (found.loc[never, "arm"] == "treated").all()
    assert (found.loc[unpaid, "withheld_by"] == "budget").all()
    assert (found.loc[unpaid | (persistent & ~never), "propensity"] == 0).all()
    assert (found.loc[persistent & ~never, "withheld_by"] == "persistent_control").all()
    drawn = found[(DRAW >= 0.2) & (DRAW < 0.5)]
    assert (drawn["withheld_by"] == "draw").all() and (drawn["propensity"] == 0.5).all()
    assert found.loc[found["arm"] == "treated", "withheld_by"].isna().all()


def test_doing_nothing_is_never_withheld():
    found = arms(ACTION.replace("mail", "do_nothing"), DRAW * 0 + 0.3, DRAW, NO, NO, NO)
    assert (found["arm"] == "holdout").any() and not found["withheld"].any()
    assert found["withheld_by"].isna().all()


@pytest.mark.parametrize("layer", [{"holdout_share": 0.5}, {"persistent_control": 0.5}])
def test_who_waits_for_an_answer_to_a_complaint_gets_one_in_both_layers(
    scores, catalog, params, layer
):
    people = scores(200)
    waiting = people["customer_id"].iloc[:100]
    history = History(tickets=tickets_of(waiting))
    plan, summary = make_plan(people, catalog(), params(**layer), history, "USD")
    repaired = plan[plan["intended_action"] == "repair"]
    assert repaired["customer_id"].tolist() == waiting.tolist()
    assert not repaired["withheld"].any()
    assert (repaired["arm"] == "treated").all() and (repaired["propensity"] == 1).all()
    assert plan["withheld"].sum() > 20  # of the other half
    assert summary["by_action"]["repair"]["withheld"] == 0


@pytest.mark.slow
def test_the_persistent_control_stays_over_plans_until_its_draw_changes(scores, catalog, params):
    ids = scores(2_000)["customer_id"]
    control = in_persistent_control(ids, params(persistent_control=0.05))
    assert 60 < control.sum() < 140
    larger = in_persistent_control(ids, params(persistent_control=0.1))
    assert (control <= larger).all()
    for other in ({"control_draw": 2}, {"control_draw": "autumn"}, {"holdout_salt": "pepper"}):
        again = in_persistent_control(ids, params(persistent_control=0.05, **other))
        assert (again & control).sum() < 0.3 * control.sum()
    few = scores(400)
    for month in range(6):
        given = few.assign(as_of_date=AS_OF + pd.DateOffset(months=month))
        plan, _ = make_plan(given, catalog(), params(persistent_control=0.05), History(), "USD")
        assert (plan["persistent_control"] == control[:400]).all()
        assert set(plan.loc[plan["persistent_control"], "withheld_by"]) == {"persistent_control"}


def test_a_rerun_of_a_date_draws_the_same_and_another_date_anew(scores, catalog, params):
    given = scores(2_000)
    plan, _ = make_plan(given, catalog(), params(holdout_share=0.3), History(), "USD")
    again, _ = make_plan(given, catalog(), params(holdout_share=0.3), History(), "USD")
    pd.testing.assert_frame_equal(plan, again)
    later = given.assign(as_of_date=AS_OF + pd.Timedelta(days=14))
    other, _ = make_plan(later, catalog(), params(holdout_share=0.3), History(), "USD")
    # Of those withheld, as many are withheld again as of all: within four standard errors.
    both = len(held(plan) & held(other))
    expected = len(held(plan)) * 0.3
    assert abs(both - expected) < 4 * (expected * 0.7) ** 0.5


def test_auto_goes_by_the_strongest_action_that_is_planned(scores, catalog, params):
    """The call is hoped to halve a risk of 5 %: 76 customers cannot show that within a year."""
    wanted = params(holdout_share="auto", persistent_control=0.05)
    for customers, share, why in ((76, 0.1, "too_few"), (2_000, 0.3, "assumed")):
        given = scores(customers, churn_risk=0.05, value_if_stays=5_000.0)
        plan, summary = make_plan(given, catalog(), wanted, History(), "USD")
        can_show = summary["arms"]["can_show"]
        assert can_show["hoped"] == pytest.approx(0.5 * 0.05)
        assert can_show["customers_per_plan"] == (~plan["persistent_control"]).sum()
        assert summary["holdout_share"] == pytest.approx(share)
        assert summary["arms"]["holdout_share_by"] == why
        assert set(plan.loc[~plan["persistent_control"], "propensity"]) == {1 - share}


def test_auto_withholds_fewer_only_of_what_contacts_alone_have_shown(scores, catalog, params):
    """Estimates begin with what is assumed: how sure they are says nothing of what was shown."""
    given = scores(2_000)
    sure = np.full((2_000, 2), 1e-9)
    known = Estimates(
        customers=tuple(given["customer_id"]),
        actions=("mail", "call"),
        effect=np.full((2_000, 2), 0.2),
        sd=sure,
        stake=np.full(2_000, 1_000.0),
        confidence=0.6,
        certainty=np.array([2.0, 8.0]),
    )
    for action, share, why in (("mail", 0.3, "assumed"), ("call", 0.05, "known")):
        one = known.aligned(known.customers, [action])
        shelf = catalog()
        only = shelf.model_copy(
            update={"actions": tuple(a for a in shelf.actions if a.id == action)}
        )
        wanted = params(holdout_share="auto")
        _, summary = make_plan(given, only, wanted, History(), "USD", one)
        assert summary["holdout_share"] == pytest.approx(share)
        assert summary["arms"]["holdout_share_by"] == why
