"""What the manifest of saved models says of them."""

from typing import Any

from features.planning.timeplan import Timeline
from features.timeline import date_of


def facts(timeline: Timeline, learned_until: int) -> dict[str, Any]:
    """What the manifest of saved models says of them: the task, and until when they learned."""
    return {"learned_until": date_of(learned_until).isoformat(), "task": timeline.told_task}
