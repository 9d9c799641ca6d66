"""Checks a churn model of the company's own on a made-up company, promise by promise.

Its features are ours on the company that features are tried on (features/checking); who leaves is
drawn, those who have been silent for longer more often. Nothing here says how good the model is.
"""

import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import expit

from core.arrays import FloatArray
from core.files import hashes
from features.checking.company import company, frames_of
from features.checking.outcome import Outcome, OwnCodeFailedError, tried
from features.checking.world import ATTRIBUTES, LONG, on_duckdb, snapshot_of, timeline_at
from features.families.definition import Feature
from features.snapshot import model_features, program, supported
from models.churn.own import OwnClass, OwnModel
from models.trees.inputs import Inputs, learn_inputs

CUSTOMERS, SEED, ACTIVE_DAYS = 400, 11, 400
FEW = 7  # rows that are also predicted without the others

FITTED = "is fitted, and leaves the features as they were"
PROBABLE = "predicts one probability a row"
UNKNOWN = "predicts where every feature is unknown, or a text was never seen"
ALONE = "predicts each row whatever rows stand beside it"
SAVED = "predicts the same after saving and loading, and saves no pickle"
REPEATS = "fitted again with the same seed, writes the same bytes"
NO_FILES = "touches no file but in save and load"
REASONED = "gives reasons that add up"

OPENED = "open"  # the audit event
CODE = (".py", ".pyc", ".so", ".pyd")
_watched: list[set[str]] = []  # paths opened, while somebody watches


def check_churn(of: OwnClass, own: Sequence[Feature] = ()) -> Iterator[Outcome]:
    """Every promise of the class `Churn`; `own` are features of the company's own."""
    rows = made_up_rows(tuple(own))
    inputs = learn_inputs(rows, model_features(rows))
    features, outcomes = inputs.frame(rows), rows["churned"].to_numpy(np.float64)
    given = features.copy()
    with tempfile.TemporaryDirectory() as folder, watched(Path(folder)) as touched:
        try:
            model = tried(lambda: of.fit(features, outcomes, SEED))
            first = tried(lambda: model.probabilities(features, rows))
        except OwnCodeFailedError as error:
            yield Outcome(of.where, FITTED, False, str(error))
            return
    changed = "" if features.equals(given) else "fit or predict changed the table it was given"
    yield Outcome(of.where, FITTED, not changed, changed)
    values = np.unique(first).size
    few = "" if values > 1 else "every customer has the same probability: nothing was learned"
    says = few or f"{len(first):,} rows, {first.min():.3f} to {first.max():.3f}"
    yield Outcome(of.where, PROBABLE, not few, says)
    paths = ", ".join(sorted(touched)[:3])
    yield Outcome(
        of.where, NO_FILES, not touched, f"fit or predict touched {paths}" if paths else ""
    )
    promises: dict[str, Callable[[], str]] = {
        UNKNOWN: lambda: _unknown(model, features, inputs),
        ALONE: lambda: _alone(model, features, rows, first),
        SAVED: lambda: _saved(model, features, rows, first),
        REPEATS: lambda: _repeats(of, model, features, outcomes),
    }
    for promise, run in promises.items():
        yield _kept(of, promise, run)
    if model.gives_reasons:
        yield _kept(of, REASONED, lambda: _reasoned(model, features))
    else:
        says = "there is no method `reasons`: cards of this model have no reasons"
        yield Outcome(of.where, REASONED, None, says)


def _kept(of: OwnClass, promise: str, run: Callable[[], str]) -> Outcome:
    """A promise is kept where its check says nothing."""
    try:
        problem = tried(run)
    except OwnCodeFailedError as error:
        problem = str(error)
    return Outcome(of.where, promise, not problem, problem)


def _unknown(model: OwnModel, features: pd.DataFrame, inputs: Inputs) -> str:
    strange = features.head(FEW).copy()
    for name in strange.columns:
        strange[name] = None if name in inputs.text else np.nan
    model.probabilities(strange, strange)
    for name in inputs.text:
        strange[name] = "a text that was never seen"
    model.probabilities(strange, strange)
    return ""


