"""What the release holds so that the service can score histories that are sent to it."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from core.files import HISTORIES, OBJECTIONS, read_json
from features.engines.duckdb import DuckEngine
from features.engines.known import as_given
from features.planning.timeplan import Timeline
from features.timeline import date_of
from models.bundle import Bundle
from models.customers.segments import usual_gap
from models.simple.silence_rule import Rule
from models.training.ladder import Rung
from pipelines import stage
from pipelines.everybody import read_popularity
from pipelines.params import load_params
from serving.live.basis import FOLDER, Basis, why_not
from serving.live.golden import made_up, write_golden
from sources.cures import literal, quoted
from sources.duck import connect

PERSONAL = ("name", "email", "phone", "owner")
SORTED_IN = "2GB"  # of memory; what does not fit is sorted on disk
DERIVED_ORDERS = "made_of_subscriptions"  # the finding that there are no orders of the company's


def write_basis(folder: Path, timeline: Timeline) -> None:
    """Write `live/` of the release in `folder`: nothing in it is about any customer."""
    params = load_params()
    units = {one["name"]: one["unit"] for one in read_json(stage.FEATURES)["features"]}
    report = read_json(stage.USABILITY)
    is_derived = DERIVED_ORDERS in {finding["check"] for finding in report["findings"]}
    has_code = bool(read_json(stage.EXTENSIONS)["files"])
    refused = why_not(timeline, has_code, is_derived)
    basis = Basis(
        schemas={} if refused else _schemas(),
        features=units,
        timeline=timeline,
        bands=params.model.bands,
        valid_days=params.timeline.step_days,
        currency=report["currency"],
        usual_gap=None if refused else _usual_gap(timeline),
        popular=[] if refused else _popular(timeline),
        rung=Rung.load(stage.CHAMPION_MODELS).number,
        why_not=refused,
    )
    basis.save(folder / FOLDER)
    if refused is None:
        rule = Rule.load(stage.CHAMPION_MODELS)
        models = Bundle.load(stage.CHAMPION_MODELS) if rule is None else rule
        write_golden(folder / FOLDER, made_up(units, basis.text_features), models)


def write_histories(folder: Path) -> None:
    """Write `histories/`: the rows of customers, from which cards are made anew.

    Of everybody, also of who has not bought yet, but for who objects to profiling by OBJECTIONS.
    Sorted by customer; without names and addresses, which no feature is made of. Nothing where
    histories cannot be scored with the release.
    """
    basis = Basis.load(folder / FOLDER)
    duck = connect(threads=1, memory_limit=SORTED_IN)
    objected = pq.read_table(folder / OBJECTIONS, columns=["customer_id"])
    duck.register("objected", objected)
    for name, schema in basis.schemas.items():
        kept = [quoted(column) for column in schema if column not in PERSONAL]
        path, table = folder / HISTORIES / f"{name}.parquet", stage.TABLES / f"{name}.parquet"
        path.parent.mkdir(exist_ok=True)
        duck.execute(
            f"COPY (SELECT {', '.join(kept)} FROM read_parquet({literal(table)}, "
            "file_row_number = true) ANTI JOIN objected USING (customer_id) "
            f"ORDER BY customer_id, file_row_number) TO {literal(path)} "
            "(FORMAT parquet, COMPRESSION zstd)"
        )


def _schemas() -> dict[str, dict[str, str]]:
    engine = DuckEngine(stage.tables(stage.table_names()), threads=1)
    return {
        name: {column: str(kind) for column, kind in as_given(schema).items()}
        for name, schema in engine.schemas.items()
    }


def _usual_gap(timeline: Timeline) -> float | None:
    files = sorted(stage.SNAPSHOTS.glob(f"{date_of(timeline.score)}-*.parquet"))
    gaps = pd.concat([pq.read_table(file, columns=["gap_mean"]).to_pandas() for file in files])
    found = usual_gap(gaps)
    return None if pd.isna(found) else found


def _popular(timeline: Timeline) -> list[dict[str, Any]]:
    """How the cohort of the score date buys each category; empty where the data has none."""
    popular = read_popularity(timeline.score)
    if popular is None:
        return []
    popular = popular.drop(columns="as_of_date").astype({"category": "str"})
    return [{str(name): cell for name, cell in row.items()} for row in popular.to_dict("records")]
