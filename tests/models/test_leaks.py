import numpy as np
import pandas as pd
import pytest
import yaml

from core.errors import LeakError, ParamsError
from features.snapshot import group_of
from models.churn.leaks import FEWEST, OWN_RHYTHM, check_leaks, dominance
from models.judging.plots import Costs
from models.judging.run import Evaluated, judge
from models.params import GateParams
from models.training.models import train_all
from pipelines.reports.model_card import model_card
from tests.pipelines.test_reports import USABILITY
from tests.snapshots import FEATURES, model_params, simulate, timeline, trained

pytestmark = pytest.mark.xdist_group("trained")

REASON = "the tier is set when the contract is signed"


def alone(**areas):
    return pd.Series(areas, dtype="float64").sort_values(ascending=False)


def accepting(**reasons):
    return model_params(accepted_leaks=reasons)


def checked(areas, model_auc=0.9, params=None):
    return check_leaks(areas, model_auc, list(areas.index), params or model_params())


def test_features_at_the_limit_pass_and_above_it_each_is_named():
    assert checked(alone(tier=0.95, fine=0.8), 0.98) == []
    with pytest.raises(LeakError) as raised:
        checked(alone(tier=0.951, status=0.99, fine=0.8))
    said = str(raised.value)
    assert "status (AUC 0.990), tier (AUC 0.951) alone tell who leaves" in said
    assert "fine" not in said
    assert "model: accepted_leaks: {status: <why it was known>}" in said
    assert "The last release stays as it is." in said


def test_the_reason_asked_for_is_yaml_whatever_the_feature_is_called():
    name = 'attribute_Регион, "город" [код]'
    with pytest.raises(LeakError) as raised:
        checked(alone(**{name: 0.99}))
    told = str(raised.value).split("params.yaml: ")[1].removesuffix(".")
    assert list(yaml.safe_load(told.replace("model: accepted", "accepted"))["accepted_leaks"]) == [
        name
    ]


def test_a_reason_lets_one_feature_pass_and_no_other():
    areas = alone(tier=0.97, status=0.96)
    with pytest.raises(LeakError, match=r"status \(AUC 0\.960\) alone tells"):
        checked(areas, params=accepting(tier=REASON))
    accepted = checked(areas, params=accepting(tier=REASON, status=REASON))
    assert [leak["name"] for leak in accepted] == ["tier", "status"]
    assert accepted[0] == {"name": "tier", "auc": 0.97, "limit": 0.95, "reason": REASON}


def test_a_model_above_its_limit_needs_a_reason_of_its_own_and_its_strongest_feature_is_named():
    areas = alone(tier=0.94, fine=0.8)
    with pytest.raises(LeakError, match=r"AUC 0\.981 .* Its strongest feature alone is tier"):
        checked(areas, 0.981)
    (accepted,) = checked(areas, 0.981, accepting(model=REASON))
    assert (accepted["name"], accepted["auc"], accepted["limit"]) == ("model", 0.981, 0.98)


def test_an_accepted_feature_explains_a_model_only_when_it_is_as_good_alone():
    assert len(checked(alone(tier=0.985), 0.99, accepting(tier=REASON))) == 1
    with pytest.raises(LeakError, match="the churn model has AUC"):
        checked(alone(tier=0.96), 0.99, accepting(tier=REASON))


def test_what_is_made_of_the_days_of_purchases_alone_is_no_leak():
    """Where everybody pays every thirty days, days since the last payment tell who pays next."""
    (accepted,) = checked(alone(days_since_last_purchase=1.0, tier=0.9), 1.0)
    assert (accepted["name"], accepted["reason"]) == ("days_since_last_purchase", OWN_RHYTHM)
    with pytest.raises(LeakError, match="amount_total"):  # a refund can be filled in later
        checked(alone(amount_total=1.0))


def test_who_falls_silent_in_visits_too_is_no_leak_but_what_knows_more_than_silence_is():
    areas = alone(days_since_last_purchase=0.98, tier=0.985)
    assert [one["name"] for one in checked(areas, 0.995)] == ["tier", "days_since_last_purchase"]
    with pytest.raises(LeakError, match=r"tier \(AUC 0\.995\) alone tells"):
        checked(alone(days_since_last_purchase=0.98, tier=0.995))


