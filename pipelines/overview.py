"""Writes the overview of the company into a release: what its page and `/v1/overview` show."""

from pathlib import Path

import pandas as pd

from core.digits import as_told
from core.files import read_json, write_json
from features.engines.duckdb import DuckEngine
from features.planning.timeplan import Timeline
from features.reading import read_snapshot
from models.customers.overview import overview
from models.customers.strength import RECENT_DAYS
from pipelines import stage

NAME = "overview.json"
TABLES = ("orders", "consents", "surveys", "tickets", "subscriptions")


def write_overview(cards: pd.DataFrame, timeline: Timeline, folder: Path) -> None:
    """Write `overview.json` into the folder, made of cards with their owners."""
    engine, since = None, timeline.before_score(RECENT_DAYS)
    then = None if since is None else read_snapshot(stage.SNAPSHOTS, since)
    if not stage.READY_TABLE.exists():
        there = set(stage.table_names())
        engine = DuckEngine(stage.tables(name for name in TABLES if name in there))
    now = read_snapshot(stage.SNAPSHOTS, timeline.score)
    content = overview(cards, engine, (now, then), timeline, since)
    currency = read_json(stage.USABILITY).get("currency")
    write_json(folder / NAME, as_told({**content, "currency": currency}))
