"""Evaluates all models of a run on their test dates: figures as plain data, plots as tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from features.history.category_history import Categories
from features.planning.rungs import OTHER_CUSTOMERS
from features.planning.timeplan import Timeline
from features.timeline import as_known_on, date_of
from models.bundle import Bundle
from models.churn.leaks import FEWEST, check_leaks, dominance
from models.judging.amounts import amount_rules, evaluate_amount
from models.judging.category_risk import evaluate_category_risk
from models.judging.churn import evaluate_churn, feature_aucs
from models.judging.held_out import HeldOutBaselines, HeldOutBundle, HeldOutTableBaselines
from models.judging.influence import Influence, influence
from models.judging.plots import Costs, plots_of, profits_of
from models.judging.two_values import evaluate_two_values
from models.judging.what import evaluate_categories
from models.judging.when import evaluate_when
from models.next_purchase.category_risk import CategoryRiskModel
from models.next_purchase.what import NextCategoriesModel
from models.params import ModelParams
from models.probability.metrics import auc
from models.simple.columns import TableBaselines
from models.simple.rules import Baselines
from models.training.models import FOLD, PAST
from models.training.until import Until
from models.words import OURS
from sources.contract import AT_STAKE, COLUMN

# Labels over the value horizon, the columns that predict them, and the rules they are compared
# with.
OVER_VALUE = (
    ("orders_in_value_horizon", "expected_orders_in_value_horizon", "orders"),
    ("value", "expected_value", "spend"),
)


AnyBaselines = Baselines | HeldOutBaselines | TableBaselines | HeldOutTableBaselines


@dataclass(frozen=True)
class Judged:
    """Figures for reports, and the plots as tables by name."""

    churn: dict[str, Any]
    next_purchase: dict[str, Any]
    value: dict[str, Any]
    plots: dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Evaluated:
    """The evaluated models, and the baselines fitted on the same rows; `past`, as they once stood.

    Where held-out customers are the judges, each part combines one model for each fold.
    """

    bundle: Bundle | HeldOutBundle
    baselines: AnyBaselines
    past: Bundle | HeldOutBundle
    past_baselines: AnyBaselines
    next_categories: NextCategoriesModel | None = None
    category_risk: CategoryRiskModel | None = None

    @classmethod
    def load(cls, folder: Path) -> "Evaluated":
        """Read what stage `train` wrote; check the folder's manifest first."""
        folds = sorted(folder.glob(FOLD.format("*")))
        if folds:
            bundle = HeldOutBundle([Bundle.load(fold) for fold in folds])
            baselines = _held_out_baselines(bundle, folds)
            return cls(bundle, baselines, bundle, baselines)
        if not (one := Bundle.load(folder)).knows_purchases:
            simple = TableBaselines.load(folder)
            return cls(one, simple, one, simple)
        past = folder / PAST
        return cls(
            one,
            Baselines.load(folder),
            Bundle.load(past),
            Baselines.load(past),
            NextCategoriesModel.load(folder),
            CategoryRiskModel.load(folder),
        )


def _held_out_baselines(bundle: HeldOutBundle, folds: Sequence[Path]) -> AnyBaselines:
    if bundle.knows_purchases:
        return HeldOutBaselines([Baselines.load(fold) for fold in folds])
    return HeldOutTableBaselines([TableBaselines.load(fold) for fold in folds])


