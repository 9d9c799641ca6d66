"""Training: which rows teach which model, so that nothing learns from after its split date.

    chosen     trained on the training dates, stopped and calibrated on the validation dates
    evaluated  the chosen settings on all that had closed by the first test date
    served     the chosen settings on all that has closed by now; never evaluated itself

What is evaluated is thus made the way the served model is made: choose, then refit on everything
closed. Its calibration map takes its shape from dates that the model behind it had not seen, and
its level from the latest closed dates.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.timeline import as_known_on, date_of
from features.timeplan import Timeline
from models.baselines import Baselines, fit_baselines
from models.calibration import IDENTITY
from models.churn import ChurnModel, calibration_map, check_gates, fit_churn, refit_churn
from models.next_purchase import NextPurchaseModel, fit_next_purchase, refit_next_purchase
from models.params import ModelParams
from models.reasons import Explainer, fit_explainer
from models.search import Search, search
from models.value import Horizons, ValueModel, fit_value, refit_value

Say = Callable[[str], None]
LATEST = 2  # as-of dates whose share of leavers sets the level of a refitted model
PAST = "past"  # folder of what stood at the value test date, inside that of the evaluated models


@dataclass(frozen=True)
class Bundle:
    """The three models that make a score card."""

    churn: ChurnModel
    next_purchase: NextPurchaseModel
    value: ValueModel

    def save(self, folder: Path) -> None:
        """Write all three into one folder."""
        for model in (self.churn, self.next_purchase, self.value):
            model.save(folder)

    @classmethod
    def load(cls, folder: Path) -> "Bundle":
        """Read all three; check the folder's manifest first."""
        return cls(ChurnModel.load(folder), NextPurchaseModel.load(folder), ValueModel.load(folder))


@dataclass(frozen=True)
class Trained:
    """Everything training makes.

    `past` is the bundle as it stood at the value test date: followed longer since, those rows can
    judge the value and the far end of the curves.
    """

    evaluated: Bundle
    served: Bundle
    past: Bundle
    baselines: Baselines
    past_baselines: Baselines
    explainer: Explainer
    search: Search


def train_all(
    snapshots: pd.DataFrame,
    timeline: Timeline,
    features: Sequence[str],
    group_of: dict[str, str],
    params: ModelParams,
    say: Say = lambda _: None,
) -> Trained:
    """Train every model. Raises DataGateError where the data is too little or too uniform."""
    until = Until(snapshots, timeline)
    test = until.rows(timeline.data_until, timeline.test)
    for date, rows in test.groupby("as_of_date"):
        # A date that nothing can be judged on is told before the training, not after it.
        name = f"test date {date:%Y-%m-%d}"
        check_gates(rows, name, params, share=0.05, churn=timeline.churn)
    searched = search_settings(until, features, params, say)
    params = searched.applied(params)
    chosen = choose(until, features, params, say)
    say("the same settings on all that had closed by the first test date, and by now")
    evaluated = refit(chosen, until, timeline.test[0], params)
    served = refit(chosen, until, timeline.data_until, params)
    churn, valid = chosen.churn, until.valid
    calibration = calibration_map(
        np.r_[churn.raw(valid), evaluated.churn.raw(test)],
        np.r_[valid["churned"].to_numpy(np.float64), test["churned"].to_numpy(np.float64)],
        pd.concat([valid["customer_id"], test["customer_id"]]),
        params,
    )
    churn_served = replace(served.churn, calibration=calibration).at_level_of(test)
    served = replace(served, churn=churn_served)
    # With one horizon for both, the value test dates are the test dates.
    past_day = timeline.value_test[0]
    # The calibration map rests on outcomes that may have closed later than that day.
    plain = replace(chosen, churn=replace(churn, calibration=IDENTITY))
    return Trained(
        evaluated=evaluated,
        served=served,
        past=refit(plain, until, past_day, params),
        baselines=baselines_at(until, timeline.test[0]),
        past_baselines=baselines_at(until, past_day),
        explainer=fit_explainer(
            until.closed(timeline.data_until), features, group_of, params.max_reasons
        ),
        search=searched,
    )


