"""Trees for one expected amount, orders or money, corrected to the level of later dates."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import lightgbm as lgb
import numpy as np
import pandas as pd

from core.arrays import FloatArray
from core.digits import CONVEX, TOLD, to_digits
from core.errors import DataGateError
from models.lone import is_lone
from models.params import ModelParams
from models.trees.boosting import Recipe, Rows, side_by_side, train_booster
from models.trees.inputs import Inputs

# Trees with a log link drift as the shop grows, and Tweedie's totals do not add up by themselves. A
# correction beyond these limits comes from a season or too few rows, and is cut.
LEVEL_LIMITS = (0.8, 1.25)
# Levels are shrunk to 1 as by this many rows.
PRIOR_ROWS = 50.0
NOT_ZERO = 1e-6  # LightGBM refuses a target that adds up to nothing
# Trees multiply the start: from one in a thousand they can still predict a customer who comes back.
LEAST_START = 1e-3

Start = Callable[[pd.DataFrame], FloatArray]  # rough expected amounts (n,)
# The factor (n,) by which amounts differ from those at the usual level of business.
Level = Callable[[pd.DataFrame], FloatArray]


@dataclass(frozen=True)
class Target:
    """What a part learns: its column less `least`, the smallest value in the rows it learns from.

    It learns from customers who stayed, or from `everyone`.
    """

    column: str
    known: str
    objective: str
    pace: str  # the features that count the same thing: `amount` for amount_90d
    least: float = 0.0
    everyone: bool = False
    extra: Mapping[str, float | str] = field(default_factory=dict)

    @property
    def power(self) -> float:
        """Of the mean, to which the variance is proportional: 1 for Poisson."""
        return float(self.extra.get("tweedie_variance_power", 1.0))

    def of(self, rows: pd.DataFrame) -> FloatArray:
        """The target of each row (n,), net."""
        net: FloatArray = rows[self.column].to_numpy(np.float64) - self.least
        return net

    def learned_from(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows whose target is known, of customers who stayed or of everyone."""
        known = rows[self.known] & rows[self.column].notna()
        return rows[known if self.everyone else known & (rows["churned"] == 0)]


class Reach(NamedTuple):
    """How far the trees have learned: the largest value of the input at this position."""

    position: int
    most: float


@dataclass(frozen=True)
class Part:
    """Trees, and the level by which their prediction is multiplied.

    Trees that were learned from a start multiply it; their `predict` needs the same start. A
    `reach` is set where a lone customer was left out of training: beyond it amounts grow in
    proportion to the input, since trees do not extrapolate.
    """

    booster: lgb.Booster
    level: float
    reach: Reach | None = None

    @property
    def rounds(self) -> int:
        """Number of trees."""
        return int(self.booster.current_iteration())

    def predict(
        self, inputs: FloatArray, threads: int, start: FloatArray | None = None
    ) -> FloatArray:
        """Expected amount (n,) above the target's `least`; `start` as in training."""
        scores = None if start is None else _log(start)
        amount = to_digits(self.level * _expected(self.booster, inputs, scores, threads), TOLD)
        if self.reach is None:
            return amount
        beyond: FloatArray = np.fmax(inputs[:, self.reach.position] / self.reach.most, 1.0)
        return amount * beyond


def learn(
    target: Target,
    train: pd.DataFrame,
    stop: pd.DataFrame | Part,
    inputs: Inputs,
    params: ModelParams,
    start: Start | None = None,
    ahead: Level | None = None,
) -> Part:
    """Trees for one target; rounds and level from validation rows, or from an earlier part.

    The target must have a log link. With `ahead` they learn amounts at the usual level of business.
    With `start` the trees learn the factor by which it is off, and
    the level is 1. Raises DataGateError when there is no row to learn from.
    """
    recipe = Recipe(target.objective, params.value, params.seed, params.threads, target.extra)
    train, reach = _within_reach(target, train, inputs)
    learned = _rows(target, train, inputs, start, ahead)
    features, text = inputs.features, inputs.text
    if isinstance(stop, Part):
        # A start is refitted together with the trees, and already has the level of the latest rows.
        level = stop.level if start is None else 1.0
        return Part(train_booster(recipe, features, learned, stop.rounds, text), level, reach)
    stop = without_lone(target, stop) if reach else stop
    kept = _rows(target, stop, inputs, start, ahead)
    booster = train_booster(recipe, features, learned, kept, text)
    if start is not None:
        return Part(booster, 1.0, reach)
    return at_level_of(Part(booster, 1.0, reach), target, stop, inputs, ahead)


