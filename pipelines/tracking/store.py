"""MLflow: the log of runs, and the registry of models. The only module that imports it.

One parent run per content key, with a child run for each model it was compared with. Models are
logged as code with their text and JSON files as artifacts: nothing is ever unpickled.
"""

import logging
import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow

EXPERIMENT = "regulars"
TRACKING_STORE = "sqlite:///mlflow.db"
CODE = ["core", "sources", "features", "models", "pipelines"]
REGISTERED = {"churn": "regulars-churn", "next_purchase": "regulars-next-purchase"}
CHAMPION_ALIAS = "champion"  # the alias of the models whose release is published
UNNAMEABLE = re.compile(r"[^\w.\- :]|^\.+")  # in the name of a parameter, tag or metric
LONGEST_NAME = 250
REQUIREMENTS = ["lightgbm", "pandas", "numpy", "scipy", "scikit-learn", "pyarrow", "pydantic"]


@dataclass(frozen=True)
class LoggedModel:
    """A model to log: its name, the folder of its files, and an example with its answer."""

    name: str
    folder: Path
    example: pd.DataFrame
    answer: pd.DataFrame


def open_tracking_store() -> None:
    """Use MLflow's local SQLite store and the project's experiment."""
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    mlflow.set_tracking_uri(TRACKING_STORE)
    mlflow.set_experiment(EXPERIMENT)


def run_of(content_key: str) -> str | None:
    """The id of the finished run that logged this content, if there is one."""
    found = mlflow.search_runs(
        experiment_names=[EXPERIMENT],
        filter_string=f"tags.content_key = '{content_key}' and attributes.status = 'FINISHED'",
        output_format="list",
    )
    return str(found[0].info.run_id) if found else None


def log_run(
    content_key: str,
    facts: dict[str, Any],
    metrics: dict[str, Any],
    files: list[Path],
    logged: list[LoggedModel],
) -> str:
    """Log one parent run with its children and register the models; returns the run's id.

    `facts` holds the dictionaries `params` and `tags`; `metrics` is nested and logged under dotted
    names, such as `churn.ours.auc`.
    """
    with mlflow.start_run(run_name=content_key) as run:
        mlflow.set_tags({"content_key": content_key, **named(facts["tags"].items())})
        mlflow.log_params(named(flat(facts["params"])))
        mlflow.log_metrics(dict(numbers(metrics)))
        for file in files:
            mlflow.log_artifact(str(file), artifact_path=file.parent.name)
        for name, figures in metrics["churn"].items():
            if isinstance(figures, dict) and "auc" in figures:
                with mlflow.start_run(run_name=f"churn {name}", nested=True):
                    mlflow.set_tag("model", name)
                    mlflow.log_metrics(dict(numbers(figures)))
        for model in logged:
            mlflow.pyfunc.log_model(
                name=model.name,
                python_model=f"pipelines/tracking/logged_{model.name}.py",
                artifacts={"models": str(model.folder)},
                input_example=model.example,
                signature=mlflow.models.infer_signature(model.example, model.answer),
                code_paths=CODE,
                pip_requirements=REQUIREMENTS,
                registered_model_name=REGISTERED[model.name],
            )
        return str(run.info.run_id)


def set_champion(model_version: str) -> dict[str, str]:
    """Move the alias of the served models to those of this version.

    Returns the registered versions by model name; empty when no finished run logged them.
    """
    runs = mlflow.search_runs(
        experiment_names=[EXPERIMENT],
        filter_string=f"tags.model_version = '{model_version}' and attributes.status = 'FINISHED'",
        output_format="list",
        max_results=1,
    )
    if not runs:
        return {}
    client = mlflow.MlflowClient()
    found = client.search_model_versions(f"run_id = '{runs[0].info.run_id}'")
    for version in found:
        client.set_registered_model_alias(version.name, CHAMPION_ALIAS, version.version)
    return {version.name: str(version.version) for version in found}


def named(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs under names that MLflow accepts; files and columns may have any other name."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        plain = UNNAMEABLE.sub("_", name)[:LONGEST_NAME]
        unique, number = plain, 1
        while unique in found:  # two names have become one
            unique, number = f"{plain[:-4]}_{number + 1}", number + 1
        found[unique] = value
    return found


def flat(content: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested dictionaries as dotted names."""
    for key, value in content.items():
        if isinstance(value, dict) and value:
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def numbers(content: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """The numbers among nested dictionaries, as dotted names."""
    for key, value in flat(content):
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield key, float(value)


def git_commit() -> str:
    """The commit the code stands at, with `-dirty` when files were changed since."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude", "*"],
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or "unknown"
