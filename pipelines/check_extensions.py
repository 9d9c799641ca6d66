"""Checks code of the company's own, promise by promise: `python -m pipelines.check_extensions`."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from core import own_code
from core.errors import ParamsError
from features.checking.outcome import Outcome
from features.checking.own_features import check_features
from features.engines.duckdb import DuckEngine, Engine
from features.families.own_events import own_kinds
from features.families.own_features import own_features
from models.churn.checking import check_churn
from models.churn.own import own_class
from pipelines import stage
from pipelines.params import load_params

MARKS = {True: "pass", False: "FAIL", None: "–"}
WIDEST = 100  # characters of what a line says


def main(arguments: Sequence[str] = ()) -> int:
    """Print a table of promises, kept or broken; returns how many are broken.

    Raises ParamsError without a folder to check, ExtensionError where its code cannot be run.
    """
    parser = argparse.ArgumentParser(prog="python -m pipelines.check_extensions")
    parser.add_argument("--folder", type=Path, help="instead of extensions.folder of params.yaml")
    given = parser.parse_args(arguments).folder
    folder = given or load_params().extensions.folder
    if folder is None:
        raise ParamsError(
            "extensions.folder in params.yaml is null: name your folder there, or try one with "
            "`make check-extensions FOLDER=docs/examples/logistic`."
        )
    own_code.install(folder)
    own_code.fingerprint(folder)
    return show(checks(folder))


def checks(folder: Path) -> Iterator[Outcome]:
    """Every promise of the folder's features and of its churn model."""
    features, of = own_features(folder), own_class()
    if features:
        yield from check_features(features, kinds(), spark())
    if of is not None:
        yield from check_churn(of, features)


def kinds() -> list[str]:
    """Kinds of events of the company's own data, where stage `ingest` has read it."""
    tables = stage.tables(stage.table_names())
    if "events" not in tables:
        return []
    return [kind.kind for kind in own_kinds(DuckEngine({"events": tables["events"]}))]


def spark() -> Callable[[Mapping[str, Any]], Engine] | None:
    """What makes a Spark engine of tables; None where Spark is not installed."""
    if find_spec("pyspark") is None:
        return None
    from features.engines.spark import SparkEngine

    return SparkEngine


def show(outcomes: Iterable[Outcome]) -> int:
    """Print the outcomes as they come, by what they are about; returns how many failed."""
    failed, about = 0, ""
    for outcome in outcomes:
        if outcome.what != about:
            about = outcome.what
            print(f"\n{about}")
        says = outcome.says.replace("\n", " ")
        if outcome.passed is not False and len(says) > WIDEST:
            says = f"{says[: WIDEST - 1]}…"
        print(f"  {MARKS[outcome.passed]:4}  {outcome.promise}{': ' if says else ''}{says}")
        failed += outcome.passed is False
    broken = f"{failed} promise{' is' if failed == 1 else 's are'} broken"
    print(f"\n{broken if failed else 'every promise is kept'}")
    return failed


def _command() -> None:
    if main(sys.argv[1:]):
        sys.exit(1)


if __name__ == "__main__":
    stage.run(_command)
