"""The share to withhold, the columns of the arms, and what the summary says of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from actions.params import ActionParams
from actions.plan.catalog import SERVICE_RECOVERY, Catalog
from actions.plan.estimates import Estimates
from actions.plan.gain import reductions
from actions.plan.holdout import arms
from actions.plan.part import EXPIRES_AT
from actions.plan.power import (
    START,
    Outlook,
    outlook_report,
    share_for,
    share_reason,
    smallest_effect,
    unexplained,
)
from core.arrays import BoolArray, FloatArray
from sources.meanings.vocabulary import DO_NOTHING

HORIZON = "horizon_days"
ASSUMED_ALL: Mapping[str, float] = {}
GIVEN = "given"  # why the share is what it is: params.yaml says a number


@dataclass(frozen=True)
class Shares:
    """The chance of each customer to be withheld by the draw of the plan, and what it rests on.

    `share`, `persistent`, `unpaid` and `may_be_withheld` are (customers,): nobody withholds doing
    nothing, or an answer to a complaint. `outlook` is None where the cards tell no horizon.
    """

    share: FloatArray
    persistent: BoolArray
    unpaid: BoolArray
    may_be_withheld: BoolArray
    why: str
    outlook: Outlook | None

    @property
    def mean(self) -> float:
        """The mean share of those from whom something may be withheld."""
        among = self.share[self.may_be_withheld & ~self.persistent & ~self.unpaid]
        return float(among.mean() if len(among) else self.share.mean() if len(self.share) else 0.0)


def shares_of(
    plan: pd.DataFrame,
    cards: pd.DataFrame,
    catalog: Catalog,
    setting: float | str,
    held: tuple[BoolArray, BoolArray],
    known: Mapping[str, float] = ASSUMED_ALL,
) -> Shares:
    """The shares to withhold from a plan with `intended_action`, its rows as those of `cards`.

    `setting` is `actions.holdout_share`; `held` are who is in the persistent control, and for whom
    no budget pays. `known` tells of actions with a known effect how many standard errors it is from
    nothing.
    """
    persistent, unpaid = held
    intended = plan["intended_action"]
    recovers = [action.id for action in catalog.actions if action.kind == SERVICE_RECOVERY]
    may_be_withheld = ~intended.isin([DO_NOTHING, *recovers]).to_numpy()
    outlook = _outlook(plan, cards, catalog, may_be_withheld & ~persistent & ~unpaid)
    if not isinstance(setting, str):
        share = np.full(len(plan), setting)
        return Shares(share, persistent, unpaid, may_be_withheld, GIVEN, outlook)
    by_action = {name: share_for(t, outlook) for name, t in known.items()}
    base = share_for(None, outlook)
    share = np.full(len(plan), base)
    for name, its in by_action.items():
        share[(intended == name).to_numpy()] = its
    why = share_reason(known, outlook)
    return Shares(share, persistent, unpaid, may_be_withheld, why, outlook)


def certainties(estimates: Estimates | None, catalog: Catalog) -> dict[str, float]:
    """By action with a known effect, how many standard errors it is from nothing.

    By its contacts alone: estimates begin with what is assumed, and who is withheld is to show
    whether that is true.
    """
    if estimates is None:
        return {}
    found = dict(zip(estimates.actions, estimates.certainty.tolist(), strict=True))
    of_actions = {action.id: found.get(action.id, np.nan) for action in catalog.actions}
    return {action: certainty for action, certainty in of_actions.items() if np.isfinite(certainty)}


def with_arms(plan: pd.DataFrame, shares: Shares, draw: FloatArray) -> pd.DataFrame:
    """The plan with its arms, drawn by a number in [0, 1) for each customer.

    Adds arm, withheld, withheld_by, persistent_control, propensity = P(treated | intended action)
    and contact_propensity = propensity x action_propensity.
    """
    intended = plan["intended_action"]
    never = (intended != DO_NOTHING).to_numpy() & ~shares.may_be_withheld
    drawn = arms(intended, shares.share, draw, shares.persistent, never, shares.unpaid)
    plan = pd.concat([plan, drawn], axis=1)
    return plan.assign(contact_propensity=plan["propensity"] * plan["action_propensity"])


def arms_report(
    plan: pd.DataFrame, cards: pd.DataFrame, shares: Shares, params: ActionParams
) -> dict[str, Any]:
    """The part of the summary on arms, as JSON: shares, counts, and what can be shown by when."""
    by = plan.groupby("withheld_by", observed=True).size()
    return {
        "holdout_share_by": shares.why,
        "persistent_control": params.persistent_control,
        "control_draw": str(params.control_draw),
        "exploration_share": params.exploration_share,
        "withheld_by": {str(name): int(count) for name, count in by.items()},
        "explored": int(plan["is_exploration"].sum()),
        "can_show": None if shares.outlook is None else _can_show(plan, cards, shares, params),
    }


def _can_show(
    plan: pd.DataFrame, cards: pd.DataFrame, shares: Shares, params: ActionParams
) -> dict[str, Any]:
    """The smallest effects that can be shown: by date, and of the programme by its control."""
    assert shares.outlook is not None
    as_of = pd.Timestamp(cards["as_of_date"].iloc[0]).date()
    risk = cards["churn_risk"].to_numpy(dtype=np.float64)[shares.may_be_withheld & ~shares.unpaid]
    # If nothing is withheld nothing can be shown: it says what the usual share would show.
    share = shares.mean or START
    programme = smallest_effect(len(risk), params.persistent_control, unexplained(risk))
    return {
        "share": share,
        **outlook_report(shares.outlook, share, as_of),
        "programme": programme,
    }


def _outlook(
    plan: pd.DataFrame, cards: pd.DataFrame, catalog: Catalog, compared: BoolArray
) -> Outlook | None:
    """What plans like this one compare; None where the cards tell no horizon."""
    if HORIZON not in cards or cards.empty:
        return None
    horizon = int(cards[HORIZON].iloc[0])
    between = horizon
    if EXPIRES_AT in cards:  # the next plan is due when the cards of this one expire
        between = max(horizon, (cards[EXPIRES_AT].iloc[0] - cards["as_of_date"].iloc[0]).days)
    rows = np.flatnonzero(compared)
    actions = pd.Index([action.id for action in catalog.actions])
    chosen = actions.get_indexer(pd.Index(plan["intended_action"].iloc[rows]))
    risk = cards["churn_risk"].to_numpy(dtype=np.float64)[rows]
    high = reductions(cards.iloc[rows], catalog.actions, "high")[np.arange(len(rows)), chosen]
    by_action = pd.Series(high * risk).groupby(chosen).mean()
    return Outlook(
        risk=risk,
        hoped=float(by_action.max()) if len(rows) else 0.0,
        horizon_days=horizon,
        days=between,
    )
