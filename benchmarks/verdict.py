"""The results of the accuracy benchmark: a table for each data set, and mean ranks over all."""

from collections import defaultdict
from typing import Any

from benchmarks.judging import ALL
from benchmarks.tasks import TASKS, better

OURS = "ours"
ACROSS = 5  # figures side by side

Result = dict[str, list[dict[str, Any]]]


def print_tables(dataset: str, result: Result) -> None:
    """For each task every model on all test dates together, with its difference to ours.

    A difference is marked + where the model is surely better than ours, - where it is surely worse:
    its 95 % interval leaves out 0.
    """
    rows = [row for row in result["rows"] if row["dataset"] == dataset]
    gaps = [gap for gap in result["differences"] if gap["dataset"] == dataset]
    for task in TASKS:
        of_task = [row for row in rows if row["task"] == task]
        if of_task:
            dates = sorted({row["as_of_date"] for row in of_task} - {ALL})
            n_test = next(row["n_test"] for row in of_task if row["as_of_date"] == ALL)
            print(f"\n{dataset}, {task}: {', '.join(dates)}; {n_test:,} rows together")
            _print_together(of_task, [gap for gap in gaps if gap["task"] == task])
            if task == "churn":
                _print_by_date(of_task, dates)


def _print_together(rows: list[dict[str, Any]], gaps: list[dict[str, Any]]) -> None:
    figures = {(row["model"], row["metric"]): row for row in rows if row["as_of_date"] == ALL}
    paired = {(gap["model"], gap["metric"]): gap for gap in gaps if gap["as_of_date"] == ALL}
    metrics = list(dict.fromkeys(metric for model, metric in figures if model == OURS))
    for first in range(0, len(metrics), ACROSS):
        some = metrics[first : first + ACROSS]
        print(f"{'':24}" + "".join(f"{metric:>34}" for metric in some))
        for name in _models(rows):
            cells = []
            for metric in some:
                row, gap = figures.get((name, metric)), paired.get((name, metric))
                mark = f"{verdict(gap)} {gap['value']:+.4f}" if gap else ""
                cells.append(f"{row['value']:>22.4f} {mark:<11}" if row else f"{'':34}")
            if any(cell.strip() for cell in cells):
                print(f"{name:24}" + "".join(cells), flush=True)


def _print_by_date(rows: list[dict[str, Any]], dates: list[str]) -> None:
    found = {(row["as_of_date"], row["model"]): row for row in rows if row["metric"] == "auc"}
    print("AUC by date" + " " * 13 + "".join(f"{date:>12}" for date in dates) + f"{'mean':>12}")
    for name in _models(rows):
        values = [found[date, name]["value"] for date in dates]
        mean = sum(values) / len(values)
        print(f"{name:24}" + "".join(f"{value:>12.4f}" for value in [*values, mean]), flush=True)


def _models(rows: list[dict[str, Any]]) -> list[str]:
    return sorted({row["model"] for row in rows}, key=lambda name: (name != OURS, name))


def verdict(gap: dict[str, Any]) -> str:
    """+ surely better than ours, - surely worse, = neither."""
    sides = gap["low"] > 0, gap["high"] < 0
    if not any(sides):
        return "="
    return "+" if sides[0] == better(gap["metric"]) else "-"


def print_ranks(result: Result) -> None:
    """By task the mean rank over data sets, dates and metrics, and which surely beat ours."""
    for task in TASKS:
        groups: dict[tuple[str, str, str], dict[str, float]] = defaultdict(dict)
        for row in result["rows"]:
            more = better(row["metric"])
            if row["task"] == task and more is not None and row["as_of_date"] != ALL:
                key = (row["dataset"], row["as_of_date"], row["metric"])
                groups[key][row["model"]] = -row["value"] if more else row["value"]
        gaps = [gap for gap in result["differences"] if gap["task"] == task]
        if groups:
            print(f"\n{task:24}{'mean rank':>10}{'comparisons':>13}{'beats ours':>12}{'loses':>8}")
            _print_ranks(groups, gaps)


def _print_ranks(
    groups: dict[tuple[str, str, str], dict[str, float]], gaps: list[dict[str, Any]]
) -> None:
    ranks: dict[str, list[int]] = defaultdict(list)
    for values in groups.values():
        for place, name in enumerate(sorted(values, key=values.__getitem__), start=1):
            ranks[name].append(place)
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for gap in gaps:
        if gap["as_of_date"] != ALL:
            counts[gap["model"]][verdict(gap)] += 1
    for name in sorted(ranks, key=lambda name: sum(ranks[name]) / len(ranks[name])):
        mean = sum(ranks[name]) / len(ranks[name])
        told = counts[name]
        n = sum(told.values())
        print(f"{name:24}{mean:>10.2f}{n:>13}{told['+']:>12}{told['-']:>8}")
