"""LightGBM as this project uses it: the same rows give the same bytes, and text is the only format.

Only the Booster is used, never the scikit-learn wrapper: a Booster is saved as text, a wrapper as
a pickle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from models.params import BoosterParams
from sources.errors import ArtifactError

FloatArray = npt.NDArray[np.float64]


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


def feature_matrix(snapshot: pd.DataFrame, features: Sequence[str]) -> FloatArray:
    """Return the named columns as float64 (n, k), NaN where undefined.

    Raises ArtifactError naming the features that the snapshot does not have.
    """
    missing = [name for name in features if name not in snapshot.columns]
    if missing:
        raise ArtifactError(
            f"The snapshot lacks {len(missing)} of the {len(features)} features the model uses "
            f"({', '.join(missing[:5])}): it was built by other code or from other tables than the "
            "model. Run `dvc repro` so that both are built anew."
        )
    return np.ascontiguousarray(snapshot[list(features)].to_numpy(np.float64, na_value=np.nan))


def train_booster(
    recipe: Recipe, features: Sequence[str], train: Rows, stop: Rows | int
) -> lgb.Booster:
    """Train a booster on `train`, until `stop`.

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
        "force_row_wise": True,
        "verbosity": -1,
        **recipe.extra,
    }
    data = _dataset(train, features, settings)
    if isinstance(stop, int):
        return lgb.train(settings, data, num_boost_round=stop)
    patience = recipe.params.early_stopping_rounds
    return lgb.train(
        settings,
        data,
        num_boost_round=recipe.params.max_rounds,
        valid_sets=[_dataset(stop, features, settings, like=data)],
        callbacks=[lgb.early_stopping(patience, first_metric_only=True, verbose=False)],
    )


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


def _dataset(
    rows: Rows,
    features: Sequence[str],
    settings: Mapping[str, object],
    like: lgb.Dataset | None = None,
) -> lgb.Dataset:
    return lgb.Dataset(
        rows.inputs,
        label=rows.target,
        weight=rows.weight,
        init_score=rows.init_score,
        reference=like,
        feature_name=list(features),
        params=dict(settings),
    )
