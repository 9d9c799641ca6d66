"""Processes that tests start, ended whatever becomes of the test."""

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def python(*command, **environment):
    """A Python of its own in the project's folder, with pipes for what it says.

    One that a failed test has left running is killed: `with Popen` alone would wait for it for
    ever.
    """
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()
