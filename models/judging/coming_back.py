"""Who of the lapsed comes back, judged on later dates beside silence and the rhythm."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from features.history.periods import PurchaseDays
from features.planning.timeplan import Timeline
from features.timeline import date_of, is_closed
from models.judging.slices import FEWEST
from models.judging.two_values import errors_of_rows
from models.params import ModelParams
from models.probability.calibration import fold_of
from models.probability.metrics import METRICS, customer_weights, paired_difference, with_intervals
from models.win_back.coming_back import (
    RETURN_PROBABILITY,
    VALUE_IF_RETURNS,
    VALUE_IF_STAYS_AWAY,
    ComingBack,
)
from models.win_back.lapsed import bought_after, lapsed_at
from models.words import OURS

SILENCE, RHYTHM = "silence", "rhythm"  # what ours is compared with
JUDGED = ("auc", "log_loss", "brier")
Models = Sequence[ComingBack | None]


def evaluate_coming_back(
    purchases: pd.DataFrame, timeline: Timeline, models: tuple[Models, Models], params: ModelParams
) -> dict[str, Any]:
    """Judge models of before the test dates on them; empty where too few came back or did not.

    `models` are those that stood at the test dates, and those that stood at the value test dates:
    one each or, where held-out customers are the judges, one for each fold of them. In the answer
    `models` has every metric with a 95 % interval over customers, `gains` ours less the others,
    paired. Silence is an order and no probability: it has an AUC alone. `values` judges what the
    card tells of who comes back on those who did, and of who stays away on the others.
    """
    now, past = models
    found = compared(told_of_lapsed(purchases, timeline, now, timeline.test), params)
    if not found:
        return {}
    dates = {"horizon_days": timeline.horizon_days, "test_as_of_dates": _dates(timeline.test)}
    return found | dates | _values(purchases, timeline, past, params)


def compared(rows: pd.DataFrame, params: ModelParams) -> dict[str, Any]:
    """`models` and `gains` on rows of `told_of_lapsed`, and how many they are."""
    y = rows["back"].to_numpy(np.float64)
    if min(y.sum(), len(y) - y.sum()) < FEWEST:
        return {}
    weights = customer_weights(rows["customer_id"], params.bootstrap_draws, params.seed)
    told = {name: rows[name].to_numpy(np.float64) for name in (OURS, RHYTHM)}
    order = {SILENCE: rows[SILENCE].to_numpy(np.float64)}
    others = ((RHYTHM, told[RHYTHM], JUDGED), (SILENCE, order[SILENCE], JUDGED[:1]))
    return {
        "rows": len(rows),
        "customers": int(rows["customer_id"].nunique()),
        "returned": int(y.sum()),
        "models": {
            **with_intervals(y, told, weights),
            SILENCE: {"auc": with_intervals(y, order, weights)[SILENCE]["auc"]},
        },
        "gains": {
            name: {
                metric: paired_difference(METRICS[metric], y, told[OURS], other, weights)
                for metric in metrics
            }
            for name, other, metrics in others
        },
    }


def _values(
    purchases: pd.DataFrame, timeline: Timeline, models: Models, params: ModelParams
) -> dict[str, Any]:
    """Errors of the two values on the value test dates; nothing where no model tells money."""
    rows = told_of_lapsed(purchases, timeline, models, timeline.value_test)
    if VALUE_IF_RETURNS not in rows or "spend" not in rows:
        return {}
    back, spend = rows["back"].to_numpy(np.bool_), rows["spend"].to_numpy(np.float64)
    weights = customer_weights(rows["customer_id"], params.bootstrap_draws, params.seed)
    sides = ((VALUE_IF_RETURNS, back), (VALUE_IF_STAYS_AWAY, ~back))
    return {
        "values": {
            "horizon_days": timeline.learned_value_days,
            "test_as_of_dates": _dates(timeline.value_test),
            **{
                name: errors_of_rows({OURS: rows[name].to_numpy(np.float64)}, spend, who, weights)
                for name, who in sides
            },
        }
    }


def told_of_lapsed(
    purchases: pd.DataFrame, timeline: Timeline, models: Models, days: Sequence[int]
) -> pd.DataFrame:
    """The lapsed of some dates: what was told of each, who came back, and with how much.

    Columns: customer_id, back, one for each of ours, RHYTHM and SILENCE, the two values and, where
    the value outcome closed, spend. Empty where there is no model for all of them.
    """
    bought, parts = PurchaseDays.of(purchases), [pd.DataFrame({"customer_id": [], "back": []})]
    for day in days:
        lapsed = lapsed_at(purchases, day, timeline.active_within_days)
        fold = fold_of(pd.Series(lapsed.index), len(models))
        for number, model in enumerate(models):
            if model is None:
                return parts[0]
            theirs = lapsed[fold == number]
            if len(theirs):
                parts.append(_told(bought, timeline, model, (theirs, day)))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def _told(
    bought: PurchaseDays, timeline: Timeline, model: ComingBack, at: tuple[pd.DataFrame, int]
) -> pd.DataFrame:
    lapsed, day = at
    horizon, value_days = timeline.windows
    after = bought_after(bought, day, lapsed, timeline.windows)
    told = model.predict(lapsed, day).rename(columns={RETURN_PROBABILITY: OURS})
    silence = (lapsed["T"] - lapsed["recency"]).to_numpy(np.float64)
    told["back"] = after[f"orders_{horizon}"] > 0
    told[RHYTHM], told[SILENCE] = model.by_rhythm(lapsed, day), 1.0 / silence
    if f"spend_{value_days}" in after and is_closed(day, value_days, timeline.data_until):
        told["spend"] = after[f"spend_{value_days}"]
    return told.rename_axis("customer_id").reset_index()


def _dates(days: Sequence[int]) -> list[str]:
    return [date_of(day).isoformat() for day in days]
