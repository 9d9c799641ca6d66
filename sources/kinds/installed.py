"""Finds data files inside installed packages without importing these."""

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from core.errors import SourceError


def package_file(package: str, relative: str) -> Path:
    """The path of a file that an installed package ships.

    Raises SourceError when the package is not installed or does not ship the file.
    """
    try:
        path = Path(str(distribution(package).locate_file(relative)))
    except PackageNotFoundError:
        raise SourceError(
            f"The package {package} is not installed, and its data is the source. "
            "Run `make run`, which installs it, or set source.kind in params.yaml."
        ) from None
    if not path.is_file():
        raise SourceError(
            f"The installed package {package} has no file {relative}. "
            "Run `make run` again after removing .venv, or set source.kind in params.yaml."
        )
    return path
