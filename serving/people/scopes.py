"""What a caller may be allowed to do; every route declares one of these."""

from typing import Literal, get_args

Scope = Literal[
    "cards:read",
    "figures:read",
    "scores:compute",
    "events:write",
    "outcomes:write",
    "work:write",
    "plan:approve",
    "customers:erase",
    "metrics:read",
]
SCOPES: tuple[Scope, ...] = get_args(Scope)
# Whoever may do only these needs a store that takes writes.
WRITES: frozenset[Scope] = frozenset(
    {"events:write", "outcomes:write", "work:write", "plan:approve", "customers:erase"}
)
# About all customers at once: whoever sees those of some owners only has none of these.
WHOLE_COMPANY: frozenset[Scope] = frozenset({"plan:approve"})
PUBLIC: Literal["public"] = "public"  # asked for by nobody in particular: no customer, no figure
Role = Literal["viewer", "manager", "lead", "admin"]
_VIEWER: tuple[Scope, ...] = ("cards:read", "figures:read")
_MANAGER: tuple[Scope, ...] = (*_VIEWER, "outcomes:write", "work:write")
_LEAD: tuple[Scope, ...] = (*_MANAGER, "events:write", "scores:compute", "plan:approve")
ROLES: dict[Role, frozenset[Scope]] = {
    "viewer": frozenset(_VIEWER),
    "manager": frozenset(_MANAGER),
    "lead": frozenset(_LEAD),
    "admin": frozenset(SCOPES),
}
MEANINGS: dict[str, str] = {
    "cards:read": "score cards, lists and exports of customers",
    "figures:read": "figures on the whole company: releases, overview, plan, forecast, monitor",
    "scores:compute": "scores of histories that the caller sends",
    "events:write": "purchases and other events of customers, which change their cards",
    "outcomes:write": "contacts made, responses, consents and complaints",
    "work:write": "tasks, notes, overrides, key customers and saved views",
    "plan:approve": "a yes to the plan of a release, and the removal of views that others share; "
    "of no use to whoever sees some owners only",
    "customers:erase": "the erasure of a customer",
    "metrics:read": "figures on the service itself",
    PUBLIC: "nothing that is about a customer or the company",
}


def scopes_within(given: frozenset[Scope], owners: frozenset[str] | None) -> frozenset[Scope]:
    """What somebody may do who was given these scopes and sees these owners (None: everybody)."""
    return given if owners is None else given - WHOLE_COMPANY
