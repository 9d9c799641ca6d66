"""Checks a Spark cluster before work starts: its master answers, its workers work on our files.

And while it works, that a worker is left. Spark itself would wait: a minute for a master, for
workers without end. And what a worker writes to a folder of its own, which no other machine sees,
would be missing without a word.
"""

import os
import re
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from core.errors import EnvironmentProblem

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOCAL = "local[*]"
ANSWER_SECONDS, WORKER_SECONDS = 5.0, 120.0
LOOK_SECONDS = 5.0  # between two looks at the workers that are left
CURE = "or put engine: duckdb into params.yaml (docs/scale.md)."


def master(environment: Mapping[str, str]) -> str:
    """Where Spark runs: spark.master in spark-defaults.conf, else MASTER, else this machine."""
    home = environment.get("SPARK_HOME")
    given = environment.get("SPARK_CONF_DIR") or (f"{home}/conf" if home else None)
    file = Path(given or ".") / "spark-defaults.conf"
    if given and file.is_file():
        found = re.search(r"^\s*spark\.master[\s=:]+(\S+)", file.read_text("utf-8"), re.MULTILINE)
        if found:
            return found[1]
    return environment.get("MASTER") or LOCAL


def is_local(url: str) -> bool:
    """Whether Spark runs in this machine alone."""
    return url.startswith("local")


def check_master(url: str) -> None:
    """Raise EnvironmentProblem where no master of a standalone cluster takes connections.

    Of other clusters Spark knows the address from elsewhere.
    """
    if not url.startswith("spark://"):
        return
    failed = []
    for address in url.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS).close()
        except ValueError:
            failed.append(f"{address} is no HOST:PORT")
        except OSError as error:
            failed.append(f"{address}: {error.strerror or error}")
        else:
            return
    raise EnvironmentProblem(
        f"engine: spark cannot reach the master {url} ({'; '.join(failed)}): start it, correct the "
        f"address (MASTER, or spark.master in spark-defaults.conf), {CURE}"
    )


def check_workers(spark: "SparkSession", folder: Path) -> None:
    """Raise EnvironmentProblem where no worker comes, or one does not have this folder.

    Every worker writes a few numbers below it, and reads what others wrote.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    context = spark.sparkContext
    _wait_for_worker(context)
    tasks = 2 * int(context.defaultParallelism)
    probe = folder / f".workers-{os.getpid()}"
    path = str(probe / "numbers")
    try:
        probe.mkdir(exist_ok=True)
        spark.range(0, tasks, 1, tasks).write.mode("overwrite").parquet(path)
        seen = sum(pq.read_metadata(file).num_rows for file in probe.rglob("*.parquet"))
        seen = min(seen, int(spark.read.schema("id BIGINT").parquet(path).count()))
    except (Py4JError, PySparkException) as error:
        seen, why = 0, f" ({str(error).splitlines()[0]})"
    else:
        why = ""
    finally:
        shutil.rmtree(probe, ignore_errors=True)
    if seen < tasks:
        raise EnvironmentProblem(
            f"engine: spark: not every worker of {context.master} can read and write {folder} as "
            f"this machine does{why}: put the project into a folder that all of them share under "
            f"one path, with the right to write there, {CURE}"
        )


@contextmanager
def watched(context: Any) -> Iterator[None]:
    """Within it, work of a cluster ends where no worker has been left for WORKER_SECONDS.

    Raises EnvironmentProblem then; Spark would wait for workers without end.
    """
    if is_local(context.master):
        yield
        return
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    done, given_up = Event(), Event()
    watch = Thread(target=_watch, args=(context, done, given_up), daemon=True)
    watch.start()
    try:
        yield
    except (Py4JError, PySparkException) as error:
        if not given_up.is_set():
            raise
        raise EnvironmentProblem(
            f"engine: spark: the cluster {context.master} lost its last worker amid the work, and "
            f"none came within {WORKER_SECONDS:.0f} seconds: start workers and run it again, {CURE}"
        ) from error
    finally:
        done.set()
        watch.join()


def _watch(context: Any, done: Event, given_up: Event) -> None:
    """Cancel everything where no worker is left for it."""
    from py4j.protocol import Py4JError

    seen = time.monotonic()
    # Where Spark itself has ended, whoever waits for it says so.
    with suppress(Py4JError):
        while not done.wait(min(LOOK_SECONDS, WORKER_SECONDS)):
            # Without work a cluster may have taken its workers back.
            if _workers(context) or not context.statusTracker().getActiveJobsIds():
                seen = time.monotonic()
            elif time.monotonic() - seen > WORKER_SECONDS:
                given_up.set()
                context.cancelAllJobs()
                return


def _workers(context: Any) -> int:
    """How many workers (Spark: executors) there are now."""
    infos = context._jsc.sc().statusTracker().getExecutorInfos()
    return len(infos) - 1  # the first is the driver


def _wait_for_worker(context: Any) -> None:
    until = time.monotonic() + WORKER_SECONDS
    while not _workers(context):
        if time.monotonic() > until:
            raise EnvironmentProblem(
                f"engine: spark: the cluster {context.master} gave no worker within "
                f"{WORKER_SECONDS:.0f} seconds: start workers, free cores and memory of theirs (or "
                f"ask for less: spark.cores.max, spark.executor.memory), {CURE}"
            )
        time.sleep(0.2)
