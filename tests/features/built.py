"""Whole snapshots, built as a run builds them."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from features.building import build_snapshots
from features.checking.company import company
from features.planning.timeplan import Timeline
from features.reading import read_snapshots
from features.snapshot import supported
from tests.features.world import AS_OF, ATTRIBUTES, DATA_FROM, LONG, OWN, day, frame, on_duckdb

EARLY = AS_OF - pd.Timedelta(days=28)


def timeline(**changes):
    """A plan by hand: one test date, and the score date 28 days later."""
    usual = {
        "horizon_days": 28,
        "active_within_days": 90,
        "value_horizon_days": 28,
        "data_from": day(DATA_FROM),
        "data_until": day(AS_OF),
        "train": (),
        "validation": (),
        "test": (day(EARLY),),
        "unused": (),
        "score": day(AS_OF),
        "value_train": (),
        "value_test": (),
        "choices": (),
    }
    return Timeline(**(usual | changes))


def drawn(seed=0, customers=40):
    """Rows of every table; the amounts do not add up the same in floats."""
    return company(random.Random(seed), customers)


def frames_of(rows):
    return {name: frame(name, table) for name, table in rows.items()}


def snapshots_of(frames, plan=None, history_days=LONG, **how):
    engine = on_duckdb(frames, **how)
    attributes = ATTRIBUTES if "customers" in frames else ()
    features, _ = supported(engine.schemas, history_days, attributes, OWN)
    with TemporaryDirectory() as folder:
        build_snapshots(engine, plan or timeline(), features, Path(folder) / "snapshots")
        return read_snapshots(Path(folder) / "snapshots")
