"""Each part of the customers as a task of Spark: our own Python, on the workers, in our files.

A task reads the Parquet files of the project and writes its part beside them, as it does in one
process; so it says the same, to the byte. What a task is given and what it returns go through files
too, and not through the driver's Java. A task of a lost worker is done again by Spark, elsewhere.
"""

import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from core.each import Item, Result
from core.errors import EnvironmentProblem, RegularsError
from core.files import written_whole
from features.engines.cluster import CURE, check_workers, is_local

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ROOT = Path(__file__).resolve().parents[2]  # of this code
TASK = "task"
ATTEMPTS = "spark.task.maxFailures"
OF_A_MACHINE = (OSError, MemoryError, duckdb.Error)  # another worker may have the room
NOT_THERE = ("ModuleNotFoundError", "ImportError")


class SparkTasks:
    """An `Each` (core/each.py) on the workers of a session, which share `folder` under one path.

    Raises EnvironmentProblem where they do not, or no worker comes.
    """

    def __init__(self, session: "SparkSession", folder: Path):
        self._context, self._folder = session.sparkContext, folder.absolute()
        if not is_local(self._context.master):
            check_workers(session, self._folder)

    def __call__(
        self, task: Callable[[Item], Result], items: Iterable[Item], /
    ) -> Iterator[Result]:
        """What the task says of each item, in their order, when all are done.

        Errors of ours are raised as the first of them was raised by a worker, and so are those of
        its machine (full disk, too little memory) when a last attempt failed. Raises
        EnvironmentProblem where workers have no Python that knows this code, or lose it.
        """
        with tempfile.TemporaryDirectory(
            dir=self._folder, prefix=".tasks-", ignore_cleanup_errors=True
        ) as name:
            folder = Path(name)
            _write(folder / TASK, task)
            number = -1
            for number, item in enumerate(items):
                _write(_item(folder, number), item)
            self._run(folder, number + 1)
            yield from (_read(_result(folder, one)) for one in range(number + 1))

    def _run(self, folder: Path, tasks: int) -> None:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        if not tasks:
            return
        most = 1 if is_local(self._context.master) else 4  # Spark's own
        attempts = int(self._context.getConf().get(ATTEMPTS, str(most)))
        program = _program(str(ROOT), str(Path.cwd()), str(folder), attempts)
        try:
            ended = self._context.parallelize(range(tasks), tasks).mapPartitions(program).collect()
        except (Py4JError, PySparkException) as error:
            problem = _of_a_worker(str(error), self._context.master)
            if problem is None:
                raise
            raise problem from error
        for failed in ended:
            if failed is not None:
                raise failed


def do(folder: Path, number: int, is_last: bool) -> Exception | None:
    """Do the task of a folder for one item; returns the error that nothing cures, None if done."""
    try:
        result = _task(folder)(_read(_item(folder, number)))
    except RegularsError as error:
        return error
    except OF_A_MACHINE as error:
        if not is_last:
            raise
        return error
    _write(_result(folder, number), result)
    return None


def _program(
    root: str, here: str, folder: str, attempts: int
) -> Callable[[Iterable[int]], Iterable[Exception | None]]:
    """What Spark sends to its workers: it finds our code by itself, as nothing of it is known."""

    def program(numbers: Iterable[int]) -> Iterable[Exception | None]:
        import os
        import sys
        from pathlib import Path

        from pyspark import TaskContext

        if root not in sys.path:
            sys.path.insert(0, root)
        os.chdir(here)
        from features.engines.spark_tasks import do

        is_last = TaskContext.get().attemptNumber() + 1 >= attempts
        return [do(Path(folder), number, is_last) for number in numbers]

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
def _task(folder: Path) -> Callable[[Any], Any]:
    task: Callable[[Any], Any] = _read(folder / TASK)
    return task


def _item(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}.item"


def _result(folder: Path, number: int) -> Path:
    return folder / f"{number:06d}.result"


def _write(path: Path, content: Any) -> None:
    with written_whole(path) as file, file.open("wb") as opened:
        pickle.dump(content, opened, pickle.HIGHEST_PROTOCOL)


def _read(path: Path) -> Any:
    with path.open("rb") as file:
        return pickle.load(file)
