"""Training of the next categories: chosen, then refitted, as models/training.py does."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from features.category_history import Categories
from features.timeplan import Timeline
from models.next_categories import (
    NextCategoriesModel,
    fit_next_categories,
    refit_next_categories,
)
from models.params import ModelParams
from models.training import Until


class TrainedCategories(NamedTuple):
    """The model on all that had closed by the first test date, and on all that has by now."""

    evaluated: NextCategoriesModel
    served: NextCategoriesModel


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
    chosen = fit_next_categories(
        until.rows(timeline.validation[0], timeline.train),
        until.rows(timeline.test[0], timeline.validation),
        categories,
        features,
        params,
        timeline.churn,
    )
    return TrainedCategories(
        *(
            refit_next_categories(chosen, until.closed(day), categories, params)
            for day in (timeline.test[0], timeline.data_until)
        )
    )
