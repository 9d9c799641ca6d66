"""Environments of peers whose dependencies conflict with ours, made from a lock on demand."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools import setup_env

ROOT = Path(__file__).resolve().parent.parent


def python_of(name: str) -> Path:
    """The Python of `.venv-<name>`, which holds what requirements/<name>.txt names.

    Raises RuntimeError with the reason where it cannot be made.
    """
    lock, folder = ROOT / "requirements" / f"{name}.txt", ROOT / f".venv-{name}"
    python, stamp = folder / "bin" / "python", folder / "regulars-lock"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes() and python.exists():
        return python
    uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
    print(f"Setting up {folder.name} from requirements/{lock.name}.", flush=True)
    make = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder]
    add = [uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", lock]
    env = setup_env.uv_environment(sys.executable)
    env.pop("VIRTUAL_ENV", None)
    for command in (make, [*add, "--build-constraints", lock]):
        try:
            done = subprocess.run(
                list(map(os.fspath, command)), cwd=ROOT, env=env, capture_output=True, text=True
            )
        except OSError as error:
            raise RuntimeError(f"uv does not start: {error.strerror}") from None
        if done.returncode:
            raise RuntimeError(f"requirements/{lock.name} could not be installed")
    stamp.write_bytes(lock.read_bytes())
    return python
