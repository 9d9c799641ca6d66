"""The part of the model card on the sample that models learned from, and what more would bring."""

from typing import Any

from pipelines.reports.card_figures import with_interval

TITLE = "## What more customers would bring"


def sample_text(sample: dict[str, Any]) -> str:
    """The learning curve of churn; empty where models learned from everybody."""
    if not sample:
        return ""
    curve = sample["learning_curve"]
    parts = [
        TITLE,
        f"Models learned from {sample['share']:.1%} of the customers, drawn by a hash of their ids "
        f"({sample['customers']:,} customers, {sample['rows']:,} rows; `model.max_rows`). Figures "
        "of this card, also orders and money, are of these customers; scored is everybody.",
    ]
    if curve:
        rows = [
            f"| {one['customers']:,} | {one['rows']:,} | {with_interval(one['log_loss'])} | "
            f"{with_interval(one['auc'])} |"
            for one in curve["points"]
        ]
        head = "| customers learned from | rows | log loss | AUC |\n|---|---|---|---|\n"
        parts += [head + "\n".join(rows), _doubled(curve["last_doubling"])]
    return "\n\n".join(part for part in parts if part)


def _doubled(last: dict[str, Any]) -> str:
    if not last:
        return ""
    moved = f"by {with_interval(last['log_loss'], '+.4f')}"
    gained = last["log_loss"] and last["log_loss"]["high"] < 0
    more = (
        "Curves of learning flatten, so expect less than that of twice as many again: a larger "
        "`model.max_rows` may still be worth its time."
        if gained
        else "That is no sure gain, so a larger `model.max_rows` would hardly bring one."
    )
    return f"The last doubling of the customers changed the log loss {moved}. {more}"
