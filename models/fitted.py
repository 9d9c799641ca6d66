"""What was fitted, read off the models themselves: settings, number of trees, inputs.

params.yaml says what was asked for. A search finds other settings, early stopping the number of
trees, and where data is scarce there are no trees at all.
"""

from dataclasses import asdict
from typing import Any

import lightgbm as lgb

from models.bundle import Bundle
from models.churn.model import ChurnModel
from models.next_purchase.what import NextCategoriesModel
from models.params import BoosterParams, EnsembleParams
from models.simple.columns import TableBaselines
from models.simple.rules import Baselines
from models.trees.boosting import settings_of


def fitted(bundle: Bundle, next_categories: NextCategoriesModel | None) -> dict[str, Any]:
    """What was fitted, by the sections that `model` of params.yaml has for it.

    A section without `num_leaves` has no trees; `rounds` is the number of trees.
    """
    found: dict[str, Any] = {"churn": _churn(bundle.churn)}
    if bundle.trees is not None:
        found["next_purchase"] = _trees({"": bundle.trees.when.booster})
        parts = bundle.trees.value.parts
        found["value"] = _trees({f".{name}": part.booster for name, part in parts.items()})
    if next_categories is not None:
        found["next_categories"] = {
            **_trees({"": next_categories.booster}),
            "most_popular": next_categories.pairs.most_popular,
        }
    return found


def features_read(bundle: Bundle) -> tuple[str, ...]:
    """Every feature that a model of the bundle reads, in order."""
    read = list(bundle.churn.reads)
    if bundle.trees is not None:
        read += [*bundle.trees.when.layout.inputs.features, *bundle.trees.value.inputs.features]
    return tuple(dict.fromkeys(read))


def own_model(bundle: Bundle) -> dict[str, Any]:
    """What the churn model of the company's own is; empty where it is ours."""
    own = bundle.churn.own
    if own is None:
        return {}
    return {
        "where": own.of.where,
        "describes": own.of.describes,
        "sha256": own.of.sha256,
        "gives_reasons": own.gives_reasons,
    }


def _churn(model: ChurnModel) -> dict[str, Any]:
    found: dict[str, Any] = {"features": len(model.features), "tree_weight": model.tree_weight}
    if model.own is not None:
        found |= {"own_code": model.own.of.where, "own_code_sha256": model.own.of.sha256}
    if model.boosters:
        found |= {
            **settings_of(model.boosters[0], EnsembleParams),
            "members": len(model.boosters),
            "random_members": sum(bool(b.params.get("extra_trees")) for b in model.boosters),
            "linear_weight": model.linear_weight,
            "rounds": model.rounds,
        }
    return found


def _trees(boosters: dict[str, lgb.Booster]) -> dict[str, Any]:
    """Settings, which boosters of one model share, and the number of trees of each."""
    first = next(iter(boosters.values()))
    rounds = {f"rounds{name}": int(b.current_iteration()) for name, b in boosters.items()}
    return {**settings_of(first, BoosterParams), **rounds}


def baseline_settings(baselines: Baselines | TableBaselines) -> dict[str, dict[str, Any]]:
    """What each baseline of churn has learned: coefficients, or the parameters of BG/NBD.

    Of a ready table, whose columns may have any names, the numbers of columns and inputs.
    """
    if isinstance(baselines, TableBaselines):
        return {
            name: {"columns": len(model.inputs.features), "inputs": len(model.terms)}
            for name, model in baselines.models.items()
        }
    found: dict[str, dict[str, Any]] = {
        name: {
            "intercept": logistic.intercept,
            **{f"coefficient.{key}": value for key, value in logistic.coefficient.items()},
        }
        for name, logistic in baselines.logistics.items()
    }
    found["own_rhythm_rule"] = found["own_rhythm_rule"] | {
        "population_gap": baselines.population_gap
    }
    return found | {"bg_nbd": asdict(baselines.orders.bg_nbd)}
