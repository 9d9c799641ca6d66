"""The limits of one plan, as params.yaml and the catalogue set them."""

from typing import Any

import numpy as np
import pandas as pd

from actions.params import ActionParams
from actions.plan.catalog import OWNER, Catalog
from actions.plan.limits import Limits, Owners
from actions.plan.pressure import Pressure
from core.errors import ParamsError, did_you_mean

OWNER_COLUMN = "owner"


def limits_of(
    cards: pd.DataFrame, catalog: Catalog, params: ActionParams, contacts: pd.DataFrame | None
) -> Limits:
    """The budget and the capacities of channels, actions and owners.

    `cards` may have the column `owner`; `contacts` are those of the past, which use up what the
    catalogue allows of an action within its days. Raises ParamsError for a capacity or a cap on a
    channel that no action uses, and for a capacity of owners where no column tells them.
    """
    _check_channels(catalog, params)
    pressure = Pressure(cards, contacts)
    left = {number: pressure.left(action) for number, action in enumerate(catalog.actions)}
    return Limits(
        budget=params.budget,
        capacities=params.capacities,
        actions={number: most for number, most in left.items() if most is not None},
        owners=_owners(cards, catalog, params.owner_capacity),
    )


def contact_limits(params: ActionParams) -> dict[str, Any]:
    """How often one customer may be contacted, for who reads the plan."""
    return {
        "most": params.max_contacts,
        "days": params.max_contacts_days,
        "most_by_channel": params.max_contacts_by_channel,
        "quiet_days": params.quiet_days,
    }


def _owners(cards: pd.DataFrame, catalog: Catalog, capacity: int | None) -> Owners | None:
    """Who carries out what; None where nothing limits an owner, or none carries out anything."""
    by_owner = np.array([action.carried_out_by == OWNER for action in catalog.actions])
    if capacity is None or not by_owner.any():
        return None
    if OWNER_COLUMN not in cards.columns:
        raise ParamsError(
            "params.yaml: actions.owner_capacity limits what one owner carries out, but nothing "
            "tells who owns whom: the table customers has no column owner. Map it with "
            "source.columns.customers.owner, or set owner_capacity: null and limit the channel in "
            "actions.capacities."
        )
    numbers, owners = pd.factorize(cards[OWNER_COLUMN], use_na_sentinel=True)  # NOBODY where none
    owner = np.asarray(numbers, dtype=np.int64)
    return Owners(owner, by_owner, np.full(len(owners), capacity, dtype=np.int64))


def _check_channels(catalog: Catalog, params: ActionParams) -> None:
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
