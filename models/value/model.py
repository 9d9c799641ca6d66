"""How much: expected orders and money, consistent with the churn risk.

For a customer who stays, trees predict the orders and the spend within the horizon, and orders and
value over the value horizon, which may be longer. A leaver brings a share of what they would have
brought had they stayed (models/value/leavers.py). With p = churn_risk, and so for orders and spend:

    expected_value = (1 - p) × value_if_stays + p × value_if_lapses
    value_at_risk  = p × (value_if_stays - value_if_lapses)

A customer who lapses buys nothing within the horizon, by definition, and one who stays buys at
least once. Neither holds for a cancellation: until the subscription ends it is paid for.

Who stays brings no less over the value horizon than within the horizon and, where leaving is a
lapse, no more orders than at the pace of the horizon: who has bought within it, as those who stay
have, buys no faster after it. Where values are reported for longer than outcomes close, each
customer's learned value is extrapolated, and marked as such, by the factor

    BG/NBD's orders over the days reported / BG/NBD's orders over the days learned

and orders over the value horizon are then learned from everyone at once, as a factor on BG/NBD's
own (docs/decisions/0022).

Refunds can make a customer's net amount negative, which the trees' likelihood does not allow: their
targets are cut at 0, and the level, fitted on net totals, subtracts the refunds again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from core.errors import ArtifactError, DataGateError
from core.files import read_json, write_json
from models.leaving import LAPSE, saved
from models.params import ModelParams
from models.simple.btyd_orders import BtydOrders, fit_btyd_orders
from models.trees.boosting import load_booster, save_booster
from models.trees.inputs import Inputs, learn_inputs
from models.value.amounts import Part, Reach, Start, learn_parts, without_lone
from models.value.leavers import Horizons, LeaverShare, fit_share, told_share, usual_share
from models.value.targets import FAR, FAR_ORDERS, OVER_VALUE, SPEND, VALUE, targets_of

# With fewer validation rows, a part over the value horizon takes rounds and level from the part
# within the horizon.
ENOUGH_TO_STOP = 200


@dataclass(frozen=True)
class ValueModel:
    """Expected orders, and money where the data has amounts.

    `parts` holds "orders", with amounts also "spend", and where the two horizons differ also FAR
    and "value"; `shares` those of leavers by part, where they are not 0. `rhythm` says how likely
    a lapsed customer comes back, and extrapolates; None where nobody bought on two days.
    """

    inputs: Inputs
    horizons: Horizons
    parts: dict[str, Part]
    threads: int
    shares: Mapping[str, LeaverShare] = field(default_factory=dict)
    rhythm: BtydOrders | None = None

    def predict(self, snapshot: pd.DataFrame, churn_risk: FloatArray) -> pd.DataFrame:
        """Expected orders and money given `churn_risk` (n,), on the snapshot's index.

        Without amounts there are only orders: unknown money is absent, not zero. `value_at_risk` is
        never negative, as shares are at most 1. `value_extrapolation`, if any, is the factor from
        the learned days to those reported.
        """
        risk = np.asarray(churn_risk, np.float64)
        stays, factor = self.if_stays(snapshot), self._factor(snapshot)
        shares = {name: self._share(name, snapshot, risk) for name in stays}

        def expected(name: str, amount: FloatArray) -> FloatArray:
            found: FloatArray = (1.0 - risk) * amount + risk * (shares[name] * amount)
            return found

        within = expected("orders", stays["orders"])
        if self.horizons.start_from_rhythm:
            far = factor * self._far_of_all(snapshot)
        else:
            far = expected(FAR, factor * stays[FAR])
        columns = {
            "expected_orders": within,
            "expected_orders_in_value_horizon": np.maximum(far, within),
        }
        if "spend" in stays:
            value = factor * stays["value"]
            columns |= {
                "expected_spend": expected("spend", stays["spend"]),
                "value_if_stays": value,
                "value_if_lapses": shares["value"] * value,
                "expected_value": expected("value", value),
                "value_at_risk": risk * (value - shares["value"] * value),
            }
        if self.horizons.are_extrapolated:
            columns["value_extrapolation"] = factor
        return pd.DataFrame(columns, index=snapshot.index)

    def if_stays(self, snapshot: pd.DataFrame, at_level: bool = True) -> dict[str, FloatArray]:
        """What each customer brings who stays (n,), over the days learned: all four amounts.

        Not `at_level`: as in the rows learned from, without the correction for later dates.
        """
        inputs, horizons = self.inputs.matrix(snapshot), self.horizons
        found = {
            name: (part if at_level else replace(part, level=1.0)).predict(inputs, self.threads)
            for name, part in self.parts.items()
            if not (name == FAR and horizons.start_from_rhythm)
        }
        orders = found["orders"] = targets_of(horizons)["orders"].least + found["orders"]
        far = np.maximum(found.get(FAR, orders), orders)
        if horizons.churn == LAPSE:
            far = np.minimum(far, orders * (horizons.value_days / horizons.outcome_days))
        found[FAR] = far
        if "spend" in found:
            found["value"] = np.maximum(found.get("value", found["spend"]), found["spend"])
        return found

    def learned(self) -> "ValueModel":
        """The same model without extrapolation: only what outcomes can judge."""
        if not self.horizons.start_from_rhythm:
            return self
        return replace(self, horizons=self.horizons._replace(told_days=self.horizons.value_days))

    def _far_of_all(self, snapshot: pd.DataFrame) -> FloatArray:
        """Orders (n,) over the days learned, of customers who stay or leave."""
        start = _start(self.rhythm, self.horizons)
        inputs, given = self.inputs.matrix(snapshot), start(snapshot) if start else None
        return self.parts[FAR].predict(inputs, self.threads, given)

    def _factor(self, snapshot: pd.DataFrame) -> FloatArray:
        """The factor (n,) from the days learned to the days reported.

        It is at least 1, and at most that of an unchanged pace over all the days.
        """
        if self.rhythm is None or not self.horizons.are_extrapolated:
            return np.ones(len(snapshot))
        reported, learned = self.horizons.reported_days, self.horizons.value_days
        longer, known = (self.rhythm.expected(snapshot, days) for days in (reported, learned))
        # For a customer who is surely gone both underflow, and nothing comes later.
        ratio = np.divide(longer, known, out=np.ones(len(known)), where=known > 0)
        factor: FloatArray = np.clip(ratio, 1.0, reported / learned)
        return factor

    def _share(self, name: str, snapshot: pd.DataFrame, risk: FloatArray) -> FloatArray:
        """Leavers' share (n,) of an amount, over the days for which it is reported."""
        outcome, learned, churn, _ = self.horizons
        share, reported = self.shares.get(name), self.horizons.reported_days
        if churn == LAPSE and name in OVER_VALUE and reported > learned == outcome:
            # No day after the horizon was learned.
            usual = usual_share(self.horizons, reported)
            return usual.of(self._chance(snapshot, risk, reported))
        if share is None:
            return np.zeros(len(snapshot))
        found = share.of(self._chance(snapshot, risk, learned))
        is_longer = name in OVER_VALUE and self.horizons.are_extrapolated
        return told_share(found, self.horizons) if is_longer else found

    def _chance(self, snapshot: pd.DataFrame, risk: FloatArray, days: int) -> FloatArray:
        """Of each leaver (n,) to come back within `days`; 1 where it is not asked or not known."""
        if self.rhythm is None or self.horizons.churn != LAPSE:
            return np.ones(len(snapshot))
        return self.rhythm.p_back(snapshot, risk, self.horizons.outcome_days, days)

    def save(self, folder: Path) -> None:
        """Write `value.json` and one LightGBM text per part, `value_orders.txt` and so on."""
        for name, part in self.parts.items():
            save_booster(part.booster, folder / f"value_{name}.txt")
        days = self.horizons._asdict() | {"churn": None}
        saved_days = {name: value for name, value in days.items() if value is not None}
        content = {
            **self.inputs.to_dict(),
            "horizons": {**saved_days, **saved(self.horizons.churn)},
            "levels": {name: part.level for name, part in self.parts.items()},
            "reaches": {name: part.reach for name, part in self.parts.items() if part.reach},
            "shares": {name: share.to_dict() for name, share in self.shares.items()},
            "threads": self.threads,
            **({"rhythm": self.rhythm.to_dict()} if self.rhythm else {}),
        }
        write_json(folder / "value.json", content)

    @classmethod
    def load(cls, folder: Path) -> "ValueModel":
        """Read what `save` wrote; ArtifactError when a file is missing or of an earlier version."""
        content: dict[str, Any] = read_json(folder / "value.json")
        if "shares" not in content:
            cure = "Run once with `model.replace_champion: always`."
            raise ArtifactError(f"{folder}: models of an earlier version. {cure}")
        reaches = {name: Reach(*reach) for name, reach in content.get("reaches", {}).items()}
        return cls(
            inputs=Inputs.from_dict(content),
            horizons=Horizons(**content["horizons"]),
            parts={
                name: Part(load_booster(folder / f"value_{name}.txt"), level, reaches.get(name))
                for name, level in content["levels"].items()
            },
            threads=content["threads"],
            shares={
                name: LeaverShare.from_dict(share) for name, share in content["shares"].items()
            },
            rhythm=BtydOrders.from_dict(content["rhythm"]) if "rhythm" in content else None,
        )


