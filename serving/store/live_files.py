"""The models of the kept releases, in the store: what each process of the service scores with.

A file is kept once, under its sha256, whichever releases hold it: releases of the same models share
them.
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    LargeBinary,
    String,
    Table,
    delete,
    insert,
    select,
)
from sqlalchemy.exc import DBAPIError

from core.errors import ArtifactError
from serving.store.database import unreachable, writing
from serving.store.tables import metadata, releases

FOLDERS = ("models", "live")

live_files = Table(
    "live_files",
    metadata,
    Column("sha256", String, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

live_manifests = Table(
    "live_manifests",
    metadata,
    Column("release_id", String, primary_key=True),
    Column("files", JSON, nullable=False),  # sha256 by path
)


def files_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The sha256 of the files that scoring anew needs, by path; empty for an older release."""
    files = {
        path: sha256
        for path, sha256 in manifest["files"].items()
        if PurePosixPath(path).parts[0] in FOLDERS
    }
    there = {PurePosixPath(path).parts[0] for path in files}
    return files if there == set(FOLDERS) else {}


def keep_files(engine: Engine, folder: Path, manifest: Mapping[str, Any]) -> None:
    """Put what scoring anew needs of a release folder, whose hashes were checked, into the store.

    Raises StoreError where it cannot be written.
    """
    files = files_of(manifest)
    if not files:
        return
    for path, sha256 in files.items():
        content = (folder / path).read_bytes()
        with writing(engine) as connection:
            known = select(live_files.c.sha256).where(live_files.c.sha256 == sha256)
            if connection.scalar(known) is None:
                connection.execute(insert(live_files).values(sha256=sha256, content=content))
    its = live_manifests.c.release_id == manifest["release_id"]
    with writing(engine) as connection:
        connection.execute(delete(live_manifests).where(its))
        row = {"release_id": manifest["release_id"], "files": files}
        connection.execute(insert(live_manifests).values(row))


def drop_unused(engine: Engine) -> None:
    """Delete the files that no kept release has. Raises StoreError where that cannot be done."""
    with writing(engine) as connection:
        kept = select(releases.c.release_id)
        connection.execute(delete(live_manifests).where(live_manifests.c.release_id.not_in(kept)))
        used = {
            sha256
            for files in connection.scalars(select(live_manifests.c.files))
            for sha256 in files.values()
        }
        for sha256 in set(connection.scalars(select(live_files.c.sha256))) - used:
            connection.execute(delete(live_files).where(live_files.c.sha256 == sha256))


def kept_files(connection: Connection, release_id: str) -> dict[str, str]:
    """The sha256 of the files of a release, by path; empty where it was published without."""
    its = live_manifests.c.release_id == release_id
    return dict(connection.scalar(select(live_manifests.c.files).where(its)) or {})


def fetch(engine: Engine, files: Mapping[str, str], folder: Path) -> None:
    """Write the files of a release into `folder`.

    Raises ArtifactError where the store lacks one of them, StoreError where it does not answer.
    """
    try:
        with engine.connect() as connection:
            for path, sha256 in files.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(_content(connection, path, sha256))
    except DBAPIError as error:
        raise unreachable(engine, error) from None


def _content(connection: Connection, path: str, sha256: str) -> bytes:
    found = connection.scalar(select(live_files.c.content).where(live_files.c.sha256 == sha256))
    if found is None:
        raise ArtifactError(f"The store lacks {path} of the release: publish it again.")
    return bytes(found)
