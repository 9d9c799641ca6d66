"""What moves the risk: mean absolute Shapley values, with the direction of high values."""

import numpy as np
import pandas as pd
import pytest

from models.judging.held_out import HeldOutChurn
from models.judging.influence import MOST_FEATURES, MOST_ROWS, influence
from tests.snapshots import simulate, trained


class Linear:
    """A model whose contributions are known."""

    features = ("up", "flat", "down", "word", "same")

    def contributions(self, rows):
        columns = [rows["up"], 0 * rows["up"], -2 * rows["down"], (rows["word"] == "a") * 0.5]
        columns += [0 * rows["up"] + 0.01, 0 * rows["up"] + 9]
        return np.column_stack([np.nan_to_num(np.asarray(column, float)) for column in columns])


def rows(n=400):
    rng = np.random.default_rng(0)
    found = pd.DataFrame({name: rng.normal(size=n) for name in ("up", "flat", "down")})
    found.loc[:9, "up"] = np.nan
    return found.assign(word=rng.choice(["a", "b"], n), same=3.0)


def test_the_strongest_come_first_with_the_direction_of_high_values():
    found = influence(Linear(), rows(), 1)
    table = found.table.set_index("feature")
    assert table.index.tolist()[:2] == ["down", "up"]
    assert table.loc["down", "mean_contribution"] == pytest.approx(2 * rows()["down"].abs().mean())
    assert table.loc["up", "direction"] == pytest.approx(1.0)
    assert table.loc["down", "direction"] == pytest.approx(-1.0)
    assert table.loc[["word", "same", "flat"], "direction"].isna().all()
    place = table.index.get_loc("up")
    assert np.isnan(found.ranks[:10, place]).all()
    assert np.nanmax(found.ranks[:, place]) == 1.0
    assert found.to_json()[table.index.get_loc("word")]["direction"] is None


def test_a_sample_is_drawn_from_the_seed():
    many = rows(3 * MOST_ROWS)
    one, again, other = (influence(Linear(), many, seed) for seed in (1, 1, 2))
    assert one.contributions.shape[0] == MOST_ROWS
    assert one.table.equals(again.table) and not one.table.equals(other.table)


@pytest.mark.xdist_group("trained")
def test_it_is_of_the_fitted_model_also_where_folds_are_judged():
    made = trained()
    test = simulate().tail(60)
    found = influence(made.evaluated.churn, test, 1)
    shapley = made.evaluated.churn.contributions(test)
    first = found.table["feature"].iloc[0]
    place = made.evaluated.churn.features.index(first)
    assert found.table["mean_contribution"].iloc[0] == pytest.approx(
        np.abs(shapley[:, place]).mean()
    )
    assert len(found.table) == min(MOST_FEATURES, len(made.evaluated.churn.features))
    folds = HeldOutChurn([made.evaluated, made.evaluated])
    np.testing.assert_allclose(folds.contributions(test), shapley)
