"""Training on categories, what is bought next and what is left, as in models/training/models.py."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from features.history.category_history import Categories
from features.planning.timeplan import Timeline
from models.next_purchase.candidates import Pairs, pairs_of
from models.next_purchase.category_risk import CategoryRiskModel, fit_category_risk
from models.next_purchase.main_categories import habit_of
from models.next_purchase.what import (
    NextCategoriesModel,
    fit_next_categories,
    refit_next_categories,
)
from models.params import ModelParams
from models.training.until import Until


class TrainedCategories(NamedTuple):
    """The model fitted on all that had closed by the first test date, and on all closed by now."""

    evaluated: NextCategoriesModel
    served: NextCategoriesModel


class TrainedRisk(NamedTuple):
    """The model of the risk that a category is left, as of the two days of `TrainedCategories`."""

    evaluated: CategoryRiskModel
    served: CategoryRiskModel


def train_category_risk(
    snapshots: pd.DataFrame,
    categories: Categories,
    timeline: Timeline,
    features: Sequence[str],
    params: ModelParams,
) -> TrainedRisk:
    """Train on all outcomes closed by each day; there is nothing to choose on validation dates.

    Raises DataGateError where too few main categories were left.
    """
    until = Until(snapshots, timeline)
    habit = habit_of(timeline.horizon_days, timeline.active_within_days, features)
    return TrainedRisk(
        *(
            fit_category_risk(until.closed(day), categories, habit, params)
            for day in (timeline.test[0], timeline.data_until)
        )
    )


def train_categories(
    snapshots: pd.DataFrame,
    categories: Categories,
    timeline: Timeline,
    features: Sequence[str],
    params: ModelParams,
) -> TrainedCategories:
    """Train on the dates and outcomes that the other models learn from.

    Raises DataGateError where no category was bought, or every one.
    """
    until = Until(snapshots, timeline)
    pairs = pairs_of(features, params.next_categories.most_popular)
    chosen = choose_categories(until, categories, pairs, params)
    return TrainedCategories(
        *(
            refit_next_categories(chosen, until.closed(day), categories, params)
            for day in (timeline.test[0], timeline.data_until)
        )
    )


def choose_categories(
    until: Until, categories: Categories, pairs: Pairs, params: ModelParams
) -> NextCategoriesModel:
    """The model fitted on the training dates, stopped on the validation dates."""
    churn = until.timeline.churn
    return fit_next_categories(until.train, until.valid, categories, pairs, params, churn)
