"""The facts on saved models that their manifest holds."""

from typing import Any

from features.planning.timeplan import Timeline
from features.timeline import date_of


def facts(timeline: Timeline, learned_until: int) -> dict[str, Any]:
    """The facts for the manifest of saved models: their task, and until when they learned."""
    return {"learned_until": date_of(learned_until).isoformat(), "task": timeline.told_task}
