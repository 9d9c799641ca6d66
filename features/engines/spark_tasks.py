"""Each part of the customers as a task of Spark: our own Python, on the workers, in our files.

A task reads the Parquet files of the project and writes its part beside them, as it does in one
process; so it says the same, to the byte. What a task is given and what it returns goes the way of
everything that Spark sends to Python, and is in no file. A task of a lost worker is done again by
Spark, elsewhere.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from core.each import Item, Result
from core.errors import EnvironmentProblem, RegularsError
from features.engines.cluster import CURE, check_workers, is_local, watched

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parents[2]  # of this code
ATTEMPTS = "spark.task.maxFailures"
OF_A_MACHINE = (OSError, MemoryError, duckdb.Error)  # another worker may have the room
NOT_THERE = ("ModuleNotFoundError", "ImportError")
# Tasks at a time: what they return is in the driver's Java together, some 20 MB of a large part,
# and Spark stops where it is more than a gigabyte (spark.driver.maxResultSize).
WAVE = 32
Answer = tuple[Exception | None, bytes]


class SparkTasks:
    """An `Each` (core/each.py) on the workers of a session, which share `folder` under one path.

    Raises EnvironmentProblem where they do not, or no worker comes.
    """

    def __init__(self, session: "SparkSession", folder: Path):
        self._context = session.sparkContext
        if not is_local(self._context.master):
            check_workers(session, folder.absolute())

    def __call__(
        self, task: Callable[[Item], Result], items: Iterable[Item], /
    ) -> Iterator[Result]:
        """What the task says of each item, in their order; WAVE of them are done together.

        Errors of ours are raised as the first of them was raised by a worker, and so are those of
        its machine (full disk, too little memory) when a last attempt failed. Raises
        EnvironmentProblem where workers have no Python that knows this code, or lose it.
        """
        sent, left = _sent(task), iter(items)
        while wave := [_sent(item) for item in islice(left, WAVE)]:
            answers = self._run(sent, wave)
            for failed, _ in answers:
                if failed is not None:
                    raise failed
            yield from (_received(said) for _, said in answers)

    def _run(self, task: bytes, items: list[bytes]) -> list[Answer]:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        most = 1 if is_local(self._context.master) else 4  # Spark's own
        attempts = int(self._context.getConf().get(ATTEMPTS, str(most)))
        program = _program(str(ROOT), str(Path.cwd()), task, attempts)
        try:
            with watched(self._context):
                tasks = self._context.parallelize(items, len(items)).mapPartitions(program)
                answers: list[Answer] = tasks.collect()
        except (Py4JError, PySparkException) as error:
            problem = _of_a_worker(str(error), self._context.master)
            if problem is None:
                raise
            raise problem from error
        return answers


def do(task: bytes, item: bytes, is_last: bool) -> Answer:
    """Do a task for one item: the error that nothing cures, or what the task says, as it is sent.

    Errors of the machine are raised as long as another may do it.
    """
    try:
        return None, _sent(_task(task)(_received(item)))
    except RegularsError as error:
        return error, b""
    except OF_A_MACHINE as error:
        if not is_last:
            raise
        return error, b""


def _program(
    root: str, here: str, task: bytes, attempts: int
) -> Callable[[Iterable[bytes]], Iterable[Answer]]:
    """What Spark sends to its workers: it finds our code by itself, as nothing of it is known."""

    def program(items: Iterable[bytes]) -> Iterable[Answer]:
        import os
        import sys

        from pyspark import TaskContext

        if root not in sys.path:
            sys.path.insert(0, root)
        os.chdir(here)
        from features.engines.spark_tasks import do

        is_last = TaskContext.get().attemptNumber() + 1 >= attempts
        return [do(task, item, is_last) for item in items]

    return program


def _of_a_worker(said: str, master: str) -> EnvironmentProblem | None:
    """The worker's problem behind an error of Spark; None for a mistake in our code."""
    lines = [line.strip() for line in said.splitlines()]
    absent = [line for line in lines if line.startswith(NOT_THERE)]
    if absent:
        why = f"its Python does not know what ours does ({absent[0]})"
    elif "Traceback (most recent call last)" in said:
        return None
    else:
        told = next((line for line in lines if "Exception: " in line), said[:200])
        why = f"{told.removesuffix('.')} (a Python that ends had too little memory, or was killed)"
    return EnvironmentProblem(
        f"engine: spark: a worker of {master} could not do its part: {why}. The project's folder "
        f"and its .venv have to lie under one path on all machines; {CURE}"
    )


@lru_cache(maxsize=1)
def _task(sent: bytes) -> Callable[[Any], Any]:
    task: Callable[[Any], Any] = _received(sent)
    return task


def _sent(content: Any) -> bytes:
    """As Spark itself sends what belongs to Python."""
    from pyspark.serializers import CPickleSerializer

    return bytes(CPickleSerializer().dumps(content))


def _received(sent: bytes) -> Any:
    from pyspark.serializers import CPickleSerializer

    return CPickleSerializer().loads(sent)
