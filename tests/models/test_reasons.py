import json
import re
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

import models.churn.reasons as reasons_module
from core.errors import ArtifactError
from features.families.definition import GROUPS, TEXT
from features.snapshot import COMPANYS_OWN, all_features, group_of
from models.churn.comparisons import own_past
from models.churn.explainer import fit_explainer
from models.churn.reasons import SMALLEST_CONTRIBUTION, Explainer
from models.churn.shown import FEATURES_SHOWN, RISKIER, SAFER, plain_meaning
from models.churn.twins import Twins
from serving.wording.languages import LANGUAGES
from serving.wording.sentences import sentence
from tests.each import check_each
from tests.snapshots import FEATURES, simulate, trained

pytestmark = pytest.mark.xdist_group("trained")

GROUP_OF = group_of(FEATURES)


@pytest.fixture(scope="module")
def rows():
    return simulate()


@pytest.fixture(scope="module")
def score(rows):
    return rows[rows["split"] == "score"].reset_index(drop=True)


@pytest.fixture(scope="module")
def model():
    return trained().served.churn


@pytest.fixture(scope="module")
def explainer():
    return trained().explainer


def test_every_feature_a_model_learns_from_belongs_to_a_group_that_can_be_shown():
    learned = [feature for feature in all_features() if feature.group is not None]
    assert (
        {feature.group for feature in learned}
        == set(FEATURES_SHOWN)
        == set(GROUPS) - set(COMPANYS_OWN.values())
    )
    names = {feature.name for feature in learned}
    for group, candidates in FEATURES_SHOWN.items():
        assert set(candidates) <= names, group
    assert not RISKIER & SAFER
    assert {name for shown in FEATURES_SHOWN.values() for name in shown} >= RISKIER | SAFER
    left_out = {feature.name for feature in all_features()} - names
    assert left_out == {"frequency", "recency", "T", "monetary_value"}


def test_groups_and_base_add_up_to_the_raw_log_odds(explainer, model, score):
    table = explainer.contributions(model, score)
    raw = model.raw(score)
    np.testing.assert_allclose(table.sum(axis=1), np.log(raw / (1 - raw)), atol=1e-6)
    assert set(table.columns) == {*GROUP_OF.values(), "base"}


def test_a_group_is_the_sum_of_its_features(explainer, model, score):
    single = pd.DataFrame(model.contributions(score)[:, :-1], columns=list(model.features))
    table = explainer.contributions(model, score)
    for group in set(GROUP_OF.values()):
        names = [name for name in FEATURES if GROUP_OF[name] == group]
        np.testing.assert_allclose(table[group], single[names].sum(axis=1), atol=1e-9)


@pytest.mark.slow
def test_a_reason_is_the_sum_of_the_groups_it_names_strongest_first(explainer, model, score):
    """Those that say the same are one, so that no group is told twice, and none is lost."""
    table = explainer.contributions(model, score).drop(columns="base")
    merged = 0
    for most in (5, 2):
        limited = replace(explainer, max_reasons=most)
        for row, reasons in enumerate(limited.explain(model, score)):
            sizes = [abs(reason["contribution"]) for reason in reasons]
            assert sizes == sorted(sizes, reverse=True) and len(reasons) <= most
            named = [group for reason in reasons for group in reason["groups"]]
            assert len(named) == len(set(named))
            for reason in reasons:
                total = table.loc[row, reason["groups"]].sum()
                assert reason["contribution"] == pytest.approx(total, abs=1e-5)
                merged += len(reason["groups"]) > 1
    assert merged > 100
    alone = replace(explainer, twins=Twins())
    assert alone.shown["recency"] == ["days_since_last_purchase"] == alone.shown["rhythm"][:1]
    for row, reasons in enumerate(replace(alone, shown=apart(alone)).explain(model, score)):
        size = table.iloc[row].abs().sort_values(ascending=False)
        expected = size[size >= SMALLEST_CONTRIBUTION].index[:5]
        assert [reason["group"] for reason in reasons] == list(expected)


def apart(explainer):
    """No feature that two groups could tell."""
    return {**explainer.shown, "rhythm": ["gap_mean"]}


