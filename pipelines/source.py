"""Stage `source`: always runs, and notes what the raw data and the store hold now.

That is how changes are seen: those of the raw data by every stage, those of the company's own code
by `snapshot` and `train`, new outcomes and erasures by `ingest`, new past releases by `monitor`.
"""

from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from sqlalchemy import Engine

from core import own_code
from core.files import project_root, write_json
from pipelines import stage
from pipelines.borrowed import borrow
from pipelines.params import load_params
from serving.settings import load_settings
from serving.store.database import open_store, prepared, version
from serving.store.kept_out import erased
from serving.store.many import every_card
from serving.store.past import SCORES, WATERMARK, past_releases, scores_of
from serving.work.outcomes import read_told
from sources.registry import fingerprint

REASON = {"reason": "group", "reason_direction": "direction"}  # columns → fields of a reason
PAST_COLUMNS = (*SCORES, *REASON)


def main() -> None:
    """Write `data/source.json`: kind, description and the sha256 of every file that is read.

    Also `data/extensions.json`, the sha256 of every file of the company's own code; of the store
    `data/outcomes/`, what the CRM told, with its watermark in `data/source.json`, and `data/past/`,
    the scores of the releases, whose outcome windows may have closed by now; and
    `data/erased.json`, by which `ingest` recognises who was erased.
    """
    params = load_params()
    source, folder = params.source, params.extensions.folder
    linked = borrow(source, folder)
    if linked:
        stage.say(f"taken from {project_root()}: {', '.join(map(str, linked))}")
    write_json(stage.EXTENSIONS, {"files": {} if folder is None else own_code.fingerprint(folder)})
    found = fingerprint(source)
    engine = open_store(load_settings().store_url, create=False)
    try:
        if version(engine) is not None:
            prepared(engine)  # what older code wrote is read by this code's tables
        watermark = _write_outcomes(engine, found)
        _write_past(engine, found)
        key, hashes = erased(engine)
        write_json(stage.ERASED, {"key": key, "hashes": hashes})
    finally:
        engine.dispose()
    write_json(stage.SOURCE, {**found, WATERMARK: watermark})
    stage.say(str(found["description"]))


def _write_outcomes(engine: Engine, source: dict[str, Any]) -> int:
    """One file per table of what the CRM told the service; returns the watermark.

    Outcomes of requests beyond it are read by the next run.
    """
    told = read_told(engine, source)
    stage.empty(stage.OUTCOMES)
    for name, rows in told.rows.items():
        stage.write_parquet(pd.DataFrame(rows), stage.OUTCOMES / f"{name}.parquet")
    write_json(stage.OUTCOMES / "read.json", {name: len(rows) for name, rows in told.rows.items()})
    if told.others:
        stage.say(f"{told.others:,} outcomes in the store are about customers of another company")
    return told.watermark


def _write_past(engine: Engine, source: dict[str, Any]) -> None:
    """One file per release, written once: a release does not change."""
    releases = past_releases(engine, source)
    stage.PAST.mkdir(parents=True, exist_ok=True)
    for release in releases:
        path = stage.PAST / f"{release['release_id']}.parquet"
        number = release.pop("number")
        if not path.exists() or tuple(pq.read_schema(path).names) != PAST_COLUMNS:  # by older code
            scores = scores_of(engine, number)
            stage.write_parquet(_with_reasons(scores, engine, release["release_id"]), path)
    kept = {f"{release['release_id']}.parquet" for release in releases}
    for path in stage.PAST.glob("*.parquet"):
        if path.name not in kept:
            path.unlink()
    write_json(stage.PAST / "releases.json", releases)


def _with_reasons(scores: pd.DataFrame, engine: Engine, release_id: str) -> pd.DataFrame:
    """The scores with the group of the strongest reason on the card, and its direction."""
    found = {
        card["customer_id"]: card["reasons"][0]
        for cards in every_card(engine, release_id, ("reasons",))[1]
        for card in cards
        if card.get("reasons")
    }
    first = [found.get(who, {}) for who in scores["customer_id"]]
    told = {column: [one.get(name) for one in first] for column, name in REASON.items()}
    return scores.assign(
        **{
            name: pd.Series(column, index=scores.index, dtype="str")
            for name, column in told.items()
        }
    )


if __name__ == "__main__":
    stage.run(main)
