from pathlib import Path

import numpy as np
import pytest

from actions.plan.catalog_file import load_catalog
from actions.plan.gain import Prospects
from actions.plan.limits import by_one_channel
from actions.plan.margin import usable_margin
from core.errors import CatalogError

ROOT = Path(__file__).parents[2]


def prospect(scores, actions, margin_rate, level="low"):
    """Where everybody is reached by the first channel of each action."""
    reached = by_one_channel([action.channels[0] for action in actions], len(scores))
    return Prospects(scores, actions, reached, margin_rate).at(level)


def test_the_table_in_the_docs_is_what_the_catalogue_of_the_repository_gives(scores):
    """Effect, expected cost and expected gain of each action for the customer of the example."""
    actions = load_catalog(ROOT / "actions.yaml").actions
    docs = (ROOT / "docs/actions.md").read_text(encoding="utf-8")
    result = prospect(scores(1), actions, 0.25)
    for number, action in enumerate(actions):
        effect, cost, gain = (
            table[0, number] for table in (result.effect, result.cost, result.gain)
        )
        assert f"| `{action.id}` | {effect:.4f} | {cost:.3f} | {gain:.3f} |" in docs
    coupon = [action.id for action in actions].index("personal_coupon")
    mid, high = (prospect(scores(1), actions, 0.25, level).gain[0, coupon]
                 for level in ("mid", "high"))  # fmt: skip
    assert f"(mid {mid:.3f}, high {high:.3f})" in docs


def test_the_gain_follows_the_worked_example_of_the_docs(scores, catalog):
    """risk .4, low .05, values 500 and 100, margin .25, contact .02, incentive 2.00 x .15."""
    actions = catalog(
        mail={
            "contact_cost": 0.02,
            "incentive_cost": 2.0,
            "accept_rate": 0.15,
            "risk_reduction": {"low": 0.05, "mid": 0.1, "high": 0.18},
        }
    ).actions[:1]
    result = prospect(scores(1), actions, 0.25)
    assert result.effect[0, 0] == pytest.approx(0.02)
    assert result.cost[0, 0] == pytest.approx(0.02 + 2.0 * 0.15 * 0.62)
    assert result.gain[0, 0] == pytest.approx(0.02 * 400 * 0.25 - 0.206)
    assert result.gain[0, 0] == pytest.approx(1.794)


def test_sure_things_who_accept_are_paid_for(scores, catalog):
    """A customer who stays anyway costs more than one who leaves, by the incentive."""
    actions = catalog(mail={"incentive_cost": 10.0, "accept_rate": 0.5}).actions[:1]
    result = prospect(scores(2, churn_risk=[0.01, 0.9]), actions, 0.25)
    assert result.cost[0, 0] == pytest.approx(1 + 5 * (0.99 + 0.001))
    assert result.cost[1, 0] == pytest.approx(1 + 5 * (0.10 + 0.09))


def test_mid_and_high_use_their_own_effect(scores, catalog):
    gains = [prospect(scores(1), catalog().actions[:1], 0.25, level).gain[0, 0]
             for level in ("low", "mid", "high")]  # fmt: skip
    assert gains == pytest.approx([0.04 * 100 - 1, 0.08 * 100 - 1, 0.12 * 100 - 1])


def test_without_margin_or_money_there_is_a_cost_but_no_gain(scores, catalog):
    without_money = scores(2).drop(columns=["value_if_stays", "value_if_lapses"])
    for result in (
        prospect(scores(2), catalog().actions, None),
        prospect(without_money, catalog().actions, 0.25),
    ):
        assert np.isnan(result.gain).all()
        assert (result.cost > 0).all()


def test_a_customer_of_unknown_value_has_no_gain_and_the_others_have(scores, catalog):
    result = prospect(scores(2, value_if_stays=[np.nan, 500.0]), catalog().actions, 0.25)
    assert np.isnan(result.gain[0]).all()
    assert np.isfinite(result.gain[1]).all()


def test_costs_and_amounts_in_two_currencies_make_no_margin(catalog):
    assert usable_margin(catalog(), 0.25, "USD") == 0.25
    assert usable_margin(catalog(), 0.25, "$") == 0.25
    assert usable_margin(catalog(), 0.25, None) is None
    assert usable_margin(catalog(), None, "RUB") is None
    with pytest.raises(CatalogError, match=r"currency: RUB at its top.*margin_rate: null"):
        usable_margin(catalog(), 0.25, "RUB")
