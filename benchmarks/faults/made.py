"""Two releases that no reader can take for each other, made of the one in data/release.

Each card names its release as its owner, and nothing else of it changes: a list in which both
names stand was read from two releases at once.
"""

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.files import MANIFEST, check_manifest, hashes, read_json, version, write_manifest

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "data" / "release"
NAMES = ("release one", "release two")


def two_releases(folder: Path) -> tuple[Path, Path]:
    """The folders of both. Raises ArtifactError where data/release is damaged."""
    first, second = (_named(folder / name.replace(" ", "_"), name) for name in NAMES)
    return first, second


def sealed(folder: Path) -> str:
    """Write the manifest's hashes anew, as a release that is so on purpose; its release id."""
    facts = read_json(folder / MANIFEST)
    release_id = version({"files": hashes(folder)})
    write_manifest(folder, **facts | {"release_id": release_id})
    return release_id


def _named(folder: Path, name: str) -> Path:
    if not (RELEASE / MANIFEST).exists():
        raise SystemExit("There is no data/release yet: run `make run` first.")
    check_manifest(RELEASE)
    shutil.copytree(RELEASE, folder)
    cards = pq.read_table(folder / "cards.parquet")
    owners = pa.array([name] * len(cards), pa.string())
    place = (
        cards.column_names.index("owner") if "owner" in cards.column_names else len(cards.columns)
    )
    others = cards.drop_columns(["owner"]) if "owner" in cards.column_names else cards
    pq.write_table(others.add_column(place, "owner", owners), folder / "cards.parquet")
    sealed(folder)
    return folder
