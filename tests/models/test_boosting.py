import numpy as np
import pytest

from core.errors import ArtifactError
from models.params import BoosterParams
from models.trees.boosting import (
    Recipe,
    Rows,
    load_booster,
    save_booster,
    side_by_side,
    train_booster,
)

NAMES = ("first", "second", "third")
PARAMS = BoosterParams(
    learning_rate=0.1,
    num_leaves=8,
    min_data_in_leaf=20,
    feature_fraction=0.7,
    lambda_l2=1.0,
    max_rounds=200,
    early_stopping_rounds=10,
)


def recipe(objective="binary", threads=1):
    return Recipe(objective, PARAMS, seed=3, threads=threads)


def draw(rows, seed):
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(rows, 3))
    inputs[rng.random((rows, 3)) < 0.1] = np.nan
    log_odds = np.nan_to_num(inputs[:, 0]) - 1
    return Rows(inputs, (rng.random(rows) < 1 / (1 + np.exp(-log_odds))).astype(float))


TRAIN, VALID = draw(3_000, 1), draw(1_500, 2)


def test_the_same_rows_give_the_same_text():
    first, second = (train_booster(recipe(), NAMES, TRAIN, VALID) for _ in range(2))
    assert first.model_to_string() == second.model_to_string()


@pytest.mark.parametrize(
    "names",
    [
        ('attribute_Регион, "город" [код]', "attribute_tier:{level}", "attribute_a\nb\t\\"),
        ("two words", "two_words", "two  words"),
        ("", " ", "f0"),
    ],
)
def test_features_may_be_called_anything_and_the_trees_are_the_same(names):
    codes = np.nan_to_num(TRAIN.inputs, nan=0.0).round().clip(0)
    rows = Rows(codes, TRAIN.target)
    plain = train_booster(recipe(), NAMES, rows, 20, text=NAMES[1:])
    odd = train_booster(recipe(), names, rows, 20, text=names[1:])
    assert odd.model_to_string() == plain.model_to_string()


@pytest.mark.parametrize(("threads", "own"), [(1, 1), (2, 1), (3, 1), (8, 2)])
def test_side_by_side_shares_the_threads_and_keeps_the_order(threads, own):
    made = side_by_side(lambda item, threads: (item, threads), ("a", "b", "c"), threads)
    assert made == [("a", own), ("b", own), ("c", own)]
    assert side_by_side(lambda item, threads: (item, threads), (), threads) == []


def test_boosters_side_by_side_are_those_trained_in_turn():
    seeds = (1, 2, 3)

    def trained(seed, threads):
        own = Recipe("binary", PARAMS, seed, threads)
        return train_booster(own, NAMES, TRAIN, 30).predict(VALID.inputs)

    together = side_by_side(trained, seeds, 2)
    for seed, found in zip(seeds, together, strict=True):
        np.testing.assert_array_equal(found, trained(seed, 2))
    assert not np.array_equal(together[0], together[1])


def test_a_saved_booster_predicts_the_same_numbers(tmp_path):
    booster = train_booster(recipe(), NAMES, TRAIN, VALID)
    save_booster(booster, tmp_path / "folder" / "model.txt")
    again = load_booster(tmp_path / "folder" / "model.txt")
    np.testing.assert_array_equal(again.predict(VALID.inputs), booster.predict(VALID.inputs))
    assert again.feature_name() == ["f0", "f1", "f2"]
    assert again.current_iteration() == booster.current_iteration()


def test_training_stops_where_the_loss_on_validation_no_longer_falls():
    booster = train_booster(recipe(), NAMES, TRAIN, VALID)
    rounds = booster.current_iteration()
    assert 5 < rounds < PARAMS.max_rounds

    longer = train_booster(recipe(), NAMES, TRAIN, rounds + PARAMS.early_stopping_rounds)

    def loss(rounds):
        risk = longer.predict(VALID.inputs, num_iteration=rounds)
        return -np.log(np.where(VALID.target == 1, risk, 1 - risk)).mean()

    assert min(range(1, longer.current_iteration() + 1), key=loss) == rounds


def test_a_number_of_rounds_is_kept_to():
    booster = train_booster(recipe(), NAMES, TRAIN, 17)
    assert booster.current_iteration() == 17
    stopped = train_booster(recipe(), NAMES, TRAIN, VALID)
    same = train_booster(recipe(), NAMES, TRAIN, stopped.current_iteration())
    np.testing.assert_array_equal(same.predict(VALID.inputs), stopped.predict(VALID.inputs))


def test_the_starting_score_is_where_the_trees_begin():
    start = np.full(len(TRAIN.target), -3.0)
    rows = Rows(TRAIN.inputs, TRAIN.target, init_score=start)
    raw = train_booster(recipe(), NAMES, rows, 1).predict(TRAIN.inputs, raw_score=True)
    assert 0 < raw.mean() < 1  # one step up from the start, which is not in the trees


def test_nothing_is_written_to_the_terminal(capfd):
    train_booster(recipe(), NAMES, TRAIN, VALID)
    assert capfd.readouterr() == ("", "")


def test_a_missing_file_says_how_to_write_it_again(tmp_path):
    with pytest.raises(ArtifactError, match=r"model\.txt is missing: run `dvc repro`"):
        load_booster(tmp_path / "model.txt")
