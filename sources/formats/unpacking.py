"""Unpacks gz and zip into a folder, within limits: a small file must not fill the disk."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from core.errors import SourceError

MAX_RATIO = 200  # unpacked to packed; tables of text reach 5 to 50
FREE_OF_RATIO = 100_000_000  # bytes unpacked that are harmless at any ratio
MAX_BYTES = 20_000_000_000  # of one file, unpacked
CHUNK = 1 << 20
BROKEN = (EOFError, gzip.BadGzipFile, zlib.error, zipfile.BadZipFile, NotImplementedError)


def members(path: Path, name: str) -> list[str]:
    """The files inside a zip, without those that systems add (__MACOSX, .DS_Store)."""
    with zipfile.ZipFile(path) as archive:
        _refuse_too_large(sum(i.file_size for i in archive.infolist()), path, name)
        return sorted(
            info.filename
            for info in archive.infolist()
            if not info.is_dir()
            and not info.filename.startswith("__MACOSX/")
            and not PurePosixPath(info.filename).name.startswith(".")
        )


def refuse_bomb(path: Path, name: str) -> None:
    """Raises SourceError where a zip, such as a workbook, unpacks to more than the limits."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            _refuse_too_large(sum(i.file_size for i in archive.infolist()), path, name)


def member(path: Path, inner: str, folder: Path, name: str) -> Path:
    """One member of a zip, unpacked into `folder`.

    Raises SourceError for one with a password or that is broken, and beyond the limits.
    """
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo(inner)
        if info.flag_bits & 1:
            raise SourceError(
                f"{name} is locked with a password: unpack it yourself, and name the unpacked file "
                "in source.files."
            )
        to = folder / PurePosixPath(inner).name
        with _said(name), archive.open(info) as packed:
            return _written(packed, to, path, name)


def gunzipped(path: Path, folder: Path, name: str) -> Path:
    """The content of a gz file, unpacked into `folder`. Raises SourceError as `member` does."""
    to = folder / (Path(name.rsplit("#", 1)[-1]).with_suffix("").name or "unpacked")
    with _said(name), gzip.open(path) as packed:
        return _written(packed, to, path, name)


@contextmanager
def _said(name: str) -> Iterator[None]:
    """Says in one sentence what the library says of a packed file that is broken."""
    try:
        yield
    except BROKEN as error:
        raise SourceError(
            f"{name} ends in the middle or is broken inside ({error}): copy or export it again."
        ) from None


def _written(packed: IO[bytes] | gzip.GzipFile, to: Path, path: Path, name: str) -> Path:
    size = 0
    with to.open("wb") as file:
        while chunk := packed.read(CHUNK):
            size += len(chunk)
            _refuse_too_large(size, path, name)
            file.write(chunk)
    return to


def _refuse_too_large(size: int, path: Path, name: str) -> None:
    packed = max(path.stat().st_size, 1)
    if size > MAX_BYTES or (size > FREE_OF_RATIO and size / packed > MAX_RATIO):
        raise SourceError(
            f"{name} unpacks to more than {size / 1e6:,.0f} MB from {packed / 1e6:,.1f} MB, which "
            "no table of text does: if it is one all the same, unpack it yourself and name the "
            "unpacked file in source.files."
        )
