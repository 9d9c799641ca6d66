"""Which files of a folder hold which tables: by name, or as `source.files` says.

files: {orders: orders_export_1.csv}                a file
files: {orders: "sales_*.csv"}                      all that match, read one after the other
files: {orders: ["2023.xlsx#Sales", "2024.csv"]}    parts of one table, a sheet among them
files: {customers: null}                            a table that only happens to have the name
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from core.errors import SourceError, did_you_mean
from sources.contract import ENOUGH, TABLES
from sources.cures import pasted
from sources.formats.looking import candidates, look
from sources.formats.opening import MARK, Address, tables_in
from sources.formats.signatures import stem, suffix
from sources.meanings.ready_tables import ready_table
from sources.params import SourceParams

MAX_NAMED = 8  # files that a message lists
# In the names of files that hold purchases.
OF_ORDERS = re.compile(
    r"order|sale|purchase|transaction|invoice|receipt|retail|заказ|продаж|покупк|чек|реализац"
)


def tables_of_folder(params: SourceParams) -> dict[str, list[Address]]:
    """The parts of every table that is there, in the contract's order of tables.

    Raises SourceError when the folder is missing or holds neither orders nor subscriptions, when
    one table is there twice, and for a file of `source.files` that is not there.
    """
    folder = _folder(params)
    named = {
        name: [part for pattern in _patterns(given) for part in _matching(folder, name, pattern)]
        for name, given in params.files.items()
    }
    taken = {part.file for parts in named.values() for part in parts}
    found = {}
    for name in TABLES:
        parts = named[name] if name in named else _by_name(folder, name, taken)
        if parts:
            found[name] = parts
    if not found.keys() & {*ENOUGH}:
        raise _nothing_found(folder, params)
    return found


def _folder(params: SourceParams) -> Path:
    if not params.path:
        raise SourceError(
            "source.path is empty in params.yaml: name the folder that holds orders.csv or "
            "orders.parquet."
        )
    folder = Path(params.path).expanduser()
    if folder.is_file():
        raise SourceError(
            f"source.path in params.yaml names the file {folder}: name its folder, and the file "
            f"below it: path: {folder.parent} and "
            f"{pasted('files', {'orders': folder.name}, params)}."
        )
    if not folder.is_dir():
        raise SourceError(
            f"source.path in params.yaml names {folder}, which is not a folder. "
            "Paths are relative to the project's folder."
        )
    return folder


def _patterns(given: str | list[str] | None) -> list[str]:
    return [given] if isinstance(given, str) else given or []


def _by_name(folder: Path, name: str, taken: set[str]) -> list[Address]:
    single = [
        p for p in folder.iterdir() if p.is_file() and suffix(p.name) and stem(p.name) == name
    ]
    inside = (folder / name).iterdir() if (folder / name).is_dir() else iter(())
    within = [p for p in inside if p.is_file() and suffix(p.name) and not _is_hidden(p.name)]
    parts = sorted(p.relative_to(folder).as_posix() for p in (*single, *within))
    parts = [part for part in parts if part not in taken]
    if len(parts) > 1 and single:
        raise SourceError(
            f"{folder} holds the table {name} more than once: {', '.join(parts)}. Read together "
            f"they would count twice. Keep one, put the parts of one table into the folder "
            f"{name}/, or say which counts, below source in params.yaml: files: {{{name}: "
            f'"{parts[0]}"}}.'
        )
    return [Address(folder, part) for part in parts]


def _matching(folder: Path, name: str, pattern: str) -> Iterator[Address]:
    """The tables at an address of `source.files`, which may hold *, ? and [ ]."""
    if PurePosixPath(pattern).is_absolute() or ".." in PurePosixPath(pattern).parts:
        raise SourceError(
            f"source.files.{name} in params.yaml names {pattern}, which is outside of source.path "
            f"({folder}): paths are relative to it."
        )
    # A file's name may hold the mark itself: the longest that is there counts.
    steps = pattern.split(MARK)
    for count in range(len(steps), 0, -1):
        files = _files(folder, MARK.join(steps[:count]))
        if files:
            for file in files:
                yield from _inside(Address(folder, file), steps[count:], name, pattern)
            return
    there = candidates(folder)
    raise SourceError(
        f"source.files.{name} in params.yaml names {pattern}, which is not in {folder}."
        f"{did_you_mean(steps[0], there)} It holds: {shortly(there)}."
    )


def _files(folder: Path, pattern: str) -> list[str]:
    if (folder / pattern).is_file():
        return [pattern]
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.glob(pattern)
        if path.is_file() and not _is_hidden(path.name)
    )


def _inside(address: Address, steps: list[str], name: str, pattern: str) -> Iterator[Address]:
    inner = MARK.join(steps)
    if not set("*?[").intersection(inner):
        yield Address(address.folder, address.file, tuple(steps))
        return
    tables = tables_in(address)
    found = [table for table in tables if fnmatchcase(MARK.join(table.inner), inner)]
    if not found:
        raise SourceError(
            f"source.files.{name} in params.yaml names {pattern}, and nothing in {address.name} "
            f"is called so. It has: {shortly([MARK.join(t.inner) for t in tables])}."
        )
    yield from found


def _nothing_found(folder: Path, params: SourceParams) -> SourceError:
    there = candidates(folder) or sorted(path.name for path in folder.iterdir())
    return SourceError(
        f"{folder} holds no table orders (such as orders.csv or orders.xlsx), nor subscriptions; "
        f"it holds: {shortly(there) or 'nothing'}.{_instead(folder, there, params)} "
        f"`make own-data FROM={folder}` looks at the files and proposes what to write."
    )


def _instead(folder: Path, there: list[str], params: SourceParams) -> str:
    """Which of the files may be meant, with what reads it; begins with a space, may be empty."""
    likely = likely_orders([name for name in there if suffix(name)])
    if not likely:
        return ""
    if len(likely) == 1:
        for looked in look(folder / likely[0], params.encoding):
            if is_ready := ready_table(looked.sample, str(folder / likely[0])):
                return f" {is_ready}"
    one = pasted("files", {"orders": likely[0]}, params)
    question = f" Is it {likely[0]}? Then write below source in params.yaml: {one}."
    if len(likely) == 1:
        return question
    every = pasted("files", {"orders": likely}, params)
    return f"{question} If {shortly(likely)} are parts of one table: {every}."


def likely_orders(names: list[str]) -> list[str]:
    """The files that may hold purchases, by their names, the likeliest first; else the only one."""
    named = [name for name in names if OF_ORDERS.search(stem(name).lower())]
    if named:
        return sorted(named, key=lambda name: (len(name), name))[:MAX_NAMED]
    return names if len(names) == 1 else []


def shortly(names: list[str]) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "~$"))