def fit_value(
    train: pd.DataFrame,
    valid: pd.DataFrame,
    features: Sequence[str],
    horizons: Horizons,
    params: ModelParams,
    churn_risk: FloatArray | None = None,
) -> ValueModel:
    """Fit on `train`; stop the trees and set their level on `valid`.

    `churn_risk` (n,) is that of the rows of `train`, by which leavers' shares are learned; without
    it they are as usual. Money needs the columns `spend_in_horizon`, `value` and `value_known`.
    With too few validation rows whose value windows have closed, the parts over the value horizon
    take rounds and level from those within the horizon. Raises DataGateError when no customer
    stayed, no value window has closed, or values are to be extrapolated and nobody bought on two
    days.
    """
    inputs, targets = learn_inputs(train, features), targets_of(horizons)
    longer, rhythm = horizons.value_days != horizons.outcome_days, _rhythm(train, horizons)
    # Without amounts there is no column of value; the orders over the same days close on the same
    # day.
    reported = VALUE if VALUE.column in valid.columns else FAR_ORDERS
    closed = len(reported.learned_from(valid)) >= ENOUGH_TO_STOP
    near = ["orders", *(["spend"] if SPEND.column in train.columns else [])]
    far = {FAR: "orders"} if longer or horizons.start_from_rhythm else {}
    if longer and "spend" in near:
        far["value"] = "spend"
    parts = learn_parts(targets, train, dict.fromkeys(near, valid), inputs, params, {})
    stops = {name: valid if closed else parts[far[name]] for name in far}
    starts = {FAR: _start(rhythm, horizons)}
    parts |= learn_parts(targets, train, stops, inputs, params, starts)
    model = ValueModel(inputs, horizons, parts, params.threads, rhythm=rhythm)
    return _with_shares(model, train, churn_risk)


