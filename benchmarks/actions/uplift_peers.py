"""Learners of uplift libraries: scores of customers whom they did not learn from.

    python -m benchmarks.actions.uplift_peers causalml_x FOLDER

FOLDER holds trial.npz (x, treated, outcome, fold); the scores are written beside it as NAME.npy.
It runs in the environment `uplift`, and imports nothing of this project. All of them that take a
base learner get the same boosted trees, those of our own.
"""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

TREES = {
    "n_estimators": 100,
    "learning_rate": 0.06,
    "num_leaves": 8,
    "reg_lambda": 10.0,
    "min_child_samples": 200,
    "n_jobs": 1,
    "random_state": 0,
    "verbosity": -1,
}
CHANCE = 0.5
Score = Callable[[Any, Any, Any, Any], Any]  # x, treated, outcome, x of others to their scores


def _trees() -> Any:
    from lightgbm import LGBMRegressor

    return LGBMRegressor(**TREES)


def _classes() -> Any:
    from lightgbm import LGBMClassifier

    return LGBMClassifier(**TREES)


def _causalml(name: str) -> Score:
    def score(x: Any, treated: Any, outcome: Any, asked: Any) -> Any:
        import causalml.inference.meta as meta

        learner = getattr(meta, name)(_trees(), control_name=0)
        chance = np.full(len(x), CHANCE)
        given = {} if name in ("BaseSRegressor", "BaseTRegressor") else {"p": chance}
        learner.fit(X=x, treatment=treated, y=outcome, **given)
        told = {"p": np.full(len(asked), CHANCE)} if name == "BaseXRegressor" else {}
        return np.ravel(learner.predict(asked, **told))

    return score


def _causalml_forest(x: Any, treated: Any, outcome: Any, asked: Any) -> Any:
    from causalml.inference.tree import UpliftRandomForestClassifier

    forest = UpliftRandomForestClassifier(
        control_name="0", n_estimators=100, min_samples_leaf=200, n_jobs=1, random_state=0
    )
    forest.fit(x, treated.astype(int).astype(str), outcome.astype(int))
    return np.ravel(forest.predict(asked))


def _sklift(name: str, **more: Any) -> Score:
    def score(x: Any, treated: Any, outcome: Any, asked: Any) -> Any:
        import sklift.models as models

        first = {"estimator_trmnt": _classes(), "estimator_ctrl": _classes()}
        given = first if name == "TwoModels" else {"estimator": _classes()}
        model = getattr(models, name)(**given, **more)
        model.fit(x, outcome.astype(int), treated.astype(int))
        return model.predict(asked)

    return score


def _econml_forest(x: Any, treated: Any, outcome: Any, asked: Any) -> Any:
    from econml.dml import CausalForestDML

    forest = CausalForestDML(
        model_y=_trees(),
        model_t=_classes(),
        discrete_treatment=True,
        n_estimators=500,
        min_samples_leaf=100,
        n_jobs=1,
        random_state=0,
    )
    forest.fit(outcome, treated.astype(int), X=x)
    return np.ravel(forest.effect(asked))


def _econml_dr(x: Any, treated: Any, outcome: Any, asked: Any) -> Any:
    from econml.dr import DRLearner

    learner = DRLearner(
        model_propensity=_classes(), model_regression=_trees(), model_final=_trees(), random_state=0
    )
    learner.fit(outcome, treated.astype(int), X=x)
    return np.ravel(learner.effect(asked))


def _econml_linear(x: Any, treated: Any, outcome: Any, asked: Any) -> Any:
    from econml.dml import LinearDML

    learner = LinearDML(
        model_y=_trees(), model_t=_classes(), discrete_treatment=True, random_state=0
    )
    learner.fit(outcome, treated.astype(int), X=x)
    return np.ravel(learner.effect(asked))


PEERS: dict[str, Score] = {
    "causalml_s": _causalml("BaseSRegressor"),
    "causalml_t": _causalml("BaseTRegressor"),
    "causalml_x": _causalml("BaseXRegressor"),
    "causalml_r": _causalml("BaseRRegressor"),
    "causalml_dr": _causalml("BaseDRRegressor"),
    "causalml_forest": _causalml_forest,
    "sklift_solo": _sklift("SoloModel"),
    "sklift_solo_interaction": _sklift("SoloModel", method="treatment_interaction"),
    "sklift_two_models": _sklift("TwoModels"),
    "sklift_class_transformation": _sklift("ClassTransformation"),
    "econml_causal_forest": _econml_forest,
    "econml_dr": _econml_dr,
    "econml_linear_dml": _econml_linear,
}


def main() -> None:
    """Score each fold by what was fitted on the others."""
    name, folder = sys.argv[1], Path(sys.argv[2])
    warnings.simplefilter("ignore")
    with np.load(folder / "trial.npz") as given:
        x, treated, outcome, fold = (given[key] for key in ("x", "treated", "outcome", "fold"))
    scores = np.empty(len(x))
    for one in np.unique(fold):
        out = fold == one
        scores[out] = PEERS[name](x[~out], treated[~out], outcome[~out], x[out])
    np.save(folder / f"{name}.npy", scores)
    print("{}")


if __name__ == "__main__":
    main()
