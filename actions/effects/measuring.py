"""Everything that contacts tell: what each action did, and what it will do for today's customers.

One call for the stage and for the benchmarks, so that both judge the same.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from actions.effects.assigned import NOT_SAMPLED, assigned
from actions.effects.estimating import FEWEST_IN_ARM, FEWEST_OF_EACH, Today, learn
from actions.effects.following import Outcomes, followed, foreseen
from actions.effects.intervals import Estimate
from actions.effects.learners import LearnerParams
from actions.effects.programme import programme
from actions.effects.report import by_action, by_period, customers_of, not_by_chance, shown
from actions.effects.risk import TRAITS, Foreseen
from actions.effects.window import window_for
from actions.params import ActionParams
from actions.plan.catalog import Catalog
from actions.plan.estimates import Estimates, none_estimated
from actions.plan.gain import has_money
from core.arrays import FloatArray
from core.digits import TOLD, to_digits
from core.order import places_among
from features.planning.timeplan import Timeline
from features.timeline import date_of

FEWEST = 200  # contacts drawn by chance, or nothing is learned from them
# Why nothing is estimated: message keys `why_no_effects.<name>`.
NO_CONTACTS = "no_contacts"
FEW_DRAWN = "few_drawn"
FEW_CLOSED = "few_closed"
FEW_LEFT_OR_STAYED = "few_left_or_stayed"
NONE_BY_CHANCE = "none_by_chance"
WHY_NOT = (NO_CONTACTS, FEW_DRAWN, FEW_CLOSED, FEW_LEFT_OR_STAYED, NONE_BY_CHANCE)


@dataclass(frozen=True)
class Known:
    """What the run knows: checked tables, snapshots, purchase timelines, and today's cards.

    `tables` are contacts and, where leaving is a cancellation, subscriptions. `snapshots` hold all
    as-of dates, the last of which (split `score`) is today's.

    Of a company that is too large to be held whole, `snapshots` may be of some customers, from whom
    is learned what is to be expected; contacts and purchases of others too, with the snapshots
    `before` these contacts (`assigned.wanted`). `not_sampled` contacts are then left out. `today`
    reads columns of today's snapshot, one part of the customers after another.
    """

    tables: Mapping[str, pd.DataFrame]
    snapshots: pd.DataFrame
    purchases: pd.DataFrame
    cards: pd.DataFrame
    timeline: Timeline
    before: pd.DataFrame | None = None
    not_sampled: int = 0
    today: Callable[[Sequence[str]], Iterable[pd.DataFrame]] | None = None


def measure(
    known: Known,
    catalog: Catalog,
    params: ActionParams,
    margin_rate: float | None,
    settings: LearnerParams,
) -> tuple[dict[str, Any], Estimates]:
    """Facts for the report (JSON), and the estimates for the plan.

    Without contacts that were drawn by chance there is no estimate, and the facts say why, as a
    message key and its values.
    """
    timeline = known.timeline
    if known.before is None:
        found = assigned(known.tables["contacts"], known.snapshots)
    else:
        found = assigned(known.tables["contacts"], known.before, timeline.as_of_days())
    left_out = found.left_out
    if known.not_sampled:
        left_out = left_out | {NOT_SAMPLED: known.not_sampled}
    days = found.rows["day"].to_numpy(np.int64)
    treated = found.rows["treated"].to_numpy(bool)
    window = window_for(
        params.effect_window_days, timeline.horizon_days, (days, treated), timeline.data_until
    )
    closed = window.closed(days, timeline.data_until)
    facts: dict[str, Any] = {
        "as_of_date": date_of(timeline.score).isoformat(),
        "data_until": date_of(timeline.data_until).isoformat(),
        "churn_definition": timeline.churn,
        "window_days": [window.first, window.last],
        "wanted_window_days": list(window.wanted),
        "contacts": {
            "rows": len(known.tables["contacts"]) + known.not_sampled,
            "by_chance": len(found.rows),
            "closed": int(closed.sum()),
            "left_out": left_out,
        },
        "periods": [],
        "programme": None,
        "learned": None,
    }
    if len(found.rows) < FEWEST or not closed.any():
        facts["why_not"] = (
            _why_not(FEW_DRAWN, drawn=len(found.rows), needed=FEWEST)
            if len(found.rows) < FEWEST
            else _too_few(found.rows[closed])
        )
        return facts, none_estimated(params.effect_confidence)
    outcomes = Outcomes(known.purchases, known.tables.get("subscriptions"), timeline.churn, window)
    models = foreseen(
        known.snapshots, outcomes, timeline.data_until, settings.seed, settings.threads
    )
    seen = followed(found.rows, outcomes, models, timeline.data_until)
    doubted = facts["not_by_chance"] = not_by_chance(seen)
    facts["periods"] = by_period(seen, window, timeline.data_until, margin_rate, doubted)
    facts["programme"] = programme(found.programme, outcomes, timeline.data_until)
    is_doubted = found.rows["action_id"].isin(list(doubted)).to_numpy(bool)
    usable = closed & ~is_doubted
    rows = found.rows[usable].reset_index(drop=True)
    is_enough = min(customers_of(rows).values()) >= FEWEST_IN_ARM
    learned = is_enough and learn(
        rows,
        seen.kept[usable],
        _today(known, margin_rate, models[0]),
        models[0],
        catalog.actions,
        (settings, params.effect_confidence),
    )
    if not learned:
        facts["why_not"] = (
            _why_not(NONE_BY_CHANCE) if is_doubted.all() else _too_few(rows, seen.kept[usable])
        )
        return facts, none_estimated(params.effect_confidence)
    alone = by_action(seen, usable)
    for one in learned.facts["actions"]:
        name = one["action_id"]
        one["contacts_alone"] = shown(alone[name]) if name in alone else None
    return facts | {"learned": learned.facts}, _rounded(learned.estimates, alone)


def no_contacts() -> dict[str, Any]:
    """The facts where the data has no contacts."""
    return {"why_not": _why_not(NO_CONTACTS)}


def _why_not(name: str, **values: int) -> dict[str, Any]:
    """Why nothing is estimated, as a message key and its values."""
    return {"message_key": f"why_no_effects.{name}", "values": values}


def _too_few(rows: pd.DataFrame, kept: FloatArray | None = None) -> dict[str, Any]:
    """What is missing, where these contacts with a known outcome are too few to learn from."""
    count = customers_of(rows)
    if kept is None or min(count.values()) < FEWEST_IN_ARM:
        return _why_not(FEW_CLOSED, **count, needed=FEWEST_IN_ARM)
    left = int((kept < 1).sum())
    return _why_not(FEW_LEFT_OR_STAYED, left=left, stayed=len(kept) - left, needed=FEWEST_OF_EACH)


def _today(known: Known, margin_rate: float | None, leaving: Foreseen) -> Today:
    """Today's customers, with what their cards tell; without a margin nobody knows a stake."""
    if known.today is None:
        parts: Iterable[pd.DataFrame] = [known.snapshots[known.snapshots["split"] == "score"]]
    else:
        parts = known.today([*dict.fromkeys(("customer_id", *leaving.columns, *TRAITS))])
    kept, foreseen = [], []
    for part in parts:  # the model reads many columns, of which few are needed any longer
        foreseen.append(leaving.of(part))
        kept.append(part[[name for name in ("customer_id", *TRAITS) if name in part]])
    rows = pd.concat(kept, ignore_index=True)
    place = places_among(rows["customer_id"], known.cards["customer_id"])

    def told(name: str) -> FloatArray:
        """What cards tell of these customers (n,); NaN, the last one, of who has no card."""
        return np.append(known.cards[name].to_numpy(np.float64, na_value=np.nan), np.nan)[place]

    stake = np.full(len(rows), np.nan)
    if margin_rate is not None and has_money(known.cards):
        stake = (told("value_if_stays") - told("value_if_lapses")) * margin_rate
    return Today(rows, np.concatenate(foreseen), told("churn_risk"), stake)


def _rounded(estimates: Estimates, alone: Mapping[str, Estimate]) -> Estimates:
    """With what contacts show alone, and digits that are the same on every processor."""
    certainty = [
        alone[name].effect / alone[name].se if name in alone else np.nan
        for name in estimates.actions
    ]
    return replace(
        estimates,
        effect=to_digits(estimates.effect, TOLD),
        sd=to_digits(estimates.sd, TOLD),
        stake=to_digits(estimates.stake, TOLD),
        certainty=to_digits(np.array(certainty), TOLD),
    )
