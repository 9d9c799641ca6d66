"""What a temporary folder of DVC's lacks, since git does not know it: raw data and the store.

`dvc exp run --temp` and the queue run an experiment in a clone of the project. Links to the
project's own raw data and to its store make it the same experiment as in the project: the same
customers, compared with the same champion. Only read: an experiment publishes nothing.
"""

import re
from pathlib import Path

from core.files import is_temporary, project_root
from sources.params import SourceParams

STORE, SIMULATED = Path("store"), Path("simulated")
ADDRESS = re.compile(r"^[\w+]+:///(?=[^/])")  # of a database in a file beside params.yaml


def borrow(source: SourceParams, own_code: Path | None = None) -> list[Path]:
    """Link what is missing here and there in the project; returns what was linked.

    `own_code` is the folder of `extensions`, which git may not know either. Nothing outside a
    temporary folder, and nothing for paths that are absolute or an address.
    """
    if not is_temporary():
        return []
    wanted = [STORE, SIMULATED, *([] if own_code is None else [own_code])]
    if source.path:
        wanted.append(Path(ADDRESS.sub("", source.path)).expanduser())
    return [path for path in wanted if _link(path)]


def _link(path: Path) -> bool:
    theirs = project_root() / path
    if path.is_absolute() or path.exists() or not theirs.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(theirs, target_is_directory=theirs.is_dir())
    return True
