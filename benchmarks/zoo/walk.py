"""One company's run, with everything that the checks look at."""

import hashlib
import json
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.zoo.company import Company, tables_of, write
from benchmarks.zoo.counting import utc
from benchmarks.zoo.recipe import Recipe
from benchmarks.zoo.road import Ended, lay_out, run_road
from benchmarks.zoo.settings import params_of
from sources.contract import TABLES

EARLIER = 0.75  # share of the rows, by time, in a company's own earlier release
# These are for programmers, not for users: Python hides them by default.
QUIET = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


@dataclass(frozen=True)
class Walk:
    """A finished run: what went in, how it ended, what was there before."""

    company: Company
    ended: Ended
    before: dict[str, str]  # sha256 of every file of the release that was there, by name
    warned: tuple[str, ...] = ()
    again: dict[str, str] = field(default_factory=dict)  # as `before`, for a second run

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest of the release."""
        return read(self.ended.release / "manifest.json")

    @property
    def evaluation(self) -> dict[str, Any]:
        """How good the models of the release were on their test dates."""
        return read(self.ended.release / "reports" / "evaluation.json")

    @property
    def cards(self) -> pd.DataFrame:
        """The score cards of the release."""
        return pd.read_parquet(self.ended.release / "cards.parquet")


def company_of(recipe: Recipe) -> Company:
    """The company of a recipe: tables and parameters."""
    return Company(tables_of(recipe), params_of(recipe), recipe.form)


@contextmanager
def walked(
    company: Company, before: str = "nothing", twice: bool = False, last: str | None = None
) -> Iterator[Walk]:
    """The run of a company in a folder that lives as long as the context.

    `before`: what was published there earlier. `twice`: run a second time, in another folder.
    `last` is the last stage, a published release by default.
    """
    with tempfile.TemporaryDirectory(prefix="zoo-") as place:
        walk = _walk(company, before, Path(place) / "one", last)
        if twice and walk.ended.through:
            second = _walk(company, before, Path(place) / "two")
            walk = Walk(company, walk.ended, walk.before, walk.warned, files(second.ended.release))
        yield walk


def _walk(company: Company, before: str, folder: Path, last: str | None = None) -> Walk:
    lay_out(folder, company.params)
    if before == "own_release":
        write(_earlier(company), folder / "inbox")
        first, warned = _run(folder)
        if first.crash:
            return Walk(company, first, {}, warned)
        shutil.rmtree(folder / "inbox")
    elif before == "other_release":
        for part in ("store", "data/release"):
            shutil.copytree(_other() / part, folder / part)
    write(company, folder / "inbox")
    there = files(folder / "data" / "release")
    ended, warned = _run(folder, last)
    return Walk(company, ended, there, warned)


def _run(folder: Path, last: str | None = None) -> tuple[Ended, tuple[str, ...]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for kind in QUIET:
            warnings.simplefilter("ignore", kind)
        ended = run_road(folder, last)
    return ended, tuple(sorted({f"{one.category.__name__}: {one.message}" for one in caught}))


def _earlier(company: Company) -> Company:
    """The company as it was earlier."""
    main = "orders" if "orders" in company.tables else "subscriptions"
    times = utc(company.tables[main][TABLES[main].time], "UTC")
    cut = times.quantile(EARLIER)
    frames = {}
    for name, frame in company.tables.items():
        time = TABLES[name].time
        past = frame[utc(frame[time], "UTC") < cut] if time in frame else frame
        if "ended_at" in past:  # contracts that were running then are still running
            past = past.assign(ended_at=past["ended_at"].where(utc(past["ended_at"], "UTC") < cut))
        if len(past):
            frames[name] = past
    return Company(frames if main in frames else company.tables, company.params, company.form)


@cache
def _other() -> Path:
    """A published release of another company, made once."""
    folder = Path(tempfile.mkdtemp(prefix="zoo-other-"))
    company = company_of(Recipe(seed=1, customers=60, days=120))
    ended = _walk(company, "nothing", folder / "road").ended
    if not ended.through:
        raise RuntimeError(f"The release to begin with was not made: {ended.error}{ended.crash}")
    return ended.folder


def files(folder: Path) -> dict[str, str]:
    """sha256 of every file below a folder, by name; empty where there is none."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def read(path: Path) -> dict[str, Any]:
    """A JSON file."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
