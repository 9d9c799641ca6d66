"""Churn beside its baselines on every real source, each in one run of the pipeline's own stages.

`make bench-sources` prints one table and writes benchmarks/out/sources.json: `rows` of {dataset,
task, model, metric, value, low, high, n_test}, and the seconds and peak memory of each stage.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from benchmarks.zoo.road import STAGES

METRICS = ("auc", "average_precision", "log_loss", "brier", "lift_at_10")
ROOT = Path(__file__).resolve().parent.parent
RETAIL = ROOT.parent / "shared" / "data" / "online_retail" / "online_retail.parquet"
OUT = ROOT / "benchmarks" / "out" / "sources.json"
AUTO = {"horizon_days": "auto", "active_within_days": "auto", "value_horizon_days": "auto"}


def settings(name: str, folder: Path) -> dict[str, Any] | None:
    """What a data set changes in params.yaml; None where its data is missing."""
    if name == "complete_journey":
        return {"source": {}, "task": {}}
    if name == "complete_journey_2017-11-15":
        return {"source": {}, "task": {}, "timeline": {"test_as_of_dates": ["2017-11-15"]}}
    if name == "cdnow":
        return {"source": {"kind": "cdnow"}, "task": AUTO}
    if not RETAIL.exists():
        return None
    shutil.copy(RETAIL, folder / "orders.parquet")
    page = (ROOT / "docs" / "your-data.md").read_text(encoding="utf-8")
    block = yaml.safe_load(page.split("```yaml", 1)[1].split("```", 1)[0])
    sections = {name: block[name] for name in ("task", "actions")}
    return {"source": {**block["source"], "path": str(folder)}, **sections}


def run(name: str) -> dict[str, Any] | None:
    """Run the stages on one data set in a copy of the tree; the figures of its evaluation."""
    with tempfile.TemporaryDirectory() as temporary:
        work, data = Path(temporary) / "work", Path(temporary) / "data"
        data.mkdir()
        changes = settings(name, data)
        if changes is None:
            print(f"{name}: skipped, {RETAIL.relative_to(ROOT.parent)} is not there", flush=True)
            return None
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        for file in listed.stdout.splitlines():
            (work / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, work / file)
        params = yaml.safe_load((work / "params.yaml").read_text(encoding="utf-8"))
        for section, values in changes.items():
            params[section] |= values
        (work / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
        stages = {stage: _measure(stage, work) for stage in STAGES}
        report = (work / "reports" / "evaluation.json").read_text(encoding="utf-8")
        return {"stages": stages, "evaluation": json.loads(report)}


def _measure(stage: str, work: Path) -> dict[str, float]:
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", f"pipelines.{stage}"],
        cwd=work,
        env={**os.environ, "PYTHONPATH": str(work)},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"stage {stage} failed, see above")
    return {"seconds": round(time.monotonic() - started, 1), "peak_mb": usage.ru_maxrss // 1024}


def rows(name: str, evaluation: dict[str, Any]) -> list[dict[str, Any]]:
    """One row per model and metric."""
    churn = evaluation["churn"]
    return [
        {
            "dataset": name,
            "task": f"churn {churn['horizon_days']} d",
            "model": model,
            "metric": metric,
            "n_test": churn["rows"],
            **figures[metric],
        }
        for model, figures in churn["models"].items()
        for metric in METRICS
    ]


def main() -> None:
    """Run every data set and print the table."""
    result: dict[str, Any] = {"rows": [], "stages": {}}
    for name in (
        "complete_journey",
        "complete_journey_2017-11-15",
        "cdnow",
        "online_retail",
    ):
        done = run(name)
        if done is None:
            continue
        evaluation = done["evaluation"]
        result["stages"][name] = done["stages"]
        result["rows"] += rows(name, evaluation)
        churn = evaluation["churn"]
        tests = ", ".join(evaluation["timeline"]["test"])
        print(f"\n{name}: churn in {churn['horizon_days']} days as of {tests}, ", end="")
        print(f"{churn['rows']:,} rows, {churn['churn_rate']:.1%} left, grade {churn['grade']}")
        print(f"{'':18}" + "".join(f"{metric:>26}" for metric in METRICS))
        for model in ("ours", "recency_rule", "own_rhythm_rule", "rfm_logistic", "bg_nbd"):
            figures = churn["models"][model]
            cells = (figures[metric] for metric in METRICS)
            text = "".join(f"{f['value']:>10.3f} ({f['low']:.3f}-{f['high']:.3f})" for f in cells)
            print(f"{model:18}{text}")
        took = sum(stage["seconds"] for stage in done["stages"].values())
        peak = max(stage["peak_mb"] for stage in done["stages"].values())
        print(f"{took:.0f} s for {len(STAGES)} stages, largest process {peak:,.0f} MB", flush=True)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"\nwritten to {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
