"""The part of the model card on who leaves a main category while staying a customer."""

from typing import Any

from pipelines.reports.card_figures import with_interval, written
from pipelines.reports.names import NAMES

COLUMNS = {
    "auc": "AUC",
    "log_loss": "log loss",
    "brier": "Brier score",
    "calibration_error": "calibration error",
    "observed_over_expected": "left / expected",
}


def category_risk_text(judged: dict[str, Any], horizon_days: int) -> str:
    """The figures of the risk beside simple rules; "" where it was not judged."""
    if not judged:
        return ""
    rows = [
        f"| {NAMES[name]} | " + " | ".join(with_interval(figures[m]) for m in COLUMNS) + " |"
        for name, figures in judged["models"].items()
    ]
    head = f"| model | {' | '.join(COLUMNS.values())} |"
    table = "\n".join([head, "|---" * (len(COLUMNS) + 1) + "|", *rows])
    gain = with_interval(judged["gains"]["by_silence"]["log_loss"])
    dates = ", ".join(f"{date} {written(one, '.2f')}" for date, one in judged["by_date"].items())
    return (
        f"### Leaving a category, {horizon_days} days ahead\n\n"
        f"Of the customers who bought again {judged['told_share']:.0%} had a main category, "
        f"{judged['rows']:,} in all; of {judged['left_share']:.1%} nothing was bought.\n\n{table}"
        f"\n\nLog loss of ours less that of the silence alone: {gain}. Left for each expected, by "
        f"test date: {dates}."
    )
