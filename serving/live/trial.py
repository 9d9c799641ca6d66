"""Tries the models of a folder: `python -m serving.live.trial FOLDER`, in a process of its own.

A damaged LightGBM file ends the process that reads it, whatever that process catches. So this one
reads it first; the service loads the same files only when it has come back well.
"""

import sys
from pathlib import Path

from core.errors import RegularsError
from serving.live.scoring import LiveScorer


def main(arguments: list[str]) -> None:
    """Load the models and try the golden batch; ends with 1 and the reason where they fail."""
    try:
        LiveScorer(Path(arguments[0]), "trial").check()
    except RegularsError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
