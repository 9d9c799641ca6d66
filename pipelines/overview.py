"""Writes the overview of the company into a release: what its page and `/v1/overview` show."""

from pathlib import Path

from core.digits import as_told
from core.files import read_json, write_json
from features.engines.duckdb import DuckEngine
from features.planning.timeplan import Timeline
from features.reading import ALL_CUSTOMERS
from models.customers.overview import overview
from models.customers.strength import RECENT_DAYS
from pipelines import stage
from pipelines.everybody import read_segments

NAME = "overview.json"
TABLES = ("orders", "consents", "surveys", "tickets", "subscriptions")


# Of the cards, as far as they have them.
COLUMNS = (
    "customer_id",
    "status",
    "owner",
    "risk_band",
    "rfm_segment",
    "abc_class",
    "value_at_risk",
    "expected_value",
    "relationship_strength",
    "relationship_strength_since",
    "relationship_declined",
)


def write_overview(file: Path, timeline: Timeline, folder: Path) -> None:
    """Write `overview.json` into the folder, made of the cards in a file, with their owners."""
    engine, since = None, timeline.before_score(RECENT_DAYS)
    then = None if since is None else read_segments(since)
    if not stage.READY_TABLE.exists():
        there = set(stage.table_names())
        engine = DuckEngine(stage.tables(name for name in TABLES if name in there))
    now, cards = read_segments(timeline.score), ALL_CUSTOMERS.read(file, COLUMNS)
    content = overview(cards, engine, (now, then), timeline, since)
    currency = read_json(stage.USABILITY).get("currency")
    write_json(folder / NAME, as_told({**content, "currency": currency}))