def test_a_reason_says_which_way_it_moves_the_risk(explainer, model, score):
    seen = set()
    for reasons in explainer.explain(model, score):
        for reason in reasons:
            assert reason["direction"] == ("up" if reason["contribution"] > 0 else "down")
            assert reason["message_key"] == f"reason.{reason['group']}.{reason['direction']}"
            assert reason["group"] == reason["groups"][0]
            assert reason["value"] is None or reason["feature"] in explainer.shown[reason["group"]]
            seen.add(reason["direction"])
    assert seen == {"up", "down"}


def test_a_small_contribution_is_no_reason(explainer, model, score):
    reasons = [reason for row in explainer.explain(model, score) for reason in row]
    assert min(abs(reason["contribution"]) for reason in reasons) >= SMALLEST_CONTRIBUTION
    sizes = explainer.contributions(model, score).drop(columns="base").abs()
    assert (sizes < SMALLEST_CONTRIBUTION).to_numpy().any()


def test_whatever_a_value_is_told_beside_argues_for_the_direction(explainer, model, score):
    told = []
    for reasons in explainer.explain(model, score):
        for reason in reasons:
            meaning = plain_meaning(reason["feature"], "lapse")
            if not meaning:
                continue
            sign = 1 if reason["direction"] == "up" else -1
            beside = [reason[name] for name in ("typical_value", "own_usual")]
            assert (reason["value"] is None) == (beside == [None, None])
            for other in beside:
                if other is not None:
                    assert np.sign(reason["value"] - other) * meaning == sign
            told += beside
    known = [other for other in told if other is not None]
    assert len(known) > 300


@pytest.mark.slow
def test_value_typical_value_and_own_usual_are_of_one_feature(explainer, model, score, rows):
    """And the typical value is that of the stayers with about the same usual gap, or of all."""
    stayed = rows[rows["outcome_known"] & (rows["churned"] == 0)]
    limits = explainer.comparisons.gaps
    alike_of = np.searchsorted(limits, stayed["gap_mean"]) + 9 * stayed["gap_mean"].isna()
    seen = set()
    for row, reasons in enumerate(explainer.explain(model, score)):
        gap = score.loc[row, "gap_mean"]
        alike = stayed[alike_of == np.searchsorted(limits, gap) + 9 * np.isnan(gap)]
        for reason in reasons:
            name = reason["feature"]
            if reason["value"] is not None:
                assert reason["value"] == pytest.approx(score.loc[row, name], abs=1e-6)
            if reason["typical_value"] is not None:
                of = {"alike": alike, "all": stayed}[reason["typical_of"]]
                assert reason["typical_value"] == pytest.approx(of[name].median(), abs=1e-6)
            if reason["own_usual"] is not None:
                usual = own_past(name, score.loc[[row]])[0]
                assert reason["own_usual"] == pytest.approx(usual, abs=1e-6)
            seen |= {reason["typical_of"], reason["own_usual"] is None}
    assert seen == {None, "alike", "all", True, False}


def test_the_own_past_goes_before_customers_alike(explainer, model, score):
    late = score["days_since_last_purchase"] > 1.2 * score["gap_mean"]
    told = [
        reason
        for row, is_late in zip(explainer.explain(model, score), late, strict=True)
        for reason in row
        if is_late and reason["direction"] == "up"
        if reason["feature"] == "days_since_last_purchase" and reason["value"] is not None
    ]
    assert len(told) > 30 and all(reason["own_usual"] is not None for reason in told)


def test_in_words_no_value_is_told(explainer, model, score):
    """Of somebody like all others no value argues for anything."""
    typical = explainer.comparisons.typical
    usual = score.head(20).assign(**{name: typical[name] for name in typical if name in FEATURES})
    usual = usual.assign(gap_mean=usual["days_since_last_purchase"])
    plain = replace(explainer, comparisons=replace(explainer.comparisons, alike={}))
    reasons = [reason for row in plain.explain(model, usual) for reason in row]
    in_words = [r for r in reasons if plain_meaning(r["feature"], "lapse") and r["value"] is None]
    assert in_words
    for reason in in_words:
        assert reason["typical_value"] is reason["typical_of"] is reason["own_usual"] is None
        assert sentence(reason["message_key"], "en", **reason)


