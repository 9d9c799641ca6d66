from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import models.simple.btyd_orders
import models.training.fitting
import models.training.models
from core.errors import DataGateError
from features.snapshot import group_of
from features.timeline import date_of
from models.bundle import Bundle
from models.params import GateParams
from models.probability.calibration import IDENTITY
from models.simple.btyd import BgNbd
from models.training.models import train_all
from models.value.fitting import LATEST
from tests.snapshots import (
    FEATURES,
    HORIZON,
    VALUE_HORIZON,
    model_params,
    simulate,
    timeline,
    trained,
)

pytestmark = pytest.mark.xdist_group("trained")

PLAN = timeline()
OUTCOMES = ["churned", "orders_in_horizon", "spend_in_horizon"]
FITS = (
    "fit_churn",
    "refit_churn",
    "fit_next_purchase",
    "refit_next_purchase",
    "fit_value",
    "refit_value",
    "fit_baselines",
    "fit_explainer",
)


def train(rows, **changes):
    return train_all(rows, PLAN, FEATURES, group_of(FEATURES), model_params(**changes))


def content(model, folder):
    model.save(folder)
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def closes(rows):
    """The last day (since 1970) that anything said in these rows depends on."""
    as_of = (rows["as_of_date"] - pd.Timestamp("1970-01-01")).dt.days
    known = [as_of + rows["followup_days"]]
    known += [(as_of + HORIZON)[rows[name].notna()] for name in OUTCOMES]
    known += [(as_of + VALUE_HORIZON)[rows["value"].notna()]]
    known += [(as_of + rows["days_to_next_purchase"] + 1).dropna()]
    return max(part.max() for part in known if len(part))


def skip_bg_nbd(patch):
    """Leave out its fit, which takes most of the time and sees no label."""
    patch.setattr(models.simple.btyd_orders, "fit_bg_nbd", lambda *_: BgNbd(1.0, 10.0, 1.0, 3.0))


@pytest.fixture
def quick(monkeypatch):
    skip_bg_nbd(monkeypatch)


@pytest.fixture(scope="module")
def calls():
    """Every frame that each fitting function received, in order."""
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        skip_bg_nbd(patch)
        for name in FITS:
            trained = models.training.models
            place = trained if hasattr(trained, name) else models.training.fitting
            original = getattr(place, name)

            def spy(*given, _name=name, _original=original, **named):
                frames = [part for part in given if isinstance(part, pd.DataFrame)]
                seen.append((_name, frames))
                return _original(*given, **named)

            patch.setattr(place, name, spy)
        train(simulate(customers=200))
    return seen


def frames_of(calls, name):
    found = [frames for called, frames in calls if called == name]
    return found[1:] if name == "refit_churn" else found  # the first is of an earlier window


def test_the_model_that_judges_values_on_training_dates_saw_no_outcome_of_theirs(calls):
    ((rows,), *_) = [frames for name, frames in calls if name == "refit_churn"]
    late = PLAN.train[-len(PLAN.validation) :]
    assert closes(rows) <= late[0]
    assert closes(rows) > late[0] - 14


@pytest.mark.slow
def test_no_row_that_trains_closes_after_the_first_validation_date(calls):
    for name in ("fit_churn", "fit_next_purchase", "fit_value"):
        ((rows, valid),) = frames_of(calls, name)
        assert closes(rows) <= PLAN.validation[0]
        assert closes(valid) <= PLAN.test[0]
        assert set(rows["as_of_date"]) == {pd.Timestamp(date_of(day)) for day in PLAN.train}
        assert set(valid["as_of_date"]) == {pd.Timestamp(date_of(day)) for day in PLAN.validation}


@pytest.mark.parametrize("name", ["refit_churn", "refit_next_purchase", "refit_value"])
def test_no_row_that_trains_what_is_evaluated_closes_after_the_first_test_date(calls, name):
    evaluated = frames_of(calls, name)[0][0]
    assert closes(evaluated) <= PLAN.test[0]
    # and nothing that had closed by then is left out
    assert closes(evaluated) > PLAN.test[0] - 14
    if name != "refit_next_purchase":
        assert evaluated["churned"].notna().all()


