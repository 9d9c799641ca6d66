"""MLflow's own scoring server with the churn model of a release, as the peer of ours."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pandas as pd

from benchmarks.measuring import ROOT
from benchmarks.serving.load import post
from models.bundle import Bundle

STARTS = 120  # seconds that it may take to start
MODEL_CODE = ROOT / "pipelines" / "tracking" / "logged_churn.py"


@contextmanager
def mlflow_server(release: Path, snapshots: Path, folder: Path) -> Iterator[tuple[int, bytes]]:
    """The port of `mlflow models serve`, and a request for the risk of one prepared row.

    The row is a customer's of the newest snapshot, with all features computed: MLflow's server
    neither has customers nor makes features. `folder` takes the model.
    """
    row = prepared_row(release, snapshots)
    model = folder / "mlflow-model"
    save(release, row, model)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    content = row.to_json(orient="split", index=False, date_format="iso")
    body = json.dumps({"dataframe_split": json.loads(content)}).encode()
    command = ["mlflow", "models", "serve", "--env-manager", "local", "--workers", "1"]
    where = ["--model-uri", str(model), "--host", "127.0.0.1", "--port", str(port)]
    pinned = ["taskset", "-c", "0", str(Path(sys.executable).parent / command[0]), *command[1:]]
    environ = os.environ | {"OMP_NUM_THREADS": "1", "MLFLOW_TRACKING_URI": f"file:{folder}/mlruns"}
    environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
    with (
        (folder / "mlflow.log").open("w") as log,
        subprocess.Popen(
            [*pinned, *where], cwd=folder, env=environ, stdout=log, stderr=log, process_group=0
        ) as process,
    ):
        try:
            _wait(port, process, folder / "mlflow.log")
            yield port, post("/invocations", body)
        finally:
            os.killpg(process.pid, 15)  # it starts a server of its own
            process.wait()


def prepared_row(release: Path, snapshots: Path) -> pd.DataFrame:
    """One customer of the newest snapshot with everything that the churn model reads."""
    newest = sorted(snapshots.rglob("*.parquet"))[-1]
    rows = pd.read_parquet(newest).head(1).reset_index(drop=True)
    reads = Bundle.load(release / "models").churn.reads
    return rows[["customer_id", *reads]]


def save(release: Path, row: pd.DataFrame, model: Path) -> None:
    """Save the churn model as stage `track` logs it."""
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    import mlflow
    from mlflow.models import infer_signature

    from pipelines.tracking.logged_models import churn_answer

    answer = churn_answer(Bundle.load(release / "models"), row)
    mlflow.pyfunc.save_model(
        str(model),
        python_model=str(MODEL_CODE),
        artifacts={"models": str(release / "models")},
        signature=infer_signature(row, answer),
        input_example=row,
        code_paths=[str(ROOT / name) for name in ("core", "sources", "features", "models")]
        + [str(ROOT / "pipelines")],
        pip_requirements=["pandas"],
    )


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    begun = time.monotonic()
    while process.poll() is None and time.monotonic() - begun < STARTS:
        try:
            with urlopen(f"http://127.0.0.1:{port}/ping", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"MLflow's server does not start:\n{log.read_text()[-2000:]}")
