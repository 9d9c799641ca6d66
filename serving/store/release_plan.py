"""Reads the plan of a release folder: its limits, its totals and its curves."""

from pathlib import Path
from typing import Any

from core.files import read_json
from serving.cards.plan import PlanCurves
from sources.meanings.vocabulary import DO_NOTHING


def read_plan(folder: Path) -> PlanCurves | None:
    """The plan in a release folder with its curves; None where it was made without any.

    Raises ValueError for one that breaks the schema.
    """
    plan = read_json(folder / "plan.json")
    if "curves" not in plan:
        return None
    planned = plan["planned"] if "planned" in plan else _planned_of(plan)
    facts = ("no_gains", "currency", "effect_source", "holdout_share", "curves")
    limits = {name: one["limit"] for name, one in plan["capacities"].items()}
    told = {name: plan[name] for name in facts} | {"capacities": limits, "planned": planned}
    owners = plan.get("owner_capacity")  # None, too, in a release of older code
    told["owner_capacity"] = None if owners is None else owners["limit"]
    told["explored"] = plan.get("arms", {}).get("explored", 0)
    return PlanCurves.model_validate({**told, "budget": plan["budget"]["limit"]})


def _planned_of(plan: dict[str, Any]) -> dict[str, Any]:
    """The plan within its limits, of a release of older code, where nothing else was intended."""
    actions = {name: row for name, row in plan["by_action"].items() if name != DO_NOTHING}
    by_action = {name: row["customers"] for name, row in actions.items()}
    return {
        "customers": sum(by_action.values()),
        "cost": plan["budget"]["intended"],
        "expected_gain": sum(row.get("expected_gain", 0.0) for row in actions.values()),
        "by_action": by_action,
    }
