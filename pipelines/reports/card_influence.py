"""The part of the model card on what moves the risk: the strongest features, over all customers."""

from collections.abc import Sequence
from typing import Any

from pipelines.reports.card_figures import ABSENT, cell, written

SHOWN = 10
CLEAR = 0.3  # rank correlation from which a direction is told


def influence_text(influence: Sequence[dict[str, Any]]) -> str:
    """A table of features with their mean absolute Shapley value, and the picture."""
    if not influence:
        return ""
    rows = [
        f"| {cell(row['feature'])} | {written(row['mean_contribution'], '.3f')} | "
        f"{_towards(row['direction'])} |"
        for row in influence[:SHOWN]
    ]
    table = "\n".join(["| feature | moves the log odds by | high values |", "|---|---|---|", *rows])
    return (
        f"### What moves the risk\n\n{table}\n\nMean absolute Shapley value on rows of the test "
        "dates, before calibration. It is what the model associates with leaving, not what causes "
        "it.\n\n![influence](influence.png)"
    )


def _towards(direction: float | None) -> str:
    """Whether high values raise the risk; a dash for text."""
    if direction is None:
        return ABSENT
    if abs(direction) < CLEAR:
        return "raise it for some, lower it for others"
    return "raise the risk" if direction > 0 else "lower the risk"
