"""Stage `source`: always runs, and notes what the raw data and the store hold now.

That is how changes are seen: those of the raw data by every stage, those of the company's own code
by `snapshot` and `train`, new outcomes and erasures by `ingest`, new past releases by `monitor`.
"""

from typing import Any

import pandas as pd
from sqlalchemy import Engine

from core import own_code
from core.files import project_root, write_json
from pipelines import stage
from pipelines.borrowed import borrow
from pipelines.params import load_params
from serving.settings import load_settings
from serving.store.database import open_store, prepared, version
from serving.store.kept_out import erased
from serving.store.past import WATERMARK, past_releases, scores_of
from serving.work.outcomes import read_told
from sources.registry import fingerprint


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
        path, number = stage.PAST / f"{release['release_id']}.parquet", release.pop("number")
        if not path.exists():
            stage.write_parquet(scores_of(engine, number), path)
    kept = {f"{release['release_id']}.parquet" for release in releases}
    for path in stage.PAST.glob("*.parquet"):
        if path.name not in kept:
            path.unlink()
    write_json(stage.PAST / "releases.json", releases)


if __name__ == "__main__":
    stage.run(main)
