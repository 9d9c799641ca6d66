"""The gate that stops each action, as tests ask for it."""

from actions.plan.gates import first_gate, stopped_by


def blocked_by(scores, actions, history, params):
    """Index into `GATES` of the first gate that stops an action, -1 where none does."""
    return first_gate(stopped_by(scores, actions, history, params))
