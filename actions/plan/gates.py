"""Gates: which actions are allowed for whom, whatever they are worth.

Every gate is evaluated for all customers and actions at once. Where several gates block an action,
the first in the order of `GATES` is the reason.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from actions.params import ActionParams
from actions.plan.catalog import SERVICE_RECOVERY, Action
from actions.plan.channels import reached_by, responsiveness
from actions.plan.eligibility import HOLDS, failing
from actions.plan.limits import Reached
from actions.plan.pressure import Pressure
from core.arrays import BoolArray, IntArray
from features.engines.frames import customers_of
from features.history.complaints import open_complaints
from features.history.consent import answering, granting, objections
from models.leaving import LAPSE
from models.words import ALREADY_CHURNED
from sources.contract import CONSENTS, TICKETS
from sources.meanings.vocabulary import NO_CHANNEL

PAUSES = "pauses_as_usual"
PAUSE = 1.5  # horizons: where typical pauses are longer, silence is no sign of leaving
UNTIL_SEASON = 270  # days after a purchase in a season: three quarters of a year
# silent for less than twice the customer's own mean gap
IN_RHYTHM = ("new", "developing", "regular")
ALREADY_GONE = "already_churned"
NO_OPEN_COMPLAINT = "no_open_complaint"
# The reasons an action can be blocked for, in the order in which they are given.
GATES = (
    ALREADY_GONE,
    "no_consent",
    "consent_unknown",
    "frequency_cap",
    "channel_cap",
    "quiet_period",
    "cooldown",
    "open_complaint",
    NO_OPEN_COMPLAINT,
    "usual_pause",
    "not_applicable",
)
NOT_APPLICABLE = GATES.index("not_applicable")


# The tables that gates read, and their columns that are read, as far as the data has them.
GATE_TABLES = {
    "contacts": ("customer_id", "event_time", "action_id", "channel", "arm", "responded"),
    "consents": ("customer_id", "event_time", "channel", "purpose", "granted"),
    "tickets": ("customer_id", "kind", "closed_at", "reopened_at"),
}


@dataclass(frozen=True)
class History:
    """Tables as they stood at the as-of date (already cut); None where the data lacks a table.

    `only_told` names tables that hold but what the CRM told the service: of whom nothing was told,
    nothing is known.
    """

    contacts: pd.DataFrame | None = None
    consents: pd.DataFrame | None = None
    tickets: pd.DataFrame | None = None
    only_told: tuple[str, ...] = ()

    def missing(self) -> tuple[str, ...]:
        """Names of the missing tables: each of them switches a gate off, or to its fallback."""
        return tuple(name for name, table in vars(self).items() if table is None)


def objectors(consents: pd.DataFrame | None) -> set[str]:
    """Customers whose newest word on profiling is no: never scored, listed or planned."""
    return set() if consents is None else customers_of(consents, CONSENTS, objections)


@dataclass(frozen=True)
class Gated:
    """What the gates leave: who may get which action, by which channel, and why not."""

    stopped: Mapping[str, BoolArray]  # by gate, (customers, actions)
    failing: IntArray  # (customers, actions): the condition of `only_if` that fails, or HOLDS
    reached: Reached

    @property
    def blocked(self) -> IntArray:
        """Index into `GATES` of the first gate that stops an action, -1 where none does."""
        first = np.full(self.failing.shape, -1, dtype=np.int64)
        for number in reversed(range(len(GATES))):
            first[self.stopped[GATES[number]]] = number
        return first


def gated(
    scores: pd.DataFrame, actions: Sequence[Action], history: History, params: ActionParams
) -> Gated:
    """Which actions each gate stops for whom, and by which channel the others reach them.

    `scores` holds customer_id, as_of_date (one date), status and the fields that `only_if` names; a
    condition on a field that is absent or unknown does not hold. Gates of a channel stop an action
    where they leave it none of its channels.
    """
    names = tuple(dict.fromkeys(name for action in actions for name in action.channels))
    consented, unknown = _consent(scores, names, history, params)
    pressure = Pressure(scores, history.contacts)
    full = pressure.capped_by(names, params)
    complaint = _open_complaint(scores, history.tickets)[:, None]
    reaches = np.array([NO_CHANNEL not in action.channels for action in actions])[None, :]
    recovery = np.array([action.kind == SERVICE_RECOVERY for action in actions])[None, :]
    may, unsure = _any_of(consented, actions), _any_of(unknown, actions)
    is_open = {name: consented[name] & ~full[name] for name in names}
    failing_ = np.column_stack([failing(scores, action.only_if) for action in actions])
    gone = scores.get("status", pd.Series("", scores.index)) == ALREADY_CHURNED
    stopped = {
        ALREADY_GONE: gone.to_numpy(dtype=bool)[:, None],
        "no_consent": reaches & ~may & ~unsure,
        "consent_unknown": reaches & ~may & unsure,
        "frequency_cap": reaches & pressure.capped(params)[:, None],
        "channel_cap": reaches & may & ~_any_of(is_open, actions),
        "quiet_period": reaches & pressure.resting(params)[:, None],
        "cooldown": pressure.cooling(actions),
        "open_complaint": complaint & ~recovery,
        NO_OPEN_COMPLAINT: ~complaint & recovery,
        "usual_pause": _pauses_as_usual(scores)[:, None] & ~recovery,
        "not_applicable": failing_ != HOLDS,
    }
    shape = (len(scores), len(actions))
    responses = responsiveness(scores, names, history.contacts)
    return Gated(
        {name: np.broadcast_to(stopped[name], shape) for name in GATES},
        failing_.reshape(shape),
        reached_by(actions, is_open, responses),
    )


def with_pauses(
    scores: pd.DataFrame, long_gap_days: float | None, is_seasonal: bool = False
) -> pd.DataFrame:
    """Add PAUSES to the cards: whether the silence is the pause that the customer always makes.

    Where most customers make pauses far longer than the horizon (`long_gap_days` of the usability
    report), a high risk only says that a pause goes on: in a shop where everybody buys each
    December, all risks are high in spring. There a customer who has been silent for less than twice
    their own mean gap, by the lifecycle stage, counts as pausing. Where nearly all orders fall into
    one season (`is_seasonal`), a customer who bought in the last season counts as pausing until the
    next one is near, whatever the horizon.
    """
    if "lifecycle_stage" not in scores or scores.empty:
        return scores
    pauses = ((long_gap_days or 0.0) > PAUSE * scores["horizon_days"]) & scores[
        "lifecycle_stage"
    ].isin(IN_RHYTHM)
    if is_seasonal:
        silent = (scores["as_of_date"] - scores["last_purchase_date"]).dt.days
        pauses |= silent < UNTIL_SEASON
    return scores.assign(**{PAUSES: pauses & (scores["churn_definition"] == LAPSE)})


def _pauses_as_usual(scores: pd.DataFrame) -> BoolArray:
    if PAUSES not in scores:
        return np.zeros(len(scores), dtype=bool)
    pauses: BoolArray = scores[PAUSES].to_numpy(dtype=bool)
    return pauses


def _any_of(by_channel: Mapping[str, BoolArray], actions: Sequence[Action]) -> BoolArray:
    """Whether it is so for any channel of the action, (customers, actions)."""
    columns = [np.any([by_channel[name] for name in action.channels], axis=0) for action in actions]
    return np.column_stack(columns)


def _consent(
    scores: pd.DataFrame, names: Sequence[str], history: History, params: ActionParams
) -> tuple[dict[str, BoolArray], dict[str, BoolArray]]:
    """By channel who may be approached there, and of whom that is unknown; each (customers,).

    It is unknown where there is no table, and for customers without a word where there is no more
    than what was told.
    """
    people, consents = len(scores), history.consents
    allowed = params.consent_when_unknown == "allow"
    everybody, nobody = np.full(people, True), np.full(people, False)
    if consents is None:
        return (
            {name: everybody if allowed or name == NO_CHANNEL else nobody for name in names},
            dict.fromkeys(names, everybody),
        )
    granted = {name: _named(scores, consents, granting, name) for name in names}
    granted |= {NO_CHANNEL: everybody} if NO_CHANNEL in names else {}
    if CONSENTS.name not in history.only_told:
        return granted, dict.fromkeys(names, nobody)
    unknown = {name: ~_named(scores, consents, answering, name) for name in names}
    return {name: np.where(unknown[name], allowed, granted[name]) for name in names}, unknown


def _named(
    scores: pd.DataFrame,
    consents: pd.DataFrame,
    found: Callable[[ir.Table, str], ir.Table],
    channel: str,
) -> BoolArray:
    """Whether `found` names the customer for a channel, (customers,)."""
    there = customers_of(consents, CONSENTS, lambda table: found(table, channel))
    return scores["customer_id"].isin(there).to_numpy(dtype=bool)


def _open_complaint(scores: pd.DataFrame, tickets: pd.DataFrame | None) -> BoolArray:
    """Whether a complaint is open, (customers,)."""
    complaining = set() if tickets is None else customers_of(tickets, TICKETS, open_complaints)
    return scores["customer_id"].isin(complaining).to_numpy(dtype=bool)
