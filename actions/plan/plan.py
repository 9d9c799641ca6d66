"""The plan: gates, then gains, then the allocation and who explores; the arms last.

Gates, gains, reasons and draws look at one customer at a time, and are made for each part of the
customers by itself (everybody.py); what customers compete for is decided for all at once, from
numbers alone: one price of money and of contacts for everybody. Then the rows of the plan are told,
part by part. The number of parts changes no row.

The plan knows nothing of arms: what is intended for whom would be the same if other customers were
withheld. A customer from whom an action is withheld keeps it as intended: otherwise nobody could
measure later what the action did. docs/actions.md explains every column with numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from actions.params import ActionParams
from actions.plan.catalog import SERVICE_RECOVERY, Catalog
from actions.plan.categories import texts
from actions.plan.choosing import Candidates, Choice, choose
from actions.plan.chosen import chosen, told
from actions.plan.curve import curves_report, gain_curves
from actions.plan.estimates import Estimates
from actions.plan.everybody import TEXTS, Everybody, Settings, everybody_of, planned_cards
from actions.plan.exploration import Explored, explore, limits_beside, places_for
from actions.plan.gates import History
from actions.plan.limits import Limits, Reached
from actions.plan.part import InMemory, Part
from actions.plan.ranked import ranked_by, ranking
from actions.plan.reasons import WHY_VALUES, why, why_keys
from actions.plan.setting_limits import check_channels, contact_limits, limits_of
from actions.plan.stopped import ALLOWED, blocked_lists
from actions.plan.totals import totals
from actions.plan.use import BUDGET
from actions.plan.withheld import arms_report, certainties, shares_of, with_arms
from core.arrays import BoolArray, Codes, IntArray
from core.digits import TOLD, to_digits
from core.each import Each, in_turn

# The columns of a plan in their order; those on gains where gains can be computed.
COLUMNS = (
    *("customer_id", "as_of_date", "intended_action", "channel", "due_date", "action_level"),
    *("carried_out_by", "contact_cost", "incentive_cost", "expected_cost", "effect"),
    *("effect_source", "expected_gain", "expected_gain_low", "expected_gain_mid"),
    *("expected_gain_high", "is_exploration", "action_propensity", "arm", "withheld"),
    *("withheld_by", "persistent_control", "propensity", "contact_propensity", "why", "blocked"),
)
OF_CARDS = ("as_of_date", *TEXTS)


@dataclass(frozen=True)
class Plan:
    """One action for every scored customer.

    `decided` has a row for each, in the order of the plan's rows: what sums and reports need, with
    OF_CARDS; texts as categories, `why` as a message key. `summary` is JSON.
    """

    parts: Sequence[Part]
    settings: Settings
    everybody: Everybody
    choice: IntArray
    decided: pd.DataFrame
    summary: dict[str, Any]

    def parts_of_rows(self) -> "Iterator[PartOfPlan]":
        """What `rows_of` makes the rows of each part of, in their order."""
        everybody = self.everybody
        ranges = everybody.ranges()
        for part, is_planned, rows in zip(self.parts, everybody.is_planned, ranges, strict=True):
            yield PartOfPlan(
                part,
                self.settings.of(part),
                is_planned,
                self.decided.iloc[rows],
                self.choice[rows],
                everybody.codes[rows],
                everybody.reached.of(rows),
            )


@dataclass(frozen=True)
class PartOfPlan:
    """What was decided of the customers of a part: (customers,) and (customers, actions)."""

    part: Part
    settings: Settings
    is_planned: BoolArray
    decided: pd.DataFrame
    choice: IntArray
    codes: Codes
    reached: Reached


def rows_of(found: PartOfPlan) -> pd.DataFrame:
    """The rows of the plan of a part, sorted by customer_id.

    Columns: customer_id, as_of_date, intended_action, channel, due_date, why ({message_key,
    values}), contact_cost, incentive_cost (given when accepted), expected_cost, effect (absolute
    reduction of churn_risk), effect_source, action_level, carried_out_by, blocked ([{action_id,
    reason, condition}]), is_exploration, action_propensity, those of `with_arms`, and, where gains
    can be computed, expected_gain (what the plan counts on: see gain.py) and those at the low, mid
    and high effect: expected_gain_low, expected_gain_mid, expected_gain_high. Where estimates know
    an effect, its bounds and mean stand in place of the catalogue's low, high and mid.
    """
    cards, decided = planned_cards(found.part.cards(), found.is_planned), found.decided
    columns: dict[str, Any] = {
        "customer_id": cards["customer_id"],
        **{str(name): _plain(decided[name]) for name in decided},
        **told(found.settings.prospects(cards, found.reached), found.choice),
    }
    known = {**{name: cards.get(name) for name in WHY_VALUES}, **columns}
    reasons = why(columns["why"].tolist(), {name: known[name] for name in WHY_VALUES})
    columns["why"] = pd.Series(reasons, dtype=object)
    lists = blocked_lists(found.codes, found.settings.catalog.actions)
    columns["blocked"] = pd.Series(lists, dtype=object)
    return pd.DataFrame({name: columns[name] for name in COLUMNS if name in columns})


def plan_of(parts: Sequence[Part], settings: Settings, each: Each = in_turn) -> Plan:
    """Choose an action for every scored customer of the parts, and summarise the plan.

    `each` looks at the parts; what they compete for is decided here.

    Raises ParamsError for a capacity on a channel that no action uses or of owners whom no column
    tells, and CatalogError where amounts and costs are in two currencies.
    """
    catalog, params = settings.catalog, settings.params
    check_channels(catalog, params)
    everybody = everybody_of(parts, settings, each)
    limits = limits_of(catalog, params, everybody.made, everybody.owner)
    found, explored = _choose_and_explore(everybody, limits, settings)
    choice = explored.choice
    decided = chosen(everybody, catalog.actions, choice)
    decided["why"] = why_keys(choice, everybody.nothing, explored.is_exploration, catalog)
    decided["is_exploration"] = explored.is_exploration
    decided["action_propensity"] = to_digits(explored.propensity, TOLD)
    held = everybody.persistent, found.unpaid & ~explored.is_exploration
    known = certainties(settings.estimates, catalog)
    shares = shares_of(decided, everybody.cards, catalog, params.holdout_share, held, known)
    decided = with_arms(decided, shares, everybody.draws[:, 0])
    decided = decided.join(everybody.cards[[name for name in OF_CARDS if name in everybody.cards]])
    owners, no_gains = limits.owners, everybody.no_gains
    busiest = None if owners is None else int(owners.carried_out(choice).max(initial=0))
    summary = {
        "customers": len(decided),
        "objected": everybody.objected,
        "holdout_share": shares.mean,
        "arms": arms_report(decided, everybody.cards, shares, params),
        **totals(decided, params, found.allocation, busiest),
        "blocked": dict(everybody.stops),
        "actions": catalog.facts(),
        "contact_limits": contact_limits(params),
        "currency": settings.currency,
        "no_gains": no_gains,
        "ranked_by": None if no_gains is None else ranked_by(everybody.cards),
        "marginal_return": None if no_gains else found.allocation.price.get(BUDGET, 0.0),
        "blocked_customers": dict(everybody.stopped_customers),
        "gate_costs": everybody.gate_costs,
        "curves": _curves(everybody, limits, catalog),
        "missing_tables": {name: f"missing.{name}" for name in everybody.missing},
    }
    return Plan(parts, settings, everybody, choice, decided, summary)


def make_plan(
    scores: pd.DataFrame,
    catalog: Catalog,
    params: ActionParams,
    history: History,
    currency: str | None,
    estimates: Estimates | None = None,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The rows and the summary of a plan for customers whose cards and past are in memory."""
    settings = Settings(catalog, params, currency, estimates)
    plan = plan_of([InMemory(scores, history)], settings)
    return rows_of(next(plan.parts_of_rows())), plan.summary


