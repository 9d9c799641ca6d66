"""What MLflow is told of a run, in words and figures: nothing here imports MLflow.

Everything says what was done and not what was asked for: settings are those of the fitted models,
horizons and dates those of the time plan.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from features.timeline import date_of
from models.simple.rules import BASELINES, TENURE_RULE
from models.words import OURS
from pipelines.reports.names import NAMES

TREES = "num_leaves"  # a fitted part without it has no trees
STOPPING = ("max_rounds", "early_stopping_rounds", "most_pairs")  # limits of the training
WHAT = BASELINES | {
    OURS: "boosted trees, and a regression where data is scarce, calibrated",
    TENURE_RULE: "the shorter a customer has had a subscription, the more at risk, or the reverse",
}
DESCRIPTION = "mlflow.note.content"  # the tag that MLflow shows as a description


@dataclass(frozen=True)
class LoggedModel:
    """A model to log: its name, the folder of its files, and an example with its answer."""

    name: str
    folder: Path
    example: pd.DataFrame
    answer: pd.DataFrame


@dataclass(frozen=True)
class Child:
    """A child run: a `kind` ("model" or "trial"), its parameters and its figures."""

    name: str
    kind: str
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    tags: Mapping[str, str] = field(default_factory=dict)


class Data(NamedTuple):
    """What was learned from: its name, the digest of its content, and where it lies."""

    name: str
    digest: str
    address: Path


@dataclass(frozen=True)
class Record:
    """Everything that is logged of one run.

    `metrics` may be nested; those of the run's own model have the names that the children's have,
    so that one chart compares them. `curves` are values by name over steps; `data` is what was
    learned from.
    """

    content_key: str
    name: str
    note: str
    params: Mapping[str, Any]
    tags: Mapping[str, str]
    metrics: Mapping[str, Any]
    curves: Mapping[str, Sequence[float]]
    files: Sequence[Path]
    data: Data
    children: Sequence[Child]
    models: Sequence[LoggedModel]


def params_as_fitted(
    asked: Mapping[str, Any],
    fitted: Mapping[str, Any],
    timeline: Mapping[str, Any],
    holdout_share: float | None,
) -> dict[str, Any]:
    """The parameters of params.yaml with what they became, sections nested.

    `fitted` is `models.fitted.fitted`, `timeline` the time plan as JSON, `holdout_share` that of
    the plan. `auto` gives way to what was chosen, and the settings of models to those that they
    were trained with; a part that has no trees has no settings of trees. Limits of the training
    stay as asked.
    """
    found = {section: _copy(content) for section, content in asked.items()}
    for choice in timeline["choices"]:
        section, key = choice["key"].split(".", 1)
        value = choice["value"]
        is_day = key == "score_as_of"
        found[section][key] = date_of(value).isoformat() if is_day else value
    for key in ("horizon_days", "active_within_days", "value_horizon_days", "churn"):
        found["task"][key] = timeline[key]
    if holdout_share is not None:
        found["actions"]["holdout_share"] = holdout_share
    model = found["model"]
    for part in ("churn", "next_purchase", "value", "next_categories"):
        made = fitted.get(part, {})
        limits = {key: model[part][key] for key in STOPPING if key in model[part]}
        model[part] = {**(limits if TREES in made else {}), **made}
    return found


def _copy(content: Any) -> Any:
    return {k: _copy(v) for k, v in content.items()} if isinstance(content, dict) else content


def run_name(manifest: Mapping[str, Any], churn: Mapping[str, Any], experiment: str | None) -> str:
    """As a person would name the run: `brave-hare · AUC .864 · 28 days · 2018-01-02`.

    What tells runs apart comes first: lists of runs show no more than the beginning. `churn` are
    the figures of the churn models, empty where nothing judged them; `experiment` is DVC's name of
    it.
    """
    figures = churn.get(OURS, {})
    parts = [experiment, _area(figures) or "not judged", f"{manifest['horizon_days']} days"]
    return " · ".join([*filter(None, parts), manifest["as_of_date"]])


def note(facts: Mapping[str, Any]) -> str:
    """The description of a run as Markdown.

    `facts` holds `source`, `manifest`, `timeline`, `churn` (as in metrics/churn.json), `promotion`,
    `trials` and `experiment` (DVC's name of it, or None).
    """
    timeline, churn, manifest = facts["timeline"], facts["churn"], facts["manifest"]
    lines = [
        f"{facts['source']}, as of {manifest['as_of_date']}, "
        f"{manifest['horizon_days']} days ahead.",
        _judged(churn, timeline),
        f"Release `{manifest['release_id']}`. {_promoted(facts['promotion'])}",
    ]
    if facts["trials"]:
        lines.append(
            f"The settings of the churn model are the best of {len(facts['trials'])} tried: "
            "`search.json`, and a child run for each."
        )
    if facts["experiment"]:
        lines.append(f"DVC's experiment `{facts['experiment']}`.")
    lines.append("The model card is `reports/model_card.md` among the artifacts.")
    return "\n\n".join(lines)


def _judged(churn: Mapping[str, Any], timeline: Mapping[str, Any]) -> str:
    if OURS not in churn:
        return "No outcome has judged what scores here."
    others = {name: figures for name, figures in models_of(churn) if name != OURS}
    areas = [
        f"{NAMES[name]} {figures['auc']:.3f}"
        for name, figures in others.items()
        if "auc" in figures
    ]
    area = churn[OURS].get("auc")
    told = "AUC unknown" if area is None else f"AUC **{area:.3f}**"
    beside = f" ({', '.join(areas)})" if areas else ""
    return f"{told}{beside}, grade {churn['grade']}, tested as of {', '.join(timeline['test'])}."


def _promoted(promotion: Mapping[str, Any]) -> str:
    what = "These models score" if promotion["promoted"] else "The champion goes on scoring"
    return f"{what}: {promotion['why'].rstrip('.')}."


def models_of(churn: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The models among the figures of metrics/churn.json, ours first."""
    found = {name: figures for name, figures in churn.items() if name in NAMES}
    yield from sorted(found.items(), key=lambda pair: pair[0] != OURS)


def trials_of(trials: Sequence[Mapping[str, float]]) -> list[Child]:
    """A child run for each trial of the search, with its settings and its loss."""
    return [
        Child(
            f"trial {number} · log loss " + f"{trial['log_loss']:.4f}".removeprefix("0"),
            "trial",
            {f"model.churn.{key}": value for key, value in trial.items() if key != "log_loss"},
            {"log_loss_of_search": trial["log_loss"]},
        )
        for number, trial in enumerate(trials, 1)
    ]


def models_judged(
    churn: Mapping[str, Any], learned: Mapping[str, Mapping[str, Any]]
) -> list[Child]:
    """A child run for each model of metrics/churn.json, with what it has learned."""
    return [
        Child(
            " · ".join(filter(None, (NAMES[name].strip("*"), _area(figures)))),
            "model",
            learned[name],
            figures,
            {"model": name, DESCRIPTION: WHAT.get(name, "")},
        )
        for name, figures in models_of(churn)
    ]


def _area(figures: Mapping[str, float]) -> str:
    area = figures.get("auc")
    return "" if area is None else "AUC " + f"{area:.3f}".removeprefix("0")
