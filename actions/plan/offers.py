"""The catalogue's actions as offers, in the form that the expected maximum profit takes."""

from actions.plan.catalog import Catalog
from models.probability.profit import Offer, acceptance_of


def offers_of(catalog: Catalog) -> dict[str, Offer]:
    """The offer of every retention action by id; making good after a complaint is not an offer.

    The cost of an incentive is multiplied by the share of stayers who accept it; a
    contact costs what the first of its channels does.
    """
    return {
        action.id: Offer(
            incentive_cost=action.incentive_cost * action.accept_rate,
            contact_cost=action.contact_cost[action.channels[0]],
            acceptance=acceptance_of(
                action.risk_reduction.low, action.risk_reduction.mid, action.risk_reduction.high
            ),
        )
        for action in catalog.actions
        if action.kind == "retention"
    }