def _plain(column: "pd.Series[Any]") -> Any:
    """A column as it is written: texts, and no categories."""
    return texts(column) if isinstance(column.dtype, pd.CategoricalDtype) else column.array


def _curves(everybody: Everybody, limits: Limits, catalog: Catalog) -> list[dict[str, Any]]:
    """What other budgets and capacities would bring; nothing where gains are not known."""
    if everybody.no_gains:
        return []
    gain, cost, is_estimated = everybody.gain, everybody.cost, everybody.is_estimated
    curves = gain_curves(gain, cost, everybody.reached, limits, is_estimated)
    return curves_report(curves, [action.id for action in catalog.actions])


def _choose_and_explore(
    everybody: Everybody, limits: Limits, settings: Settings
) -> tuple[Choice, Explored]:
    """The choice within the limits that exploring leaves, and who explores with what instead.

    Who waits for an answer to a complaint explores nothing.
    """
    actions, share = settings.catalog.actions, settings.params.exploration_share
    cost, reached = everybody.cost, everybody.reached
    candidates = Candidates(
        admissible=np.asarray(everybody.codes == ALLOWED),
        gain=everybody.gain,
        cost=cost,
        reached=reached,
        waits=np.array([action.kind == SERVICE_RECOVERY for action in actions]),
        ranking=None if everybody.no_gains is None else ranking(everybody.cards),
    )
    offered = candidates.admissible & ~candidates.waits
    places = places_for(offered, cost, reached, limits, share)
    found = choose(candidates, limits_beside(places, offered, cost, reached, limits))
    return found, explore(found.planned, offered, places, everybody.draws[:, 1:], share)
