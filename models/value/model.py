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

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.arrays import FloatArray
from core.errors import ArtifactError
from core.files import read_json, write_json
from models.calendar.model import Calendar, level_ahead
from models.leaving import LAPSE, saved
from models.simple.btyd_orders import BtydOrders
from models.trees.boosting import load_booster, save_booster
from models.trees.inputs import Inputs
from models.value.ahead import at_levels, busier, levels_ahead, start_of
from models.value.amounts import Part, Reach
from models.value.leavers import Horizons, LeaverShare, told_share, usual_share
from models.value.targets import FAR, OVER_VALUE, targets_of


@dataclass(frozen=True)
class ValueModel:
    """Expected orders, and money where the data has amounts.

    `parts` holds "orders", with amounts also "spend", and where the two horizons differ also FAR
    and "value"; `shares` those of leavers by part, where they are not 0. `rhythm` says how likely
    a lapsed customer comes back, and extrapolates; None where nobody bought on two days. With a
    `calendar` amounts are at its level on the days ahead.
    """

    inputs: Inputs
    horizons: Horizons
    parts: dict[str, Part]
    threads: int
    shares: Mapping[str, LeaverShare] = field(default_factory=dict)
    rhythm: BtydOrders | None = None
    calendar: Calendar | None = None

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
        outcome, value, least = *horizons[:2], targets_of(horizons)["orders"].least
        usual = {
            name: (part if at_level else replace(part, level=1.0)).predict(inputs, self.threads)
            for name, part in self.parts.items()
            if not (name == FAR and horizons.start_from_rhythm)
        }
        found = at_levels(usual, levels_ahead(self.calendar, snapshot, outcome, value), least)
        orders = found["orders"] = least + found["orders"]
        far = np.maximum(found.get(FAR, orders), orders)
        if horizons.churn == LAPSE:
            far = np.minimum(
                far, orders * (value / outcome) * busier(self.calendar, snapshot, outcome, value)
            )
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
        start = start_of(self.rhythm, self.horizons, self.calendar)
        inputs, given = self.inputs.matrix(snapshot), start(snapshot) if start else None
        return self.parts[FAR].predict(inputs, self.threads, given)

    def _factor(self, snapshot: pd.DataFrame) -> FloatArray:
        """The factor (n,) from the days learned to the days reported.

        It is at least 1, and at most that of an unchanged pace over all the days.
        """
        if self.rhythm is None or not self.horizons.are_extrapolated:
            return np.ones(len(snapshot))
        reported, learned = self.horizons.reported_days, self.horizons.value_days
        longer, known = (
            self.rhythm.expected(snapshot, days) * level_ahead(self.calendar, snapshot, days)
            for days in (reported, learned)
        )
        # For a customer who is surely gone both underflow, and nothing comes later.
        ratio = np.divide(longer, known, out=np.ones(len(known)), where=known > 0)
        factor: FloatArray = np.clip(
            ratio, 1.0, reported / learned * busier(self.calendar, snapshot, learned, reported)
        )
        return factor

    def busier(self, snapshot: pd.DataFrame) -> FloatArray:
        """The level (n,) of the days reported beside that of the horizon, at least 1."""
        outcome, reported = self.horizons.outcome_days, self.horizons.reported_days
        return busier(self.calendar, snapshot, outcome, reported)

    def _share(self, name: str, snapshot: pd.DataFrame, risk: FloatArray) -> FloatArray:
        """Leavers' share (n,) of an amount, over the days for which it is reported."""
        outcome, learned, churn, _ = self.horizons
        share, reported = self.shares.get(name), self.horizons.reported_days
        if churn == LAPSE and name in OVER_VALUE and reported > learned == outcome:
            # No day after the horizon was learned.
            usual = usual_share(self.horizons, reported)
            return usual.of(self.chance(snapshot, risk, reported))
        if share is None:
            return np.zeros(len(snapshot))
        found = share.of(self.chance(snapshot, risk, learned))
        is_longer = name in OVER_VALUE and self.horizons.are_extrapolated
        return told_share(found, self.horizons) if is_longer else found

    def chance(self, snapshot: pd.DataFrame, risk: FloatArray, days: int) -> FloatArray:
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
        if self.calendar is not None:
            self.calendar.save(folder)

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
            calendar=Calendar.load(folder),
        )
