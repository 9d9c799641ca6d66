"""Reads what a release folder tells of the effects of actions: rows as pages and API show them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.files import read_json
from serving.cards.effects import Effects
from serving.cards.parts import PUBLISHING

Facts = Mapping[str, Any]
NOT_BY_CHANCE = "not_by_chance"


def read_effects(folder: Path) -> Effects | None:
    """What actions did; None in a release of older code, which kept it as a page only.

    Raises ValueError for facts that break the schema.
    """
    path = folder / "reports" / "effects.json"
    if not path.exists():
        return None
    facts = read_json(path)
    periods = sorted(facts.get("periods", []), key=lambda one: one["action_id"])
    learned = facts.get("learned") or {"actions": []}
    told = {
        "window_days": facts.get("window_days"),
        "data_until": facts.get("data_until"),
        "churn_definition": facts.get("churn_definition"),
        "logged": facts.get("contacts"),
        "why_not": facts.get("why_not"),
        NOT_BY_CHANCE: sorted(facts.get(NOT_BY_CHANCE, {})),
        "actions": [_counted_on(one) for one in learned["actions"]],
        "periods": [
            _compared(one) for one in sorted(periods, key=lambda one: one["period"], reverse=True)
        ],
        "programme": _programme(facts.get("programme")),
    }
    return Effects.model_validate(told, context=PUBLISHING)


def _compared(one: Facts) -> dict[str, Any]:
    """A quarter of an action; where chance hardly made its groups, without what they did."""
    told: dict[str, Any] = {
        name: one[name] for name in ("action_id", "period", "contacts", "closes", "is_over")
    }
    told |= {**one["closed"], "verdict": one["verdict"], "missing": one.get("missing")}
    stays = None if one["verdict"] == NOT_BY_CHANCE else one.get("stays")
    means = stays["mean"] if stays else {}
    return told | {
        "stayed_treated": means.get("treated"),
        "stayed_withheld": means.get("withheld"),
        "stays": stays and _between(stays),
        "smallest_shown": stays and (stays["smallest_shown"] or None),
        "money": _money(one) if stays and "spend" in one else None,
    }


def _money(one: Facts) -> dict[str, Any]:
    spend, returns, treated = one["spend"], one.get("return"), one["closed"]["treated"]
    extra = _between(spend)
    told: dict[str, Any] = {"extra_spend": extra}
    if returns is None:
        return told | {"spent": None, "net": None, "return_on_spent": None}
    cost, margin = returns["cost"], returns["margin"]
    # The interval of the money is that of the spend, as long as a quarter runs the wider one.
    rate = margin["se"] / spend["adjusted"]["se"] if spend["adjusted"]["se"] else 0.0
    earned = {"value": margin["effect"]} | {
        end: None if extra[end] is None else rate * extra[end] for end in ("low", "high")
    }
    return told | {
        "spent": treated * cost,
        "net": {name: v if v is None else treated * (v - cost) for name, v in earned.items()},
        "return_on_spent": {name: v if v is None else v / cost for name, v in earned.items()}
        if cost
        else None,
    }


def _between(outcome: Facts) -> dict[str, Any]:
    """The adjusted difference with the interval that counts now, where there is one."""
    ends = outcome["interval"] or {"low": None, "high": None}
    return {"value": outcome["adjusted"]["effect"], **ends}


def _counted_on(one: Facts) -> dict[str, Any]:
    alone = one["contacts_alone"]
    return {**one, "effect": _estimate(one), "alone": alone and _estimate(alone)}


def _estimate(one: Facts) -> dict[str, Any]:
    return {"value": one["effect"], "low": one["low"], "high": one["high"]}


def _programme(found: Facts | None) -> dict[str, Any] | None:
    if not found:
        return None
    return {
        "window_days": found["window_days"],
        "with_offers": found["customers"]["programme"],
        "without": found["customers"]["persistent_control"],
        "stays": _estimate(found["stays"]) if "stays" in found else None,
        "spend": _estimate(found["spend"]) if "spend" in found else None,
    }
