"""Releases of a million cards, a week apart: the customers of the last `make run`, repeated."""

import datetime as dt
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.files import SEAL, read_json, sha256_of, write_manifest
from pipelines import stage

WEEK = dt.timedelta(days=7)
FIRST = ("Anna", "Boris", "Clara", "Dmitri", "Elena", "Farid", "Greta", "Hugo", "Irina", "Jonas")
LAST = (
    "Andersson",
    "Belova",
    "Costa",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Horvat",
    "Ivanov",
)


def make_release(folder: Path, repeats: int, week: int) -> Path:
    """A release folder of the last release's customers, `repeats` times each."""
    rng = np.random.default_rng(week)
    cards = pq.read_table(stage.RELEASE / "cards.parquet").replace_schema_metadata(None)
    bought = pq.read_table(stage.RELEASE / "purchases.parquet").replace_schema_metadata(None)
    cards = _later(cards, week)
    folder.mkdir(parents=True)
    last = bought.slice(len(bought) - 1)
    names = ("cards.parquet", "purchases.parquet")
    card_file = bought_file = None
    for turn in range(repeats):
        some = _named(_renamed(_jittered(cards, rng), turn), turn)
        theirs = bought
        if week and turn % 10 == 0:
            more = last.set_column(
                last.column_names.index("event_day"),
                "event_day",
                pa.array([np.datetime64("2018-01-03", "us")], last["event_day"].type),
            )
            theirs = pa.concat_tables([bought, more])
        theirs = _renamed(theirs, turn)
        card_file = card_file or pq.ParquetWriter(folder / names[0], some.schema)
        bought_file = bought_file or pq.ParquetWriter(folder / names[1], theirs.schema)
        card_file.write_table(some)
        bought_file.write_table(theirs)
    for file in (card_file, bought_file):
        if file is not None:
            file.close()
    shutil.copytree(stage.RELEASE / "reports", folder / "reports")
    shutil.copy(stage.RELEASE / "plan.json", folder)
    manifest = read_json(stage.RELEASE / "manifest.json")
    day = dt.date.fromisoformat(manifest["as_of_date"]) + week * WEEK
    manifest |= {
        "release_id": sha256_of(folder / "cards.parquet")[:12],
        "cards": repeats * len(cards),
        "as_of_date": day.isoformat(),
        "data_until": (day - dt.timedelta(days=1)).isoformat(),
    }
    own = ("files", SEAL)  # what a manifest says of itself
    write_manifest(folder, **{name: manifest[name] for name in manifest if name not in own})
    return folder


def _later(cards: pa.Table, week: int) -> pa.Table:
    """The dates of the release itself, and those that it foresees, so many weeks later."""
    foreseen = [name for name in cards.column_names if name.startswith("next_purchase_date_")]
    for name in ("as_of_date", "data_until", "expires_at", *foreseen):
        days = cards[name].to_numpy() + np.timedelta64(7 * week, "D")
        cards = cards.set_column(cards.column_names.index(name), name, pa.array(days))
    return cards


def _renamed(table: pa.Table, turn: int) -> pa.Table:
    ids = pa.array([f"{turn:04d}{who}" for who in table["customer_id"].to_pylist()])
    return table.set_column(table.column_names.index("customer_id"), "customer_id", ids)


def _named(cards: pa.Table, turn: int) -> pa.Table:
    names = [
        f"{FIRST[(row + turn) % len(FIRST)]} {LAST[(row // 7 + turn) % len(LAST)]} {row % 97}"
        for row in range(len(cards))
    ]
    if "name" in cards.column_names:
        cards = cards.drop_columns(["name"])
    return cards.append_column("name", pa.array(names))


def _jittered(cards: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Every number a little smaller, so that no two customers are alike."""
    scored = np.array([status == "scored" for status in cards["status"].to_pylist()])
    for place, name in enumerate(cards.column_names):
        if pa.types.is_floating(cards[name].type):
            values = cards[name].to_numpy()
            less = np.where(scored, rng.uniform(0.95, 1.0, len(values)), 1.0)
            cards = cards.set_column(place, name, pa.array(values * less, from_pandas=True))
    return cards
