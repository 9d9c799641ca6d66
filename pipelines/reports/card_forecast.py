"""The part of the model card on the sales forecast: its backtest on past dates."""

from collections.abc import Mapping
from typing import Any

from pipelines.reports.card_figures import with_interval

OTHERS = {"last_period": "as many days before", "last_year": "a year earlier"}


def forecast_text(backtests: list[dict[str, Any]], season: Mapping[str, Any]) -> str:
    """A table of total and segment errors by date; empty without a past date to judge."""
    if not backtests:
        return ""
    rows = [
        f"| {backtest['as_of_date']}, {backtest['days']} days | {what} | "
        f"{backtest['total'][what]['sold']:,.0f} | {backtest['total'][what]['ours']:,.0f} | "
        + "".join(
            f"{with_interval(errors.get(name, {}).get(error), '+.1%')} | "
            for name, error in (
                ("ours", "total_error"),
                ("ours", "segment_error"),
                *((other, "total_error") for other in OTHERS),
            )
        )
        + f"{sum(backtest['not_in_it'][what].values()):.1%} |"
        for backtest in backtests
        for what, errors in backtest["errors"].items()
    ]
    others = " | ".join(f"error of {name}" for name in OTHERS.values())
    head = f"| as of | what | sold | forecast | error | by segment | {others} | by others |"
    covers = [
        period[what]["covers"]
        for backtest in backtests
        for period in backtest["periods"]
        for what in backtest["errors"]
        if period[what]["covers"] is not None
    ]
    held = (
        f" Its 95 % intervals held {sum(covers)} of {len(covers)} periods."
        if covers
        else " The history is too short for intervals."
    )
    return (
        "### Sales forecast\n\n"
        + "\n".join([head, "|---" * 9 + "|", *rows])
        + "\n\nError: forecast over sold, less 1; by segment: absolute errors of the RFM segments "
        "over all sold. By others: the share of all sold that customers outside the forecast "
        "brought, new or back after a long silence."
        + held
        + _why_absent(backtests)
        + _season(season)
    )


def _season(season: Mapping[str, Any]) -> str:
    """Whether the time of year is in predictions; empty where it is not known."""
    if not season:
        return ""
    seen = f"{season['days_seen']:,} days"
    if season["is_told"]:
        return f" The time of year is in all predictions, as {seen} of history show it."
    if season["days_seen"] >= season["days_needed"]:
        return f" The time of year is in no prediction: {seen} of history show no season."
    return (
        f" The time of year is in no prediction: the history holds {seen}, and a season shows from "
        f"{season['days_needed']} on."
    )


def _why_absent(backtests: list[dict[str, Any]]) -> str:
    """What a dash means: nothing was sold, or the data does not reach back that far."""
    dates: dict[str, list[str]] = {"unsold": [], **{name: [] for name in OTHERS}}
    for backtest in backtests:
        for what, errors in backtest["errors"].items():
            when = f"{what} as of {backtest['as_of_date']}"
            dates["unsold"] += [] if errors else [when]
            for name in OTHERS:
                dates[name] += [when] if errors and name not in errors else []
    why = {
        "unsold": "no error where nothing was sold ({})",
        "last_period": "no window of as many days before ({})",
        "last_year": "the data does not reach back a year and its cohort ({})",
    }
    reasons = [
        why[name].format(", ".join(dict.fromkeys(when))) for name, when in dates.items() if when
    ]
    return f" A dash: {'; '.join(reasons)}." if reasons else ""