@dataclass(frozen=True)
class Until:
    """Snapshots with the labels known at a split date (a day since 1970-01-01)."""

    snapshots: pd.DataFrame
    timeline: Timeline

    @property
    def train(self) -> pd.DataFrame:
        """The rows of the training dates, as known where validation starts."""
        return self.rows(self.timeline.validation[0], self.timeline.train)

    @property
    def valid(self) -> pd.DataFrame:
        """The rows of the validation dates, as known at the first test date."""
        return self.rows(self.timeline.test[0], self.timeline.validation)

    def known(self, day: int) -> pd.DataFrame:
        """All rows."""
        return as_known_on(self.snapshots, pd.Timestamp(date_of(day)), self.timeline.windows)

    def rows(self, day: int, dates: tuple[int, ...]) -> pd.DataFrame:
        """The rows of some as-of dates."""
        wanted = self.snapshots["as_of_date"].isin([pd.Timestamp(date_of(d)) for d in dates])
        return self.known(day)[wanted]

    def closed(self, day: int) -> pd.DataFrame:
        """The rows whose outcome was known."""
        known = self.known(day)
        return known[known["outcome_known"]]

    def followed(self, day: int) -> pd.DataFrame:
        """The rows that had been followed for a day at least."""
        known = self.known(day)
        return known[known["followup_days"] > 0]


def search_settings(
    until: Until, features: Sequence[str], params: ModelParams, say: Say = lambda _: None
) -> Search:
    """The settings of the churn model that do best inside the training dates."""
    timeline = until.timeline
    return search(
        until.rows,
        timeline.train,
        timeline.horizon_days,
        timeline.validation[0],
        features,
        params,
        say,
    )


def choose(
    until: Until, features: Sequence[str], params: ModelParams, say: Say = lambda _: None
) -> Bundle:
    """The models fitted on the training dates, stopped and calibrated on the validation dates."""
    say(f"churn: {len(until.train):,} training rows, {len(until.valid):,} validation rows")
    churn = choose_churn(until, features, params)
    say(f"churn: {churn.rounds} trees were enough; next purchase")
    when = choose_next_purchase(until, features, params)
    say(f"next purchase: {when.rounds} trees were enough; value")
    return Bundle(churn, when, choose_value(until, features, params))


def choose_churn(until: Until, features: Sequence[str], params: ModelParams) -> ChurnModel:
    """The first model of `choose`."""
    return fit_churn(until.train, until.valid, features, params, until.timeline.churn)


def choose_next_purchase(
    until: Until, features: Sequence[str], params: ModelParams
) -> NextPurchaseModel:
    """The second model of `choose`."""
    horizon = until.timeline.horizon_days
    when = fit_next_purchase(until.train, until.valid, features, horizon, params)
    return replace(when, churn=until.timeline.churn)


def choose_value(until: Until, features: Sequence[str], params: ModelParams) -> ValueModel:
    """The third model of `choose`."""
    timeline = until.timeline
    told = timeline.value_horizon_days if timeline.extrapolated_from else None
    horizons = Horizons(timeline.horizon_days, timeline.learned_value_days, timeline.churn, told)
    return fit_value(until.train, until.valid, features, horizons, params)


def refit(chosen: Bundle, until: Until, day: int, params: ModelParams) -> Bundle:
    """The same settings on all that had closed by a day (days since 1970-01-01)."""
    return Bundle(
        churn=refit_churn_until(chosen.churn, until, day, params),
        next_purchase=refit_next_purchase(chosen.next_purchase, until.followed(day), params),
        value=refit_value(chosen.value, until.closed(day), params),
    )


def refit_churn_until(
    chosen: ChurnModel, until: Until, day: int, params: ModelParams
) -> ChurnModel:
    """The churn model of `refit`, at the level of the latest dates that had closed."""
    closed = until.closed(day)
    latest = closed["as_of_date"].isin(closed["as_of_date"].drop_duplicates().nlargest(LATEST))
    refitted = refit_churn(closed, chosen, chosen.calibration, params)
    return refitted.at_level_of(closed[latest])


def baselines_at(until: Until, day: int) -> Baselines:
    """The baselines on all that had closed by a day."""
    timeline = until.timeline
    return fit_baselines(until.closed(day), timeline.horizon_days, timeline.churn)
