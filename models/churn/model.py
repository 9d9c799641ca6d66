"""Churn: LightGBM over snapshots of many as-of dates, then a calibrated probability.

The score is the mean log odds of several boosters. Each has its own seed and its own sample of
rows, and some choose their splits at random. One booster alone is overconfident; and the Shapley
values of the mean are the mean of the boosters' Shapley values. The number of trees is chosen by
early stopping on the validation dates. The calibration map is fitted on the same out-of-time dates;
cross-fitting over customers decides whether it is used. What it misses by customers' spending is
corrected where two windows of outcomes agree on it (models/churn/calibrating.py).

Beside the boosters stands a regression on the logarithms of the same features: trees cut a slope
into steps, a regression draws it straight, and where they err apart the mean of both errs less. It
has a fixed part of the log odds (`model.churn.linear_weight`), chosen on earlier data
(docs/decisions/0061-a-regression-beside-the-trees.md).

With few customers, trees learn mostly noise. At the data gates (`model.gates`) trees have no weight
and the parametric model (models/churn/parametric.py) scores alone. With FULL times as much data
(models/churn/enough.py) trees score alone. In between the log odds are mixed in proportion, so that
one more customer never switches to another model.

A model of the company's own (models/churn/own.py) takes the place of the trees, with the same
calibration and the same weight beside the parametric model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from scipy.special import expit, logit

from core.arrays import FloatArray
from core.digits import CONVEX, TOLD, to_digits
from core.files import read_json, write_json
from features.params import Churn
from models.calendar.model import Calendar, level_ahead
from models.churn.calibrating import ByValue
from models.churn.own import OwnModel
from models.churn.parametric import ParametricChurn
from models.leaving import LAPSE, saved
from models.probability.calibration import IDENTITY, BetaMap
from models.probability.curves import hazards_times, levels_times
from models.simple.columns import ColumnRegression
from models.trees.boosting import load_booster, save_booster
from models.trees.inputs import Inputs

Ahead = tuple[Calendar, int]  # a calendar, and the days ahead that are asked of it
# For a ready table a regression on its columns stands in the place of purchase rhythms.
Parametric = ParametricChurn | ColumnRegression
BOOSTER, META = "booster_{}.txt", "churn.json"
OWN, BY_VALUE, LINEAR, MAPPED_AT = "own", "by_value", "linear", "mapped_at"


@dataclass(frozen=True)
class ChurnModel:
    """A fitted churn model: boosters, calibration map, and what it reads of a snapshot.

    `tree_weight` is the weight of the boosters in the log odds; the rest is the parametric model's.
    Of the boosters' part `linear` has `linear_weight`, less where they have less. `own` is a model
    of the company's own, in place of the boosters and `linear`. `by_value` corrects calibrated
    probabilities by what a customer spent. With a `calendar` the risk is that of the days of the
    horizon: S(H) at the usual level becomes S(H)^level, as hazards are multiplied by the level.

    `mapped_at` is the mean level of the rows on which the calibration map was fitted. Scores are
    brought to it, mapped, and then brought to the level ahead: what a map learned of a quiet time
    says nothing of the busiest weeks of the year, where all its log odds lie elsewhere. None: the
    level ahead.
    """

    boosters: tuple[lgb.Booster, ...]
    calibration: BetaMap
    inputs: Inputs
    rounds: int
    churn: Churn = LAPSE
    parametric: Parametric | None = None
    tree_weight: float = 1.0
    own: OwnModel | None = None
    by_value: ByValue | None = None
    calendar: Calendar | None = None
    horizon_days: int = 0
    linear: ColumnRegression | None = None
    linear_weight: float = 0.0
    mapped_at: float | None = None

    @property
    def is_parametric(self) -> bool:
        """Whether the parametric model scores alone."""
        return not self.boosters and self.own is None

    @property
    def gives_reasons(self) -> bool:
        """Whether `contributions` says what moved the risk: one of the company's own may not."""
        return self.own is None or self.own.gives_reasons

    @property
    def features(self) -> tuple[str, ...]:
        """The features that the boosters read, in order."""
        return self.inputs.features

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns of a snapshot that are read: by trees, the parametric model, `by_value`."""
        more = () if self.parametric is None else self.parametric.reads
        spent = () if self.by_value is None else (self.by_value.column,)
        return tuple(dict.fromkeys((*self.features, *more, *spent)))

    def raw(self, snapshot: pd.DataFrame) -> FloatArray:
        """The probability (n,) before calibration."""
        scores: FloatArray = expit(self._as_ahead(snapshot, self._usual(snapshot)))
        return scores

    def _as_ahead(self, snapshot: pd.DataFrame, log_odds: FloatArray) -> FloatArray:
        """Log odds (n,) at the level of business of the days ahead."""
        if self.calendar is None or not len(log_odds):
            return log_odds
        return hazards_times(log_odds, self.level(snapshot))

    def level(self, snapshot: pd.DataFrame) -> FloatArray:
        """The level of business (n,) over the days of the horizon; 1 without a calendar."""
        return level_ahead(self.calendar, snapshot, self.horizon_days)

    def _usual(self, snapshot: pd.DataFrame) -> FloatArray:
        """Log odds (n,) at the usual level of business."""
        log_odds = np.zeros(len(snapshot))
        if self.boosters:
            matrix = self.inputs.matrix(snapshot)
            log_odds = _mean([booster.predict(matrix, raw_score=True) for booster in self.boosters])
            if self.linear is not None:
                log_odds = self._with_linear(log_odds, self.linear.log_odds_of(matrix))
        elif self.own is not None:
            log_odds = self.own.log_odds(self.inputs.frame(snapshot), snapshot)
        if self.parametric is not None:
            other = self.parametric.log_odds(snapshot)
            log_odds = self.tree_weight * log_odds + (1.0 - self.tree_weight) * other
        return log_odds

    def _with_linear(self, trees: FloatArray, linear: FloatArray) -> FloatArray:
        # Where trees have little weight the parametric model is there, which is smooth already.
        part = self.linear_weight * self.tree_weight
        mixed: FloatArray = (1.0 - part) * trees + part * linear
        return mixed

    def predict(self, snapshot: pd.DataFrame) -> FloatArray:
        """Churn risk (n,): the calibrated probability of leaving within the horizon."""
        mapped = self.calibration(self._to_be_mapped(snapshot))
        return to_digits(self._calibrated(mapped, snapshot), TOLD)

    def _to_be_mapped(self, snapshot: pd.DataFrame) -> FloatArray:
        """Scores (n,) at the level at which the map was fitted."""
        if self.mapped_at is None or self.calendar is None or snapshot.empty:
            return self.raw(snapshot)
        factor = np.full(len(snapshot), self.mapped_at)
        scores: FloatArray = expit(hazards_times(self._usual(snapshot), factor))
        return scores

    def _calibrated(self, mapped: FloatArray, snapshot: pd.DataFrame) -> FloatArray:
        """What is told of mapped probabilities (n,): at the level ahead, and by value."""
        if self.mapped_at is not None and self.calendar is not None and len(mapped):
            mapped = expit(levels_times(logit(mapped), self.level(snapshot) / self.mapped_at))
        return mapped if self.by_value is None else self.by_value(mapped, snapshot)

    def at_level_of(self, recent: pd.DataFrame, own_rows: float = 0.0) -> "ChurnModel":
        """The same model, its calibration map shifted to the share of leavers in recent rows.

        The model has learned from these rows. A calibration map keeps the base rate of the dates it
        was fitted on, where the model behind it was weeks older; a refitted model has less to
        correct. See docs/decisions/0002. The share in a few rows is noisy: the model's own base
        rate counts as that of `own_rows` additional rows.
        """
        outcomes = recent["churned"].to_numpy(np.float64)
        model = self if self.mapped_at is not None else self.mapped_on(recent)
        scores = model._to_be_mapped(recent)
        level = partial(model._calibrated, snapshot=recent)
        calibration = model.calibration.at_level_of(scores, outcomes, own_rows, level)
        return replace(model, calibration=calibration)

    def uncalibrated(self) -> "ChurnModel":
        """The same model without what was learned of its probabilities."""
        return replace(self, calibration=IDENTITY, by_value=None, mapped_at=None)

    def mapped_on(self, *rows: pd.DataFrame) -> "ChurnModel":
        """The same model; its calibration map was fitted on these rows."""
        if self.calendar is None:
            return self
        level = np.concatenate([self.level(part) for part in rows])
        return replace(self, mapped_at=to_digits(float(level.mean()), CONVEX))

    def with_calendar(self, ahead: Ahead | None) -> "ChurnModel":
        """The same model at the level of the days ahead; at the usual level without a calendar."""
        calendar, horizon_days = (None, 0) if ahead is None else ahead
        return replace(self, calendar=calendar, horizon_days=horizon_days)

    def contributions(self, snapshot: pd.DataFrame) -> FloatArray:
        """Shapley values (n, features + 1) in log odds before calibration; base value last.

        Those of a model of the company's own are what it says; zeros where it says nothing. What
        the calendar moves is in the base value: it is the same days for everybody.
        """
        found = self._usual_contributions(snapshot)
        if self.gives_reasons:
            usual = found.sum(axis=1)
            found[:, -1] += self._as_ahead(snapshot, usual) - usual
        return found

    def _usual_contributions(self, snapshot: pd.DataFrame) -> FloatArray:
        """As `contributions`, at the usual level of business."""
        found = np.zeros((len(snapshot), len(self.features) + 1))
        if self.boosters:
            matrix = self.inputs.matrix(snapshot)
            found = _mean([booster.predict(matrix, pred_contrib=True) for booster in self.boosters])
            if self.linear is not None:
                found = self._with_linear(found, self.linear.contributions_of(matrix))
        elif self.own is not None and len(snapshot):
            said = self.own.contributions(self.inputs.frame(snapshot))
            found = found if said is None else said
        if self.parametric is None:
            return found
        other = np.zeros_like(found)
        place = {name: i for i, name in enumerate(self.features)}
        for name, values in self.parametric.contributions(snapshot).items():
            # Inputs that are not among `features` count towards the base value.
            other[:, place.get(str(name), -1)] += values.to_numpy(np.float64)
        return self.tree_weight * found + (1.0 - self.tree_weight) * other

    def importance(self) -> pd.DataFrame:
        """Share of the total gain by feature, largest first.

        For the regressions, the parametric model and one of the company's own it is the share of
        the mean absolute contributions; 0 where the latter gives none.
        """
        share = np.zeros(len(self.features))
        if self.boosters:
            gain = _mean([booster.feature_importance("gain") for booster in self.boosters])
            share = gain / max(gain.sum(), 1e-12)
            if self.linear is not None:
                share = self._with_linear(share, self._shares(self.linear))
        elif self.own is not None:
            share = self._shares(self.own)
        if self.parametric is not None:
            moved = self._shares(self.parametric)
            share = self.tree_weight * share + (1.0 - self.tree_weight) * moved
        table = pd.DataFrame({"feature": self.features, "gain_share": share})
        return table.sort_values(
            ["gain_share", "feature"], ascending=[False, True], ignore_index=True
        )

    def _shares(self, part: ColumnRegression | ParametricChurn | OwnModel) -> FloatArray:
        return np.array([part.importance.get(name, 0.0) for name in self.features])

    def save(self, folder: Path) -> None:
        """Write the boosters as text, the company's own model as it saves itself, the rest as JSON.

        Raises ExtensionError where the latter writes nothing, or a pickle.
        """
        for number, booster in enumerate(self.boosters):
            save_booster(booster, folder / BOOSTER.format(number))
        content = {
            **self.inputs.to_dict(),
            "calibration": self.calibration.to_dict(),
            "members": len(self.boosters),
            "rounds": self.rounds,
            **saved(self.churn),
        }
        if self.parametric is not None:
            content |= {"parametric": self.parametric.to_dict(), "tree_weight": self.tree_weight}
        if self.linear is not None:
            content |= {LINEAR: self.linear.to_dict(), "linear_weight": self.linear_weight}
        if self.own is not None:
            content |= {OWN: self.own.save(folder)}
        if self.by_value is not None:
            content |= {BY_VALUE: self.by_value.to_dict()}
        if self.calendar is not None:
            content |= {"horizon_days": self.horizon_days, MAPPED_AT: self.mapped_at}
            self.calendar.save(folder)
        write_json(folder / META, content)

    @classmethod
    def load(cls, folder: Path) -> "ChurnModel":
        """Read what `save` wrote; ArtifactError when something is missing.

        Raises ExtensionError for a model of code of the company's own that is not installed.
        """
        content = read_json(folder / META)
        return cls(
            boosters=tuple(
                load_booster(folder / BOOSTER.format(number))
                for number in range(content["members"])
            ),
            calibration=BetaMap(**content["calibration"]),
            inputs=Inputs.from_dict(content),
            rounds=content["rounds"],
            churn=content.get("churn", LAPSE),
            parametric=_read_parametric(content),
            tree_weight=content.get("tree_weight", 1.0),
            own=OwnModel.load(folder, content[OWN]) if OWN in content else None,
            by_value=ByValue.from_dict(content[BY_VALUE]) if BY_VALUE in content else None,
            calendar=Calendar.load(folder) if "horizon_days" in content else None,
            horizon_days=content.get("horizon_days", 0),
            linear=ColumnRegression.from_dict(content[LINEAR]) if LINEAR in content else None,
            linear_weight=content.get("linear_weight", 0.0),
            mapped_at=content.get(MAPPED_AT),
        )


def _read_parametric(content: dict[str, Any]) -> Parametric | None:
    saved_as = content.get("parametric")
    if saved_as is None:
        return None
    if "columns" in saved_as:
        return ColumnRegression.from_dict(saved_as)
    return ParametricChurn.from_dict(saved_as)


def _mean(values: Sequence[FloatArray]) -> FloatArray:
    mean: FloatArray = np.mean(values, axis=0)
    return mean
