"""Where the project lies, and its files: JSON, and the manifest with the sha256 of every file."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from filelock import FileLock, Timeout

from core.errors import ArtifactError, RegularsError

MANIFEST = "manifest.json"
AGREEMENTS = "agreements.parquet"  # of a release: who agreed to profiling, and when
OBJECTIONS = "objections.parquet"  # of a release: who objects to profiling, and since when
CONTACT_DETAILS = "contact_details.parquet"  # of a release: phone and e-mail of who has a card
HISTORIES = "histories"  # folder of a release: a table of rows each, sorted by customer_id
SEAL = "sha256"  # of the manifest itself
SCHEMA_VERSION = 1  # of a release: what is written, and what publishing reads
# `dvc exp run --temp` and the queue clone the project into a folder below this one, which is
# deleted when the experiment has ended.
TEMPORARY = (".dvc", "tmp", "exps")


def project_root() -> Path:
    """The folder of the project: this one or, in a temporary folder of DVC's, the one it is of."""
    here = Path.cwd().resolve()
    for folder in here.parents:
        if folder.parts[-len(TEMPORARY) :] == TEMPORARY:
            return folder.parents[len(TEMPORARY) - 1]
    return here


def is_temporary() -> bool:
    """Whether this is a temporary folder of DVC's, with only what git knows in it."""
    return project_root() != Path.cwd().resolve()


@contextmanager
def only_one(lock_file: Path, busy: RegularsError) -> Iterator[None]:
    """Hold a lock while the block runs; raise `busy` at once where another process holds it.

    The operating system releases the lock when its holder ends, however that ends: the file that is
    left behind locks nothing.
    """
    lock = FileLock(lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise busy from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A name to write a file under, which becomes `path` when the block ends.

    Nobody sees half of the file, and where two write it, the later one counts.
    """
    beside = path.with_name(f".{uuid4().hex}-{path.name}.part")
    yield beside
    beside.replace(path)


def write_json(path: Path, content: Any) -> None:
    """Write JSON deterministically: sorted keys, NaN refused, newline at the end."""
    text = json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read JSON; ArtifactError when the file is missing or is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing: run `dvc repro` to write it again.") from None
    except ValueError as error:
        raise ArtifactError(
            f"{path} is not readable JSON ({error}): run `dvc repro` to write it again."
        ) from None


def sha256_of(path: Path) -> str:
    """sha256 of a file's bytes, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hashes(folder: Path) -> dict[str, str]:
    """sha256 of every file below `folder` except its manifest, by path relative to it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): sha256_of(path)
        for path in files
        if path != folder / MANIFEST
    }


def digest(files: Mapping[str, str]) -> str:
    """One sha256, as hex, for the hashes of several files: it changes when any of them does."""
    text = "".join(f"{name}:{sha256}\n" for name, sha256 in sorted(files.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def write_manifest(
    folder: Path, files: Mapping[str, str] | None = None, /, **facts: Any
) -> dict[str, Any]:
    """Write `manifest.json`: the facts, the sha256 of every file in the folder, and its own.

    `files` are those of `hashes`, where they are known: files of a large company are read once. A
    fact of that name, as a manifest has it, counts for nothing.
    """
    manifest = {**facts, "files": hashes(folder) if files is None else dict(files)}
    manifest[SEAL] = _seal(manifest)
    write_json(folder / MANIFEST, manifest)
    return manifest


def _seal(manifest: Mapping[str, Any]) -> str:
    """sha256 of everything else in a manifest: a changed date is seen as a changed file is."""
    rest = {name: value for name, value in manifest.items() if name != SEAL}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def check_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest after comparing every file with it.

    A damaged LightGBM text file aborts the process that loads it, so call this before loading
    anything. Raises ArtifactError naming each file that is missing, changed or unexpected; also for
    a manifest that was changed itself. One of older code has no seal, and is believed.
    """
    manifest: dict[str, Any] = read_json(folder / MANIFEST)
    is_whole = isinstance(manifest, dict) and isinstance(manifest.get("files"), dict)
    if not is_whole or manifest.get(SEAL, _seal(manifest)) != _seal(manifest):
        raise ArtifactError(
            f"{folder}: {MANIFEST} was changed. Nothing was loaded; run `dvc repro` to write it "
            "again."
        )
    wanted, found = manifest["files"], hashes(folder)
    problems = [f"{name} is missing" for name in sorted(wanted.keys() - found.keys())]
    problems += [f"{name} is not in the manifest" for name in sorted(found.keys() - wanted.keys())]
    problems += [
        f"{name} was changed"
        for name in sorted(wanted)
        if found.get(name, "") not in ("", wanted[name])
    ]
    if problems:
        raise ArtifactError(
            f"{folder}: {'; '.join(problems)}. Nothing was loaded; "
            "run `dvc repro` to write it again."
        )
    return manifest


def version(manifest: dict[str, Any]) -> str:
    """Twelve hex digits that change when any file of the models changes."""
    return digest(manifest["files"])[:12]
