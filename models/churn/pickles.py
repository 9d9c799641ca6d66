"""Pickles among the files of a saved model: reading one runs whatever its writer put into it."""

import pickletools
import zipfile
from pathlib import Path

from core.errors import ExtensionError

SUFFIXES = frozenset({".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle", ".pth", ".pt"})
FIRST = b"\x80"  # the opcode PROTO, with which protocols 2 and later begin
LAST_PROTOCOL = 5
# What makes a file that can be parsed a pickle, and no text that happens to parse.
RUNS = frozenset({"GLOBAL", "STACK_GLOBAL", "INST", "OBJ", "REDUCE", "BUILD", "NEWOBJ", "PROTO"})
LONGEST = 1_000_000  # bytes of a file that are parsed as protocol 0 or 1: such pickles are text


def refuse_pickles(folder: Path, made_by: str) -> None:
    """Raises ExtensionError naming the first file below `folder` that is, or holds, a pickle."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and _is_pickle(path):
            raise ExtensionError(
                f"{made_by}: save wrote {path.relative_to(folder)}, which is a pickle. Reading one "
                "runs whatever its writer put into it, so no model is saved as one: write numbers "
                "as JSON, and the library's model in its own format (CatBoost: save_model)."
            )


def _is_pickle(path: Path) -> bool:
    if path.suffix.lower() in SUFFIXES:
        return True
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        if any(Path(name).suffix.lower() in SUFFIXES for name in names):
            return True
    with path.open("rb") as file:
        start = file.read(LONGEST)
    if start[:1] == FIRST and len(start) > 1 and 2 <= start[1] <= LAST_PROTOCOL:
        return True
    return len(start) < LONGEST and _parses(start)


def _parses(content: bytes) -> bool:
    """Whether all of the content is one pickle that does more than hold plain values."""
    try:
        found = [(code.name, place) for code, _, place in pickletools.genops(content)]
    except (ValueError, LookupError, EOFError, OverflowError):
        return False
    return found[-1][1] == len(content) - 1 and any(name in RUNS for name, _ in found)
