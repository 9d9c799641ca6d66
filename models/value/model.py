"""How much: expected orders and money, consistent with the churn risk.

For a customer who stays, trees predict the orders and the spend within the horizon and the value
over the value horizon, which may be longer. A leaver brings a fixed share of what they would have
brought had they stayed. With p = churn_risk:

    expected_orders = (1 - p) × orders if stays + p × orders if leaves, and so expected_spend
    expected_value  = (1 - p) × value_if_stays + p × value_if_lapses
    value_at_risk   = p × (value_if_stays - value_if_lapses)

A customer who lapses buys nothing within the horizon, by definition, and one who stays buys at
least once. Neither holds for a cancellation: until the subscription ends it is paid for.

Orders over the value horizon are learned from everyone at once, and are never less than those
within the horizon. Where values are reported for longer than outcomes close, each customer's
learned value is extrapolated, and marked as such, by the factor

    BG/NBD's orders over the days reported / BG/NBD's orders over the days learned

and orders are then learned as a factor on BG/NBD's own (docs/decisions/0022).

Refunds can make a customer's net amount negative, which the trees' likelihood does not allow: their
targets are cut at 0, and the level, fitted on net totals, subtracts the refunds again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from core.digits import CONVEX, to_digits
from core.files import read_json, write_json
from features.params import Churn
from models.leaving import LAPSE, saved
from models.params import ModelParams
from models.simple.btyd_orders import BtydOrders, fit_btyd_orders
from models.trees.boosting import load_booster, save_booster
from models.trees.inputs import Inputs, learn_inputs
from models.value.amounts import PRIOR_ROWS, Part, Reach, Start, Target, learn_parts, without_lone

FAR = "far_orders"  # the part that predicts orders over the value horizon
# With fewer validation rows, a part over the value horizon takes rounds and level from the part
# within the horizon.
ENOUGH_TO_STOP = 200


class Horizons(NamedTuple):
    """The churn horizon, the days over which value is learned and reported; what churn means."""

    outcome_days: int
    value_days: int
    churn: Churn = LAPSE
    told_days: int | None = None  # None: the days over which value is learned

    @property
    def reported_days(self) -> int:
        """Days over which values are reported; more than learned where they are extrapolated."""
        return self.told_days or self.value_days


TWEEDIE = {"tweedie_variance_power": 1.2}
ORDERS = Target("orders_in_horizon", "outcome_known", "poisson", "orders", least=1.0)
# A subscription can run through a horizon without a payment in it.
ANY_ORDERS = replace(ORDERS, least=0.0)
SPEND = Target("spend_in_horizon", "outcome_known", "tweedie", "amount", extra=TWEEDIE)
VALUE = Target("value", "value_known", "tweedie", "amount", extra=TWEEDIE)
FAR_ORDERS = Target("orders_in_value_horizon", "value_known", "poisson", "orders", everyone=True)


@dataclass(frozen=True)
class ValueModel:
    """Expected orders, and money where the data has amounts.

    `parts` holds "orders", with amounts also "spend", and where the two horizons differ also FAR
    and "value". `rhythm`, and with it FAR, is there where values are extrapolated. `lapse_share` is
    value_if_lapses / value_if_stays over the days learned, and `leaver_shares` the same for orders
    and spend within the horizon, where 0 is left out.
    """

    inputs: Inputs
    horizons: Horizons
    parts: dict[str, Part]
    lapse_share: float
    threads: int
    rhythm: BtydOrders | None = None
    leaver_shares: Mapping[str, float] = field(default_factory=dict)

    def predict(self, snapshot: pd.DataFrame, churn_risk: FloatArray) -> pd.DataFrame:
        """Expected orders and money given `churn_risk` (n,), on the snapshot's index.

        Without amounts there are only orders: unknown money is absent, not zero. `value_at_risk` is
        never negative, as `lapse_share` is at most 1. `value_extrapolation`, if any, is the factor
        from the learned days to those reported.
        """
        inputs = self.inputs.matrix(snapshot)
        near = {
            name: part.predict(inputs, self.threads)
            for name, part in self.parts.items()
            if name != FAR
        }
        risk = np.asarray(churn_risk, np.float64)
        orders = _targets(self.horizons.churn)["orders"].least + near["orders"]
        within = self._within_horizon("orders", orders, risk)
        start, factor = self._carried(snapshot)
        far = self.parts[FAR].predict(inputs, self.threads, start) if FAR in self.parts else within
        columns = {
            "expected_orders": within,
            # No fewer than within the horizon: the two are learned separately.
            "expected_orders_in_value_horizon": np.maximum(factor * far, within),
        }
        if "spend" in near:
            stays = factor * near.get("value", near["spend"])
            lapses = _told_share(self.lapse_share, self.horizons) * stays
            columns |= {
                "expected_spend": self._within_horizon("spend", near["spend"], risk),
                "value_if_stays": stays,
                "value_if_lapses": lapses,
                "expected_value": (1.0 - risk) * stays + risk * lapses,
                "value_at_risk": risk * (stays - lapses),
            }
        if self.rhythm is not None:
            columns["value_extrapolation"] = factor
        return pd.DataFrame(columns, index=snapshot.index)

    def learned(self) -> "ValueModel":
        """The same model without extrapolation: only what outcomes can judge."""
        if self.rhythm is None:
            return self
        return replace(self, horizons=self.horizons._replace(told_days=self.horizons.value_days))

    def _carried(self, snapshot: pd.DataFrame) -> tuple[FloatArray | None, FloatArray]:
        """BG/NBD's orders over the days learned, and the factor from there to the days reported.

        The factor is at least 1, and at most that of an unchanged pace over all the days.
        """
        if self.rhythm is None:
            return None, np.ones(len(snapshot))
        reported, learned = self.horizons.reported_days, self.horizons.value_days
        longer, known = (self.rhythm.expected(snapshot, days) for days in (reported, learned))
        # For a customer who is surely gone both underflow, and nothing comes later.
        ratio = np.divide(longer, known, out=np.ones(len(known)), where=known > 0)
        factor: FloatArray = np.clip(ratio, 1.0, reported / learned)
        return known, factor

    def _within_horizon(self, name: str, stays: FloatArray, risk: FloatArray) -> FloatArray:
        share = self.leaver_shares.get(name, 0.0)
        return (1.0 - risk) * stays + risk * share * stays if share else (1.0 - risk) * stays

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
            "lapse_share": self.lapse_share,
            "threads": self.threads,
            **({"rhythm": self.rhythm.to_dict()} if self.rhythm else {}),
            **({"leaver_shares": self.leaver_shares} if self.leaver_shares else {}),
        }
        write_json(folder / "value.json", content)

    @classmethod
    def load(cls, folder: Path) -> "ValueModel":
        """Read what `save` wrote; ArtifactError when a file is missing."""
        content: dict[str, Any] = read_json(folder / "value.json")
        reaches = {name: Reach(*reach) for name, reach in content.get("reaches", {}).items()}
        return cls(
            inputs=Inputs.from_dict(content),
            horizons=Horizons(**content["horizons"]),
            parts={
                name: Part(load_booster(folder / f"value_{name}.txt"), level, reaches.get(name))
                for name, level in content["levels"].items()
            },
            lapse_share=content["lapse_share"],
            threads=content["threads"],
            rhythm=BtydOrders.from_dict(content["rhythm"]) if "rhythm" in content else None,
            leaver_shares=content.get("leaver_shares", {}),
        )


def fit_value(
    train: pd.DataFrame,
    valid: pd.DataFrame,
    features: Sequence[str],
    horizons: Horizons,
    params: ModelParams,
) -> ValueModel:
    """Fit on `train`; stop the trees and set their level on `valid`.

    Money needs the columns `spend_in_horizon`, `value` and `value_known`. With too few validation
    rows whose value windows have closed, the parts over the value horizon take rounds and level
    from those within the horizon. Raises DataGateError when no customer stayed, no value window has
    closed, or values are to be extrapolated and nobody bought on two days.
    """
    inputs, targets = learn_inputs(train, features), _targets(horizons.churn)
    longer, rhythm = horizons.value_days != horizons.outcome_days, _rhythm(train, horizons)
    # Without amounts there is no column of value; the orders over the same days close on the same
    # day.
    reported = VALUE if VALUE.column in valid.columns else replace(FAR_ORDERS, everyone=False)
    closed = len(reported.learned_from(valid)) >= ENOUGH_TO_STOP
    near = ["orders", *(["spend"] if SPEND.column in train.columns else [])]
    far = {FAR: "orders"} if longer or rhythm else {}
    if longer and "spend" in near:
        far["value"] = "spend"
    starts = {FAR: _start(rhythm, horizons)}
    parts = learn_parts(targets, train, dict.fromkeys(near, valid), inputs, params, {})
    stops = {name: valid if closed else parts[far[name]] for name in far}
    parts |= learn_parts(targets, train, stops, inputs, params, starts)
    model = ValueModel(inputs, horizons, parts, 0.0, params.threads, rhythm)
    return _with_shares(model, train)


def refit_value(model: ValueModel, rows: pd.DataFrame, params: ModelParams) -> ValueModel:
    """As many trees at the same levels, fitted on other rows and their texts, for serving."""
    horizons = model.horizons
    inputs, targets = learn_inputs(rows, model.inputs.features), _targets(horizons.churn)
    rhythm = _rhythm(rows, horizons)
    starts = {FAR: _start(rhythm, horizons)}
    parts = learn_parts(targets, rows, model.parts, inputs, params, starts)
    again = replace(model, inputs=inputs, parts=parts, rhythm=rhythm, threads=params.threads)
    return _with_shares(again, rows)


def _targets(churn: Churn) -> dict[str, Target]:
    orders = ORDERS if churn == LAPSE else ANY_ORDERS
    return {"orders": orders, FAR: FAR_ORDERS, "spend": SPEND, "value": VALUE}


def _rhythm(rows: pd.DataFrame, horizons: Horizons) -> BtydOrders | None:
    return fit_btyd_orders(rows) if horizons.reported_days > horizons.value_days else None


def _start(rhythm: BtydOrders | None, horizons: Horizons) -> Start | None:
    return None if rhythm is None else partial(rhythm.expected, days=horizons.value_days)


def _with_shares(model: ValueModel, rows: pd.DataFrame) -> ValueModel:
    """The model with what leavers brought, as shares of what they would have had they stayed.

    One number for each amount instead of trees: the rows of leavers are few and mostly zero, and on
    later dates trees on them missed the total by more and the customers by no less. A customer who
    lapses brings nothing within the horizon.
    """
    outcome_days, value_days, churn, _ = model.horizons
    within = () if churn == LAPSE else ("orders", "spend")
    shares: dict[str, float] = {
        name: _leaver_share(model, name, rows) for name in within if name in model.parts
    }
    if "value" in model.parts and value_days > outcome_days:
        value_share = _leaver_share(model, "value", rows)
    else:
        value_share = shares.get("spend", 0.0)
    return replace(model, lapse_share=value_share, leaver_shares=shares)


def _told_share(share: float, horizons: Horizons) -> float:
    """A leaver's share of the value over the days reported, where a lapse is extrapolated.

    A customer who lapses brings nothing within the horizon and, after it, as much a day as in the
    days learned; half the full rate where no day after the horizon was learned.
    """
    outcome, learned, reported = horizons.outcome_days, horizons.value_days, horizons.reported_days
    if reported == learned:
        return share
    if learned == outcome:
        return usual_share(horizons._replace(value_days=reported), "value")
    after = (reported - outcome) / (learned - outcome)
    return min(share * after * learned / reported, 1.0)


def _leaver_share(model: ValueModel, name: str, rows: pd.DataFrame) -> float:
    """Share of one amount that leavers brought, at most 1: nobody is worth more by leaving."""
    target = _targets(model.horizons.churn)[name]
    rows = without_lone(target, rows) if model.parts[name].reach else rows
    inputs, amounts = model.inputs.matrix(rows), target.of(rows)
    left = ((rows["churned"] == 1) & rows[target.known]).to_numpy() & ~np.isnan(amounts)
    brought = amounts[left].sum()
    # Without the level, which corrects predictions for later dates.
    full = replace(model.parts[name], level=1.0).predict(inputs, threads=1)
    prior = PRIOR_ROWS * full.mean()
    share = (brought + usual_share(model.horizons, name) * prior) / (full[left].sum() + prior)
    return to_digits(float(np.clip(share, 0.0, 1.0)), CONVEX)


def usual_share(horizons: Horizons, name: str = "value") -> float:
    """The leavers' share that is assumed before any leaver has been seen.

    For a lapse: half the full rate in the days after the horizon. For a cancellation: the full rate
    up to an end that lies, on average, half-way through the horizon, and nothing later.
    """
    days = horizons.value_days if name == "value" else horizons.outcome_days
    if horizons.churn == LAPSE:
        return 0.5 * (1.0 - horizons.outcome_days / days)
    return 0.5 * horizons.outcome_days / days