def test_the_baselines_see_exactly_what_the_evaluated_churn_model_sees(calls):
    assert_frame_equal(
        frames_of(calls, "fit_baselines")[0][0], frames_of(calls, "refit_churn")[0][0]
    )


def test_what_judges_value_closes_by_the_value_test_date(calls):
    past = [
        frames_of(calls, name)[1][0] for name in ("refit_churn", "refit_value", "fit_baselines")
    ]
    for rows in past:
        assert closes(rows) <= PLAN.value_test[0] < PLAN.test[0]


def test_the_served_models_see_everything_that_has_closed_by_now(calls):
    served = frames_of(calls, "refit_churn")[-1][0]
    dates = (*PLAN.train, *PLAN.unused, *PLAN.validation, *PLAN.test)
    assert set(served["as_of_date"]) == {pd.Timestamp(date_of(day)) for day in dates}
    assert closes(served) == PLAN.data_until


@pytest.mark.slow
def test_what_happens_after_the_first_test_date_changes_nothing_that_is_evaluated(quick, tmp_path):
    rows = simulate(customers=200)
    as_of = (rows["as_of_date"] - pd.Timestamp("1970-01-01")).dt.days
    later = rows.copy()
    rng = np.random.default_rng(1)
    far = [(name, VALUE_HORIZON) for name in ("orders_in_value_horizon", "value")]
    for name, days in [(n, HORIZON) for n in OUTCOMES] + far:
        after = (as_of + days > PLAN.test[0]) & rows[name].notna()
        assert after.any()
        later.loc[after, name] = rng.permutation(rows.loc[after, name])
    after = as_of + rows["days_to_next_purchase"] >= PLAN.test[0]
    later.loc[after, "days_to_next_purchase"] += 1
    before, changed = train(rows), train(later)
    for name in ("evaluated", "past", "baselines", "past_baselines"):
        first = content(getattr(before, name), tmp_path / name / "before")
        assert first == content(getattr(changed, name), tmp_path / name / "changed"), name
    first = content(before.served, tmp_path / "served" / "before")
    assert first != content(changed.served, tmp_path / "served" / "changed")


@pytest.mark.slow
def test_the_same_rows_make_the_same_bytes(tmp_path):
    again = train(simulate())
    for name in ("evaluated", "served", "past", "baselines", "past_baselines", "explainer"):
        first = content(getattr(trained(), name), tmp_path / name / "first")
        assert first == content(getattr(again, name), tmp_path / name / "again"), name


def test_a_bundle_is_the_same_after_saving(tmp_path):
    bundle = trained().served
    bundle.save(tmp_path)
    loaded = Bundle.load(tmp_path)
    score = simulate().query("split == 'score'")
    risk = bundle.churn.predict(score)
    np.testing.assert_array_equal(loaded.churn.predict(score), risk)
    assert_frame_equal(
        loaded.next_purchase.predict(score, risk), bundle.next_purchase.predict(score, risk)
    )
    assert_frame_equal(loaded.value.predict(score, risk), bundle.value.predict(score, risk))


def test_served_and_evaluated_share_settings_and_differ_in_rows():
    everything = trained()
    evaluated, served = everything.evaluated.churn, everything.served.churn
    assert served.rounds == evaluated.rounds
    assert served.features == evaluated.features == tuple(FEATURES)
    assert served.boosters[0].model_to_string() != evaluated.boosters[0].model_to_string()


@pytest.mark.slow
def test_the_served_map_is_learned_from_dates_its_models_had_not_seen(quick, monkeypatch):
    given = []

    def spy(scores, outcomes, customers, _params):
        given.append((scores, outcomes, customers))
        return IDENTITY

    monkeypatch.setattr(models.training.models, "calibration_map", spy)
    rows = simulate(customers=200)
    everything = train(rows)
    ((scores, outcomes, customers),) = given
    test = rows[rows["split"] == "test"]
    np.testing.assert_array_equal(scores[-len(test) :], everything.evaluated.churn.raw(test))
    both = rows[rows["split"].isin(["validation", "test"])].sort_values("as_of_date", kind="stable")
    assert outcomes.tolist() == both["churned"].tolist()
    assert customers.tolist() == both["customer_id"].tolist()