def judge(
    snapshots: pd.DataFrame,
    timeline: Timeline,
    evaluated: Evaluated,
    costs: Costs,
    params: ModelParams,
) -> Judged:
    """Judge churn and next purchase on the test dates, value on the value test dates.

    Raises LeakError for a feature or a model that is too good to be true.
    """
    test = _rows(snapshots, timeline, timeline.test)
    bundle, baselines = evaluated.bundle, evaluated.baselines
    risk = bundle.churn.predict(test)
    rules = baselines.predict(test)
    predictions = {OURS: risk} | {n: rules[n].to_numpy(np.float64) for n in rules.columns}
    features = list(bundle.churn.features)
    by_itself = _enough(test, snapshots, timeline, params)
    alone = feature_aucs(by_itself, features)
    y = test["churned"].to_numpy(np.float64)
    # Checked first: figures that are too good to be true are not worth computing.
    suspects = alone if _fewest(by_itself) >= FEWEST else alone[:0]
    area = auc(y, risk, np.ones_like(y)) if _fewest(test) >= FEWEST else None
    suspects = suspects.rename(index=own_name)
    accepted = check_leaks(suspects, area, [own_name(name) for name in features], params)
    importance = bundle.churn.importance()
    churn = evaluate_churn(test, predictions, timeline.horizon_days, params)
    churn["accepted_leaks"] = accepted
    if timeline.rung == OTHER_CUSTOMERS and churn["grade"] == "A":
        churn["grade"] = "B"  # nothing shows that it holds at a later time
    churn["warnings"] += dominance(importance.assign(feature=importance["feature"].map(own_name)))
    churn["strongest_single_feature"] = {
        "name": own_name(str(alone.index[0])),
        "auc": float(alone.iloc[0]),
    }
    if isinstance(baselines, TableBaselines | HeldOutTableBaselines):
        if timeline.label is not None and timeline.label.as_of is None:
            churn["verdict"]["parts"] = []  # its only date is ours: the table does not have it
        return _of_table(churn, test, predictions, (baselines, importance), costs, params)
    when = evaluate_when(test, bundle.next_purchase, baselines, risk)
    # Over the learned days only: no outcome can judge the extrapolation beyond them.
    expected = bundle.value.learned().predict(test, risk)
    profit = profits_of(test, predictions, _lost(expected), costs, params)
    churn |= profit.figures
    simple = amount_rules(test, baselines, timeline.horizon_days)
    when["orders_in_horizon"] = evaluate_amount(
        test["orders_in_horizon"].to_numpy(np.float64),
        {OURS: expected["expected_orders"].to_numpy(np.float64), **simple["orders"]},
    )
    if "spend_in_horizon" in test:
        when["spend_in_horizon"] = evaluate_amount(
            test["spend_in_horizon"].to_numpy(np.float64),
            {OURS: expected["expected_spend"].to_numpy(np.float64), **simple["spend"]},
        )
    plots = plots_of(y, predictions, profit, importance)
    when["followed_longer"] = _followed_longer(snapshots, timeline, evaluated)
    return Judged(churn, when, _value(snapshots, timeline, evaluated, params), plots)


def own_name(feature: str) -> str:
    """A column of a ready table by the name that the table has; other features as they are."""
    return feature.removeprefix(COLUMN)


def _of_table(
    churn: dict[str, Any],
    test: pd.DataFrame,
    predictions: Mapping[str, FloatArray],
    simple: tuple[TableBaselines | HeldOutTableBaselines, pd.DataFrame],
    costs: Costs,
    params: ModelParams,
) -> Judged:
    """The judgement of a ready table: of who leaves, and of nothing that only purchases show.

    `simple` are the simple models, and the importance of the columns.
    """
    baselines, importance = simple
    churn["single_column"] = baselines.best
    lost = float(test[AT_STAKE].mean()) if AT_STAKE in test else None
    profit = profits_of(test, predictions, lost, costs, params)
    y = test["churned"].to_numpy(np.float64)
    return Judged(churn | profit.figures, {}, {}, plots_of(y, predictions, profit, importance))


def _lost(expected: pd.DataFrame) -> float | None:
    """What a leaver takes along on average; None without amounts."""
    if "value_if_stays" not in expected:
        return None
    return float((expected["value_if_stays"] - expected["value_if_lapses"]).mean())


def _enough(
    test: pd.DataFrame, snapshots: pd.DataFrame, timeline: Timeline, params: ModelParams
) -> pd.DataFrame:
    """The rows on which features are judged alone: with few leavers some feature sorts by chance.

    A single feature is not fitted to anything, so where the test dates have too few of either
    outcome all closed rows may judge it.
    """
    if _fewest(test) >= params.gates.min_churners:
        return test
    return Until(snapshots, timeline).closed(timeline.data_until)


