"""The verdict over all cells, and the tables that are printed."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata

from benchmarks.ladder.judge import CALIBRATED, HIGHER_IS_BETTER, OURS
from benchmarks.ladder.peers import PEERS

Row = dict[str, Any]
EVERYBODY = (OURS, *PEERS)
SHORT = {"recency_rule": "recency", "rfm_logistic": "rfm", "bg_nbd": "bg", "pareto_nbd": "pareto"}
UNJUDGED_RUNG = 6


def summarise(cells: Sequence[Row]) -> dict[str, Any]:
    """The questions of the ladder answered by counts; every cell is a row of the JSON file."""
    ranked, probable = (
        [one for one in cells if any(_figure(one, peer, metric) is not None for peer in PEERS)]
        for metric in ("auc", "log_loss")
    )
    worse = [
        (one["cell"], gap["peer"], gap["metric"])
        for one in cells
        for gap in one["differences"]
        if gap["surely"] == "worse"
    ]
    better = sum(gap["surely"] == "better" for one in cells for gap in one["differences"])
    return {
        "cells": len(cells),
        "status": dict(Counter(one["status"] for one in cells)),
        "refused_where_a_peer_ranks": [
            one["cell"] for one in ranked if _figure(one, OURS, "auc") is None
        ],
        "no_probability_where_a_peer_has_one": [
            one["cell"] for one in probable if _figure(one, OURS, "log_loss") is None
        ],
        "cells_surely_worse": sorted({cell for cell, _, _ in worse}),
        "comparisons": sum(len(one["differences"]) for one in cells),
        "comparisons_surely_worse": len(worse),
        "comparisons_surely_better": better,
        "mean_rank": {metric: mean_rank(cells, metric) for metric in HIGHER_IS_BETTER},
        "calibration": calibration(cells),
    }


def mean_rank(cells: Sequence[Row], metric: str) -> dict[str, float]:
    """Mean rank of each model over the cells where any has the figure: 1 is best.

    No models share the last rank: a model without predictions for a cell is behind all the others.
    """
    sign = -1.0 if HIGHER_IS_BETTER[metric] else 1.0
    ranks = []
    for one in cells:
        found = [_figure(one, model, metric) for model in EVERYBODY]
        if any(value is not None for value in found):
            ranks.append(rankdata([np.inf if v is None else sign * v for v in found]))
    means = np.mean(ranks, axis=0) if ranks else np.full(len(EVERYBODY), np.nan)
    return {model: float(mean) for model, mean in zip(EVERYBODY, means, strict=True)}


def calibration(cells: Sequence[Row]) -> dict[str, Any]:
    """Share of the judged cells in which as many customers left as expected.

    `by_chance` is the share that exactly right probabilities would reach in cells of this size,
    where few customers leave or few stay.
    """
    judged = [
        one
        for one in cells
        if _figure(one, OURS, "observed_over_expected") is not None and one["rung"] != UNJUDGED_RUNG
    ]
    found: dict[str, Any] = {"cells": len(judged)}
    for model in EVERYBODY:
        ratios = [_figure(one, model, "observed_over_expected") for one in judged]
        told = [ratio for ratio in ratios if ratio is not None]
        inside = sum(CALIBRATED[0] <= ratio <= CALIBRATED[1] for ratio in told)
        found[model] = inside / len(told) if told else None
    found["by_chance"] = (
        float(np.mean([one["models"][OURS]["by_chance"] for one in judged])) if judged else None
    )
    return found


def print_cells(cells: Sequence[Row]) -> None:
    """A line per cell: figures of ours and the peers; `-` a peer we are surely worse than."""
    print(
        f"{'cell':63}{'asked':>6}{'left':>6}  {'status':13}"
        + "".join(f"{'AUC ' + SHORT.get(m, m):>12}" for m in EVERYBODY)
        + "".join(f"{'loss ' + SHORT.get(m, m):>13}" for m in EVERYBODY)
        + f"{'seen/exp.':>10}"
    )
    for one in cells:
        rung = "" if one["rung"] is None else f" rung {one['rung']}"
        line = f"{one['cell']:63}{one['customers_judged']:>6}{one['churn_rate']:>6.2f}"
        line += f"  {one['status'] + rung:13}"
        for metric, width in (("auc", 12), ("log_loss", 13)):
            for model in EVERYBODY:
                line += f"{_text(one, model, metric):>{width}}"
        ratio = _figure(one, OURS, "observed_over_expected")
        print(line + f"{'' if ratio is None else f'{ratio:.2f}':>10}")


def print_summary(found: dict[str, Any]) -> None:
    """The figures that answer the questions of the ladder."""
    print(f"\n{found['cells']} cells: {found['status']}")
    for name, asked in (
        ("refused_where_a_peer_ranks", "0"),
        ("no_probability_where_a_peer_has_one", "0"),
        ("cells_surely_worse", "0"),
    ):
        print(f"{name.replace('_', ' ')}: {len(found[name])} (asked: {asked})")
    print(
        f"comparisons: {found['comparisons']}, surely worse {found['comparisons_surely_worse']}, "
        f"surely better {found['comparisons_surely_better']}"
    )
    for metric, ranks in found["mean_rank"].items():
        text = ", ".join(f"{model} {rank:.2f}" for model, rank in ranks.items())
        print(f"mean rank by {metric} (asked: ours is best): {text}")
    known = {name: share for name, share in found["calibration"].items() if share is not None}
    text = ", ".join(f"{k} {v:.0%}" for k, v in known.items() if k != "cells")
    print(f"observed/expected in .8-1.25, of {known['cells']} cells (asked: 90 %): {text}")


def _text(one: Row, model: str, metric: str) -> str:
    value = _figure(one, model, metric)
    if value is None:
        return "."
    mark = {
        gap["surely"]
        for gap in one["differences"]
        if gap["peer"] == model and gap["metric"] == metric
    }
    return f"{value:.3f}" + ("-" if "worse" in mark else "+" if "better" in mark else " ")


def _figure(one: Row, model: str, metric: str) -> float | None:
    value: float | None = one["models"].get(model, {}).get(metric)
    return value
