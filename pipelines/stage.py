"""What every stage shares: paths, reading and writing, and errors without a traceback."""

import errno
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd
from tqdm import tqdm

from core.errors import EnvironmentProblem, RegularsError

DATA, ARTIFACTS, REPORTS = Path("data"), Path("artifacts"), Path("reports")
METRICS, PLOTS = Path("metrics"), Path("plots")
# A ready table in place of tables of the contract: what its check found.
READY_TABLE = DATA / "tables" / "table.json"
OUTCOMES = DATA / "outcomes"  # what the CRM told the service, read back from the store
# Tables that the company's own files do not have, only what was told.
ONLY_TOLD = DATA / "tables" / "only_told.json"
KNOWN_DAYS = DATA / "known_days.parquet"  # holidays, closures and promotions
TABLES, QUARANTINE, RELEASE = DATA / "tables", DATA / "quarantine", DATA / "release"
SOURCE, TIMELINE = DATA / "source.json", DATA / "timeline.json"
ERASED = DATA / "erased.json"  # who was erased, by keyed hashes of their ids
EXTENSIONS = DATA / "extensions.json"  # sha256 of the files of the company's own code
GATE, CATEGORIES, PAST = DATA / "gate.json", DATA / "categories", DATA / "past"
SNAPSHOTS, SCORES, PLAN = DATA / "snapshots", DATA / "scores.parquet", DATA / "plan.parquet"
WIN_BACK = DATA / "win_back.parquet"
PLAN_PAGE, PLAN_PAGE_RU = REPORTS / "plan.md", REPORTS / "plan.ru.md"
PURCHASES, PLAN_SUMMARY = DATA / "purchases.parquet", DATA / "plan.json"
# Models as learned before the test dates, and the same settings learned from all dates.
EVALUATED, SERVED = ARTIFACTS / "evaluated", ARTIFACTS / "served"
SEARCH = EVALUATED / "search.json"  # the settings of the churn model, and every trial
CHAMPION = ARTIFACTS / "champion"  # what scores: laid out as in a release, models and reports
CHAMPION_MODELS, CHAMPION_EVALUATED = CHAMPION / "models", CHAMPION / "evaluated"
CHAMPION_EVALUATION = CHAMPION / "reports" / "evaluation.json"
# The champion of the last published release: no out of DVC's.
PUBLISHED_CHAMPION = Path("store") / "champion"
ALIAS = Path("store") / "alias.json"  # models that MLflow's alias `champion` was moved to
USABILITY, USABILITY_PAGE = REPORTS / "data_usability.json", REPORTS / "data_usability.html"
FEATURES = REPORTS / "features.json"
FORECAST = REPORTS / "forecast.json"
# Who turned out otherwise than told: figures, and the customers.
MISSED, MISSED_CUSTOMERS = REPORTS / "missed.json", DATA / "missed.parquet"
MONITOR, MONITOR_PAGE = REPORTS / "monitor.json", REPORTS / "monitor.html"
EFFECTS, ESTIMATES = DATA / "effects.json", DATA / "estimates.npz"
EFFECTS_PAGE, EFFECTS_PAGE_RU = REPORTS / "effects.md", REPORTS / "effects.ru.md"
EVALUATION, MODEL_CARD = REPORTS / "evaluation.json", REPORTS / "model_card.md"
PROMOTION = REPORTS / "promotion.json"
CALIBRATION, PROFIT = REPORTS / "calibration.png", REPORTS / "profit.png"
INFLUENCE = REPORTS / "influence.png"
HEADLINE = METRICS / "headline.json"  # few figures, which DVC compares; the others are all of them
CHURN_METRICS, NEXT_METRICS = METRICS / "churn.json", METRICS / "next_purchase.json"
MONITOR_METRICS = METRICS / "monitor.json"

DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def run(main: Callable[[], None]) -> None:
    """Run a stage's `main`; an expected error is printed as its message and exits with 1."""
    try:
        main()
    except RegularsError as error:
        _end(error)
    except (OSError, MemoryError, duckdb.OutOfMemoryException, duckdb.IOException) as error:
        problem = _of_the_machine(error)
        if problem is None:
            raise
        _end(problem)


def _end(error: RegularsError) -> None:
    print(f"\n{type(error).__name__}: {error}", file=sys.stderr)
    sys.exit(1)


def _of_the_machine(error: Exception) -> EnvironmentProblem | None:
    """The machine's problem behind an error of the system or of DuckDB; None for other errors."""
    number, where = None, "the project's folder"
    if isinstance(error, OSError):
        number, where = error.errno, error.filename or where
    text = str(error).lower()
    if isinstance(error, MemoryError | duckdb.OutOfMemoryException):
        what, cure = (
            "This machine has too little memory for the data",
            "Close other programs, or set engine: spark in params.yaml (docs/scale.md),",
        )
    elif number in FULL or "no space left" in text:
        what, cure = f"The disk is full (writing {where})", "Free some space"
    elif number in DENIED or "permission denied" in text or "read-only file system" in text:
        what, cure = f"{where} may not be written", "Give yourself the right to write there"
    else:
        return None
    return EnvironmentProblem(
        f"{what}. The last release is whole and stays in force. {cure} and run the same command "
        "again."
    )


def say(text: str) -> None:
    """One line of progress."""
    print(f"  {text}", flush=True)


@contextmanager
def progress(label: str) -> Iterator[Callable[[], object]]:
    """Show how far a long loop is: a counter on a terminal, nothing elsewhere."""
    with tqdm(desc=f"  {label}", disable=not sys.stderr.isatty(), leave=False) as bar:
        yield bar.update


def empty(*folders: Path) -> None:
    """Make empty folders; what they held is deleted.

    DVC does so for the outputs of a stage; here it also holds for a stage that is run by hand.
    """
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a table; the same rows give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(path, index=False, compression="zstd")


def table_names() -> list[str]:
    """The checked tables that the last ingest wrote."""
    return sorted(path.stem for path in TABLES.glob("*.parquet"))


def tables(names: Iterable[str]) -> dict[str, Path]:
    """The files of checked tables, by name."""
    return {name: TABLES / f"{name}.parquet" for name in names}


def sync(folder: Path) -> None:
    """Make sure that every file below `folder` is on disk, not only in the system's memory."""
    for path in (*folder.rglob("*"), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
