"""The part of the model card on orders and money."""

from typing import Any

from pipelines.reports.card_figures import with_interval, written
from pipelines.reports.names import NAMES


def money_text(when: dict[str, Any], value: dict[str, Any]) -> str:
    """Orders and spend within the horizon, and value over its own, each beside simple rules."""
    tables = {"Orders within the horizon": when["orders_in_horizon"]}
    if "spend_in_horizon" in when:
        tables["Spend within the horizon"] = when["spend_in_horizon"]
    for label, title in (("orders_in_value_horizon", "Orders"), ("value", "Value")):
        if label in value:
            dates = ", ".join(value["test_as_of_dates"])
            tables[f"{title} over {value['horizon_days']} days, as of {dates}"] = value[label]
    rows = [
        f"| {title} | {NAMES.get(name, name.replace('_', ' '))} | {f['mean_absolute_error']:.2f} | "
        f"{f['root_mean_squared_error']:.2f} | {written(f['total_error'], '+.1%')} | "
        f"{f['spearman']:.3f} | {written(f['captured_in_top_decile'], '.1%')} |"
        for title, figures in tables.items()
        for name, f in figures.items()
        if isinstance(f, dict) and name != "absent"
    ]
    absent = [
        f"{NAMES.get(name, name.replace('_', ' '))} says nothing of {title[0].lower()}{title[1:]}: "
        f"{why}."
        for title, figures in tables.items()
        for name, why in figures.get("absent", {}).items()
    ]
    head = (
        "| what | model | mean absolute error | RMSE | total error | Spearman | best tenth brings |"
    )
    table = "\n".join([head, "|---|---|---|---|---|---|---|", *rows])
    two = two_values_text(value.get("two_values", {}))
    return "\n\n".join([table, *([" ".join(absent)] if absent else []), *([two] if two else [])])


WHO = {
    "value_if_stays": "Value if stays, of who stayed",
    "value_if_lapses": "Value if leaves, of who left",
}


def two_values_text(two: dict[str, Any]) -> str:
    """The two values of a card, each judged on its own rows, in total and by risk band.

    Empty where no value was judged.
    """
    rows = [
        f"| {WHO[value]} | {band.replace('_', ' ')} | {NAMES.get(name, name.replace('_', ' '))} | "
        f"{part['rows']:,} | {with_interval(model['total_error'], '+.1%')} |"
        for value, figures in two.items()
        for band, part in {"all": figures, **figures["by_risk_band"]}.items()
        for name, model in part.get("models", {}).items()
    ]
    if not rows:
        return ""
    head = "| what | risk band | model | rows | total error |\n|---|---|---|---|---|"
    return "\n".join([head, *rows])


def extrapolated_text(timeline: dict[str, Any]) -> str:
    """The caveat for values over more days than any outcome has closed for; else empty."""
    learned = timeline["extrapolated_from"]
    if learned is None:
        return ""
    return (
        f"\n* No outcome of {timeline['value_horizon_days']} days has closed: values are learned "
        f"and judged over {learned} days and extrapolated from there by what BG/NBD expects. No "
        "grade and no interval stands behind the rest."
    )
