"""Gates: which actions are allowed for whom, whatever they are worth.

Every gate is evaluated for all customers and actions at once. Where several gates block an action,
the first in the order of `GATES` is the reason.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from actions.params import ActionParams
from actions.plan.catalog import Action, Span
from core.arrays import BoolArray
from features.engines.frames import customers_of
from features.history.complaints import open_complaints
from features.history.consent import answering, granting, objections
from features.history.contacts_made import was_intended
from features.timeline import days_before
from models.leaving import LAPSE
from sources.contract import CONSENTS, TICKETS
from sources.meanings.vocabulary import NO_CHANNEL

SERVICE_RECOVERY = "service_recovery"
PAUSES = "pauses_as_usual"
PAUSE = 1.5  # horizons: where typical pauses are longer, silence is no sign of leaving
UNTIL_SEASON = 270  # days after a purchase in a season: three quarters of a year
# silent for less than twice the customer's own mean gap
IN_RHYTHM = ("new", "developing", "regular")
# The reasons an action can be blocked for, in the order in which they are given.
GATES = (
    "no_consent",
    "consent_unknown",
    "frequency_cap",
    "quiet_period",
    "open_complaint",
    "no_open_complaint",
    "usual_pause",
    "not_applicable",
)


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


def stopped_by(
    scores: pd.DataFrame, actions: Sequence[Action], history: History, params: ActionParams
) -> dict[str, BoolArray]:
    """Which actions each gate stops for whom, (customers, actions) by name of the gate.

    `scores` holds customer_id, as_of_date (one date) and the card fields that `only_if` names; a
    condition on a field that is absent or unknown does not hold.
    """
    consented, unknown = _consent(scores, actions, history, params)
    capped, quiet = _recent_contacts(scores, history.contacts, params)
    complaint = _open_complaint(scores, history.tickets)[:, None]
    reaches = np.array([action.channel != NO_CHANNEL for action in actions])[None, :]
    recovery = np.array([action.kind == SERVICE_RECOVERY for action in actions])[None, :]
    stopped = {
        "no_consent": reaches & ~consented & ~unknown,
        "consent_unknown": reaches & ~consented & unknown,
        "frequency_cap": reaches & capped[:, None],
        "quiet_period": reaches & quiet[:, None],
        "open_complaint": complaint & ~recovery,
        "no_open_complaint": ~complaint & recovery,
        "usual_pause": _pauses_as_usual(scores)[:, None] & ~recovery,
        "not_applicable": ~_applicable(scores, actions),
    }
    shape = (len(scores), len(actions))
    return {name: np.broadcast_to(stopped[name], shape) for name in GATES}


def first_gate(stopped: Mapping[str, BoolArray]) -> npt.NDArray[np.int64]:
    """Index into `GATES` of the first gate that stops an action, -1 where none does."""
    first = np.full(stopped[GATES[0]].shape, -1, dtype=np.int64)
    for number in reversed(range(len(GATES))):
        first[stopped[GATES[number]]] = number
    return first


def blocked_lists(
    blocked: npt.NDArray[np.int64], actions: Sequence[Action]
) -> list[list[dict[str, str]]]:
    """For each customer the blocked actions as {action_id, reason}, in catalogue order."""
    patterns, which = np.unique(blocked, axis=0, return_inverse=True)
    lists = [
        [
            {"action_id": action.id, "reason": GATES[gate]}
            for action, gate in zip(actions, pattern, strict=True)
            if gate >= 0
        ]
        for pattern in patterns
    ]
    return [lists[number] for number in which.ravel()]


def gate_costs(stopped: Mapping[str, BoolArray], gain: npt.NDArray[np.float64]) -> dict[str, float]:
    """By gate, how much more everybody's best actions would gain without it, before any limit.

    All tables are (customers, actions), `gain` NaN where it is unknown. What another gate stops too
    stays stopped; gates that cost nothing are left out.
    """
    times = np.sum([stops.astype(np.int8) for stops in stopped.values()], axis=0)

    def best(is_allowed: BoolArray) -> float:
        return float(np.where(is_allowed & (gain > 0), gain, 0.0).max(axis=1, initial=0.0).sum())

    least = best(times == 0)
    costs = {name: best(times == stops) - least for name, stops in stopped.items()}
    return {name: cost for name, cost in costs.items() if cost > 0}


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


def _consent(
    scores: pd.DataFrame,
    actions: Sequence[Action],
    history: History,
    params: ActionParams,
) -> tuple[BoolArray, BoolArray]:
    """Consent for the action's channel, and whether it is unknown.

    It is where there is no table, and for customers without a word where there is no more than what
    was told.
    """
    shape, consents = (len(scores), len(actions)), history.consents
    allowed = params.consent_when_unknown == "allow"
    if consents is None:
        return np.full(shape, allowed), np.full(shape, True)
    granted = _by_channel(scores, actions, consents, granting)
    if CONSENTS.name not in history.only_told:
        return granted, np.full(shape, False)
    unknown = ~_by_channel(scores, actions, consents, answering)
    return np.where(unknown, allowed, granted), unknown


def _on(found: Callable[[ir.Table, str], ir.Table], channel: str) -> Callable[[ir.Table], ir.Table]:
    return lambda consents: found(consents, channel)


def _by_channel(
    scores: pd.DataFrame,
    actions: Sequence[Action],
    consents: pd.DataFrame,
    found: Callable[[ir.Table, str], ir.Table],
) -> BoolArray:
    """Whether `found` names the customer for the action's channel, (customers, actions)."""
    by_channel = {
        channel: customers_of(consents, CONSENTS, _on(found, channel))
        for channel in {action.channel for action in actions}
    }
    columns = [scores["customer_id"].isin(by_channel[action.channel]) for action in actions]
    return np.column_stack(columns).reshape(len(scores), len(actions))