@pytest.mark.slow
def test_rows_are_told_one_by_one(explainer, model, score, monkeypatch):
    """So a worker that sees some of them says of each what all of them together would give."""
    whole = explainer.explain(model, score)
    monkeypatch.setattr(reasons_module, "ROWS_AT_ONCE", 7)
    assert explainer.explain(model, score) == whole
    some = score.sample(9, random_state=1)
    assert explainer.explain(model, some) == [whole[row] for row in some.index]


def test_an_unknown_value_is_none_so_that_reasons_are_plain_json(explainer, model, score):
    amounts = [name for name in FEATURES if name.startswith("amount")]
    unknown = score.assign(gap_mean=np.nan, **dict.fromkeys(amounts, np.nan))
    reasons = explainer.explain(model, unknown)
    text = json.dumps(reasons, allow_nan=False)
    assert json.loads(text) == reasons
    shown = {r["group"]: r["value"] for row in reasons for r in row}
    assert shown["spend"] is None


def test_the_silent_are_at_risk_because_of_their_silence(explainer, model, score):
    late = score["silence_over_gap_mean"] > 4
    assert late.sum() > 10
    first = [
        row[0]
        for row, is_late in zip(explainer.explain(model, score), late, strict=True)
        if is_late
    ]
    share = np.mean([r["group"] in {"rhythm", "recency"} and r["direction"] == "up" for r in first])
    assert share > 0.9


def test_a_group_nobody_can_show_is_refused_by_name(rows):
    with pytest.raises(ArtifactError, match="reason group moon has no feature to show"):
        fit_explainer(rows, FEATURES, {**GROUP_OF, "gap_mean": "moon"}, 5)


def test_only_what_the_data_has_can_be_shown(rows):
    without = rows.drop(columns=["orders_30d", "amount_90d"])
    names = [name for name in FEATURES if name in without.columns]
    shown = fit_explainer(without, names, GROUP_OF, 5).shown
    assert shown["frequency"] == ["orders_90d", "orders_total"]
    assert shown["spend"] == ["amount_30d", "amount_total", "amount_mean"]


@pytest.mark.slow
def test_any_feature_of_ours_alone_in_its_group_can_be_shown_and_told(rows):
    """Data without amounts may keep of all the spend's features the lines on an order."""

    def shown_and_told(feature):
        text = feature.unit == TEXT
        values = (
            np.where(rows["churned"] == 0, "bread", "milk") if text else np.arange(len(rows)) % 7.0
        )
        alone = rows[["customer_id", "churned"]].assign(**{feature.name: values})
        shown = fit_explainer(alone, [feature.name], {feature.name: feature.group}, 5).shown
        if feature.group not in ("recency", "rhythm"):
            assert shown[feature.group] == [feature.name]
        told = {"feature": feature.name, "value": values[0], "typical_value": values[1]}
        for language, direction in product(LANGUAGES, ("up", "down")):
            key = f"reason.{feature.group}.{direction}"
            assert sentence(key, language, **told, own_usual=None)

    check_each((feature for feature in all_features() if feature.group), shown_and_told)


def test_an_explainer_is_the_same_after_saving(explainer, tmp_path):
    explainer.save(tmp_path)
    assert Explainer.load(tmp_path) == explainer
    assert not re.search("NaN|Infinity", (tmp_path / "reasons.json").read_text())


def test_champions_of_older_releases_still_give_reasons(explainer, model, score, tmp_path):
    """They know what is typical of all who stayed, and neither customers alike nor evidence."""
    shown = {group: names[:1] for group, names in explainer.shown.items()}
    old = {
        "groups": explainer.groups,
        "shown": shown,
        "own_usual": {"rhythm": "gap_mean"},
        "typical": explainer.comparisons.typical,
        "max_reasons": 5,
    }
    (tmp_path / "reasons.json").write_text(json.dumps(old))
    reasons = [one for row in Explainer.load(tmp_path).explain(model, score) for one in row]
    assert {reason["typical_of"] for reason in reasons} == {"all", None}
    assert sum(reason["value"] is not None for reason in reasons) > 100
