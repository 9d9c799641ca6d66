"""Variants of our models: one setting is changed and one model is trained again."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.cases import Prepared
from benchmarks.measuring import NotPossibleError
from benchmarks.ours import OURS, FloatArray, how_much, when
from features.history.category_history import Categories
from features.snapshot import model_features
from models.churn.model import ChurnModel
from models.judging.what import categories_by_row
from models.next_purchase.candidates import Pairs, pairs_of
from models.next_purchase.hazard import NextPurchaseModel, refit_next_purchase
from models.next_purchase.what import NextCategoriesModel, refit_next_categories
from models.params import ModelParams
from models.training.categories import choose_categories
from models.training.fitting import (
    choose_churn,
    choose_next_purchase,
    choose_value,
    refit_churn_until,
)
from models.training.models import search_settings
from models.training.until import Until
from models.value.fitting import refit_value
from models.value.model import ValueModel


@dataclass(frozen=True)
class Variant:
    """One variant of the model of a task.

    `settings` are keys of section `model` of params.yaml; `reads` says of inputs of a pair
    (models/next_purchase/candidates.py) whether they are read.
    """

    task: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    reads: Mapping[str, bool] = field(default_factory=dict)

    def params(self, params: ModelParams) -> ModelParams:
        """The parameters with the settings of this variant."""
        changed = params.model_dump()
        for name, value in self.settings.items():
            changed[name] = {**changed[name], **value} if isinstance(value, Mapping) else value
        return ModelParams.model_validate(changed)

    def pairs(self, pairs: Pairs) -> Pairs:
        """The pairs with the inputs that this variant reads; new ones come first."""
        kept = [name for name in pairs.of_pair if self.reads.get(name, True)]
        more = [name for name, read in self.reads.items() if read and name not in kept]
        return replace(pairs, of_pair=(*more, *kept))

    def changes(self, params: ModelParams) -> bool:
        """Whether it differs from params.yaml."""
        pairs = pairs_of((), params.next_categories.most_popular)
        return self.params(params) != params or self.pairs(pairs) != pairs


def _rate(task: str, model: str, learning_rate: float) -> Variant:
    return Variant(task, {model: {"learning_rate": learning_rate}})


# A variant equal to params.yaml is left out of a run, so a setting may change without changing this
# table. Another seed shows what chance alone does to the figures.
VARIANTS: dict[str, Variant] = {
    "churn.learning_rate=0.03": _rate("churn", "churn", 0.03),
    "churn.learning_rate=0.06": _rate("churn", "churn", 0.06),
    "churn.members=1": Variant("churn", {"churn": {"members": 1, "random_members": 0}}),
    "churn.random_members=0": Variant("churn", {"churn": {"random_members": 0}}),
    "churn.random_members=2": Variant("churn", {"churn": {"members": 5, "random_members": 2}}),
    "churn.linear_weight=0": Variant("churn", {"churn": {"linear_weight": 0.0}}),
    "churn.linear_weight=0.5": Variant("churn", {"churn": {"linear_weight": 0.5}}),
    "search_trials=0": Variant("churn", {"search_trials": 0}),
    "search_trials=16": Variant("churn", {"search_trials": 16}),
    "churn/seed=1": Variant("churn", {"seed": 1}),
    "next_purchase.learning_rate=0.1": _rate("when", "next_purchase", 0.1),
    "next_purchase.learning_rate=0.2": _rate("when", "next_purchase", 0.2),
    "next_purchase/seed=1": Variant("when", {"seed": 1}),
    "value.learning_rate=0.05": _rate("how_much", "value", 0.05),
    "value.learning_rate=0.1": _rate("how_much", "value", 0.1),
    "value/seed=1": Variant("how_much", {"seed": 1}),
    "next_categories.learning_rate=0.1": _rate("what", "next_categories", 0.1),
    "next_categories.learning_rate=0.2": _rate("what", "next_categories", 0.2),
    "next_categories/seed=1": Variant("what", {"seed": 1}),
    # Days on which the customer ever bought the category.
    "next_categories+bought": Variant("what", reads={"bought": True}),
    "next_categories-bought": Variant("what", reads={"bought": False}),
}


class Run(NamedTuple):
    """The rows to learn from at one date, and the customers of that date with their risk."""

    until: Until
    features: list[str]
    test: pd.DataFrame
    categories: Categories | None
    risk: FloatArray = np.empty(0)  # until the churn model is trained

    @property
    def day(self) -> int:
        """The date (days since 1970-01-01)."""
        return self.until.timeline.test[0]


def run_of(rows: Prepared) -> Run:
    """The run at a date, from its prepared rows."""
    return Run(rows.until, model_features(rows.snapshots), rows.test, rows.categories)


class Told(NamedTuple):
    """The predictions of one model, a table as benchmarks/tasks.py judges it, and their cost."""

    answer: pd.DataFrame
    seconds: float
    trees: int


def _churn(run: Run, _: Variant, params: ModelParams) -> ChurnModel:
    params = search_settings(run.until, run.features, params).applied(params)
    chosen = choose_churn(run.until, run.features, params)
    return refit_churn_until(chosen, run.until, run.day, params)


def _next_purchase(run: Run, _: Variant, params: ModelParams) -> NextPurchaseModel:
    chosen = choose_next_purchase(run.until, run.features, params)
    return refit_next_purchase(chosen, run.until.followed(run.day), params)


def _value(run: Run, _: Variant, params: ModelParams) -> ValueModel:
    chosen = choose_value(run.until, run.features, params)
    return refit_value(chosen, run.until.closed(run.day), params)


def _next_categories(run: Run, variant: Variant, params: ModelParams) -> NextCategoriesModel:
    pairs = variant.pairs(pairs_of(run.features, params.next_categories.most_popular))
    categories, closed = _known(run.categories), run.until.closed(run.day)
    chosen = choose_categories(run.until, categories, pairs, params)
    return refit_next_categories(chosen, closed, categories, params)


def _known(categories: Categories | None) -> Categories:
    if categories is None:
        raise NotPossibleError("its data has no categories")
    return categories


class Part(NamedTuple):
    """The model of a task: how it is trained, how many trees it has, and what it predicts."""

    train: Callable[[Run, Variant, ModelParams], Any]
    trees: Callable[[Any], int]
    answer: Callable[[Run, Any], pd.DataFrame]


PARTS: dict[str, Part] = {
    "churn": Part(
        train=_churn,
        trees=lambda model: model.rounds * len(model.boosters),
        answer=lambda run, model: pd.DataFrame({"churn_risk": model.predict(run.test)}),
    ),
    "when": Part(
        train=_next_purchase,
        trees=lambda model: model.rounds,
        answer=lambda run, model: when(model, run.test, run.risk, run.until.timeline.horizon_days),
    ),
    "how_much": Part(
        train=_value,
        trees=lambda model: sum(part.rounds for part in model.parts.values()),
        answer=lambda run, model: how_much(
            model, run.test, run.risk, run.until.timeline.horizon_days
        ),
    ),
    "what": Part(
        train=_next_categories,
        trees=lambda model: model.rounds,
        answer=lambda run, model: categories_by_row(
            run.test, _known(run.categories), model, run.risk
        )[OURS],
    ),
}


def tell(run: Run, variant: Variant, params: ModelParams) -> Told:
    """Train the model of a variant as it would stand at the date, and predict.

    Seconds are processor time: other work of the machine does not count. Raises NotPossibleError
    where the data lacks what the task predicts.
    """
    part, params = PARTS[variant.task], variant.params(params)
    started = time.process_time()
    model = part.train(run, variant, params)
    seconds = time.process_time() - started
    return Told(part.answer(run, model), seconds, part.trees(model))
