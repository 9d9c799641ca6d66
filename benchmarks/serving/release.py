"""A release of as many customers as wanted: those of the last `make run`, over and over."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from core.files import SEAL, read_json, sha256_of, write_manifest

# What a release needs to be published; its models and reports are not served.
FILES = ("plan.json", "actions.yaml", "reports/evaluation.json", "reports/forecast.json")
MADE = ("files", SEAL)  # of a manifest: made anew for other files


def write_large(found: Path, folder: Path, customers: int) -> list[str]:
    """Write a release of so many customers below `folder`; returns their ids.

    Each is a customer of the release `found`, under another id.
    """
    cards = pq.read_table(found / "cards.parquet")
    drawn = np.random.default_rng(1).integers(0, len(cards), customers)
    ids = [f"{number:08d}" for number in range(customers)]
    cards = cards.take(pa.array(drawn))
    ranks = pa.array(np.arange(1, customers + 1), type=cards.schema.field("risk_rank").type)
    listed = pa.compute.is_valid(cards["risk_rank"])
    cards = _with(cards, "customer_id", pa.array(ids, type=cards.schema.field("customer_id").type))
    cards = _with(cards, "risk_rank", pa.compute.if_else(listed, ranks, None))
    folder.mkdir(parents=True)
    pq.write_table(cards, folder / "cards.parquet")
    purchases = pq.read_table(found / "purchases.parquet").slice(0, 0)
    pq.write_table(purchases, folder / "purchases.parquet")
    for name in FILES:
        if (found / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((found / name).read_bytes())
    own = {"release_id": sha256_of(folder / "cards.parquet")[:12], "cards": customers}
    facts = read_json(found / "manifest.json")
    write_manifest(folder, **{name: facts[name] for name in facts if name not in MADE} | own)
    return [
        customer for customer, is_listed in zip(ids, listed.to_pylist(), strict=True) if is_listed
    ]


def _with(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, values)
