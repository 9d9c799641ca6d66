"""Stage `source`: always runs, and notes what the raw data and the store hold now.

That is how changes are seen: those of the raw data by every stage, those of the company's own code
by `snapshot` and `train`, new past releases by `monitor`.
"""

from typing import Any

from core import own_code
from core.files import project_root, write_json
from pipelines import stage
from pipelines.borrowed import borrow
from pipelines.params import load_params
from serving.settings import load_settings
from serving.store.database import open_store
from serving.store.past import past_releases, scores_of
from sources.registry import fingerprint


def main() -> None:
    """Write `data/source.json`: kind, description and the sha256 of every file that is read.

    Also `data/extensions.json`, the sha256 of every file of the company's own code, and
    `data/past/`: the scores of the releases in the store, whose outcomes may have closed by now.
    """
    params = load_params()
    source, folder = params.source, params.extensions.folder
    linked = borrow(source, folder)
    if linked:
        stage.say(f"taken from {project_root()}: {', '.join(map(str, linked))}")
    write_json(stage.EXTENSIONS, {"files": {} if folder is None else own_code.fingerprint(folder)})
    found = fingerprint(source)
    write_json(stage.SOURCE, found)
    stage.say(str(found["description"]))
    _write_past(found)


def _write_past(source: dict[str, Any]) -> None:
    """One file per release, written once: a release does not change."""
    engine = open_store(load_settings().store_url, create=False)
    try:
        releases = past_releases(engine, source)
        stage.PAST.mkdir(parents=True, exist_ok=True)
        for release in releases:
            path, number = stage.PAST / f"{release['release_id']}.parquet", release.pop("number")
            if not path.exists():
                stage.write_parquet(scores_of(engine, number), path)
    finally:
        engine.dispose()
    kept = {f"{release['release_id']}.parquet" for release in releases}
    for path in stage.PAST.glob("*.parquet"):
        if path.name not in kept:
            path.unlink()
    write_json(stage.PAST / "releases.json", releases)


if __name__ == "__main__":
    stage.run(main)
