"""A release of as many customers as wanted: those of the last `make run`, over and over."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.files import SEAL, read_json, sha256_of, write_manifest

# What a release needs to be published, shown, and to score histories that are sent.
FILES = ("plan.json", "actions.yaml")
FOLDERS = ("models", "live", "reports")
MADE = ("files", SEAL)  # of a manifest: made anew for other files
PART = 20_000  # customers that are held in memory at a time


def write_large(found: Path, folder: Path, customers: int) -> list[str]:
    """Write a release of so many customers below `folder`; returns the ids of those listed.

    Each is a customer of the release `found`, under another id. Raises SystemExit without that.
    """
    if not (found / "cards.parquet").exists():
        raise SystemExit(f"There is no {found} yet: run `make run` first.")
    cards = pq.read_table(found / "cards.parquet")
    drawn = np.random.default_rng(1).integers(0, len(cards), customers)
    folder.mkdir(parents=True)
    listed: list[str] = []
    with pq.ParquetWriter(folder / "cards.parquet", cards.schema) as writer:
        for start in range(0, customers, PART):
            some = _renamed(cards.take(pa.array(drawn[start : start + PART])), start)
            is_listed = pa.compute.is_valid(some["risk_rank"])
            listed += some["customer_id"].filter(is_listed).to_pylist()
            writer.write_table(some)
    purchases = pq.read_table(found / "purchases.parquet").slice(0, 0)
    pq.write_table(purchases, folder / "purchases.parquet")
    for name in FILES:
        if (found / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((found / name).read_bytes())
    for name in FOLDERS:
        if (found / name).is_dir():
            shutil.copytree(found / name, folder / name)
    own = {"release_id": sha256_of(folder / "cards.parquet")[:12], "cards": customers}
    facts = read_json(found / "manifest.json")
    write_manifest(folder, **{name: facts[name] for name in facts if name not in MADE} | own)
    return [str(one) for one in listed]


def _renamed(cards: pa.Table, start: int) -> pa.Table:
    """The cards under ids and ranks that count on from `start`."""
    numbers = range(start, start + len(cards))
    ids = pa.array([f"{number:08d}" for number in numbers], cards.schema.field("customer_id").type)
    ranks = pa.array(np.asarray(numbers) + 1, cards.schema.field("risk_rank").type)
    listed = pa.compute.is_valid(cards["risk_rank"])
    cards = _with(cards, "customer_id", ids)
    return _with(cards, "risk_rank", pa.compute.if_else(listed, ranks, None))


def _with(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, values)
