"""Models of held-out folds: each customer is predicted by the model that has not seen them.

The classes answer `judge` like a single model: every row goes to the model of its customer's fold,
which was fitted without that fold.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from models.bundle import AmountModel, Bundle
from models.next_purchase.when import WhenModel
from models.probability.calibration import fold_of
from models.probability.curves import at_days
from models.simple.btyd_orders import BtydOrders
from models.simple.columns import TableBaselines
from models.simple.kaplan_meier import SegmentCurves
from models.simple.rules import Baselines
from models.win_back.coming_back import ComingBack


def _numbers(
    rows: pd.DataFrame, models: int, ask: Callable[[int, pd.DataFrame], FloatArray | None]
) -> FloatArray | None:
    """Predictions (n, ...) of each row by the model of its fold; None where a model has none."""
    fold, found = fold_of(rows["customer_id"], models), {}
    for number in np.unique(fold):
        answer = ask(int(number), rows[fold == number])
        if answer is None:
            return None
        found[number] = answer
    if not found:
        return np.empty(0)
    first = next(iter(found.values()))
    whole = np.empty((len(rows), *first.shape[1:]))
    for number, answer in found.items():
        whole[fold == number] = answer
    return whole


def _table(
    rows: pd.DataFrame, models: int, ask: Callable[[int, pd.DataFrame], pd.DataFrame]
) -> pd.DataFrame:
    """Predictions of each row by the model of its fold, as a table on the index of the rows."""
    fold = fold_of(rows["customer_id"], models)
    parts = [ask(int(number), rows[fold == number]) for number in np.unique(fold)]
    columns = [name for name in parts[0].columns if all(name in part for part in parts)]
    whole: pd.DataFrame = pd.concat(parts).loc[rows.index, columns]
    return whole


@dataclass(frozen=True)
class HeldOutChurn:
    """The churn models of all folds, used like one model."""

    bundles: Sequence[Bundle]

    @property
    def features(self) -> tuple[str, ...]:
        """The features that are read, in order."""
        return self.bundles[0].churn.features

    @property
    def gives_reasons(self) -> bool:
        """Whether the models say what moved the risk."""
        return self.bundles[0].churn.gives_reasons

    def predict(self, snapshot: pd.DataFrame) -> FloatArray:
        """Churn risk (n,)."""
        found = _numbers(
            snapshot, len(self.bundles), lambda n, rows: self.bundles[n].churn.predict(rows)
        )
        return np.empty(0) if found is None else found

    def contributions(self, snapshot: pd.DataFrame) -> FloatArray:
        """Shapley values (n, features + 1) in log odds before calibration; base value last."""
        found = _numbers(
            snapshot, len(self.bundles), lambda n, rows: self.bundles[n].churn.contributions(rows)
        )
        return np.empty((0, len(self.features) + 1)) if found is None else found

    def importance(self) -> pd.DataFrame:
        """Mean share of the gain by feature, largest first."""
        tables = [bundle.churn.importance().set_index("feature") for bundle in self.bundles]
        mean = pd.concat(tables).groupby(level=0).mean()
        return mean.reset_index().sort_values(
            ["gain_share", "feature"], ascending=[False, True], ignore_index=True
        )


@dataclass(frozen=True)
class HeldOutCurves(WhenModel):
    """The models of the next purchase of all folds, on days to which all of them reach."""

    bundles: Sequence[Bundle]

    def __post_init__(self) -> None:
        object.__setattr__(self, "churn", self.bundles[0].churn.churn)

    @cached_property
    def models(self) -> list[WhenModel]:
        """The model of each fold."""
        return [bundle.next_purchase for bundle in self.bundles]

    @property
    def grid(self) -> tuple[int, ...]:
        """The days of the first model, as far as all models reach."""
        last = min(model.reach_days for model in self.models)
        return tuple(day for day in self.models[0].grid if day <= last)

    @property
    def horizon_days(self) -> int:
        """The horizon of churn."""
        return self.models[0].horizon_days

    def survival(self, snapshot: pd.DataFrame) -> FloatArray:
        """P(no purchase before each grid day), (n, len(grid))."""

        def ask(number: int, rows: pd.DataFrame) -> FloatArray:
            model = self.models[number]
            return at_days(model.survival(rows), model.grid, self.grid)

        found = _numbers(snapshot, len(self.models), ask)
        return np.empty((0, len(self.grid))) if found is None else found


@dataclass(frozen=True)
class HeldOutValue:
    """The models of orders and money of all folds, used like one model."""

    models: Sequence[AmountModel]

    def predict(self, snapshot: pd.DataFrame, churn_risk: FloatArray) -> pd.DataFrame:
        """The columns that all models have, on the snapshot's index."""
        risk = pd.Series(churn_risk, index=snapshot.index)
        return _table(
            snapshot,
            len(self.models),
            lambda n, rows: self.models[n].predict(
                rows, np.asarray(risk.loc[rows.index], np.float64)
            ),
        )

    def learned(self) -> "HeldOutValue":
        """The same models without extrapolation beyond the learned days."""
        return HeldOutValue([model.learned() for model in self.models])