def refit_value(
    model: ValueModel,
    rows: pd.DataFrame,
    params: ModelParams,
    churn_risk: FloatArray | None = None,
) -> ValueModel:
    """As many trees at the same levels, fitted on other rows and their texts, for serving.

    `churn_risk` (n,) is that of the rows, as for `fit_value`.
    """
    horizons = model.horizons
    inputs, targets = learn_inputs(rows, model.inputs.features), targets_of(horizons)
    rhythm = _rhythm(rows, horizons)
    starts = {FAR: _start(rhythm, horizons)}
    parts = learn_parts(targets, rows, model.parts, inputs, params, starts)
    again = replace(model, inputs=inputs, parts=parts, rhythm=rhythm, threads=params.threads)
    return _with_shares(again, rows, churn_risk)


def _start(rhythm: BtydOrders | None, horizons: Horizons) -> Start | None:
    if rhythm is None or not horizons.start_from_rhythm:
        return None
    return partial(rhythm.expected, days=horizons.value_days)


def _rhythm(rows: pd.DataFrame, horizons: Horizons) -> BtydOrders | None:
    if horizons.churn != LAPSE or horizons.reported_days == horizons.outcome_days:
        return None  # a leaver of these brings nothing, or what needs no rhythm
    try:
        return fit_btyd_orders(rows)
    except DataGateError:
        if horizons.are_extrapolated:
            raise
        return None


def _with_shares(
    model: ValueModel, rows: pd.DataFrame, churn_risk: FloatArray | None
) -> ValueModel:
    """The model with what leavers brought, as shares of what they would have had they stayed."""
    outcome_days, value_days, churn, _ = model.horizons
    names = ["orders", "spend"] if churn != LAPSE else []
    names += OVER_VALUE if value_days > outcome_days else []
    shares = {
        name: _leaver_share(model, name, rows, churn_risk)
        for name in names
        if name in model.parts and not targets_of(model.horizons)[name].everyone
    }
    if churn != LAPSE and value_days == outcome_days:
        over = {FAR: "orders", "value": "spend"}
        shares |= {far: shares[near] for far, near in over.items() if near in shares}
    return replace(model, shares=shares)


def _leaver_share(
    model: ValueModel, name: str, rows: pd.DataFrame, churn_risk: FloatArray | None
) -> LeaverShare:
    """Leavers' share of one amount over the days learned."""
    target = targets_of(model.horizons)[name]
    days = model.horizons.value_days if name in OVER_VALUE else model.horizons.outcome_days
    usual = usual_share(model.horizons, days)
    if churn_risk is None:
        return usual
    rows = rows.assign(churn_risk=churn_risk)
    rows = without_lone(target, rows) if model.parts[name].reach else rows
    left = (rows["churned"] == 1) & rows[target.known] & rows[target.column].notna()
    leavers = rows[left]
    if leavers.empty:
        return usual
    chance = model._chance(leavers, leavers["churn_risk"].to_numpy(np.float64), days)
    stays = model.if_stays(leavers, at_level=False)[name]
    brought = leavers[target.column].to_numpy(np.float64)
    return fit_share(usual, chance, stays, brought)