def _fewest(rows: pd.DataFrame) -> int:
    """The number of leavers or of stayers, whichever is smaller."""
    left = int(rows["churned"].sum())
    return min(left, len(rows) - left)


def judge_influence(
    snapshots: pd.DataFrame, timeline: Timeline, evaluated: Evaluated, params: ModelParams
) -> Influence | None:
    """What moves the churn risk on the test dates; None where the model gives no reasons."""
    if not evaluated.bundle.churn.gives_reasons:
        return None
    test = _rows(snapshots, timeline, timeline.test)
    found = influence(evaluated.bundle.churn, test, params.seed)
    return replace(found, table=found.table.assign(feature=found.table["feature"].map(own_name)))


def judge_categories(
    snapshots: pd.DataFrame,
    categories: Categories | None,
    timeline: Timeline,
    evaluated: Evaluated,
    params: ModelParams,
) -> dict[str, Any]:
    """Judge the next categories on the test dates; empty where there is no model of them."""
    model = evaluated.next_categories
    if categories is None or model is None:
        return {}
    test = _rows(snapshots, timeline, timeline.test)
    risk = evaluated.bundle.churn.predict(test)
    return evaluate_categories(test, categories, model, risk, params)


def judge_category_risk(
    snapshots: pd.DataFrame,
    categories: Categories | None,
    timeline: Timeline,
    evaluated: Evaluated,
    params: ModelParams,
) -> dict[str, Any]:
    """Judge the risk that main categories are left; empty where there is no model of it."""
    model, beside = evaluated.category_risk, evaluated.next_categories
    if categories is None or model is None:
        return {}
    test = _rows(snapshots, timeline, timeline.test)
    return evaluate_category_risk(test, categories, model, beside, params)


def _followed_longer(
    snapshots: pd.DataFrame, timeline: Timeline, evaluated: Evaluated
) -> dict[str, Any]:
    """When the next purchase comes, on the value test dates: older models, longer follow-up."""
    test = _rows(snapshots, timeline, timeline.value_test)
    if isinstance(evaluated.past_baselines, TableBaselines | HeldOutTableBaselines):
        return {}  # a ready table
    if test.empty or set(timeline.value_test) <= set(timeline.test):
        return {}
    past = evaluated.past
    figures = evaluate_when(
        test, past.next_purchase, evaluated.past_baselines, past.churn.predict(test)
    )
    return {"test_as_of_dates": _dates(timeline.value_test), **figures}


def _value(
    snapshots: pd.DataFrame, timeline: Timeline, evaluated: Evaluated, params: ModelParams
) -> dict[str, Any]:
    """Orders and value over the learned value horizon, by the models of the value test date."""
    test = _rows(snapshots, timeline, timeline.value_test)
    if isinstance(evaluated.past_baselines, TableBaselines | HeldOutTableBaselines):
        return {}  # a ready table
    if test.empty:  # a gap in the data around the value test date
        return {}
    past, days = evaluated.past, timeline.learned_value_days
    risk = past.churn.predict(test)
    expected = past.value.learned().predict(test, risk)
    simple = amount_rules(test, evaluated.past_baselines, days)
    return {
        "horizon_days": days,
        "test_as_of_dates": _dates(timeline.value_test),
        **{
            label: evaluate_amount(
                test[label].to_numpy(np.float64),
                {OURS: expected[name].to_numpy(np.float64), **simple[rules]},
            )
            for label, name, rules in OVER_VALUE
            if label in test
        },
        **(
            {"two_values": two}
            if (two := evaluate_two_values(test, expected, risk, params))
            else {}
        ),
    }


def _dates(days: tuple[int, ...]) -> list[str]:
    return [date_of(day).isoformat() for day in days]


def _rows(snapshots: pd.DataFrame, timeline: Timeline, days: tuple[int, ...]) -> pd.DataFrame:
    known = as_known_on(snapshots, pd.Timestamp(date_of(timeline.data_until)), timeline.windows)
    return known[known["as_of_date"].isin([pd.Timestamp(date_of(day)) for day in days])]