def _alone(model: OwnModel, features: pd.DataFrame, rows: pd.DataFrame, first: FloatArray) -> str:
    few = features.iloc[FEW : 2 * FEW].reset_index(drop=True)
    found = model.probabilities(few, rows.iloc[FEW : 2 * FEW])
    # The last digits of a sum depend on how a library groups the rows.
    return _differ(first[FEW : 2 * FEW], found, 1e-9)


def _saved(model: OwnModel, features: pd.DataFrame, rows: pd.DataFrame, first: FloatArray) -> str:
    with tempfile.TemporaryDirectory() as folder:
        saved = model.save(Path(folder))
        again = OwnModel.load(Path(folder), saved)
        return _differ(first, again.probabilities(features, rows))


def _repeats(of: OwnClass, model: OwnModel, features: pd.DataFrame, outcomes: FloatArray) -> str:
    again, written = of.fit(features, outcomes, SEED), []
    for one in (model, again):
        with tempfile.TemporaryDirectory() as folder:
            one.save(Path(folder))
            written.append(hashes(Path(folder)))
    changed = [name for name, digest in written[0].items() if written[1].get(name) != digest]
    return f"{', '.join(changed)} differ between two fits" if changed else ""


def _reasoned(model: OwnModel, features: pd.DataFrame) -> str:
    found = model.contributions(features)
    if found is None or not np.abs(found[:, :-1]).sum():
        return "every reason is zero"
    left = found[:, -1]
    spread = float(left.max() - left.min())
    if spread > 0.01 * max(1.0, float(np.abs(found[:, :-1]).sum(axis=1).max())):
        return (
            "the log odds less the sum of the reasons differ between customers by up to "
            f"{spread:.2f}: what the reasons leave out is not the same for all"
        )
    return ""


def _differ(ours: FloatArray, theirs: FloatArray, tolerance: float = 0.0) -> str:
    apart = np.abs(ours - theirs)
    if (apart <= tolerance).all():
        return ""
    place = int(apart.argmax())
    return f"row {place} has {ours[place]!r} and then {theirs[place]!r}"


@cache
def made_up_rows(own: tuple[Feature, ...]) -> pd.DataFrame:
    """Snapshot rows (n,) of a made-up company, with `churned` 0 or 1."""
    engine = on_duckdb(frames_of(company(random.Random(SEED), CUSTOMERS, 0.1)))
    features, _ = supported(engine.schemas, LONG, ATTRIBUTES, own)
    timeline = timeline_at(active_within_days=ACTIVE_DAYS)
    rows = snapshot_of(engine, program(engine.schemas, features, outcomes=False), timeline)
    silence = rows["days_since_last_purchase"].rank(pct=True).to_numpy(np.float64)
    chance = expit(6.0 * (silence - 0.5))
    drawn = np.random.default_rng(SEED).random(len(rows))
    return rows.assign(churned=(drawn < chance).astype(np.float64))


@contextmanager
def watched(folder: Path) -> Iterator[set[str]]:
    """Work in an empty folder; the set fills with files that are opened, or left there.

    Files of Python, its packages and the system do not count. Libraries that open files without
    Python are seen by what they leave behind.
    """
    _listen()
    touched: set[str] = set()
    _watched.append(touched)
    try:
        with chdir(folder):
            yield touched
    finally:
        _watched.remove(touched)
        touched |= {str(path.relative_to(folder)) for path in folder.rglob("*")}


@cache
def _listen() -> None:
    """Hear of every file that Python opens: once in a process, as it cannot be undone."""
    ignored = ("/proc", "/sys", "/dev", "/etc", "/usr", sys.prefix, sys.base_prefix)

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if event != OPENED or not _watched or not isinstance(arguments[0], str | bytes):
            return
        path, flags = os.path.realpath(os.fsdecode(arguments[0])), arguments[2]
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        is_there = writes or Path(path).is_file()  # imports ask for much that is not
        if is_there and not path.startswith(ignored) and not path.endswith(CODE):
            _watched[-1].add(path)

    sys.addaudithook(hear)