def _recent_contacts(
    scores: pd.DataFrame, contacts: pd.DataFrame | None, params: ActionParams
) -> tuple[BoolArray, BoolArray]:
    """Whether the frequency cap is reached, and the quiet period lasts; each (customers,).

    A contact that the holdout withheld counts as if it had been made: a plan is blind to arms.
    """
    if contacts is None or scores.empty:
        nobody = np.zeros(len(scores), dtype=bool)
        return nobody, nobody
    intended = contacts[was_intended(contacts)]
    age = days_before(intended["event_time"], pd.Timestamp(scores["as_of_date"].iloc[0]))
    ids = scores["customer_id"]
    counted = intended.loc[age <= params.max_contacts_days, "customer_id"].value_counts()
    capped = ids.map(counted).fillna(0) >= params.max_contacts
    quiet = ids.isin(intended.loc[age <= params.quiet_days, "customer_id"])
    return capped.to_numpy(dtype=bool), quiet.to_numpy(dtype=bool)


def _open_complaint(scores: pd.DataFrame, tickets: pd.DataFrame | None) -> BoolArray:
    """Whether a complaint is open, (customers,)."""
    complaining = set() if tickets is None else customers_of(tickets, TICKETS, open_complaints)
    return scores["customer_id"].isin(complaining).to_numpy(dtype=bool)


def _applicable(scores: pd.DataFrame, actions: Sequence[Action]) -> BoolArray:
    """Whether all conditions of `only_if` hold, (customers, actions)."""
    holds = np.ones((len(scores), len(actions)), dtype=bool)
    for number, action in enumerate(actions):
        for field, wanted in action.only_if:
            if wanted is not None:
                holds[:, number] &= _holds(scores, field, wanted)
    return holds


def _holds(scores: pd.DataFrame, field: str, wanted: "Span | tuple[str, ...]") -> BoolArray:
    if field not in scores.columns:
        return np.zeros(len(scores), dtype=bool)
    if isinstance(wanted, Span):
        low = -np.inf if wanted.min is None else wanted.min
        high = np.inf if wanted.max is None else wanted.max
        return scores[field].between(low, high).to_numpy(dtype=bool)
    return scores[field].isin(wanted).to_numpy(dtype=bool)
