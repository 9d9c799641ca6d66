"""The three models that make a score card, saved into one folder and read from it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import pandas as pd

from core.arrays import FloatArray
from features.params import LABEL
from models.churn.model import ChurnModel
from models.leaving import LAPSE
from models.next_purchase.hazard import NextPurchaseModel
from models.next_purchase.rhythm import MixedCurves, MixedValue, RhythmModels
from models.next_purchase.when import WhenModel
from models.value.model import ValueModel
from models.value.within_curve import within_curve
from models.win_back.coming_back import ComingBack


class AmountModel(Protocol):
    """Predicts expected orders and money, given a churn risk."""

    def predict(self, snapshot: pd.DataFrame, churn_risk: FloatArray) -> pd.DataFrame:
        """The columns of `ValueModel.predict`, on the snapshot's index."""

    def learned(self) -> "AmountModel":
        """The same model without extrapolation: only the days that outcomes can judge."""


@dataclass(frozen=True)
class Trees:
    """The LightGBM models of when and how much."""

    when: NextPurchaseModel
    value: ValueModel


@dataclass(frozen=True)
class Bundle:
    """The churn model, and the models of when and how much: trees, the purchase rhythm, or both.

    Of a ready table the churn model is all there is. `coming_back` says who buys again of those who
    have lapsed.
    """

    churn: ChurnModel
    trees: Trees | None = None
    rhythm: RhythmModels | None = None
    coming_back: ComingBack | None = None

    @property
    def win_back_models(self) -> tuple[ComingBack | None, ...]:
        """The model of who comes back, as `HeldOutBundle` has those of its folds."""
        return (self.coming_back,)

    @property
    def next_purchase(self) -> WhenModel:
        """The model of when: trees, the rhythm, or both mixed by the trees' weight."""
        if self.trees is None:
            return self._rhythm.when
        if self.rhythm is None:
            return self.trees.when
        when, weight = self.rhythm.when, self.rhythm.tree_weight
        return MixedCurves(self.trees.when, when, weight, self.churn.churn)

    @property
    def value(self) -> AmountModel:
        """The model of how much: trees, the rhythm, or both mixed by the trees' weight."""
        if self.trees is None:
            return self._rhythm.value
        if self.rhythm is None:
            return self.trees.value
        return MixedValue(self.trees.value, self.rhythm.value, self.rhythm.tree_weight)

    def tell(
        self, snapshot: pd.DataFrame, churn_risk: FloatArray
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """What cards say of how much and of when, given a churn risk (n,): one story.

        The columns of the two models, on the snapshot's index.
        """
        when = self.next_purchase.predict(snapshot, churn_risk)
        expected = self.value.predict(snapshot, churn_risk)
        if self.churn.churn == LAPSE:
            values = self._rhythm.value if self.trees is None else self.trees.value
            level = values.busier(snapshot)
            expected = within_curve(expected, when, churn_risk, values.horizons, level)
        return expected, when

    @property
    def knows_purchases(self) -> bool:
        """Whether it says when and how much: not of a ready table, which holds no purchases."""
        return self.trees is not None or self.rhythm is not None

    def on_threads(self, threads: int) -> "Bundle":
        """The same models, whose trees of when and how much predict with so many threads."""
        if self.trees is None:
            return self
        when, value = self.trees.when, self.trees.value
        trees = Trees(replace(when, threads=threads), replace(value, threads=threads))
        return replace(self, trees=trees)

    @property
    def _rhythm(self) -> RhythmModels:
        if self.rhythm is None:
            raise ValueError("models of a ready table say nothing of purchases")
        return self.rhythm

    def save(self, folder: Path) -> None:
        """Write all models into one folder."""
        self.churn.save(folder)
        if self.trees is not None:
            self.trees.when.save(folder)
            self.trees.value.save(folder)
        if self.rhythm is not None:
            self.rhythm.save(folder)
        if self.coming_back is not None:
            self.coming_back.save(folder)

    @classmethod
    def load(cls, folder: Path) -> "Bundle":
        """Read all models; check the folder's manifest first."""
        churn, rhythm = ChurnModel.load(folder), RhythmModels.load(folder)
        if churn.churn == LABEL:
            return cls(churn)
        coming_back = ComingBack.load(folder)
        if rhythm is not None and rhythm.tree_weight == 0:
            return cls(churn, None, rhythm, coming_back)
        trees = Trees(NextPurchaseModel.load(folder), ValueModel.load(folder))
        return cls(churn, trees, rhythm, coming_back)
