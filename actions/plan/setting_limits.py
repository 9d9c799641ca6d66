"""The limits of one plan, as params.yaml and the catalogue set them."""

from collections.abc import Collection
from typing import Any

import numpy as np

from actions.params import ActionParams
from actions.plan.catalog import OWNER, Catalog
from actions.plan.limits import Limits, Owners
from core.arrays import IntArray
from core.errors import ParamsError, did_you_mean

OWNER_COLUMN = "owner"


def limits_of(catalog: Catalog, params: ActionParams, made: IntArray, owner: IntArray) -> Limits:
    """The budget and the capacities of channels, actions and owners.

    `made` (actions,) are the contacts of the past that use up what the catalogue allows of an
    action within its days; `owner` (customers,) are numbers from 0 on, NOBODY without one.
    """
    actions = catalog.actions
    return Limits(
        budget=params.budget,
        capacities=params.capacities,
        actions={
            number: max(action.capacity.contacts - int(made[number]), 0)
            for number, action in enumerate(actions)
            if action.capacity is not None
        },
        owners=_owners(catalog, params.owner_capacity, owner),
    )


def limits_owners(catalog: Catalog, params: ActionParams) -> bool:
    """Whether it is limited what one owner can do, and some action is an owner's."""
    is_any = any(action.carried_out_by == OWNER for action in catalog.actions)
    return params.owner_capacity is not None and is_any


def check_owners(columns: Collection[str]) -> None:
    """Raise ParamsError where no column of the cards tells owners, and owners are limited."""
    if OWNER_COLUMN not in columns:
        raise ParamsError(
            "params.yaml: actions.owner_capacity limits what one owner carries out, but nothing "
            "tells who owns whom: the table customers has no column owner. Map it with "
            "source.columns.customers.owner, or set owner_capacity: null and limit the channel in "
            "actions.capacities."
        )


def contact_limits(params: ActionParams) -> dict[str, Any]:
    """How often one customer may be contacted, for who reads the plan."""
    return {
        "most": params.max_contacts,
        "days": params.max_contacts_days,
        "most_by_channel": params.max_contacts_by_channel,
        "quiet_days": params.quiet_days,
    }


def _owners(catalog: Catalog, capacity: int | None, owner: IntArray) -> Owners | None:
    """Who carries out what; None where nothing limits an owner, or none carries out anything."""
    by_owner = np.array([action.carried_out_by == OWNER for action in catalog.actions])
    if capacity is None or not by_owner.any():
        return None
    owners = int(owner.max(initial=-1)) + 1
    return Owners(owner, by_owner, np.full(owners, capacity, dtype=np.int64))


def check_channels(catalog: Catalog, params: ActionParams) -> None:
    """Raise ParamsError for a capacity or a cap on a channel that no action uses."""
    channels = catalog.channels()
    limited = {
        "capacities": params.capacities,
        "max_contacts_by_channel": params.max_contacts_by_channel,
    }
    for key, limits in limited.items():
        for channel in limits:
            if channel not in channels:
                hint = did_you_mean(channel, channels) or " Leave it out, or add an action."
                raise ParamsError(
                    f"params.yaml: actions.{key} limits the channel {channel}, but the catalogue "
                    f"has only {', '.join(channels) or 'no channel'}.{hint}"
                )