def at_level_of(
    part: Part, target: Target, rows: pd.DataFrame, inputs: Inputs, ahead: Level | None
) -> Part:
    """The part, its level set to what rows brought (n,): as they are where none can be used."""
    rows = without_lone(target, rows) if part.reach else rows
    known = target.learned_from(rows)
    if known.empty:
        return part
    predicted = _expected(part.booster, inputs.matrix(known), None, threads=1)
    if ahead is not None:
        predicted = predicted * ahead(known)
    prior = PRIOR_ROWS * predicted.mean()
    level = (target.of(known).sum() + prior) / (predicted.sum() + prior)
    return replace(part, level=to_digits(float(np.clip(level, *LEVEL_LIMITS)), CONVEX))


def without_lone(target: Target, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without a customer who alone brings much of what is learned.

    Leaves hold more rows than one customer has: the others in the same leaf would seem worth as
    much.
    """
    known = target.learned_from(rows)
    held = pd.Series(target.of(known)).groupby(known["customer_id"].to_numpy()).sum()
    alone = held.index[is_lone(held)]
    return rows[~rows["customer_id"].isin(alone)] if len(alone) else rows


def learn_parts(
    targets: Mapping[str, Target],
    train: pd.DataFrame,
    stops: Mapping[str, pd.DataFrame | Part],
    inputs: Inputs,
    params: ModelParams,
    starts: Mapping[str, Start | None],
    aheads: Mapping[str, Level],
) -> dict[str, Part]:
    """`learn` for each name of `stops`, in parallel."""

    def part(name: str, threads: int) -> Part:
        own = params.model_copy(update={"threads": threads})
        start, ahead = starts.get(name), aheads.get(name)
        return learn(targets[name], train, stops[name], inputs, own, start, ahead)

    return dict(zip(stops, side_by_side(part, tuple(stops), params.threads), strict=True))


def _within_reach(
    target: Target, rows: pd.DataFrame, inputs: Inputs
) -> tuple[pd.DataFrame, Reach | None]:
    """The rows without a lone customer, and their reach; all rows where no feature measures it."""
    windows = {
        int(match[1]): position
        for position, name in enumerate(inputs.features)
        if (match := re.fullmatch(rf"{target.pace}_(\d+)d", name))
    }
    usual = without_lone(target, rows)
    if not windows or len(usual) == len(rows):
        return rows, None
    position = windows[max(windows)]
    most = float(usual[inputs.features[position]].max())
    return (usual, Reach(position, most)) if most > 0 else (rows, None)


def _expected(
    booster: lgb.Booster, inputs: FloatArray, scores: FloatArray | None, threads: int
) -> FloatArray:
    if scores is None:
        amount: FloatArray = booster.predict(inputs, num_threads=threads)
        return amount
    # A booster does not keep the scores it started from.
    raw = booster.predict(inputs, raw_score=True, num_threads=threads)
    found: FloatArray = np.exp(raw + scores)
    return found


def _log(start: FloatArray) -> FloatArray:
    return to_digits(np.log(np.maximum(start, LEAST_START)), CONVEX)


def _rows(
    target: Target,
    rows: pd.DataFrame,
    inputs: Inputs,
    start: Start | None,
    ahead: Level | None,
) -> Rows:
    wanted = target.learned_from(rows)
    if not len(wanted):
        last = rows["as_of_date"].max()
        who = "" if target.everyone else "of a customer who stayed and "
        raise DataGateError(
            f"Value: of {len(rows):,} rows up to {last:%Y-%m-%d} none is {who}"
            f"whose `{target.column}` is known. Shorten task.horizon_days or "
            "task.value_horizon_days, or take a longer history."
        )
    scores = None if start is None else _log(start(wanted))
    amounts = np.maximum(target.of(wanted), NOT_ZERO)
    if start is not None or ahead is None:  # a start is at the level of its days already
        return Rows(inputs.matrix(wanted), amounts, init_score=scores)
    # For a log link y / f with weight f ** (2 - p) has the likelihood of y with the offset log f.
    level = ahead(wanted)
    weight = to_digits(level ** (2.0 - target.power), CONVEX)
    return Rows(inputs.matrix(wanted), amounts / level, weight=weight)
