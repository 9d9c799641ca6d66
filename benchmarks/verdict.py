"""What the accuracy benchmark says in words: a table for a data set, and mean ranks over all."""

from collections import defaultdict
from typing import Any

SHOWN = ("auc", "average_precision", "log_loss", "brier", "observed_over_expected")
HIGHER_IS_BETTER = {"auc": True, "average_precision": True, "log_loss": False, "brier": False}
OURS, ALL = "ours", "all"

Result = dict[str, list[dict[str, Any]]]


def print_table(dataset: str, result: Result) -> None:
    """Every model on all test dates together, with its difference to ours; then AUC by date.

    A difference is marked + where the model is surely better than ours, - where it is surely worse:
    its 95 % interval leaves out 0.
    """
    rows = [row for row in result["rows"] if row["dataset"] == dataset]
    gaps = {
        (gap["as_of_date"], gap["model"], gap["metric"]): gap
        for gap in result["differences"]
        if gap["dataset"] == dataset
    }
    figures = {(row["as_of_date"], row["model"], row["metric"]): row for row in rows}
    models = sorted({row["model"] for row in rows}, key=lambda name: (name != OURS, name))
    dates = sorted({row["as_of_date"] for row in rows} - {ALL})
    n_test = next(row["n_test"] for row in rows if row["as_of_date"] == ALL)
    print(f"\n{dataset}: {', '.join(dates)}; {n_test:,} rows together")
    print(f"{'':24}" + "".join(f"{metric:>24}" for metric in SHOWN))
    for name in models:
        cells = []
        for metric in SHOWN:
            row = figures[ALL, name, metric]
            gap = gaps.get((ALL, name, metric))
            mark = f"{verdict(gap)} {gap['value']:+.4f}" if gap else ""
            cells.append(f"{row['value']:>12.4f} {mark:<11}")
        print(f"{name:24}" + "".join(cells))
    print("AUC by date" + " " * 13 + "".join(f"{date:>12}" for date in dates) + f"{'mean':>12}")
    for name in models:
        values = [figures[date, name, "auc"]["value"] for date in dates]
        mean = sum(values) / len(values)
        print(f"{name:24}" + "".join(f"{value:>12.4f}" for value in [*values, mean]), flush=True)


def verdict(gap: dict[str, Any]) -> str:
    """+ surely better than ours, - surely worse, = neither."""
    better = gap["low"] > 0, gap["high"] < 0
    if not any(better):
        return "="
    return "+" if better[0] == HIGHER_IS_BETTER[gap["metric"]] else "-"


def print_ranks(result: Result) -> None:
    """Mean rank over data sets, single dates and metrics, and who surely beats ours."""
    groups: dict[tuple[str, str, str], dict[str, float]] = defaultdict(dict)
    for row in result["rows"]:
        if row["metric"] in HIGHER_IS_BETTER and row["as_of_date"] != ALL:
            key = (row["dataset"], row["as_of_date"], row["metric"])
            sign = -1.0 if HIGHER_IS_BETTER[row["metric"]] else 1.0
            groups[key][row["model"]] = sign * row["value"]
    ranks: dict[str, list[int]] = defaultdict(list)
    for values in groups.values():
        for place, name in enumerate(sorted(values, key=values.__getitem__), start=1):
            ranks[name].append(place)
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for gap in result["differences"]:
        if gap["as_of_date"] != ALL:
            counts[gap["model"]][verdict(gap)] += 1
    print(f"\n{'':24}{'mean rank':>10}{'comparisons':>13}{'beats ours':>12}{'loses':>8}")
    for name in sorted(ranks, key=lambda name: sum(ranks[name]) / len(ranks[name])):
        mean = sum(ranks[name]) / len(ranks[name])
        told = counts[name]
        n = sum(told.values())
        print(f"{name:24}{mean:>10.2f}{n:>13}{told['+']:>12}{told['-']:>8}")
