"""What a plan holds of all customers at once: numbers, found part by part.

Gates, gains and draws look at one customer at a time, so they are made for each part by itself, and
strings, tables and whole cards are in memory for one part only. What is left of each customer is
what all of them compete with: arrays with a row for each, in the order of the parts.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from actions.params import ActionParams
from actions.plan.catalog import Catalog
from actions.plan.estimates import Estimates
from actions.plan.gain import SEGMENT, Prospects, has_money
from actions.plan.gates import gated, objectors
from actions.plan.holdout import in_persistent_control, plan_draws
from actions.plan.limits import NOBODY, Reached
from actions.plan.margin import usable_margin
from actions.plan.part import EXPIRES_AT, Part
from actions.plan.pressure import Pressure
from actions.plan.ranked import RANKED_BY
from actions.plan.reasons import why_no_gains, why_nothing
from actions.plan.setting_limits import OWNER_COLUMN, check_owners, limits_owners
from actions.plan.stopped import (
    ALLOWED,
    best_without_gates,
    customers_by_gate,
    gate_costs,
    stop_codes,
    stops_by_gate,
)
from actions.plan.withheld import HORIZON
from core.arrays import BoolArray, Codes, FloatArray, IntArray
from core.each import Each, in_turn
from models.words import SCORED

# Columns of the cards that are held of everybody.
TEXTS = (SEGMENT, "risk_band")
COLUMNS = ("as_of_date", HORIZON, EXPIRES_AT, *RANKED_BY, *TEXTS)
ARRAYS = (
    *("codes", "gain", "cost", "is_estimated"),
    *("nothing", "draws", "persistent"),
)


@dataclass(frozen=True)
class Settings:
    """What a plan is made by: the same for all its customers.

    `currency` is that of the amounts, None where it is not known.
    """

    catalog: Catalog
    params: ActionParams
    currency: str | None
    estimates: Estimates | None = None

    def margin(self, cards: pd.DataFrame) -> float | None:
        """The margin rate; None where gains cannot be computed from these cards."""
        if not has_money(cards):
            return None
        return usable_margin(self.catalog, self.params.margin_rate, self.currency)

    def of(self, part: Part) -> "Settings":
        """The same for the customers of a part alone."""
        known = self.estimates
        return self if known is None else replace(self, estimates=part.of(known))

    def prospects(self, cards: pd.DataFrame, reached: Reached) -> Prospects:
        """What every action would bring the customers of these cards."""
        actions, estimates = self.catalog.actions, self.estimates
        if estimates is not None:
            ids = [action.id for action in actions]
            estimates = estimates.aligned(cards["customer_id"].tolist(), ids)
        return Prospects(cards, actions, reached, self.margin(cards), estimates)


@dataclass(frozen=True)
class Everybody:
    """The customers of a plan, or of a part of it: (customers, ...), and sums over them.

    `gain` is what the plan counts on, NaN where it is unknown or the action is not allowed; `draws`
    are those of `plan_draws`, `nothing` is an index of WHY_NOT. `made` (actions,) are contacts of
    the past that use up an action's capacity. `is_planned` tells of each part whose cards these
    are.
    """

    is_planned: tuple[BoolArray, ...]
    cards: pd.DataFrame  # COLUMNS, as far as cards have them; texts as categories
    codes: Codes  # those of `stop_codes`
    reached: Reached
    gain: FloatArray
    cost: FloatArray
    is_estimated: BoolArray
    nothing: Codes
    owner: IntArray
    draws: FloatArray
    persistent: BoolArray
    made: IntArray
    objected: int
    stops: Counter[str]
    stopped_customers: Counter[str]
    gate_costs: dict[str, float]
    no_gains: str | None
    missing: tuple[str, ...]

    def ranges(self) -> list[slice]:
        """The rows of each part."""
        ends = np.cumsum([0, *(int(some.sum()) for some in self.is_planned)]).tolist()
        return [slice(*some) for some in pairwise(ends)]


def everybody_of(parts: Sequence[Part], settings: Settings, each: Each = in_turn) -> Everybody:
    """Look at the customers of each part.

    Raises ParamsError where owners are limited and no column tells them, and CatalogError where
    amounts and costs are in two currencies.
    """
    looked = [*each(_look, ((part, settings.of(part)) for part in parts))]
    found, best, owners = zip(*looked, strict=True)
    first: Everybody = found[0]
    costs = {} if first.no_gains else gate_costs(np.concatenate(best, axis=1))
    del looked, best
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(one, name) for one in found]) for name in ARRAYS
    }
    numbered = _numbered([one.owner for one in found], owners)
    return replace(
        first,
        **arrays,
        owner=numbered,
        is_planned=tuple(one.is_planned[0] for one in found),
        cards=_one_frame([one.cards for one in found]),
        reached=replace(
            first.reached, channel=np.concatenate([one.reached.channel for one in found])
        ),
        made=np.sum([one.made for one in found], axis=0),
        objected=sum(one.objected for one in found),
        stops=sum((one.stops for one in found), Counter()),
        stopped_customers=sum((one.stopped_customers for one in found), Counter()),
        gate_costs=costs,
    )


def planned_cards(cards: pd.DataFrame, is_planned: BoolArray) -> pd.DataFrame:
    """The cards that are planned, sorted by customer_id."""
    return cards[is_planned].sort_values("customer_id", ignore_index=True, kind="stable")


def _look(asked: tuple[Part, Settings]) -> tuple[Everybody, FloatArray, list[Any]]:
    """Gates, gains and draws of one part, `best_without_gates`, and the names of its owners.

    Costs of gates are not known yet, and owners are numbered within the part.
    """
    part, settings = asked
    params, actions = settings.params, settings.catalog.actions
    scores, history = part.cards(), part.history()
    objected = scores["customer_id"].isin(objectors(history.consents))
    is_planned = ((scores["status"] == SCORED) & ~objected).to_numpy(dtype=bool)
    cards = planned_cards(scores, is_planned)
    gates = gated(cards, actions, history, params)
    codes = stop_codes(gates)
    is_allowed = np.asarray(codes == ALLOWED)
    prospects = settings.prospects(cards, gates.reached)
    expected = prospects.counted_on()
    no_gains = why_no_gains(cards, params, prospects.margin_rate)
    pressure = Pressure(scores, history.contacts)
    owner, names = _owners(cards, settings)
    kinds = {name: "category" for name in TEXTS if name in cards}
    found = Everybody(
        is_planned=(is_planned,),
        cards=cards[[name for name in COLUMNS if name in cards]].astype(kinds),
        codes=codes,
        reached=replace(gates.reached, channel=gates.reached.channel.astype(np.int8)),
        gain=np.where(is_allowed, expected.gain, np.nan),
        cost=expected.cost,
        is_estimated=expected.is_estimated,
        nothing=why_nothing(no_gains, expected.gain, is_allowed),
        owner=owner,
        draws=plan_draws(cards, params.holdout_salt),
        persistent=in_persistent_control(cards["customer_id"], params),
        made=np.array([pressure.made(action) for action in actions], dtype=np.int64),
        objected=int(objected.sum()),
        stops=stops_by_gate(codes),
        stopped_customers=customers_by_gate(codes),
        gate_costs={},
        no_gains=no_gains,
        missing=history.missing(),
    )
    return found, best_without_gates(gates.stopped, expected.gain), names


def _owners(cards: pd.DataFrame, settings: Settings) -> tuple[IntArray, list[Any]]:
    """The number of each customer's owner, NOBODY without one, and the owners' names.

    There are none where owners have no limit.
    """
    if not limits_owners(settings.catalog, settings.params):
        return np.full(len(cards), NOBODY, dtype=np.int64), []
    check_owners(cards.columns)
    numbers, names = pd.factorize(cards[OWNER_COLUMN], use_na_sentinel=True)
    return np.where(numbers < 0, NOBODY, numbers).astype(np.int64), [*names]


def _numbered(owner: Sequence[IntArray], names: Sequence[Sequence[Any]]) -> IntArray:
    """Owners as they are numbered of all parts: in the order in which their names come."""
    numbers: dict[Any, int] = {}
    known = [[numbers.setdefault(name, len(numbers)) for name in those] for those in names]
    return np.concatenate(
        [
            np.array([*those, NOBODY], dtype=np.int64)[of_part]  # NOBODY, -1, is the last
            for those, of_part in zip(known, owner, strict=True)
        ]
    )


def _one_frame(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of all parts; what is text in some part has one set of categories."""
    columns: dict[str, Any] = {}
    for name in frames[0]:
        parts = [frame[name] for frame in frames]
        is_text = isinstance(parts[0].dtype, pd.CategoricalDtype)
        columns[str(name)] = (
            union_categoricals(parts, sort_categories=True)
            if is_text
            else pd.concat(parts, ignore_index=True)
        )
    return pd.DataFrame(columns)
