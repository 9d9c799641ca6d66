"""The gate that stops each action, as tests ask for it."""

from actions.plan.gates import gated


def blocked_by(scores, actions, history, params):
    """Index into `GATES` of the first gate that stops an action, -1 where none does."""
    return gated(scores, actions, history, params).blocked
