"""Simulated companies for plans: contacts drawn by chance, cards by our models, and the truth.

A year passes without contacts, then one or four quarters with a round a month, of which every
outcome is known on the day of the plan. Models are trained on a sample of the customers, as in a
run; then everybody gets a card. All of it is kept below benchmarks/data until code changes, so that
a policy is measured again in seconds.
"""

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.cases import CODE
from benchmarks.measuring import DATA, ROOT
from core.files import digest, hashes
from features.building import build_snapshots, purchase_timelines, tables_at
from features.engines.duckdb import DuckEngine
from features.params import TaskParams, TimelineParams
from features.planning.profile import profile
from features.planning.splits import plan_timeline
from features.planning.timeplan import Timeline
from features.reading import read_snapshots
from features.snapshot import model_features, supported
from features.timeline import day_of
from models.bundle import Bundle
from models.training.fitting import choose, refit
from models.training.until import Until
from models.words import SCORED
from pipelines.params import load_params
from sources.kinds.simulator.replay import Future, future
from sources.kinds.simulator.worlds import WORLDS
from sources.kinds.simulator.writing import START, simulate

FOLDER = DATA / "policies"
BEFORE, QUARTER, MONTH = 365, 90, 30
AFTER = 90  # days from the last contact to the plan: all outcomes are known
SAMPLE = 10_000  # customers on whom models are trained
TASK = TaskParams(churn="lapse", horizon_days=56, active_within_days=180, value_horizon_days=365)
DATES = TimelineParams.model_validate({"step_days": MONTH, "snapshots": 8})
GATE_TABLES = ("contacts", "consents", "tickets")


@dataclass(frozen=True)
class Company:
    """What a company knows on the day of the plan, and what its customers would then do.

    `snapshots` are those of the rounds of contacts and of the day of the plan (split `score`).
    """

    world: str
    margin: float
    folder: Path
    timeline: Timeline
    cards: pd.DataFrame
    snapshots: pd.DataFrame
    purchases: pd.DataFrame
    history: dict[str, pd.DataFrame]
    future: Future

    @property
    def today(self) -> pd.DataFrame:
        """The snapshots of the day of the plan, in the order of the cards."""
        rows = self.snapshots[self.snapshots["split"] == "score"]
        return rows.sort_values("customer_id", ignore_index=True)


def company(world: str, customers: int, seed: int, quarters: int) -> Company:
    """The company of a world after so many quarters of contacts; made where it is not there."""
    folder = FOLDER / f"{world}-{customers}-{seed}-{quarters}"
    stamp = folder / digest({name: str(digest(found)) for name, found in _code().items()})
    if not stamp.exists():
        shutil.rmtree(folder, ignore_errors=True)
        _make(folder, world, customers, seed, quarters)
        stamp.touch()
    ahead = np.load(folder / "future.npz", allow_pickle=False)
    actions = tuple(ahead["actions"].tolist())
    return Company(
        world,
        WORLDS[world].margin,
        folder,
        Timeline.from_json(json.loads((folder / "timeline.json").read_text(encoding="utf-8"))),
        pd.read_parquet(folder / "cards.parquet"),
        read_snapshots(folder / "snapshots"),
        pd.read_parquet(folder / "purchases.parquet"),
        {name: pd.read_parquet(folder / f"{name}.parquet") for name in GATE_TABLES},
        Future(actions, pd.Index(ahead["customers"]), ahead["gain"], ahead["responses"]),
    )


def _code() -> dict[str, dict[str, str]]:
    """The Python files that a company depends on, with their sums."""
    found = {name: hashes(ROOT / name) for name in (*CODE, "models")}
    found["here"] = {"company.py": digest({"text": Path(__file__).read_text(encoding="utf-8")})}
    return {
        name: {file: one for file, one in files.items() if file.endswith(".py")}
        for name, files in found.items()
    }


def _make(folder: Path, world: str, customers: int, seed: int, quarters: int) -> None:
    until = BEFORE + quarters * QUARTER
    rounds = range(BEFORE, until, MONTH)
    simulate(folder / "company", world, customers, until + AFTER, seed, rounds=rounds)
    tables = {path.stem: path for path in (folder / "company" / "tables").glob("*.parquet")}
    bundle, timeline = _trained(tables, folder / "sample")
    first = day_of(pd.Timestamp(START).date())
    days = tuple(first + start for start in rounds)
    timeline = replace(timeline, train=days, validation=(), test=(), unused=())
    engine = DuckEngine(tables)
    features, _ = supported(engine.schemas, BEFORE)
    build_snapshots(engine, timeline, features, folder / "snapshots")
    (folder / "timeline.json").write_text(json.dumps(timeline.to_json()), encoding="utf-8")
    pd.concat(purchase_timelines(engine, timeline), ignore_index=True).to_parquet(
        folder / "purchases.parquet", index=False
    )
    for name, table in tables_at(engine, timeline, list(GATE_TABLES)).items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    snapshots = read_snapshots(folder / "snapshots")
    today = snapshots[snapshots["split"] == "score"].sort_values("customer_id", ignore_index=True)
    _cards(today, bundle).to_parquet(folder / "cards.parquet", index=False)
    ahead = future(folder / "company", float(until + AFTER), seed)
    np.savez(
        folder / "future.npz",
        actions=np.array(ahead.actions),
        customers=ahead.customers.to_numpy(str),
        gain=ahead.gain,
        responses=ahead.responses,
    )
    shutil.rmtree(folder / "company")
    shutil.rmtree(folder / "sample")


def _trained(tables: dict[str, Path], folder: Path) -> tuple[Bundle, Timeline]:
    """Models of the first customers, and the plan of the dates of their run."""
    folder.mkdir(parents=True)
    for name, path in tables.items():
        rows = pq.read_table(path)
        rows = rows.filter(pc.less(rows["customer_id"], f"C{SAMPLE:08d}"))
        pq.write_table(rows, folder / f"{name}.parquet")
    engine = DuckEngine({name: folder / f"{name}.parquet" for name in tables})
    timeline = plan_timeline(TASK, DATES, profile(engine))
    features, _ = supported(engine.schemas, BEFORE)
    build_snapshots(engine, timeline, features, folder / "snapshots")
    rows = read_snapshots(folder / "snapshots")
    params = load_params(ROOT / "params.yaml").model
    bought = pd.concat(purchase_timelines(engine, timeline), ignore_index=True)
    until = Until(rows, timeline, bought, params.calibration_folds)
    chosen = choose(until, model_features(rows), params)
    return refit(chosen, until, timeline.data_until, params), timeline


def _cards(today: pd.DataFrame, bundle: Bundle) -> pd.DataFrame:
    """The fields of score cards that plans read, sorted by customer."""
    risk = bundle.churn.predict(today)
    money = bundle.value.predict(today, risk)
    cards = pd.concat([today[["customer_id", "as_of_date"]], money], axis=1)
    return cards.assign(status=SCORED, churn_risk=risk)
