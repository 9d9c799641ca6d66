"""The part of the model card on who of the lapsed comes back by himself."""

from typing import Any

from pipelines.reports.card_figures import figure, with_interval
from pipelines.reports.names import NAMES

TITLE = "## Who of the lapsed comes back by himself"
WHO = {
    "value_if_returns": "value if returns, of who came back",
    "value_if_stays_away": "value if stays away, of who did not",
}


def win_back_text(judged: dict[str, Any]) -> str:
    """Ours beside rhythm and silence, and the errors of the two values; empty if not judged."""
    if not judged:
        return ""
    days, dates = judged["horizon_days"], ", ".join(judged["test_as_of_dates"])
    rows = [
        f"| {NAMES[name]} | "
        + " | ".join(
            with_interval(figures.get(metric))
            for metric in ("auc", "log_loss", "observed_over_expected")
        )
        + " |"
        for name, figures in judged["models"].items()
    ]
    gain = judged["gains"]["rhythm"]["log_loss"]
    return "\n\n".join(
        [
            TITLE,
            f"As of {dates}: {judged['returned']:,} of {judged['rows']:,} who had lapsed bought "
            f"again within {days} days. Whoever was asked by then counts as if he had come by "
            "himself: past contacts are in these figures.",
            "\n".join(
                ["| model | AUC | log loss | observed / expected |", "|---|---|---|---|", *rows]
            ),
            f"Log loss of ours minus that of the rhythm: {with_interval(gain, '+.4f')}. "
            + " ".join(_errors(judged.get("values", {}))),
        ]
    ).rstrip()


def _errors(values: dict[str, Any]) -> list[str]:
    return [
        f"Total error of the {WHO[name]}: "
        f"{with_interval(values[name]['models']['ours']['total_error'], '+.1%')} "
        f"({figure(values[name]['rows'], ',')} rows)."
        for name in WHO
        if "models" in values.get(name, {})
    ]
