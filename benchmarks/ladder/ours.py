"""Our whole pipeline on the history of one cell: what a release says of the cohort.

Settings are those of params.yaml as shipped, but for the horizon and the score date.
"""

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.ladder.cells import Cell, Cut
from benchmarks.ladder.peers import Told
from benchmarks.zoo.road import Ended, lay_out, run_road
from core.files import digest, hashes

ROOT = Path(__file__).resolve().parents[2]
CODE = ("core", "sources", "features", "models", "actions", "pipelines", "benchmarks/ladder")
SCORED, RULE, REFUSED = "scored", "rule", "refused"


@dataclass(frozen=True)
class Said:
    """How the pipeline ended for a cell.

    `why` is the message of a refusal, or what a rule's release says is missing; `told` is None
    where there are no predictions. `missing` customers of the cohort have no card with a risk or
    rank: they get the middle of the others, as a list leaves them out.
    """

    status: str
    why: str
    rung: int | None
    grade: str | None
    told: Told | None
    missing: int


def run(cell: Cell, one: Cut) -> Said:
    """Run the pipeline in a temporary folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="ladder-"))
    try:
        lay_out(folder, settings(cell, one))
        (folder / "inbox").mkdir()
        one.history.to_csv(folder / "inbox" / "orders.csv", index=False)
        return said(run_road(folder, last="release"), one)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def settings(cell: Cell, one: Cut) -> dict[str, Any]:
    """The settings that differ from params.yaml as shipped."""
    return {
        "source": {"kind": "files", "path": "inbox", "currency": "USD"},
        "task": {"horizon_days": cell.horizon_days},
        "timeline": {"score_as_of": f"{one.at:%Y-%m-%d}"},
    }


def said(end: Ended, one: Cut) -> Said:
    """Read what a run of the pipeline left."""
    rung = _read(end.folder / "data" / "timeline.json").get("rung")
    if not end.through:
        why = end.error or end.crash.strip().splitlines()[-1]
        return Said(REFUSED, f"{end.stage}: {why}", rung, None, None, len(one.cohort))
    cards = pd.read_parquet(end.release / "cards.parquet").set_index("customer_id")
    cards = cards.reindex(one.cohort)
    risk = cards["churn_risk"].astype("float64")
    grade = _read(end.release / "reports" / "evaluation.json").get("churn", {}).get("grade")
    if risk.notna().any():
        p = risk.fillna(risk.median()).to_numpy()
        return Said(SCORED, "", rung, grade, Told(p, p), int(risk.isna().sum()))
    why = _why_a_rule(end.release)
    silence = cards.get("silence_over_usual", pd.Series(np.nan, index=cards.index))
    silence = silence.astype("float64")
    if silence.isna().all():
        return Said(RULE, why, rung, grade, None, len(cards))
    rank = silence.fillna(silence.median()).to_numpy()
    return Said(RULE, why, rung, grade, Told(rank, None), int(silence.isna().sum()))


def code_version() -> str:
    """A version of the code that the pipeline runs, of what judges it, and of params.yaml."""
    sums: dict[str, Any] = {name: hashes(ROOT / name) for name in CODE}
    python = {
        name: digest({file: one for file, one in files.items() if file.endswith((".py", ".yaml"))})
        for name, files in sums.items()
    }
    return digest({**python, "params": (ROOT / "params.yaml").read_text(encoding="utf-8")})


def _why_a_rule(release: Path) -> str:
    """What the release says is missing for a model."""
    found = [_read(path).get("gate", {}) for path in sorted(release.rglob("rule.json"))]
    return str(found[0].get("why", "")) if found else ""


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
