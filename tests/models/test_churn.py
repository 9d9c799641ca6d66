from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logit
from sklearn.metrics import roc_auc_score

from core.digits import TOLD, to_digits
from core.errors import ArtifactError, DataGateError, TooLittleError
from core.files import write_manifest
from models.churn.calibrating import calibration_map
from models.churn.enough import check_gates
from models.churn.fitting import fit_churn, refit_churn
from models.churn.model import ChurnModel
from models.params import EnsembleParams, GateParams
from models.probability.calibration import IDENTITY, BetaMap
from models.probability.metrics import log_loss
from models.simple.columns import fit_logs
from tests.snapshots import FEATURES, model_params, simulate

PARAMS = model_params(gates=GateParams(min_customers=50, min_churners=10))


@pytest.fixture(scope="module")
def rows():
    snapshots = simulate(customers=900, seed=4)
    return dict(iter(snapshots.groupby("split")))


@pytest.fixture(scope="module")
def model(rows):
    fitted = fit_churn(rows["train"], rows["validation"], FEATURES, PARAMS)
    # The identity, which these rows may well give, would hide a map that is forgotten.
    return replace(fitted, calibration=BetaMap(1.1, 0.9, 0.1))


def outcomes(rows):
    return rows["churned"].to_numpy(np.float64)


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_later_leavers_are_ranked_above_those_who_stay(model, rows):
    risk = model.predict(rows["test"])
    assert ((risk > 0) & (risk < 1)).all()
    assert roc_auc_score(outcomes(rows["test"]), risk) > 0.8


def test_calibration_keeps_the_booster_s_order(model, rows):
    raw, risk = model.raw(rows["test"]), model.predict(rows["test"])
    np.testing.assert_array_equal(risk, to_digits(model.calibration(raw), TOLD))
    order = np.argsort(raw, kind="stable")
    assert (np.diff(risk[order]) >= 0).all()
    assert len(np.unique(risk)) == len(np.unique(raw))


@pytest.mark.slow
def test_the_same_rows_make_the_same_bytes_and_another_seed_others(rows, tmp_path):
    first, again = (
        fit_churn(rows["train"], rows["validation"], FEATURES, PARAMS) for _ in range(2)
    )
    other = fit_churn(rows["train"], rows["validation"], FEATURES, model_params(seed=4))
    for name, made in (("first", first), ("again", again), ("other", other)):
        made.save(tmp_path / name)
    assert content(tmp_path / "first") == content(tmp_path / "again")
    assert content(tmp_path / "first") != content(tmp_path / "other")


def test_a_model_predicts_and_explains_the_same_after_saving(model, rows, tmp_path):
    model.save(tmp_path / "first")
    loaded = ChurnModel.load(tmp_path / "first")
    np.testing.assert_array_equal(loaded.predict(rows["test"]), model.predict(rows["test"]))
    np.testing.assert_array_equal(
        loaded.contributions(rows["test"]), model.contributions(rows["test"])
    )
    loaded.save(tmp_path / "second")
    assert content(tmp_path / "first") == content(tmp_path / "second")
    assert (loaded.features, loaded.rounds) == (model.features, model.rounds)


def test_a_model_folder_without_its_description_is_refused(model, tmp_path):
    model.save(tmp_path)
    write_manifest(tmp_path)
    (tmp_path / "churn.json").unlink()
    with pytest.raises(ArtifactError, match=r"churn\.json is missing: run `dvc repro`"):
        ChurnModel.load(tmp_path)


def test_a_refit_keeps_the_chosen_rounds_features_and_the_map_given(model, rows):
    given = BetaMap(1.2, 0.9, 0.1)
    refitted = refit_churn(rows["unused"], model, given, PARAMS)
    assert refitted.rounds == model.rounds == refitted.boosters[0].current_iteration()
    assert refitted.features == model.features
    assert refitted.calibration == given
    assert (refitted.raw(rows["test"]) != model.raw(rows["test"])).any()


def test_contributions_add_up_to_the_booster_s_log_odds(model, rows):
    total = model.contributions(rows["test"]).sum(axis=1)
    raw = model.raw(rows["test"])
    np.testing.assert_allclose(total, np.log(raw / (1 - raw)), atol=1e-6)


def test_importance_is_a_share_and_the_largest_comes_first(model):
    table = model.importance()
    assert table["gain_share"].sum() == pytest.approx(1)
    assert table["gain_share"].is_monotonic_decreasing
    assert set(table["feature"]) == set(FEATURES)
    assert table["feature"][0] in {"silence_over_gap_mean", "days_since_last_purchase"}


def test_scores_that_are_wrong_in_total_are_calibrated(rows):
    rng = np.random.default_rng(1)
    true = rng.uniform(0.05, 0.6, len(rows["validation"]))
    left = (rng.random(len(true)) < true).astype(float)
    found = calibration_map(true / 2, left, rows["validation"]["customer_id"], PARAMS)
    assert found != IDENTITY
    one = np.ones_like(left)
    assert log_loss(left, found(true / 2), one) < log_loss(left, true / 2, one) - 0.02


@pytest.mark.slow
def test_a_map_that_helps_nobody_it_has_not_seen_is_not_used(rows):
    customers = rows["validation"]["customer_id"][:200]
    kept = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        true = rng.uniform(0.05, 0.6, len(customers))
        left = (rng.random(len(true)) < true).astype(float)
        kept += calibration_map(true, left, customers, PARAMS) == IDENTITY
    assert kept >= 18  # three coefficients fitted on 133 rows mostly do harm