@dataclass(frozen=True)
class HeldOutBaselines:
    """The baselines of all folds; rhythm and segment curves are fitted without the first fold."""

    models: Sequence[Baselines]

    @property
    def orders(self) -> BtydOrders:
        """BG/NBD, which learns no outcome."""
        return self.models[0].orders

    @property
    def segment_curves(self) -> SegmentCurves:
        """Kaplan-Meier by segment."""
        return self.models[0].segment_curves

    def predict(self, snapshot: pd.DataFrame) -> pd.DataFrame:
        """Probability of churn, one column per baseline."""
        return _table(snapshot, len(self.models), lambda n, rows: self.models[n].predict(rows))

    def days_to_next_purchase(self, snapshot: pd.DataFrame) -> FloatArray:
        """As `Baselines.days_to_next_purchase`."""
        found = _numbers(
            snapshot, len(self.models), lambda n, rows: self.models[n].days_to_next_purchase(rows)
        )
        return np.empty(0) if found is None else found

    def expected_orders(self, snapshot: pd.DataFrame, days: int) -> FloatArray:
        """As `Baselines.expected_orders`."""
        found = _numbers(
            snapshot, len(self.models), lambda n, rows: self.models[n].expected_orders(rows, days)
        )
        return np.empty(0) if found is None else found

    def expected_spend(self, snapshot: pd.DataFrame, days: int) -> FloatArray | None:
        """As `Baselines.expected_spend`."""
        return _numbers(
            snapshot, len(self.models), lambda n, rows: self.models[n].expected_spend(rows, days)
        )


@dataclass(frozen=True)
class HeldOutTableBaselines:
    """The simple models of a ready table of all folds, used like those of one."""

    models: Sequence[TableBaselines]

    @property
    def best(self) -> str:
        """The columns that rank best alone, one for each fold, without repeats."""
        return ", ".join(dict.fromkeys(model.best for model in self.models))

    def predict(self, snapshot: pd.DataFrame) -> pd.DataFrame:
        """Probability of leaving, one column per simple model."""
        return _table(snapshot, len(self.models), lambda n, rows: self.models[n].predict(rows))


@dataclass(frozen=True)
class HeldOutBundle:
    """The bundles of all folds, used by `judge` like one bundle."""

    bundles: Sequence[Bundle]

    @property
    def churn(self) -> HeldOutChurn:
        """The churn models."""
        return HeldOutChurn(self.bundles)

    @property
    def knows_purchases(self) -> bool:
        """As `Bundle.knows_purchases`."""
        return self.bundles[0].knows_purchases

    @property
    def win_back_models(self) -> tuple[ComingBack | None, ...]:
        """The models of who comes back, one for each fold."""
        return tuple(bundle.coming_back for bundle in self.bundles)

    @property
    def next_purchase(self) -> WhenModel:
        """The models of the next purchase."""
        return HeldOutCurves(self.bundles)

    @property
    def value(self) -> HeldOutValue:
        """The models of orders and money."""
        return HeldOutValue([bundle.value for bundle in self.bundles])
