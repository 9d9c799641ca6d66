"""Reads the plan of a release folder: its limits, its totals and its curves."""

from pathlib import Path
from typing import Any

from core.files import read_json
from serving.cards.plan import PlanCurves
from serving.cards.planned import PlanContents
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


def read_contents(folder: Path) -> PlanContents | None:
    """Who is offered what, and what stopped it; None of a release of older code.

    Raises ValueError for one that breaks the schema.
    """
    plan = read_json(folder / "plan.json")
    if "blocked_customers" not in plan:
        return None
    arms = plan.get("arms") or {}
    shows = (plan["holdout_share"] and arms.get("can_show")) or {}
    actions = [
        _action(name, row)
        for name, row in plan["by_action"].items()
        if name != DO_NOTHING and row["customers"]
    ]
    stopped = [
        {
            "gate": gate,
            "customers": customers,
            "actions": plan["blocked"][gate],
            "costs": plan["gate_costs"].get(gate),
        }
        for gate, customers in plan["blocked_customers"].items()
    ]
    return PlanContents.model_validate(
        {
            "currency": plan["currency"],
            "actions": sorted(actions, key=lambda one: (-one["contacts"], one["action_id"])),
            "stopped": sorted(stopped, key=lambda one: (-(one["costs"] or 0.0), one["gate"])),
            "capacities": [
                {"channel": name, **use} for name, use in sorted(plan["capacities"].items())
            ],
            "owner_capacity": plan["owner_capacity"],
            "why_nothing": plan["why_nothing"],
            "missing_tables": sorted(plan["missing_tables"]),
            "objected": plan["objected"],
            "explored": arms.get("explored", 0),
            "withheld_by": arms.get("withheld_by", {}),
            "persistent_control": arms.get("persistent_control", 0.0),
            "shown_with_power": shows.get("power"),
            "programme_can_show": shows.get("programme"),
        }
    )


def _action(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """An action of the plan: whom it is for, and what of it is carried out."""
    carried_out = row["carried_out"]
    return {
        "action_id": name,
        "customers": row["customers"],
        "withheld": row["withheld"],
        "contacts": carried_out["customers"],
        "cost": carried_out["expected_cost"],
        "expected_gain_by_source": carried_out.get("expected_gain_by_source"),
        "channels": row["channels"],
    }


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