def test_too_few_customers_are_refused_with_what_is_needed(rows):
    few = rows["train"][rows["train"]["customer_id"] < "c00045"]
    with pytest.raises(DataGateError, match=r"\d\d customers in the training dates \(needed 50\)"):
        fit_churn(few, rows["validation"], FEATURES, PARAMS)


@pytest.mark.parametrize("name", ["train", "validation"])
@pytest.mark.parametrize(
    ("outcome", "message"),
    [(0.0, "There are no churners at all"), (1.0, "There are only churners")],
)
def test_one_outcome_only_is_refused_in_plain_words(rows, name, outcome, message):
    one_sided = rows | {name: rows[name].assign(churned=outcome)}
    with pytest.raises(DataGateError, match=f"{message}.*task.horizon_days"):
        fit_churn(one_sided["train"], one_sided["validation"], FEATURES, PARAMS)


def test_an_outcome_too_rare_to_learn_from_is_counted(rows):
    rare = rows["train"].reset_index(drop=True)
    rare = rare.assign(churned=(rare.index < 9).astype(float))
    with pytest.raises(DataGateError, match=r"9 outcomes of leaving.*needed 10 of each"):
        fit_churn(rare, rows["validation"], FEATURES, PARAMS)


def test_too_little_says_how_far_it_is_and_labels_all_alike_are_a_mistake_of_another_kind(rows):
    train = rows["train"].reset_index(drop=True)
    few = train[train["customer_id"] < "c00030"]
    for given in (few, few.assign(churned=0.0), few.head(0)):
        with pytest.raises(TooLittleError) as error:
            check_gates(given, "training dates", PARAMS)
        left = int(given["churned"].sum())
        assert error.value.distance == {
            "customers": (given["customer_id"].nunique(), 50),
            "leavers": (left, 10),
            "stayers": (len(given) - left, 10),
        }
    for outcome in (0.0, 1.0):
        with pytest.raises(DataGateError, match="The last release stays") as error:
            check_gates(train.assign(churned=outcome), "training dates", PARAMS)
        assert not isinstance(error.value, TooLittleError)


def test_a_share_lowers_the_gates_and_rounds_them_up(rows):
    gates = GateParams(min_customers=2000, min_churners=21)
    strict = model_params(gates=gates)
    few = rows["validation"].head(100)
    few = few.assign(churned=np.r_[np.ones(2), np.zeros(98)])
    check_gates(few, "validation dates", strict, share=0.05)
    with pytest.raises(DataGateError, match="needed 2 of each"):
        check_gates(few.assign(churned=np.r_[1.0, np.zeros(99)]), "dates", strict, share=0.05)


def test_a_feature_that_helps_is_used_and_noise_changes_little(model, rows):
    rng = np.random.default_rng(2)
    noisy = {name: part.assign(noise=rng.normal(size=len(part))) for name, part in rows.items()}
    beside = fit_churn(noisy["train"], noisy["validation"], [*FEATURES, "noise"], PARAMS)
    with_noise = roc_auc_score(outcomes(rows["test"]), beside.predict(noisy["test"]))
    without = roc_auc_score(outcomes(rows["test"]), model.predict(rows["test"]))
    assert with_noise == pytest.approx(without, abs=0.02)
    assert replace(beside, calibration=IDENTITY).importance()["feature"][0] != "noise"


def test_the_members_are_averaged_in_log_odds_and_differ(model, rows):
    """Shapley values of an average are the average of them, and so are the scores."""
    test, model = rows["test"], replace(model, linear=None)
    matrix = model.inputs.matrix(test)
    single = [one.predict(matrix, raw_score=True) for one in model.boosters]
    assert len(single) == 2
    assert not np.allclose(single[0], single[1])
    raw = model.raw(test)
    np.testing.assert_allclose(np.log(raw / (1 - raw)), np.mean(single, axis=0), atol=1e-9)
    shares = model.contributions(test)
    np.testing.assert_allclose(shares.sum(axis=1), np.mean(single, axis=0), atol=1e-9)
    assert {one.current_iteration() for one in model.boosters} == {model.rounds}


def test_the_regression_has_its_part_of_scores_reasons_and_importance(model, rows):
    test = rows["test"]
    trees, linear = replace(model, linear=None), model.linear
    odds = 0.7 * logit(trees.raw(test)) + 0.3 * linear.log_odds(test)
    np.testing.assert_allclose(logit(model.raw(test)), odds, atol=1e-9)
    moved = model.contributions(test)
    np.testing.assert_allclose(moved.sum(axis=1), odds, atol=1e-9)
    theirs = linear.contributions(test).to_numpy()
    np.testing.assert_allclose(moved, 0.7 * trees.contributions(test) + 0.3 * theirs, atol=1e-9)
    assert model.importance()["gain_share"].sum() == pytest.approx(1.0)
    # Learned again it stands on the same rows as the trees, and goes where it is not asked for.
    again = refit_churn(rows["validation"], model, IDENTITY, PARAMS)
    assert again.linear == fit_logs(rows["validation"], again.inputs) != linear
    alone = PARAMS.model_copy(
        update={"churn": PARAMS.churn.model_copy(update={"linear_weight": 0.0})}
    )
    assert refit_churn(rows["train"], model, IDENTITY, alone).linear is None


def test_the_last_members_cut_at_random_also_where_all_is_learned_again(model, rows):
    again = refit_churn(rows["train"], model, IDENTITY, PARAMS)
    for made in (model, again):
        settings = [one.model_to_string() for one in made.boosters]
        assert ["[extra_trees: 1]" in text for text in settings] == [False, True]
    with pytest.raises(ValueError, match="random_members must be below members"):
        EnsembleParams(**{**PARAMS.churn.model_dump(), "random_members": 2})
