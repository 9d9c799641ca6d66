"""Model card and summary say what leaving means, and name only the baselines that were judged."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from models.fitted import features_read
from models.judging.plots import Costs
from models.judging.run import Evaluated, judge, judge_influence
from models.judging.what import evaluate_categories
from models.next_purchase.candidates import pairs_of
from models.next_purchase.what import fit_next_categories
from models.probability.profit import Offer
from pipelines.evaluate import _category_metrics
from pipelines.reports.card_when import worse_than_gaps
from pipelines.reports.model_card import model_card
from pipelines.reports.promotion_text import with_promotion
from pipelines.reports.summary import (
    _reason,
    choice_lines,
    churn_lines,
    next_lines,
    worklist_lines,
)
from serving.cards.verdict_words import verdict_in_words, warnings_in_words
from tests.models import pairs
from tests.pipelines.code import ROOT
from tests.snapshots import (
    FEATURES,
    model_params,
    simulate,
    timeline,
    trained,
    trained_on_subscribers,
)

pytestmark = pytest.mark.xdist_group("trained")

USABILITY = {
    "customers": 400,
    "orders": 9_000,
    "first_day": "2024-01-01",
    "last_day": "2024-10-07",
    "one_time_share": 0.1,
}
COSTS = Costs({"letter": Offer(incentive_cost=1.0, contact_cost=0.5)}, margin_rate=0.3)
PROMOTED = {
    "challenger": "b",
    "champion": "a",
    "outcome": "better",
    "promoted": True,
    "why": "better",
    "figures": {
        "as_of_dates": ["2024-10-07"],
        "rows": 9,
        "champion_as": "it was",
        "challenger": 0.3,
        "champion": 0.4,
        "difference": {"value": 0.1, "low": 0, "high": 1},
    },
}


@pytest.mark.parametrize(("ours", "is_worse"), [(76.9, True), (2.7, False), (None, False)])
def test_dates_that_miss_by_more_than_the_mean_gap_are_warned_of(ours, is_worse):
    worse = worse_than_gaps({"ours": ours, "own_mean_gap": 2.7})
    assert (worse is not None) == is_worse
    if is_worse:
        assert "go by the order of the list" in worse


def evaluation(churn):
    made = trained() if churn == "lapse" else trained_on_subscribers()
    plan = timeline(churn=churn)
    both = Evaluated(made.evaluated, made.baselines, made.past, made.past_baselines)
    judged = judge(simulate(churn=churn), plan, both, COSTS, model_params())
    moved = judge_influence(simulate(churn=churn), plan, both, model_params())
    return {
        "plots": judged.plots | {"influence": moved.table},
        "influence": moved.to_json(),
        "churn": judged.churn,
        "next_purchase": judged.next_purchase,
        "value": judged.value,
        "timeline": plan.to_json(),
        "features": features_read(made.served),
        "versions": {"evaluated": "e", "served": "s"},
    }


@pytest.fixture(scope="module")
def lapse():
    return evaluation("lapse")


@pytest.fixture(scope="module")
def cancellation():
    return evaluation("cancellation")


@pytest.mark.slow
def test_a_card_of_cancellations_speaks_of_subscriptions(cancellation):
    card = model_card(cancellation, USABILITY)
    definition, _ = card.split("## Definition and split")[1].split("* training")
    assert "no subscription of the customer runs at the end of the 28 days" in definition
    assert "with a running one at the as-of date" in definition
    assert "risk of having no subscription any more within 28 days" in card
    assert "value of customers who cancel" in card
    assert "learned from are the customer attributes region" in card
    assert "not buying" not in card


@pytest.mark.slow
def test_a_card_of_lapses_speaks_of_purchases(lapse):
    card = model_card(lapse, USABILITY)
    assert "Churned: no purchase in the 28 days from the as-of date on, among customers" in card
    assert "risk of not buying within 28 days" in card
    assert "value of customers who lapse" in card
    assert f"{len(FEATURES)} features; no customer attribute is learned from" in card
    assert "subscription" not in card
    assert "tenure rule" not in card


def test_the_plots_have_what_dvc_draws(lapse, cancellation):
    drawn = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["plots"]
    for made in (lapse, cancellation):
        for plot in (one for entry in drawn for one in entry.values()):
            for file, columns in plot["y"].items():
                wanted = {columns} if isinstance(columns, str) else set(columns)
                assert {plot["x"], *wanted} <= set(made["plots"][Path(file).stem]), file


def test_a_card_tells_the_best_threshold_and_what_moves_the_risk(lapse):
    card = model_card(lapse, USABILITY)
    cut = lapse["churn"]["expected_maximum_profit"]["cut"]
    assert f"the best threshold is a risk of {cut['churn_risk']:.1%}" in card
    assert "![profit](profit.png)" in card
    told = card.split("### What moves the risk")[1].split("![influence]")[0]
    strongest = lapse["influence"][0]
    name = strongest["feature"].replace("_", " ")
    assert f"| {name} | {strongest['mean_contribution']:.3f} | " in told
    assert "raise the risk" in told and "lower the risk" in told


def without(evaluation):
    """The same, where the rows allowed none of what they need not allow; as JSON brings it back."""
    told = {name: part for name, part in evaluation.items() if name != "plots"}
    made = json.loads(json.dumps(told, allow_nan=False))
    churn, when = made["churn"], made["next_purchase"]
    tests = made["timeline"]["test"]
    for figures in churn["models"].values():
        figures |= {"auc": None, "observed_over_expected": None}
    for figures in churn["by_date"][tests[0]].values():
        figures |= dict.fromkeys(figures)
    for figures in churn["gains"].values():
        figures["auc"] = None
    for parts in churn["slices"].values():
        for part in parts.values():
            if "models" in part:
                part["models"]["ours"] |= {"auc": None, "observed_over_expected": None}
    made["timeline"]["test"] = [*tests, "2024-12-24"]
    when["concordance"] = dict.fromkeys(when["concordance"])
    when["integrated_brier"] = {}
    when["median_absolute_error"] |= {"ours": None, "own_mean_gap": None}
    for figures in when["by_day"].values():
        figures["ours"]["observed_over_expected"] = None
    for name in ("orders_in_horizon", "spend_in_horizon"):
        del when[name]["last_period"]
        when[name]["absent"] = {"last_period": "the history is too short"}
        when[name]["ours"] |= {"total_error": None, "captured_in_top_decile": None}
    return made | {"value": {}}


def test_what_could_not_be_judged_is_a_dash_on_the_card_with_its_reason(lapse):
    made = without(lapse)
    card = model_card(made, USABILITY)
    assert "None" not in card and "nan" not in card
    assert "Nobody was in the cohort as of 2024-12-24." in card
    assert f"No AUC as of {lapse['timeline']['test'][0]}: all had the same outcome." in card
    assert "The test rows allow no comparison with the simple models" in card
    assert (
        "last period says nothing of orders within the horizon: the history is too short." in card
    )
    for table in (part for part in card.split("\n\n") if part.startswith("|")):
        assert len({line.count("|") for line in table.splitlines()}) == 1, table


@pytest.mark.parametrize("value", [-0.00001, -3.21])
def test_less_than_nothing_has_a_minus_and_nothing_has_no_sign(lapse, value):
    def with_value(part, name=""):
        if isinstance(part, dict) and "low" in part:
            return dict.fromkeys(part, value)
        if isinstance(part, dict):
            return {key: with_value(inner, key) for key, inner in part.items()}
        return value if name == "total_error" else part

    text = with_promotion(model_card(with_value(lapse), USABILITY), with_value(PROMOTED))
    assert re.findall(r"(?<![\w-])-\d[^\s]*", text) == []
    assert re.findall(r"[-+\u2212]0(?:\.0+)?(?![.\d])", text) == []
    assert ("\u22123.21" in text) is (value < -1)


def test_summary_and_card_say_the_verdict_in_the_words_of_the_page(lapse):
    off = {"kind": "abc_class", "part": "A", "value": 1.4, "low": 1.2, "high": 1.6}
    found = {"ranks": "better", "probabilities": "off", "parts": [off | {"probabilities": "off"}]}
    made = lapse | {"churn": lapse["churn"] | {"verdict": found, "grade": "B"}}
    for text in ("\n".join(churn_lines(made)), model_card(made, USABILITY)):
        assert verdict_in_words("better", "off", "en") in text
        assert warnings_in_words(found["parts"], "en")[0] in text


def test_what_could_not_be_judged_is_a_dash_in_the_summary(lapse):
    made = without(lapse)
    said = "\n".join([*churn_lines(made), *next_lines(made)])
    assert "None" not in said and "nan" not in said
    assert "the test rows allow no comparison" in said
    del made["next_purchase"]["orders_in_horizon"]["ours"]
    assert "orders:" not in "\n".join(next_lines(made))


def test_a_card_names_the_days_that_values_are_extrapolated_from(lapse):
    assert "extrapolated" not in model_card(lapse, USABILITY)
    longer = {"value_horizon_days": 365, "extrapolated_from": 56}
    card = model_card(lapse | {"timeline": lapse["timeline"] | longer}, USABILITY)
    limits = card.split("## Limits")[1]
    assert "No outcome of 365 days has closed: values are learned and judged over 56 days" in limits


def test_orders_and_money_over_the_value_horizon_are_told_beside_their_rules(lapse):
    card = model_card(lapse, USABILITY)
    date = lapse["value"]["test_as_of_dates"][0]
    for title, rule in (("Orders", "BG/NBD"), ("Value", "BG/NBD and Gamma-Gamma")):
        for model in ("**Regulars**", rule):
            assert f"| {title} over 56 days, as of {date} | {model} |" in card
    assert lapse["value"]["orders_in_value_horizon"]["ours"]["spearman"] > 0.3


def test_the_summary_says_from_where_on_values_are_extrapolated():
    manifest = {"as_of_date": "2024-10-27", "horizon_days": 28, "value_horizon_days": 365}
    none = pd.DataFrame({"customer_id": [], "status": [], "churn_risk": []})
    told = worklist_lines(none, manifest | {"value_extrapolated_from": 90}, "en")[0]
    assert "(value over 365 days, beyond 90 extrapolated)" in told
    assert "(value over 365 days)" in worklist_lines(none, manifest, "en")[0]


def test_every_table_has_a_cell_for_each_column_and_only_baselines_that_were_judged(
    cancellation, lapse
):
    for made, is_lapse in ((cancellation, False), (lapse, True)):
        card = model_card(made, USABILITY)
        churn, rest = card.split("## Next purchase")
        assert ("BG/NBD" in churn) == is_lapse
        assert ("| tenure rule |" in churn) != is_lapse
        assert "Brier, BG/NBD" in rest
        for table in (part for part in card.split("\n\n") if part.startswith("|")):
            assert len({line.count("|") for line in table.splitlines()}) == 1, table


@pytest.mark.slow
def test_next_categories_are_told_with_their_baselines_where_the_data_has_them(lapse):
    rows, categories = pairs.shop(customers=150)
    train, valid, test = pairs.split(rows)
    read = pairs_of(pairs.FEATURES, most_popular=8)
    model = fit_next_categories(train, valid, categories, read, model_params())
    judged = evaluate_categories(test, categories, model, test["churned"] * 0.5, model_params())
    card = model_card({**lapse, "next_categories": judged}, USABILITY)
    [_, told] = card.split("### Next categories, 28 days ahead")
    table = [line for line in told.split("## Money")[0].splitlines() if line.startswith("|")]
    figure = judged["new"]["models"]["own_frequent"]["map_at_3"]["value"]
    assert [line for line in table if "own most frequent" in line and f"{figure:.3f}" in line]
    assert len(table) == 2 + 2 * 3 and len({line.count("|") for line in table}) == 1
    lines = next_lines({**lapse, "next_categories": judged})
    hit = judged["any"]["models"]["ours"]["hit_at_3"]["value"]
    assert any(f"bought by {hit:.1%}" in line for line in lines)
    # Nothing was new to anybody, and nothing expected: told without a ratio that nobody measured.
    unsure = judged["any"] | {"observed_over_expected": None}
    few = {**lapse, "next_categories": {"new_days": 90, "any": unsure}}
    [_, told] = model_card(few, USABILITY).split("### Next categories, 28 days ahead")
    assert "not bought in the last" not in told.split("## Money")[0]
    assert "bought for each expected unknown" in told
    assert "observed_over_expected" not in _category_metrics(few["next_categories"])["any"]
    assert [line for line in next_lines(few) if "categories" in line] == [
        line for line in lines if "categories, of all" in line
    ]
    for without in (lapse, {**lapse, "next_categories": {}}):
        assert "Next categories" not in model_card(without, USABILITY)
        assert not any("categories" in line for line in next_lines(without))


def test_the_summary_says_what_leaving_means(cancellation, lapse):
    said = choice_lines(cancellation["timeline"])[0]
    assert said == ("  leaving means no running subscription after 28 days, among those with one")
    assert choice_lines(lapse["timeline"])[0] == (
        "  leaving means no purchase in 28 days, among those who bought in the 60 days before"
    )
    assert not any("BG/NBD" in line for line in churn_lines(cancellation))
    assert any("tenure rule" in line for line in churn_lines(cancellation))
    assert any("BG/NBD" in line for line in churn_lines(lapse))


def test_the_summary_reads_a_text_reason_of_a_table():
    reason = {
        "feature": "attribute_region",
        "direction": "up",
        "message_key": "reason.categories.up",
        "value": None,
        "typical_value": None,
        "value_text": "north",
        "typical_text": "south",
    }
    assert _reason([reason], "en") == "Region: north; those who stay, typically south"
