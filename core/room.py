"""Whether the temporary folder has room for what is about to be written to it."""

import shutil
import tempfile

from core.errors import EnvironmentProblem


def check_room(who: str, needed: float) -> None:
    """Raise EnvironmentProblem where the temporary folder cannot take so many bytes."""
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise EnvironmentProblem(
            f"{who} writes the tables once more to the temporary folder {folder}, which takes up "
            f"to {_gigabytes(needed)} GB, and {_gigabytes(free)} GB are free there: free space, or "
            "name a folder on a larger disk with the environment variable TMPDIR."
        )


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:,.2f}"
