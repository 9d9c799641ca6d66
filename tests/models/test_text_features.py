"""Every model learns from text, where nothing else tells, and meets new values without harm."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sklearn.metrics import roc_auc_score

from core.errors import ArtifactError
from models.churn.explainer import fit_explainer
from models.churn.fitting import fit_churn, refit_churn
from models.churn.model import ChurnModel
from models.churn.reason_rows import restored, stored
from models.churn.reasons import Explainer
from models.judging.churn import feature_aucs
from models.next_purchase.hazard import NextPurchaseModel, fit_next_purchase
from models.probability.calibration import IDENTITY
from models.value.fitting import fit_value
from models.value.leavers import Horizons
from models.value.model import ValueModel
from tests.snapshots import model_params

# In alphabetical order those who leave and those who stay take turns.
RISK = {name: (0.08, 0.92)[number % 2] for number, name in enumerate("abcdefghij")}
FEATURES = ["noise", "attribute_region"]
GROUPS = {"noise": "recency", "attribute_region": "attributes"}
PARAMS = model_params()
HORIZONS = Horizons(28, 56)


def planted(rows, seed):
    """Customers of whom the region alone tells who leaves, when they buy and for how much."""
    rng = np.random.default_rng(seed)
    region = rng.choice(list(RISK), rows)
    risk = pd.Series(region).map(RISK).to_numpy()
    left = rng.random(rows) < risk
    stays = np.where(risk > 0.5, 10.0, 90.0) * rng.gamma(4, 0.25, rows)
    days = np.where(left, 40.0, np.where(risk > 0.5, 20.0, 3.0))
    return pd.DataFrame(
        {
            "customer_id": [f"s{seed}-{number}" for number in range(rows)],
            "as_of_date": pd.Timestamp("2024-06-01"),
            "noise": rng.normal(size=rows),
            "attribute_region": pd.array(np.where(rng.random(rows) < 0.02, None, region), "str"),
            "days_since_last_purchase": rng.integers(0, 60, rows).astype(float),
            # Nobody bought on two days: there is no rhythm.
            "frequency": 0.0,
            "recency": 0.0,
            "T": 90.0,
            "orders_total": 1.0,
            "churned": left.astype(float),
            "outcome_known": True,
            "orders_in_horizon": np.where(left, 0.0, np.where(risk > 0.5, 1.0, 8.0)),
            "spend_in_horizon": np.where(left, 0.0, stays),
            "value_known": True,
            "orders_in_value_horizon": np.where(left, 0.0, 2.0),
            "value": np.where(left, 0.0, 2 * stays),
            "days_to_next_purchase": days,
            "followup_days": 90.0,
        }
    )


TRAIN, VALID, TEST = (planted(rows, seed) for rows, seed in ((3_000, 1), (1_000, 2), (1_500, 3)))
UNSEEN = TEST.assign(attribute_region=pd.array(["moon"] * len(TEST), "str"))
MISSING = TEST.assign(attribute_region=pd.array([None] * len(TEST), "str"))


@pytest.fixture(scope="module")
def churn():
    return fit_churn(TRAIN, VALID, FEATURES, PARAMS)


@pytest.fixture(scope="module")
def when():
    return fit_next_purchase(TRAIN, VALID, FEATURES, 28, PARAMS)


@pytest.fixture(scope="module")
def value():
    return fit_value(TRAIN, VALID, FEATURES, HORIZONS, PARAMS)


@pytest.fixture(scope="module")
def explainer():
    return fit_explainer(TRAIN, FEATURES, GROUPS, 5)


def answers(model, rows):
    risk = np.full(len(rows), 0.3)
    return model.predict(rows) if isinstance(model, ChurnModel) else model.predict(rows, risk)


def content(folder: Path):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_who_leaves_is_found_where_a_text_alone_tells(churn):
    assert roc_auc_score(TEST["churned"], churn.predict(TEST)) > 0.88
    assert churn.importance()["feature"][0] == "attribute_region"


def test_text_is_split_as_a_set_and_not_by_the_order_of_its_codes(churn, when, value):
    for booster in (churn.boosters[0], when.booster, value.parts["spend"].booster):
        first = booster.dump_model()["tree_info"][0]["tree_structure"]
        assert first["decision_type"] == "=="


def test_settings_of_text_are_those_of_small_data_and_stand_in_no_other_model(churn):
    settings = {"max_cat_to_onehot": 8, "cat_smooth": 30, "min_data_per_group": 30}
    text = churn.boosters[0].model_to_string()
    assert [f"[{name}: {value}]" in text for name, value in settings.items()] == [True] * 3
    plain = fit_churn(TRAIN.assign(noise=TRAIN["churned"]), VALID, ["noise"], PARAMS)
    assert not any(
        f"[{name}: {value}]" in plain.boosters[0].model_to_string()
        for name, value in settings.items()
    )


def test_when_and_how_much_are_found_too(when, value):
    risk = TEST["attribute_region"].map(RISK)
    soon, late = risk < 0.5, risk > 0.5
    curve = when.survival(TEST)[:, when.grid.index(7)]
    assert curve[soon].mean() < 0.2
    assert curve[late].mean() > 0.9
    if_stays = value.predict(TEST, np.zeros(len(TEST)))["value_if_stays"]
    assert if_stays[soon].mean() > 2 * if_stays[late].mean()


@pytest.mark.slow_after(5)
@pytest.mark.parametrize("rows", [UNSEEN, MISSING], ids=["unseen", "missing"])
@pytest.mark.parametrize("name", ["churn", "when", "value"])
def test_a_value_never_seen_gets_a_finite_answer(name, rows, request):
    model = request.getfixturevalue(name)
    found = np.asarray(answers(model, rows), np.float64)
    if name == "when":
        found = model.survival(rows)
    assert np.isfinite(found).all()


def test_a_value_never_seen_gets_the_risk_of_the_rare_ones():
    def with_rare(part):
        """Two customers each of many villages, all of whom leave."""
        few = part.head(len(part) // 5)
        villages = pd.array([f"village {number // 2}" for number in range(len(few))], "str")
        few = few.assign(attribute_region=villages, churned=1.0)
        return pd.concat([part, few.assign(customer_id="v" + few["customer_id"])])

    model = fit_churn(with_rare(TRAIN), with_rare(VALID), FEATURES, PARAMS)
    assert set(model.inputs.vocabulary["attribute_region"]) == set(RISK)
    assert model.predict(UNSEEN).min() > 0.9


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("name", "kind"),
    [("churn", ChurnModel), ("when", NextPurchaseModel), ("value", ValueModel)],
)
def test_a_saved_model_answers_the_same_and_its_vocabulary_is_json(name, kind, request, tmp_path):
    model = request.getfixturevalue(name)
    model.save(tmp_path)
    again = kind.load(tmp_path)
    for rows in (TEST, UNSEEN, MISSING):
        first, second = (pd.DataFrame(answers(one, rows)) for one in (model, again))
        assert_frame_equal(first, second, check_exact=True)
    (file,) = tmp_path.glob("*.json")
    assert json.loads(file.read_text())["vocabulary"] == {"attribute_region": list(RISK)}


@pytest.mark.slow
def test_the_same_rows_in_any_order_of_columns_make_the_same_bytes(churn, when, value, tmp_path):
    other = list(reversed(TRAIN.columns))
    again = (
        fit_churn(TRAIN[other], VALID[other], FEATURES, PARAMS),
        fit_next_purchase(TRAIN[other], VALID[other], FEATURES, 28, PARAMS),
        fit_value(TRAIN[other], VALID[other], FEATURES, HORIZONS, PARAMS),
    )
    for first, second in zip((churn, when, value), again, strict=True):
        first.save(tmp_path / "first")
        second.save(tmp_path / "second")
    assert content(tmp_path / "first") == content(tmp_path / "second")
    np.testing.assert_array_equal(churn.predict(TEST), churn.predict(TEST[other]))


def test_a_snapshot_without_the_text_column_is_refused(churn):
    with pytest.raises(ArtifactError, match=r"lacks 1 of the 2 .*\(attribute_region\)"):
        churn.predict(TEST.drop(columns="attribute_region"))


@pytest.mark.parametrize("rows", [TEST, UNSEEN, MISSING], ids=["test", "unseen", "missing"])
def test_contributions_still_add_up_to_the_log_odds(churn, rows):
    raw = churn.raw(rows)
    np.testing.assert_allclose(
        churn.contributions(rows).sum(axis=1), np.log(raw / (1 - raw)), atol=1e-6
    )


def test_a_refit_learns_the_values_of_its_own_rows(churn):
    later = pd.concat([TRAIN, UNSEEN.head(200)], ignore_index=True)
    refitted = refit_churn(later, churn, IDENTITY, PARAMS)
    assert "moon" in refitted.inputs.vocabulary["attribute_region"]
    assert "moon" not in churn.inputs.vocabulary["attribute_region"]


def test_nothing_is_written_to_the_terminal(capfd):
    fit_churn(TRAIN, VALID, FEATURES, PARAMS)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_reason_shows_the_text_beside_the_most_frequent_one_of_those_who_stay(churn, explainer):
    stayed = TRAIN.loc[TRAIN["churned"] == 0, "attribute_region"]
    explained = explainer.explain(churn, TEST)
    for row, reasons in enumerate(explained):
        by_group = {reason["group"]: reason for reason in reasons}
        region = TEST["attribute_region"][row]
        if "attributes" not in by_group:
            continue
        reason = by_group["attributes"]
        assert reason["feature"] == "attribute_region"
        assert reason["value"] == (None if pd.isna(region) else region)
        usual = stayed.value_counts().idxmax()
        assert reason["typical_value"] == (None if region == usual else usual)
        assert reason["own_usual"] is None
        if not pd.isna(region):
            assert reason["direction"] == ("up" if RISK[region] > 0.5 else "down")
            assert reason["message_key"] == f"reason.attributes.{reason['direction']}"
    assert json.loads(json.dumps(explained, allow_nan=False)) == explained


def test_a_text_too_long_to_read_is_cut(churn):
    long = TEST.assign(attribute_region=pd.array(["я" * 101] * len(TEST), "str"), churned=0.0)
    typical = fit_explainer(long, FEATURES, GROUPS, 5)
    (shown,) = {
        reason["value"]
        for row in typical.explain(churn, long)
        for reason in row
        if reason["feature"] == "attribute_region"
    }
    assert shown == "я" * 99 + "…" == typical.comparisons.typical["attribute_region"]


def test_an_explainer_with_text_is_the_same_after_saving(explainer, tmp_path):
    explainer.save(tmp_path)
    assert Explainer.load(tmp_path) == explainer


def test_each_attribute_is_a_reason_of_its_own(churn):
    rows = TRAIN.assign(attribute_size=pd.array(["small"] * len(TRAIN), "str"))
    names = [*FEATURES, "attribute_size"]
    both = fit_explainer(rows, names, {**GROUPS, "attribute_size": "attributes"}, 5)
    assert sorted(both.groups.values()) == [["attribute_region"], ["attribute_size"], ["noise"]]


def test_of_equally_frequent_texts_the_first_in_the_alphabet_is_typical():
    rows = TRAIN.head(4).assign(churned=0.0, attribute_region=pd.array(["b", "a", "b", "a"], "str"))
    assert "a" in fit_explainer(rows, FEATURES, GROUPS, 5).comparisons.typical.values()
    nobody = rows.assign(attribute_region=pd.array([None] * 4, "str"))
    assert None in fit_explainer(nobody, FEATURES, GROUPS, 5).comparisons.typical.values()


@pytest.mark.slow
def test_reasons_of_text_and_of_numbers_fit_into_one_table(churn, explainer, tmp_path):
    explained = explainer.explain(churn, TEST)
    number = {**explained[0][0], "feature": "noise", "value": 1.5, "typical_value": 0.0}
    explained[0] = [*explained[0], number]
    rows = pd.DataFrame({"reasons": [[stored(reason) for reason in row] for row in explained]})
    rows.to_parquet(tmp_path / "cards.parquet")
    read = pd.read_parquet(tmp_path / "cards.parquet")["reasons"]
    assert [[restored(reason) for reason in row] for row in read] == explained
    assert stored(number) == number


def test_a_text_that_gives_the_outcome_away_is_seen_as_a_leak():
    leaking = TEST.assign(
        state=pd.array(np.where(TEST["churned"] == 1, "cancelled", "running"), "str"),
        mixed=pd.array(np.where(TEST["churned"] == 1, None, TEST["attribute_region"]), "str"),
    )
    areas = feature_aucs(leaking, ["noise", "attribute_region", "state", "mixed"])
    assert areas["state"] == 1
    assert areas["mixed"] > 0.98  # leavers are those without a value, and a few others
    assert 0.5 <= areas["noise"] < 0.55
    assert 0.5 < areas["attribute_region"] < 0.7  # one value at a time


@pytest.mark.slow
def test_a_model_without_text_keeps_no_vocabulary(tmp_path):
    model = fit_churn(TRAIN.assign(noise=TRAIN["churned"]), VALID, ["noise"], PARAMS)
    model.save(tmp_path)
    assert "vocabulary" not in json.loads((tmp_path / "churn.json").read_text())
    assert replace(model, calibration=IDENTITY).inputs.text == ()
