"""MLflow: the log of runs, and the registry of models. The only module that imports it.

One parent run per content key, with a child run for each model it was compared with and for each
trial of a search. Models are logged as code with their text and JSON files as artifacts: nothing is
ever unpickled.
"""

import logging
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # one line a child run

import mlflow
from mlflow.data.meta_dataset import MetaDataset
from mlflow.data.sources import LocalArtifactDatasetSource
from mlflow.entities import Metric

from pipelines.tracking.mlflow_process import artifact_folder, experiment_name, tracking_uri
from pipelines.tracking.recorded import DESCRIPTION, Record

ABOUT = (
    "One run for each new content; each says in its description what it was. Below a run are the "
    "models it is compared with and the trials of its search, shown with the plus sign: then the "
    "charts compare them too. The model card is among the artifacts."
)
KIND = {"mlflow.experimentKind": "custom_model_development"}  # MLflow's page for trained models
CODE = ["core", "sources", "features", "models", "pipelines"]
REGISTERED = {"churn": "regulars-churn", "next_purchase": "regulars-next-purchase"}
CHAMPION_ALIAS = "champion"  # the alias of the models whose release is published
UNNAMEABLE = re.compile(r"[^\w.\- :]|^\.+")  # in the name of a parameter, tag or metric
LONGEST_NAME = 250
MOST_METRICS = 1000  # that MLflow takes at once
REQUIREMENTS = ["lightgbm", "pandas", "numpy", "scipy", "scikit-learn", "pyarrow", "pydantic"]


def open_tracking_store() -> None:
    """Use the tracking store and the experiment of the project, which is made where it is new."""
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    mlflow.set_tracking_uri(tracking_uri())
    client, name = mlflow.MlflowClient(), experiment_name()
    if client.get_experiment_by_name(name) is None:
        client.create_experiment(name, artifact_location=artifact_folder())
    experiment = mlflow.set_experiment(name)
    for key, value in {DESCRIPTION: ABOUT, **KIND}.items():
        if experiment.tags.get(key) != value:
            client.set_experiment_tag(experiment.experiment_id, key, value)


def run_of(content_key: str) -> str | None:
    """The id of the finished run that logged this content, if there is one."""
    found = mlflow.search_runs(
        experiment_names=[experiment_name()],
        filter_string=f"tags.content_key = '{content_key}' and attributes.status = 'FINISHED'",
        output_format="list",
    )
    return str(found[0].info.run_id) if found else None


def log_run(record: Record) -> str:
    """Log one parent run with its children and register the models; returns the run's id.

    Nested metrics are logged under dotted names, such as `promotion.rows`.
    """
    with mlflow.start_run(run_name=record.name, description=record.note) as run:
        tags = {"kind": "run", "content_key": record.content_key, **named(record.tags.items())}
        mlflow.set_tags(tags)
        mlflow.log_params(named(flat(dict(record.params))))
        mlflow.log_metrics(dict(numbers(dict(record.metrics))))
        _log_curves(str(run.info.run_id), record.curves)
        _log_data(*record.data)
        for file in record.files:
            mlflow.log_artifact(str(file), artifact_path=file.parent.name)
        for child in record.children:
            with mlflow.start_run(run_name=child.name, nested=True):
                mlflow.set_tags({"kind": child.kind, **child.tags})
                mlflow.log_params(named(child.params.items()))
                mlflow.log_metrics(dict(child.metrics))
        for model in record.models:
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


def _log_curves(run_id: str, curves: Mapping[str, Sequence[float]]) -> None:
    """Curves as metrics over steps, which MLflow draws as lines; NaN is left out."""
    points = [
        Metric(f"{name}_curve", float(value), 0, step)
        for name, values in curves.items()
        for step, value in enumerate(values)
        if value == value
    ]
    for start in range(0, len(points), MOST_METRICS):
        mlflow.MlflowClient().log_batch(run_id, points[start : start + MOST_METRICS])


def _log_data(name: str, digest: str, address: Path) -> None:
    """Name the data that the run learned from; the data itself is not copied."""
    source = LocalArtifactDatasetSource(address.absolute().as_uri())
    mlflow.log_input(MetaDataset(source, name=name, digest=digest), context="training")


def set_champion(model_version: str) -> dict[str, str]:
    """Move the alias of the served models to those of this version.

    Returns the registered versions by model name; empty when no finished run logged them.
    """
    runs = mlflow.search_runs(
        experiment_names=[experiment_name()],
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
