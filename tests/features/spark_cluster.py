"""A standalone Spark cluster of this machine: a master and workers in processes of their own.

As a program it builds the snapshots of a shop's tables on the cluster that MASTER names, or runs a
stage of the project that it is started in, so many customers a part:

    python -m tests.features.spark_cluster TABLES OUT BESIDE FILE_ROWS
    python -m tests.features.spark_cluster score CUSTOMERS [SECONDS]

SECONDS is how long it waits for a worker when the last one is lost.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from core.errors import EnvironmentProblem
from core.parts import write_parts
from features import reading
from features.building import build_snapshots, purchase_timelines
from features.engines import cluster as checks
from features.engines import spark
from features.engines.java import java_home
from features.planning.profile import profile
from features.snapshot import supported
from pipelines import stage
from tests.features.same import plan_of
from tests.features.world import LONG

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
# A killed worker is missed soon, and nothing but the work of the test is worth compiling well.
SETTINGS = """
spark.executor.memory 700m
spark.executor.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
"""


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind((HOST, 0))
        return found.getsockname()[1]


class Cluster:
    """`url` is the master's; workers have one core each. Everything ends with `stop`."""

    def __init__(self, folder):
        import pyspark

        self._folder, self._running, self.workers = folder, [], []
        home = Path(pyspark.__file__).parent
        (folder / "conf").mkdir()
        (folder / "conf" / "spark-defaults.conf").write_text(SETTINGS)
        java = java_home(os.environ, folder / "java")
        self.environment = {
            **os.environ,
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": HOST,
            "SPARK_CONF_DIR": str(folder / "conf"),
            **({"JAVA_HOME": str(java)} if java else {}),
        }
        port = free_port()
        self.url = self.environment["MASTER"] = f"spark://{HOST}:{port}"
        self._start("master", "Master", "--host", HOST, "--port", str(port))
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with socket.socket() as tried:
                if tried.connect_ex((HOST, port)) == 0:
                    return
            time.sleep(0.1)
        raise TimeoutError("the master does not answer")

    def add_worker(self, *before):
        """Start a worker; `before` is a command that it is started by."""
        number = len(self._running)
        own = ("--host", HOST, "--cores", "1", "--memory", "1g")
        work = ("--work-dir", str(self._folder / f"work{number}"))
        self.workers.append(self._start("worker", "Worker", *own, *work, self.url, before=before))

    def kill(self, worker):
        """As if its machine went off: the worker and what it started."""
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    def stop(self):
        """End every process that is left."""
        for process in reversed(self._running):
            if process.poll() is None:
                self.kill(process)

    def run(self, *arguments, here=ROOT):
        """The program of this module on the cluster, started in a folder."""
        command = [sys.executable, "-m", "tests.features.spark_cluster", *map(str, arguments)]
        return subprocess.Popen(
            command,
            cwd=here,
            env={**self.environment, "PYTHONPATH": str(ROOT)},  # workers have to find it themselves
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _start(self, package, name, *arguments, before=()):
        script = Path(self.environment["SPARK_HOME"]) / "bin" / "spark-class"
        of = f"org.apache.spark.deploy.{package}.{name}"
        with (self._folder / f"{name}{len(self._running)}.log").open("w") as log:
            started = subprocess.Popen(
                [*before, str(script), of, "--webui-port", "0", *arguments],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._running.append(started)
        return started


@contextmanager
def cluster(folder):
    """A cluster without workers, ended when it is left."""
    found = Cluster(folder)
    try:
        yield found
    finally:
        found.stop()


def some_of(features):
    """Every fourth feature: that all are the same, other tests say, and each takes its time."""
    return features[::4]


def main(tables, out, beside, file_rows):
    """All that stage `snapshot` asks of an engine."""
    spark.FILE_ROWS = int(file_rows)
    paths = {path.stem: path for path in sorted(Path(tables).glob("*.parquet"))}
    try:
        engine = spark.SparkEngine(paths)
    except EnvironmentProblem as error:
        sys.exit(f"PROBLEM {error}")
    profile(engine)
    plan = plan_of(paths)
    features, _ = supported(engine.schemas, LONG)
    build_snapshots(engine, plan, some_of(features), Path(out))
    parts = list(purchase_timelines(engine, plan))
    assert len(parts) > 1
    write_parts(parts, Path(beside) / "purchases.parquet")


def run_stage(name, customers, seconds=None):
    """A stage in parts of so many customers."""
    reading.PART_CUSTOMERS = int(customers)
    if seconds is not None:
        checks.WORKER_SECONDS, checks.LOOK_SECONDS = float(seconds), 0.2
    stage.run(import_module(f"pipelines.{name}").main)


if __name__ == "__main__":
    (main if len(sys.argv) > 4 else run_stage)(*sys.argv[1:])
