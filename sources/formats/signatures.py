"""What a file is: by its first bytes, and by its name where these say nothing.

A PDF, a picture or a web page that is called orders.csv is none; a workbook called so is read.
"""

import zipfile
from pathlib import Path
from typing import Literal

from core.errors import SourceError

Format = Literal["csv", "excel", "parquet", "json", "gz", "zip"]
OF_SUFFIX: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".xlsb": "excel",
    ".xls": "excel",
    ".ods": "excel",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".gz": "gz",
    ".zip": "zip",
}
BY_BYTES: tuple[tuple[bytes, Format], ...] = ((b"PAR1", "parquet"), (b"\x1f\x8b", "gz"))
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and every Office file with a password
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
NO_TABLES = (
    (b"%PDF", "a PDF", "export the table itself as CSV or Excel"),
    (b"\x89PNG", "a picture", "export the table itself as CSV or Excel"),
    (b"\xff\xd8\xff", "a picture", "export the table itself as CSV or Excel"),
    (b"GIF8", "a picture", "export the table itself as CSV or Excel"),
    (b"SQLite format 3", "an SQLite database", "read it with source.kind: sql"),
    (b"Rar!", "a RAR archive", "unpack it, or pack it as zip"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it, or pack it as zip"),
)
WEB_PAGE = (b"<!doctype", b"<html", b"<?xml", b"<table", b"<head", b"<meta")
START = 512  # bytes that are looked at


def stem(path: str) -> str:
    """A file's name without folder and suffixes: `orders` of a/orders.csv.gz."""
    name = path.rsplit("/", 1)[-1]
    found = suffix(name)
    if not found:
        return name
    rest = name[: -len(found)]
    return stem(rest) if found == ".gz" else rest


def suffix(name: str) -> str:
    """The suffix in small letters, where it is one that is read; else empty."""
    found = Path(name).suffix.lower()
    return found if found in OF_SUFFIX else ""


def format_of(path: Path, name: str) -> Format:
    """What the bytes at `path` are; `name` is what messages call them.

    Raises SourceError for an empty file, and for what is no table.
    """
    with path.open("rb") as file:
        start = file.read(START)
    if not start:
        raise SourceError(f"{name} is empty (0 bytes). Export it again, with a header row.")
    for mark, what, cure in NO_TABLES:
        if start.startswith(mark):
            raise SourceError(f"{name} is {what}, whatever its name says, and no table: {cure}.")
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(WEB_PAGE):
        raise SourceError(
            f"{name} is a web page (HTML or XML), whatever its name says: open it in a spreadsheet "
            "and save it as CSV or .xlsx; if it is a page that says you are not logged in, export "
            "it again."
        )
    for mark, format_ in BY_BYTES:
        if start.startswith(mark):
            return format_
    if start.startswith(ZIP):
        return _zipped(path, name)
    by_name = OF_SUFFIX.get(Path(name.rsplit("#", 1)[-1]).suffix.lower(), "csv")
    if start.startswith(OLE):
        return "excel"
    if by_name in ("gz", "zip", "excel"):
        raise SourceError(
            f"{name} could not be read: it is no {Path(name).suffix} file inside, or was not "
            "copied whole. Export it again, or rename it after what it is."
        )
    return by_name


def is_locked(path: Path) -> bool:
    """Whether an Office file is encrypted: a container of the old kind with the file inside."""
    with path.open("rb") as file:
        return file.read(len(OLE)) == OLE and ENCRYPTED in file.read()


def _zipped(path: Path, name: str) -> Format:
    """Workbooks are zips too."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = set(archive.namelist())
    except (zipfile.BadZipFile, OSError):
        raise SourceError(
            f"{name} could not be read: the zip is broken or was not copied whole. Copy it again."
        ) from None
    if "mimetype" in members or any(m.startswith("xl/") for m in members):
        return "excel"
    if any(m.startswith(("word/", "ppt/")) for m in members):
        raise SourceError(f"{name} is a text or slides, and no table: save its table as CSV.")
    return "zip"