@pytest.mark.slow
def test_of_a_few_leavers_nothing_is_too_good_to_be_true(leaky):
    rows, made = leaky
    left = rows.index[(rows["churned"] == 1) & rows["outcome_known"]]
    few = rows.assign(churned=rows["churned"].where(~rows.index.isin(left[: -(FEWEST - 1)]), 0.0))
    churn = judge(few, timeline(), evaluated(made), Costs({}, margin_rate=None), accepting()).churn
    assert churn["accepted_leaks"] == []


@pytest.mark.parametrize("reason", ["", " " * 40, "known before", 7])
def test_an_empty_or_short_reason_is_refused(reason):
    with pytest.raises(ValueError, match="accepted_leaks"):
        accepting(tier=reason)


def test_a_reason_for_what_is_no_feature_is_refused_and_the_nearest_named():
    with pytest.raises(ParamsError, match="Did you mean tier"):
        checked(alone(tier=0.9), params=accepting(teir=REASON))


def test_one_feature_above_sixty_per_cent_of_the_gain_is_a_warning():
    def importance(share):
        return pd.DataFrame({"feature": ["tier", "b"], "gain_share": [share, 1 - share]})

    assert dominance(importance(0.6)) == []
    (said,) = dominance(importance(0.61))
    assert said.startswith("tier brings 61% of the gain")


def evaluated(made):
    return Evaluated(made.evaluated, made.baselines, made.past, made.past_baselines)


@pytest.fixture(scope="module")
def leaky():
    """Customers with a column that somebody filled in after they had left, and models of them."""
    rows = simulate()
    told = rows["churned"].fillna(0.5) + np.random.default_rng(1).normal(0, 0.05, len(rows))
    rows["attribute_status"] = told
    features = [*FEATURES, "attribute_status"]
    return rows, train_all(rows, timeline(), features, group_of(features), model_params())


def judged(leaky, **reasons):
    rows, made = leaky
    costs = Costs({}, margin_rate=None)
    return judge(rows, timeline(), evaluated(made), costs, accepting(**reasons)).churn


@pytest.mark.slow
def test_a_column_filled_in_afterwards_stops_the_judgement_by_name(leaky):
    with pytest.raises(LeakError, match=r"attribute_status \(AUC 1\.000\) alone tells"):
        judged(leaky)


@pytest.mark.slow
def test_with_a_reason_it_passes_and_the_model_card_shows_reason_and_warning(leaky):
    churn = judged(leaky, attribute_status=REASON)
    assert churn["accepted_leaks"][0]["reason"] == REASON
    assert any("attribute_status brings" in text for text in churn["warnings"])
    costs = Costs({}, margin_rate=None)
    rest = judge(simulate(), timeline(), evaluated(trained()), costs, model_params())
    evaluation = {
        "churn": churn,
        "next_purchase": rest.next_purchase,
        "value": rest.value,
        "timeline": timeline().to_json(),
        "features": ["orders_90d"],
        "versions": {"evaluated": "e", "served": "s"},
    }
    card = model_card(evaluation, USABILITY)
    shown = card.split("## Nearly too good to be true")[1]
    assert f"attribute_status: AUC 1.000, above 0.95. Accepted, because: {REASON}" in shown
    plain = model_card({**evaluation, "churn": rest.churn}, USABILITY)
    assert "too good to be true" not in plain


@pytest.mark.slow
def test_of_few_leavers_features_are_judged_on_every_closed_date():
    rows = simulate()
    tested = rows["split"] == "test"
    # Chance: among a few leavers of the test dates the feature sorts; before it says nothing.
    few = rows[~tested | (rows["churned"] == 0)]
    leavers = rows[tested & (rows["churned"] == 1)].head(FEWEST)
    few = pd.concat([few, leavers]).sort_values(["as_of_date", "customer_id"], ignore_index=True)
    noise = np.random.default_rng(2).normal(size=len(few))
    is_tested_leaver = (few["split"] == "test") & (few["churned"] == 1)
    few["amount_mean"] = np.where(is_tested_leaver, 100.0, noise)
    costs = Costs({}, margin_rate=None)
    params = model_params(gates=GateParams(min_customers=50, min_churners=FEWEST + 1))
    churn = judge(few, timeline(), evaluated(trained()), costs, params).churn
    assert churn["strongest_single_feature"]["auc"] < 0.95
    sure = model_params(gates=GateParams(min_customers=50, min_churners=FEWEST))
    with pytest.raises(LeakError, match="amount_mean"):
        judge(few, timeline(), evaluated(trained()), costs, sure)
