"""The part of the model card on when the next purchase comes."""

from collections.abc import Mapping
from typing import Any

from models.next_purchase.when import INSIDE
from pipelines.reports.card_figures import written
from pipelines.reports.names import NAMES


def when_text(when: dict[str, Any]) -> str:
    """The curves by day, the interval and the order; also for rows that were followed longer."""
    longer = when.get("followed_longer")
    text = _when_table(when)
    if not longer:
        return text
    dates = ", ".join(longer["test_as_of_dates"])
    return f"{text}\n\n### Followed longer: as of {dates}, by older models\n\n{_when_table(longer)}"


def _when_table(when: dict[str, Any]) -> str:
    others = [name for name in ("bg_nbd", "kaplan_meier") if name in when["concordance"]]
    head = "| bought within | rows | share | observed / expected | Brier, ours |" + "".join(
        f" Brier, {NAMES[name]} |" for name in others
    )
    rows = [
        f"| {day} days | {f['rows']:,} | {f['bought']:.1%} | "
        f"{written(f['ours']['observed_over_expected'], '.2f')} | {f['ours']['brier']:.4f} |"
        + "".join(f" {f[name]['brier']:.4f} |" if name in f else " |" for name in others)
        for day, f in sorted(when["by_day"].items(), key=lambda item: int(item[0]))
    ]
    error, order = when["median_absolute_error"], when["concordance"]
    interval = when["interval"]
    table = "\n".join([head, "|---" * (5 + len(others)) + "|", *rows])
    return f"{table}\n\n" + " ".join(
        part
        for part in (
            _integrated_text(when["integrated_brier"]),
            f"Of the {100 * INSIDE:.0f} % interval, {_percent(interval['missed_early'])} bought "
            f"earlier and {_percent(interval['missed_late'])} later.",
            _coverage_text(interval["coverage"]),
            _open_text(interval.get("open")),
            _warning_text(error),
            f"Of those who bought, half were within {_days(error['ours'])} of the median date (own "
            f"mean gap: {_days(error['own_mean_gap'])}).",
            f"Concordance {written(order['ours'], '.3f')} (own mean gap "
            f"{written(order['own_mean_gap'], '.3f')}"
            + "".join(f", {NAMES[name]} {written(order[name], '.3f')}" for name in others)
            + ").",
        )
        if part
    )


def worse_than_gaps(error: Mapping[str, float | None]) -> str | None:
    """What to do where the median date misses by more than the customer's own mean gap does."""
    ours, gap = error["ours"], error["own_mean_gap"]
    if ours is None or gap is None or ours <= gap:
        return None
    return (
        "the expected dates miss by more than the last purchase plus the customer's own mean gap "
        "does: go by the order of the list and not by the date"
    )


def _warning_text(error: Mapping[str, float | None]) -> str:
    worse = worse_than_gaps(error)
    return f"**Warning**: {worse}." if worse else ""


def _integrated_text(scores: dict[str, Any]) -> str:
    if not scores:
        return ""
    others = [name for name in ("bg_nbd", "kaplan_meier") if name in scores]
    beside = ", ".join(f"{NAMES[name]} {scores[name]:.4f}" for name in others)
    return (
        f"Integrated Brier score to day {scores['until_day']}: {scores['ours']:.4f}"
        + (f" ({beside})" if beside else "")
        + "."
    )


def _coverage_text(coverage: dict[str, Any]) -> str:
    if coverage["share"] is None:
        return ""
    return (
        f"The dates shown, whole days, cover {_percent(coverage)} that were followed for "
        f"{coverage['days']} days."
    )


def _open_text(share: float | None) -> str:
    if not share:
        return ""
    return (
        f"Of {share:.0%} the interval has no end: too much lies beyond the last day of the curve."
    )


def _percent(found: dict[str, Any]) -> str:
    if found["share"] is None:
        return "an unknown share (no row was followed that long)"
    expected = f" ({found['expected']:.1%} expected)" if "expected" in found else ""
    return f"{found['share']:.1%}{expected} of {found['rows']:,}"


def _days(error: float | None) -> str:
    return "unknown" if error is None else f"{error:.1f} days"