@pytest.mark.parametrize(
    ("outcome", "message"),
    [(0.0, "There are no churners at all"), (1.0, "There are only churners")],
)
def test_test_dates_of_one_outcome_are_refused_before_anything_is_fitted(
    monkeypatch, outcome, message
):
    monkeypatch.setattr(models.training.fitting, "fit_next_purchase", None)
    rows = simulate(customers=200)
    rows.loc[rows["split"] == "test", "churned"] = outcome
    with pytest.raises(DataGateError, match=f"{message}.*test dates"):
        train(rows)


def test_where_all_that_teaches_is_of_one_outcome_the_dates_that_have_both_are_named():
    rows = simulate(customers=200)
    rows.loc[rows["split"] != "test", "churned"] = 0.0
    rows.loc[rows["as_of_date"] == pd.Timestamp(date_of(PLAN.test[0])), "churned"] = 0.0
    last = date_of(PLAN.test[-1]).isoformat()
    with pytest.raises(DataGateError, match=f"dates to learn from.* 1 of .* has both .{last}"):
        train(rows)


@pytest.mark.slow
@pytest.mark.parametrize("split", ["train", "validation"])
def test_trees_have_no_part_where_one_outcome_could_teach_or_stop_them(split):
    rows = simulate(customers=200)
    rows.loc[rows["split"] == split, "churned"] = 0.0
    assert train(rows).tree_weight == 0


@pytest.mark.slow
def test_a_single_test_date_without_leavers_does_not_keep_the_others_from_judging():
    rows = simulate(customers=200)
    rows.loc[rows["as_of_date"] == pd.Timestamp(date_of(PLAN.test[1])), "churned"] = 0.0
    assert train(rows).tree_weight > 0


@pytest.mark.slow
def test_too_few_customers_for_trees_are_told_by_the_rhythm_of_their_purchases():
    gates = GateParams(min_customers=5_000, min_churners=10)
    made = train(simulate(customers=200), gates=gates)
    assert made.tree_weight == 0
    assert made.served.trees is None
    assert made.served.churn.boosters == ()


@pytest.mark.slow
def test_without_a_value_horizon_of_its_own_value_is_judged_on_the_test_dates(quick):
    rows = simulate(customers=200)
    far = {"value": rows["spend_in_horizon"], "orders_in_value_horizon": rows["orders_in_horizon"]}
    same = rows.assign(**far, value_known=rows["outcome_known"])
    plan = replace(PLAN, value_horizon_days=HORIZON, value_train=PLAN.train, value_test=PLAN.test)
    everything = train_all(same, plan, FEATURES, group_of(FEATURES), model_params())
    # What takes the time is not fitted twice.
    assert everything.past.churn.boosters is everything.evaluated.churn.boosters
    assert everything.past.trees is everything.evaluated.trees
    assert everything.past_baselines is everything.baselines


def test_what_is_refitted_is_at_the_level_of_the_latest_dates_that_had_closed():
    """A map carries the level of dates on which its model was weeks older."""
    made, rows = trained(), simulate()
    as_of = (rows["as_of_date"] - pd.Timestamp("1970-01-01")).dt.days
    models_at = ((made.evaluated, PLAN.test[0]), (made.served, PLAN.data_until))
    for bundle, day in models_at:
        dates = sorted(set(as_of[as_of + HORIZON <= day]))[-LATEST:]
        latest = rows[as_of.isin(dates)]
        told = bundle.churn.predict(latest).mean()
        assert told == pytest.approx(latest["churned"].mean(), abs=0.005)
        other = replace(bundle.churn, calibration=made.past.churn.calibration).predict(latest)
        assert abs(other.mean() - told) > 0.005
