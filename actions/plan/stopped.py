"""What the gates stopped: as one small number per customer and action, as lists, and in money."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from actions.plan.catalog import Action
from actions.plan.eligibility import condition_names
from actions.plan.gates import GATES, NO_OPEN_COMPLAINT, NOT_APPLICABLE, Gated
from core.arrays import BoolArray, Codes, FloatArray

ALLOWED = -1  # the code of an action that no gate stops


def stop_codes(gates: Gated) -> Codes:
    """Why each action is stopped, (customers, actions), ALLOWED where it is not.

    The index of the first gate that stops it; where that is the last one, `not_applicable`, the
    number of the condition that fails is added.
    """
    blocked = gates.blocked
    condition = np.where(blocked == NOT_APPLICABLE, gates.failing, 0)
    return (blocked + condition).astype(np.int8)


def blocked_lists(codes: Codes, actions: Sequence[Action]) -> list[list[dict[str, str | None]]]:
    """For each customer the blocked actions, in the order of the catalogue.

    Each is {action_id, reason, condition}: the condition of `only_if` that fails, where that is the
    reason.
    """
    names = condition_names()
    _, first, which = np.unique(codes, axis=0, return_index=True, return_inverse=True)
    lists = [
        [
            {
                "action_id": action.id,
                "reason": GATES[min(code, NOT_APPLICABLE)],
                "condition": names[code - NOT_APPLICABLE] if code >= NOT_APPLICABLE else None,
            }
            for action, code in zip(actions, codes[row].tolist(), strict=True)
            if code != ALLOWED
        ]
        for row in first
    ]
    return [lists[number] for number in which.ravel()]


def stops_by_gate(codes: Codes) -> Counter[str]:
    """By gate, how many actions of all customers together it is the reason for."""
    found = np.bincount(_gate(codes[codes != ALLOWED]), minlength=len(GATES))
    return Counter({name: int(count) for name, count in zip(GATES, found, strict=True) if count})


def customers_by_gate(codes: Codes) -> Counter[str]:
    """By gate, for how many customers it is the reason that some action is blocked."""
    gate = _gate(codes)
    counts = {name: int((gate == n).any(axis=1).sum()) for n, name in enumerate(GATES)}
    return Counter({name: count for name, count in counts.items() if count})


def best_without_gates(stopped: Mapping[str, BoolArray], gain: FloatArray) -> FloatArray:
    """The best gain of each customer with all gates, then without each of them, (gates + 1, n).

    All tables are (customers, actions), `gain` NaN where it is unknown. What another gate stops too
    stays stopped.
    """
    times = np.sum([stops.astype(np.int8) for stops in stopped.values()], axis=0)

    def best(is_allowed: BoolArray) -> FloatArray:
        found: FloatArray = np.where(is_allowed & (gain > 0), gain, 0.0).max(axis=1, initial=0.0)
        return found

    return np.stack([best(times == 0), *(best(times == stops) for stops in stopped.values())])


def gate_costs(best: FloatArray) -> dict[str, float]:
    """By gate, how much more everybody's best actions would gain without it, before any limit.

    `best` is that of `best_without_gates` for everybody. Gates that cost nothing are left out, and
    so is the one on answers to complaints where there is none: they have no gain there that could
    be lost.
    """
    least = float(best[0].sum())
    costs = {name: float(its.sum()) - least for name, its in zip(GATES, best[1:], strict=True)}
    return {name: cost for name, cost in costs.items() if cost > 0 and name != NO_OPEN_COMPLAINT}


def _gate(codes: Codes) -> Codes:
    return np.minimum(codes, np.int8(NOT_APPLICABLE))
