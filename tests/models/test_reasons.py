import json
import re
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from core.errors import ArtifactError
from features.families.definition import GROUPS, TEXT
from features.snapshot import COMPANYS_OWN, all_features, group_of
from models.churn.reasons import FEATURES_SHOWN, SMALLEST_CONTRIBUTION, Explainer, fit_explainer
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
    for group, (candidates, own) in FEATURES_SHOWN.items():
        assert set(candidates) <= names, group
        assert own is None or own in names
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


def test_reasons_are_the_largest_contributions_strongest_first(explainer, model, score):
    table = explainer.contributions(model, score).drop(columns="base")
    for most in (5, 2):
        limited = replace(explainer, max_reasons=most)
        for row, reasons in enumerate(limited.explain(model, score)):
            size = table.iloc[row].abs().sort_values(ascending=False)
            expected = size[size >= SMALLEST_CONTRIBUTION].index[:most]
            assert [reason["group"] for reason in reasons] == list(expected)
            assert len(reasons) <= most


def test_a_reason_says_which_way_it_moves_the_risk(explainer, model, score):
    table = explainer.contributions(model, score)
    seen = set()
    for row, reasons in enumerate(explainer.explain(model, score)):
        for reason in reasons:
            contribution = table.loc[row, reason["group"]]
            assert reason["contribution"] == pytest.approx(contribution, abs=1e-6)
            assert reason["direction"] == ("up" if contribution > 0 else "down")
            assert reason["message_key"] == f"reason.{reason['group']}.{reason['direction']}"
            seen.add(reason["direction"])
    assert seen == {"up", "down"}


def test_a_small_contribution_is_no_reason(explainer, model, score):
    reasons = [reason for row in explainer.explain(model, score) for reason in row]
    assert min(abs(reason["contribution"]) for reason in reasons) >= SMALLEST_CONTRIBUTION
    sizes = explainer.contributions(model, score).drop(columns="base").abs()
    assert (sizes < SMALLEST_CONTRIBUTION).to_numpy().any()


def test_a_reason_shows_the_customer_s_value_and_that_of_the_typical_stayer(
    explainer, model, score, rows
):
    closed = rows[rows["outcome_known"] & (rows["churned"] == 0)]
    for row, reasons in enumerate(explainer.explain(model, score)):
        for reason in reasons:
            value = score.loc[row, reason["feature"]]
            assert reason["value"] == pytest.approx(value, abs=1e-6)
            typical = "gap_mean" if reason["group"] == "rhythm" else reason["feature"]
            assert reason["typical_value"] == pytest.approx(closed[typical].median(), abs=1e-6)


def test_rhythm_is_shown_beside_the_customer_s_own_gap_and_nothing_else_is(explainer, model, score):
    for row, reasons in enumerate(explainer.explain(model, score)):
        for reason in reasons:
            if reason["group"] == "rhythm":
                own = score.loc[row, "gap_mean"]
                shown = reason["own_usual"]
                assert shown is None if np.isnan(own) else shown == pytest.approx(own, abs=1e-6)
            else:
                assert reason["own_usual"] is None


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


def test_of_a_group_the_feature_is_shown_that_moved_the_risk_most_its_way(explainer, model, score):
    single = pd.DataFrame(model.contributions(score)[:, :-1], columns=list(model.features))
    seen = set()
    for row, reasons in enumerate(explainer.explain(model, score)):
        for reason in reasons:
            if reason["group"] not in ("frequency", "spend"):
                continue
            sign = 1 if reason["direction"] == "up" else -1
            moved = sign * single.loc[row, explainer.shown[reason["group"]]]
            if moved.max() > 0:
                assert reason["feature"] == moved.idxmax()
            seen.add(reason["feature"])
    assert len(seen) > 2


def test_an_explainer_is_the_same_after_saving(explainer, tmp_path):
    explainer.save(tmp_path)
    assert Explainer.load(tmp_path) == explainer
    assert not re.search("NaN|Infinity", (tmp_path / "reasons.json").read_text())
