"""Shows the recorded runs in MLflow, with their charts: `python -m pipelines.ui`, or `make ui`."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import webbrowser
from contextlib import closing, suppress

from core.errors import EnvironmentProblem
from pipelines import stage
from pipelines.tracking.mlflow_process import (
    ADDRESS,
    EXPERIMENT,
    own_address,
    store_file,
    told_store,
    tracking_uri,
)

HOST, PORT = "127.0.0.1", 5000
# The list of runs beside the charts that compare them.
CHARTS = "#/experiments/{experiment}/runs?compareRunsMode=CHART"
PAUSE, PATIENCE = 0.3, 120.0  # seconds between two looks at the server, and until it has to answer


def main() -> None:
    """Start MLflow on the project's store, and say where its charts are; Ctrl-C ends it.

    Raises EnvironmentProblem where the port is taken.
    """
    if own_address().startswith("http"):
        print(f"Runs are recorded at {told_store()} ({ADDRESS}): open that address.")
        return
    if _answers():
        raise EnvironmentProblem(
            f"Something else answers at {HOST}:{PORT}: end it, then run the same command again."
        )
    address = f"http://{HOST}:{PORT}/{charts()}"
    served = ("--backend-store-uri", tracking_uri(), "--host", HOST, "--port", str(PORT))
    command = [sys.executable, "-m", "mlflow", "ui", *served, "--workers", "1"]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: the server ends too
    with subprocess.Popen(command) as server:
        try:
            _wait(server)
            print(f"\nRuns and their charts: {address}\n", flush=True)
            if sys.stdout.isatty() and (os.environ.get("DISPLAY") or sys.platform != "linux"):
                webbrowser.open(address)
            server.wait()
        except KeyboardInterrupt:
            server.terminate()
    sys.exit(server.returncode if server.returncode > 0 else 0)


def charts() -> str:
    """The place of the experiment's charts in MLflow's pages; its front page where none is yet."""
    if own_address():
        return ""
    with suppress(sqlite3.Error), closing(sqlite3.connect(store_file())) as store:
        query = "SELECT experiment_id FROM experiments WHERE name = ?"
        found = store.execute(query, (EXPERIMENT,)).fetchone()
        if found:
            return CHARTS.format(experiment=found[0])
    return ""


def _wait(server: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + PATIENCE
    while server.poll() is None and not _answers() and time.monotonic() < until:
        time.sleep(PAUSE)


def _answers() -> bool:
    with closing(socket.socket()) as caller:
        caller.settimeout(1.0)
        return caller.connect_ex((HOST, PORT)) == 0


if __name__ == "__main__":
    stage.run(main)
