"""LightGBM training: the same rows give the same bytes, and text is the only saved format.

Only the Booster is used, never the scikit-learn wrapper: a Booster is saved as text, a wrapper as a
pickle.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import lightgbm as lgb

from core.arrays import FloatArray
from core.errors import ArtifactError
from models.params import BoosterParams, EnsembleParams

Item = TypeVar("Item")
Made = TypeVar("Made")

# Up to this many values of a text feature are split off one at a time; with more, LightGBM sorts
# them by their mean outcome and cuts that order, which finds patterns in noise too.
ONE_AT_A_TIME = 8
# In that order a value with fewer rows stays with the rest, and its mean outcome is shrunk to the
# average by this much hessian (120 rows where every second customer leaves).
SMOOTHING = 30.0


@dataclass(frozen=True)
class Recipe:
    """How one booster is trained; `extra` holds LightGBM settings that belong to its objective."""

    objective: str
    params: BoosterParams
    seed: int
    threads: int
    extra: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """Rows to learn from or to stop on: inputs (n, k), target, weight and starting score (n,)."""

    inputs: FloatArray
    target: FloatArray
    weight: FloatArray | None = None
    init_score: FloatArray | None = None


def train_booster(
    recipe: Recipe,
    features: Sequence[str],
    train: Rows,
    stop: Rows | int,
    text: Sequence[str] = (),
) -> lgb.Booster:
    """Train a booster on `train`, until `stop`; the features named in `text` hold codes.

    `stop` is either the rows on which the objective's own loss must still fall (early stopping, at
    most `max_rounds`), or the number of rounds. The booster returned holds the trees up to the best
    round and no more; `booster.current_iteration()` is their number.
    """
    settings = {
        "objective": recipe.objective,
        "learning_rate": recipe.params.learning_rate,
        "num_leaves": recipe.params.num_leaves,
        "min_data_in_leaf": recipe.params.min_data_in_leaf,
        "feature_fraction": recipe.params.feature_fraction,
        "lambda_l2": recipe.params.lambda_l2,
        "seed": recipe.seed,
        "num_threads": recipe.threads,
        "deterministic": True,
        # The same trees as row by row, in two thirds of the time on hundreds of thousands of rows.
        "force_col_wise": True,
        "verbosity": -1,
        **recipe.extra,
    }
    if isinstance(recipe.params, EnsembleParams) and recipe.params.bagging_fraction < 1:
        settings |= {"bagging_fraction": recipe.params.bagging_fraction, "bagging_freq": 1}
    if text:
        settings |= {
            "max_cat_to_onehot": ONE_AT_A_TIME,
            "cat_smooth": SMOOTHING,
            # A value needs as many rows as any other leaf.
            "min_data_per_group": recipe.params.min_data_in_leaf,
        }
    data = _dataset(train, (features, text), settings)
    if isinstance(stop, int):
        return lgb.train(settings, data, num_boost_round=stop)
    patience = recipe.params.early_stopping_rounds
    return lgb.train(
        settings,
        data,
        num_boost_round=recipe.params.max_rounds,
        valid_sets=[_dataset(stop, (features, text), settings, like=data)],
        callbacks=[lgb.early_stopping(patience, first_metric_only=True, verbose=False)],
    )


def side_by_side(
    make: Callable[[Item, int], Made], items: Sequence[Item], threads: int
) -> list[Made]:
    """`make` of every item, in the order of the items, as many in parallel as there are threads.

    `make` gets the number of threads that it may use. A tree on tens of thousands of rows keeps one
    thread busy but hardly two, so boosters in parallel take about half the time. The number of
    threads does not change what LightGBM trains, as it is set to be deterministic.
    """
    workers = max(1, min(threads, len(items)))
    own = max(1, threads // workers)
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda item: make(item, own), items))


def save_booster(booster: lgb.Booster, path: Path) -> None:
    """Write the booster as LightGBM text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(booster.model_to_string(), encoding="utf-8")


def load_booster(path: Path) -> lgb.Booster:
    """Read a booster written by `save_booster`.

    A damaged text aborts the process: check the folder's manifest first. Raises ArtifactError when
    the file is missing.
    """
    try:
        return lgb.Booster(model_str=path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing: run `dvc repro` to write it again.") from None


def settings_of(booster: lgb.Booster, kind: type[BoosterParams]) -> dict[str, float]:
    """The settings of `kind` with which a booster was trained, as LightGBM itself noted them."""
    return {name: booster.params[name] for name in kind.model_fields if name in booster.params}


def _dataset(
    rows: Rows,
    names: tuple[Sequence[str], Sequence[str]],
    settings: Mapping[str, object],
    like: lgb.Dataset | None = None,
) -> lgb.Dataset:
    """A LightGBM dataset that names features by their place: f0, f1 and so on.

    LightGBM refuses the characters of JSON in a name and takes a blank for an underscore, so that
    two names may become one; an attribute may have any name. `Inputs` keeps the names.
    """
    features, text = names
    return lgb.Dataset(
        rows.inputs,
        label=rows.target,
        weight=rows.weight,
        init_score=rows.init_score,
        reference=like,
        feature_name=[f"f{place}" for place in range(len(features))],
        categorical_feature=[list(features).index(name) for name in text] or "auto",
        params=dict(settings),
    )
