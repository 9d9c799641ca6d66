"""When each customer buys next: a discrete-time hazard model that allows for censoring.

Source: Singer & Willett (1993), "It's About Time", Journal of Educational Statistics 18(2); the
hazard comes from LightGBM. Time after the as-of date is cut at the days of a grid; a purchase on
whole day d (0 = the as-of day itself) falls in the interval [start, end) that holds d. S(t) = P(no
purchase on days 0 … t-1), so S(horizon) is the probability of churn.

An interval learns from a row only if the customer was still waiting at its start and was followed
to its end. Follow-up ends on a calendar date whatever the customer does, so leaving out the other
rows does not bias the hazard. Counting an unfinished interval as "no purchase" would bias it, and
so would keeping an unfinished interval only when a purchase had been seen in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit

from core.arrays import FloatArray
from core.digits import CONVEX, to_digits
from core.errors import DataGateError
from core.files import read_json, write_json
from features.params import Churn
from models.calendar.model import Calendar
from models.leaving import LAPSE, saved
from models.next_purchase.when import WhenModel, furthest_day, marked_days
from models.params import ModelParams
from models.trees.boosting import Recipe, Rows, load_booster, save_booster, train_booster
from models.trees.inputs import Inputs, learn_inputs

# An interval is kept while at least this share of the training rows, and this many, were followed
# to its end: later hazards would rest on the few earliest as-of dates.
ENOUGH_SHARE, ENOUGH_ROWS = 0.05, 50
PARTS = 12  # of the purchases: days of the grid between which about as many fall
MAX_PERSON_PERIODS = 600_000
FILLED_ROWS = 20_000
CHUNK_ROWS = 2_000  # 30 MB of inputs at a hundred features and sixteen intervals
# Inputs besides the features: how long the customer has been waiting at the start of an interval.
INTERVAL_INPUTS = ("interval_start", "silence_at_start")

Indices = npt.NDArray[np.intp]
Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Layout:
    """What the hazard is computed from: inputs, days of the grid, base rate of each interval.

    `pooled` is the log odds of a purchase in each interval over all training rows; the trees learn
    how a customer differs from it. With a `calendar` hazards are proportional to its level on the
    days of an interval.
    """

    inputs: Inputs
    horizon_days: int
    grid: tuple[int, ...]
    pooled: tuple[float, ...]
    calendar: Calendar | None = None

    def base(self, snapshot: pd.DataFrame) -> FloatArray:
        """Log odds of a purchase in each interval, before the trees: (n, intervals)."""
        odds = np.tile(np.array(self.pooled), (len(snapshot), 1))
        if self.calendar is None or snapshot.empty:
            return odds
        return odds + to_digits(np.log(self.calendar.by_interval(snapshot, self.grid)), CONVEX)


@dataclass(frozen=True)
class NextPurchaseModel(WhenModel):
    """Survival curves from trees that predict the hazard of each interval of the grid."""

    booster: lgb.Booster
    layout: Layout
    threads: int
    churn: Churn = LAPSE

    @property
    def grid(self) -> tuple[int, ...]:
        """Days of the curve, from 0; the horizon is one of them."""
        return self.layout.grid

    @property
    def horizon_days(self) -> int:
        """The horizon of churn."""
        return self.layout.horizon_days

    @property
    def rounds(self) -> int:
        """Number of trees."""
        return int(self.booster.current_iteration())

    def survival(self, snapshot: pd.DataFrame) -> FloatArray:
        """P(no purchase before each grid day), (n, len(grid)), from 1 at day 0 and falling."""
        curves = np.ones((len(snapshot), len(self.grid)))
        base, starts = self.layout.base(snapshot), np.array(self.grid[:-1], np.float64)
        matrix = self.layout.inputs.matrix(snapshot)
        silence = snapshot["days_since_last_purchase"].to_numpy(np.float64)
        # One buffer for every chunk: allocating and clearing new memory costs more than the trees.
        width = matrix.shape[1]
        room = np.empty((min(CHUNK_ROWS, len(matrix)), len(starts), width + len(INTERVAL_INPUTS)))
        for first in range(0, len(matrix), CHUNK_ROWS):
            chunk = slice(first, first + CHUNK_ROWS)
            inputs = room[: len(matrix[chunk])]
            inputs[:, :, :width] = matrix[chunk, None, :]
            inputs[:, :, width] = starts
            inputs[:, :, width + 1] = silence[chunk, None] + starts
            flat = inputs.reshape(-1, inputs.shape[2])
            score = self.booster.predict(flat, raw_score=True, num_threads=self.threads)
            hazard = expit(score.reshape(len(inputs), -1) + base[chunk])
            curves[chunk, 1:] = np.cumprod(1.0 - hazard, axis=1)
        return curves

    def save(self, folder: Path) -> None:
        """Write `next_purchase.txt` (LightGBM) and `next_purchase.json`."""
        save_booster(self.booster, folder / "next_purchase.txt")
        content = {
            **self.layout.inputs.to_dict(),
            "horizon_days": self.layout.horizon_days,
            "grid": self.layout.grid,
            "pooled": self.layout.pooled,
            "threads": self.threads,
            **saved(self.churn),
        }
        write_json(folder / "next_purchase.json", content)
        if self.layout.calendar is not None:
            self.layout.calendar.save(folder)

    @classmethod
    def load(cls, folder: Path) -> "NextPurchaseModel":
        """Read what `save` wrote; ArtifactError when a file is missing."""
        content: dict[str, Any] = read_json(folder / "next_purchase.json")
        layout = Layout(
            inputs=Inputs.from_dict(content),
            horizon_days=content["horizon_days"],
            grid=tuple(content["grid"]),
            pooled=tuple(content["pooled"]),
            calendar=Calendar.load(folder),
        )
        booster = load_booster(folder / "next_purchase.txt")
        return cls(booster, layout, content["threads"], content.get("churn", LAPSE))


def fit_next_purchase(
    train: pd.DataFrame,
    valid: pd.DataFrame,
    features: Sequence[str],
    horizon_days: int,
    params: ModelParams,
    calendar: Calendar | None = None,
) -> NextPurchaseModel:
    """Fit the hazard on `train` until its log loss on `valid` no longer falls.

    Both need `days_to_next_purchase` (NaN = none seen) and `followup_days`, cut at their split
    dates. Raises DataGateError when too few rows were followed for `horizon_days`.
    """
    layout = _layout(train, learn_inputs(train, features), horizon_days, calendar)
    return _fit(train, _person_periods(valid, layout, params.seed), layout, params)


def refit_next_purchase(
    model: NextPurchaseModel,
    rows: pd.DataFrame,
    params: ModelParams,
    calendar: Calendar | None = None,
) -> NextPurchaseModel:
    """The same model fitted on other rows with as many trees, for serving.

    The grid and the values of text features are learned again, as more rows may have been followed
    for longer.
    """
    inputs = learn_inputs(rows, model.layout.inputs.features)
    layout = _layout(rows, inputs, model.layout.horizon_days, calendar)
    return replace(_fit(rows, model.rounds, layout, params), churn=model.churn)


def grid_for(rows: pd.DataFrame, horizon_days: int) -> tuple[int, ...]:
    """Days of the grid: `marked_days`, and those that follow the rhythm of the rows' purchases.

    They end where fewer than enough rows were followed. Raises DataGateError when that is before
    the horizon.
    """
    followed = rows["followup_days"].to_numpy(np.float64)
    enough = max(ENOUGH_ROWS, ENOUGH_SHARE * len(followed))
    days = marked_days(horizon_days) | set(_days_of_rhythm(rows, furthest_day(horizon_days)))
    grid = tuple(day for day in sorted(days) if (followed >= day).sum() >= enough)
    if horizon_days not in grid:
        reached = int((followed >= horizon_days).sum())
        raise DataGateError(
            f"Next purchase: {reached:,} of {len(followed):,} training rows were followed for "
            f"the {horizon_days} days of the horizon, {enough:,.0f} are needed. Shorten "
            "task.horizon_days or take a longer history."
        )
    return grid


def _days_of_rhythm(rows: pd.DataFrame, until: int) -> list[int]:
    """Days that part the next purchases within `until` days into PARTS of about equal size.

    Shares of the purchases are those of a Kaplan-Meier curve of all rows, as follow-up ends early
    for some.
    """
    day, followed = (
        rows[name].to_numpy(np.float64) for name in ("days_to_next_purchase", "followup_days")
    )
    seen = day < np.minimum(followed, until)
    bought = np.bincount(day[seen].astype(np.intp), minlength=until)
    lost = np.bincount(np.minimum(followed[~seen], until).astype(np.intp), minlength=until + 1)
    at_risk = len(rows) - (np.cumsum(bought) - bought) - np.cumsum(lost)[:until]
    share = 1.0 - np.cumprod(1.0 - bought / np.maximum(at_risk, 1))
    parts = np.searchsorted(share, share[-1] * np.arange(1, PARTS) / PARTS)
    return [int(day) + 1 for day in parts]


def _fit(
    train: pd.DataFrame, stop: Rows | int, layout: Layout, params: ModelParams
) -> NextPurchaseModel:
    recipe = Recipe("binary", params.next_purchase, params.seed, params.threads)
    inputs = layout.inputs
    names = (*inputs.features, *INTERVAL_INPUTS)
    learned = _person_periods(train, layout, params.seed)
    booster = train_booster(recipe, names, learned, stop, inputs.text)
    return NextPurchaseModel(booster, layout, params.threads)


def _layout(
    rows: pd.DataFrame, inputs: Inputs, horizon_days: int, calendar: Calendar | None
) -> Layout:
    grid = grid_for(rows, horizon_days)
    at_risk, bought = _at_risk(rows, grid)
    events, waiting = (at_risk & bought).sum(axis=0), at_risk.sum(axis=0)
    pooled = to_digits(logit((events + 0.5) / (waiting + 1.0)), CONVEX)
    return Layout(inputs, horizon_days, grid, tuple(pooled.tolist()), calendar)


def _at_risk(rows: pd.DataFrame, grid: Sequence[int]) -> tuple[Booleans, Booleans]:
    """Which rows were at risk in an interval, and which had bought by its end; (n, intervals)."""
    starts, ends = np.array(grid[:-1]), np.array(grid[1:])
    followup = rows["followup_days"].to_numpy(np.float64)[:, None]
    day = rows["days_to_next_purchase"].to_numpy(np.float64)[:, None]
    day = np.where(np.isnan(day), np.inf, day)
    return (day >= starts) & (followup >= ends), day < ends


def _person_periods(rows: pd.DataFrame, layout: Layout, seed: int) -> Rows:
    """One training row for each snapshot row and interval in which it was at risk.

    Above MAX_PERSON_PERIODS snapshot rows are sampled at random, each with all its intervals.
    """
    at_risk, bought = _at_risk(rows, layout.grid)
    if (total := int(at_risk.sum())) > MAX_PERSON_PERIODS:
        share = MAX_PERSON_PERIODS / total
        kept = np.flatnonzero(np.random.default_rng(seed).random(len(rows)) < share)
        rows, at_risk, bought = rows.iloc[kept], at_risk[kept], bought[kept]
    row, interval = np.nonzero(at_risk)
    return Rows(
        inputs=_inputs(rows, layout, row, interval),
        target=bought[row, interval].astype(np.float64),
        init_score=layout.base(rows)[row, interval],
    )


def _inputs(snapshot: pd.DataFrame, layout: Layout, row: Indices, interval: Indices) -> FloatArray:
    """Features of each row, and INTERVAL_INPUTS at the start of its interval."""
    start = np.array(layout.grid, np.float64)[interval]
    silence = snapshot["days_since_last_purchase"].to_numpy(np.float64)[row] + start
    matrix = layout.inputs.matrix(snapshot)
    width = matrix.shape[1]
    inputs = np.empty((len(row), width + len(INTERVAL_INPUTS)))
    # in chunks, so that there is no second copy of everything
    for first in range(0, len(row), FILLED_ROWS):
        chunk = slice(first, first + FILLED_ROWS)
        inputs[chunk, :width] = matrix[row[chunk]]
    inputs[:, width], inputs[:, width + 1] = start, silence
    return inputs
