"""The tables of churn in docs/benchmarks.md and README.md, from what `make bench-accuracy` wrote.

    python -m benchmarks.churn_tables            # prints them
    python -m benchmarks.churn_tables --write    # puts them in their place on both pages

Each table is found by its first line and, on the page of benchmarks, by its heading.
"""

import argparse
import json
import math
import re
from collections.abc import Callable, Sequence

from benchmarks.accuracy import OUT
from benchmarks.judging import ALL
from benchmarks.measuring import ROOT
from benchmarks.verdict import OURS, Result, verdict

PAGE, README = ROOT / "docs" / "benchmarks.md", ROOT / "README.md"
HEADINGS = {
    "complete_journey": "### Complete Journey, 28 days ahead",
    "cdnow": "### CDNOW, 90 days ahead",
    "online_retail": "### Online Retail, 30 days ahead",
    "online_retail_90_days": "### Online Retail, 90 days ahead",
}
MODELS = {
    OURS: "**Regulars**",
    "rfm_logistic": "RFM logistic",
    "bg_nbd": "BG/NBD",
    "pareto_nbd": "Pareto/NBD",
    "recency_rule": "recency rule",
    "own_rhythm_rule": "own-rhythm rule",
    "xgboost_default": "XGBoost, defaults",
    "catboost_default": "CatBoost, defaults",
    "hist_gradient_boosting": "scikit-learn's boosting, defaults",
    "perpetual_default": "Perpetual, defaults",
    "event_sequence_gru": "GRU on purchases",
    "autogluon_tabular": "AutoGluon, ten minutes",
}
BOOSTING = ("xgboost_default", "catboost_default", "hist_gradient_boosting", "perpetual_default")
METRICS = {
    "auc": "AUC",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "brier": "Brier",
    "observed_over_expected": "observed / expected",
}
WITH_INTERVAL = ("auc", "average_precision", "log_loss")
WORDS = {"+": "better", "-": "worse", "=": "≈"}
Cell = Callable[[str, str], str]


def cells(result: Result, dataset: str) -> Cell:
    """The text for a model and a metric of churn on all test dates of a data set together."""

    def of(part: str) -> dict[tuple[str, str], dict[str, float]]:
        key = dataset, ALL, "churn"
        return {
            (one["model"], one["metric"]): one
            for one in result[part]
            if (one["dataset"], one["as_of_date"], one["task"]) == key
        }

    figures, gaps = of("rows"), of("differences")

    def cell(model: str, metric: str) -> str:
        one, gap = figures.get((model, metric)), gaps.get((model, metric))
        if one is None or not math.isfinite(one["value"]):
            return "–"
        if metric == "observed_over_expected":
            return f"{one['value']:.2f}"
        if model == OURS and metric in WITH_INTERVAL:
            return f"{one['value']:.3f} ({one['low']:.3f} to {one['high']:.3f})"
        return f"{one['value']:.3f}" + (f" {WORDS[verdict(gap)]}" if gap else "")

    return cell


def table(result: Result, dataset: str) -> str:
    """Every model of a data set by every metric."""
    cell = cells(result, dataset)
    lines = [["model", *METRICS.values()], ["---"] * (len(METRICS) + 1)]
    lines += [[MODELS[model], *(cell(model, one) for one in METRICS)] for model in MODELS]
    return _lines([line for line in lines if line[1] != "–"])


def readme_table(result: Result) -> str:
    """AUC of the models that the first page names, a line for each data set."""
    shown = (OURS, "rfm_logistic", "bg_nbd", "", "autogluon_tabular")
    head = ["data, days ahead", "Regulars", "RFM logistic", "BG/NBD"]
    head += ["best boosting with defaults", "AutoGluon, ten minutes"]
    lines = [head, ["---"] * len(head)]
    for dataset, heading in HEADINGS.items():
        cell = cells(result, dataset)
        # Cells begin with the figure: the greatest text is the greatest AUC.
        best = max(
            (one for one in BOOSTING if cell(one, "auc") != "–"), key=lambda m: cell(m, "auc")
        )
        told = [cell(model or best, "auc").split(" (")[0] for model in shown]
        lines.append([heading.strip("# ").removesuffix(" days ahead"), *told])
    return _lines(lines)


def _lines(lines: Sequence[Sequence[str]]) -> str:
    made = [f"| {' | '.join(line)} |" for line in lines]
    made[1] = made[1].replace(" ", "")
    return "\n".join(made)


def put(text: str, heading: str, made: str) -> str:
    """The text with the first table below a heading replaced."""
    before, after = text.split(f"{heading}\n", 1)
    old = re.search(r"^\|.*(?:\n\|.*)*", after, re.MULTILINE)
    if old is None:
        raise ValueError(f"there is no table below {heading}")
    return f"{before}{heading}\n{after[: old.start()]}{made}{after[old.end() :]}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables, or write them."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--write", action="store_true")
    result: Result = json.loads(OUT.read_text(encoding="utf-8"))
    made = {heading: table(result, dataset) for dataset, heading in HEADINGS.items()}
    short = readme_table(result)
    if not parser.parse_args(arguments).write:
        print("\n\n".join([*(f"{heading}\n\n{one}" for heading, one in made.items()), short]))
        return
    page = PAGE.read_text(encoding="utf-8")
    for heading, one in made.items():
        page = put(page, heading, one)
    PAGE.write_text(page, encoding="utf-8")
    README.write_text(put(README.read_text("utf-8"), "## Figures", short), encoding="utf-8")


if __name__ == "__main__":
    main()
