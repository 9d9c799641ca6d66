"""Training: which rows each model learns from, so that none learns from after its split date.

    chosen     trained on the training dates, stopped and calibrated on the validation dates
    evaluated  the chosen settings on all that had closed by the first test date
    served     the chosen settings on all that has closed by now; never evaluated itself

So the evaluated model is made in the same way as the served one: choose, then refit on everything
closed. Its calibration map takes its shape from dates that the model behind it had not seen, and
its base rate from the latest closed dates.

Where the history is too short for that (features/planning/rungs.py), folds of the customers replace
the validation dates and, where it is shorter still, the later test dates too:
models/judging/held_out.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from core.errors import OneSidedError
from features.params import LABEL
from features.planning.rungs import BY_FOLDS, OTHER_CUSTOMERS
from features.planning.timeplan import Timeline
from models.bundle import Bundle
from models.churn.calibrating import calibrated_window, calibration_map, learn_by_value
from models.churn.enough import check_both_outcomes, check_gates, dates_with_both, judged_by
from models.churn.explainer import fit_explainer
from models.churn.model import ChurnModel
from models.churn.own import OwnClass
from models.churn.reasons import Explainer
from models.params import ModelParams
from models.simple.columns import TableBaselines, fit_table_baselines
from models.simple.rules import Baselines, fit_baselines
from models.training.fitting import (
    VALID_SHARE,
    Say,
    at_level,
    choose,
    out_of_fold,
    refit,
    weight_of_trees,
)
from models.training.until import Until, has_both_outcomes
from models.trees.search import Search, search
from models.value.fitting import latest_dates

AnyBaselines = Baselines | TableBaselines
FOLD = "fold_{}"  # inside the evaluated models: folder of the models for one held-out fold
PAST = "past"  # inside the evaluated models: folder of those of the value test date


@dataclass(frozen=True)
class Evaluated:
    """A bundle and the baselines fitted on the same rows.

    `past` are those that stood at the value test date: its rows have been followed for longer, and
    can judge the value and the far end of the curves. None: they are the same.
    """

    bundle: Bundle
    baselines: AnyBaselines
    past: tuple[Bundle, AnyBaselines] | None = None


@dataclass(frozen=True)
class Trained:
    """Everything that training produces.

    `judged` is one bundle with its baselines or, where held-out customers are the judges, one for
    each fold; the properties give the parts of the first. `tree_weight` is the weight of trees.
    """

    judged: tuple[Evaluated, ...]
    served: Bundle
    explainer: Explainer
    search: Search
    tree_weight: float

    @property
    def evaluated(self) -> Bundle:
        """The models as they stood at the first test date."""
        return self.judged[0].bundle

    @property
    def baselines(self) -> AnyBaselines:
        """The baselines fitted on the rows of `evaluated`."""
        return self.judged[0].baselines

    @property
    def past(self) -> Bundle:
        """The models as they stood at the value test date."""
        return self.judged[0].past[0] if self.judged[0].past else self.evaluated

    @property
    def past_baselines(self) -> AnyBaselines:
        """The baselines fitted on the rows of `past`."""
        return self.judged[0].past[1] if self.judged[0].past else self.baselines


def train_all(
    snapshots: pd.DataFrame,
    timeline: Timeline,
    features: Sequence[str],
    group_of: dict[str, str],
    params: ModelParams,
    say: Say = lambda _: None,
    purchases: pd.DataFrame | None = None,
    own: OwnClass | None = None,
    wording: Mapping[str, dict[str, Any]] | None = None,
    known_days: pd.DataFrame | None = None,
) -> Trained:
    """Train every model. Raises DataGateError where the data is too little or too uniform.

    `own` is the company's own class of churn models, in place of our trees, and `wording` how
    features are told that its own code defines. `known_days` are those of sources/known_days.py.
    """
    until = Until(snapshots, timeline, purchases, params.calibration_folds, known_days)
    weight = weight_of_trees(until, params)
    _refuse_one_sided(until, params)
    if weight:
        say(f"churn: {len(until.train):,} training rows, {len(until.valid):,} validation rows")
    searched = Search(params.churn)
    if weight and own is None:  # the settings are those of our trees
        searched = search_settings(until, features, params, say)
    params = searched.applied(params)
    chosen = choose(until, features, params, say, own)
    if timeline.rung == OTHER_CUSTOMERS:
        say("the same settings on all but a fold of the customers each, and on all by now")
        evaluated = held_out(until, features, params, own)
    else:
        say("the same settings on all that had closed by the first test date, and by now")
        evaluated = (_evaluated(chosen, until, params),)
    served = _served(chosen, evaluated, until, params)
    closed = until.closed(timeline.data_until)
    explainer = fit_explainer(
        closed, features, group_of, params.max_reasons, wording, timeline.churn
    )
    return Trained(evaluated, served, explainer, searched, weight)


def _refuse_one_sided(until: Until, params: ModelParams) -> None:
    """Refuse, before training, data in which nothing can be judged on or learned from."""
    churn = until.timeline.churn
    try:
        if not has_both_outcomes(until.test):
            check_gates(until.test, "test dates", params, share=VALID_SHARE, churn=churn)
    except OneSidedError as error:
        cure = judged_by(until.snapshots)
        raise OneSidedError(f"{error} {dates_with_both(until.snapshots)} {cure}".rstrip()) from None
    day = until.timeline.data_until
    if until.timeline.rung != OTHER_CUSTOMERS:
        day = until.timeline.test[0]
    try:
        check_both_outcomes(until.closed(day), "dates to learn from", churn)
    except OneSidedError as error:
        raise OneSidedError(f"{error} {dates_with_both(until.snapshots)}") from None


def _evaluated(chosen: Bundle, until: Until, params: ModelParams) -> Evaluated:
    """The chosen settings, refitted at the first test date and at the value test date."""
    day, features = until.timeline.test[0], chosen.churn.features
    if until.timeline.churn == LABEL:  # no value is learned, whose dates might be earlier
        bundle, baselines = refit(chosen, until, day, params), baselines_at(until, day, features)
        return Evaluated(bundle, baselines, (bundle, baselines))
    # With one horizon for both, the value test dates are the test dates.
    past_day = until.timeline.value_test[0]
    bundle, baselines = refit(chosen, until, day, params), baselines_at(until, day, features)
    # How it is calibrated rests on outcomes that may have closed later than the value test date.
    if past_day == day:  # what takes the time is fitted already
        churn = at_level(bundle.churn.uncalibrated(), latest_dates(until.closed(day)))
        plain = replace(bundle, churn=churn)
        return Evaluated(bundle, baselines, (plain, baselines))
    plain = replace(chosen, churn=chosen.churn.uncalibrated())
    past = refit(plain, until, past_day, params), baselines_at(until, past_day, features)
    return Evaluated(bundle, baselines, past)


def held_out(
    until: Until, features: Sequence[str], params: ModelParams, own: OwnClass | None = None
) -> tuple[Evaluated, ...]:
    """For each fold of the customers, models that were chosen and fitted without them."""
    day, evaluated = until.timeline.data_until, []
    for number in range(until.folds):
        others = until.without(number)
        chosen = choose(others, features, params, own=own)
        bundle = refit(chosen, others, day, params)
        evaluated.append(Evaluated(bundle, baselines_at(others, day, features)))
    return tuple(evaluated)


def _served(
    chosen: Bundle, evaluated: Sequence[Evaluated], until: Until, params: ModelParams
) -> Bundle:
    """The models fitted on all that has closed, calibrated on rows that they had not seen."""
    timeline, test = until.timeline, until.test
    served = refit(chosen, until, timeline.data_until, params)
    churn = replace(
        served.churn, calibration=chosen.churn.calibration, by_value=chosen.churn.by_value
    )
    if chosen.churn.mapped_at is None:
        churn = replace(churn, mapped_at=None)
    if timeline.rung != OTHER_CUSTOMERS and chosen.churn.tree_weight == 1:
        seen, scores = _unseen_scores(chosen.churn, until, params)
        of_test = evaluated[0].bundle.churn.raw(test)
        all_scores = np.r_[scores, of_test]
        left = np.r_[seen["churned"].to_numpy(np.float64), test["churned"].to_numpy(np.float64)]
        who = pd.concat([seen["customer_id"], test["customer_id"]])
        calibration = calibration_map(all_scores, left, who, params)
        churn = replace(churn.mapped_on(seen, test), calibration=calibration)
        if timeline.rung < BY_FOLDS:
            windows = (calibrated_window(*one, params) for one in ((seen, scores), (test, of_test)))
            churn = replace(churn, by_value=learn_by_value(*windows))
    churn = at_level(churn, test)
    return replace(served, churn=churn)


def _unseen_scores(
    chosen: ChurnModel, until: Until, params: ModelParams
) -> tuple[pd.DataFrame, FloatArray]:
    """Rows that the chosen model did not learn from, with its scores before calibration."""
    if until.timeline.rung >= BY_FOLDS:
        return until.teaching, out_of_fold(chosen, until, params)
    return until.valid, chosen.raw(until.valid)


def search_settings(
    until: Until, features: Sequence[str], params: ModelParams, say: Say = lambda _: None
) -> Search:
    """The settings of the churn model that do best inside the training dates."""
    timeline = until.timeline
    known_at = (*timeline.validation, *timeline.test)[0]
    if timeline.rung == OTHER_CUSTOMERS:
        known_at = timeline.data_until
    return search(
        until.rows,
        timeline.train,
        timeline.horizon_days,
        known_at,
        features,
        params,
        say,
    )


def baselines_at(until: Until, day: int, features: Sequence[str]) -> AnyBaselines:
    """The baselines fitted on all that had closed by a day."""
    timeline = until.timeline
    if timeline.churn == LABEL:
        return fit_table_baselines(until.closed(day), features)
    return fit_baselines(
        until.closed(day), timeline.horizon_days, timeline.churn, lambda: until.rhythm(day)
    )
