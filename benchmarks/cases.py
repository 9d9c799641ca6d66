"""Data sets and as-of dates on which models are compared, with snapshots made as in a run.

Each test date is a run of its own, planned by `features.planning.splits`: models learn from what
had closed by then, and from nothing later. Methods are chosen on other cases than they are judged
on (`development`).
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from benchmarks.beyond import ALL_DAYS, build_beyond, over_all_days
from benchmarks.measuring import DATA, ROOT, NotPossibleError
from core.files import digest, hashes
from features.building import build_snapshots, purchase_timelines
from features.engines.duckdb import DuckEngine
from features.history.category_history import Categories, read_categories
from features.history.labels import LABELS
from features.params import TaskParams, TimelineParams
from features.planning.profile import profile
from features.planning.splits import plan_timeline
from features.planning.timeplan import Timeline
from features.reading import read_snapshots
from features.snapshot import supported
from features.timeline import as_known_on, date_of
from models.training.until import Until
from sources.known_days import known_days
from sources.params import SourceParams
from sources.registry import fingerprint, load
from sources.subscriptions.billing import contracted
from sources.tables.check_tables import check_tables

FOLDER = DATA / "accuracy"
RETAIL = ROOT.parent / "shared" / "data" / "online_retail" / "online_retail.parquet"
CODE = ("core", "sources", "features")
PURCHASES = "purchases.parquet"


@dataclass(frozen=True)
class Case:
    """One data set at one horizon; its dates are judged one by one and together.

    With `told_days` orders and money of everybody who ever bought are predicted over so many days,
    most of them later than any outcome that had closed: models see what was known at the date, and
    no outcome after it.
    """

    name: str
    horizon_days: int
    active_within_days: int
    dates: tuple[str, ...]
    source: Mapping[str, Any] = field(default_factory=dict)
    snapshots: int | str = "auto"
    told_days: int | None = None
    step_days: int = 14


@dataclass(frozen=True)
class Prepared:
    """One run: all snapshots, the rows that models learn from, and those of its test date.

    `purchases` are the timelines of everybody, as in a run. `beyond` are the rows to predict where
    values reach beyond the closed outcomes: their labels are over all those days, and no model sees
    them.
    """

    snapshots: pd.DataFrame
    timeline: Timeline
    categories: Categories | None = None
    beyond: pd.DataFrame | None = None
    purchases: pd.DataFrame | None = None
    known_days: pd.DataFrame | None = None

    @property
    def until(self) -> Until:
        """What models learn from."""
        return Until(self.snapshots, self.timeline, self.purchases, known_days=self.known_days)

    @property
    def asked_days(self) -> int:
        """Days ahead that the predictions cover."""
        timeline = self.timeline
        return timeline.horizon_days if self.beyond is None else timeline.value_horizon_days

    @property
    def closed(self) -> pd.DataFrame:
        """The rows whose outcome was known at the test date; for `beyond` the histories then."""
        if self.beyond is not None:
            return self.beyond.drop(columns=list(set(LABELS) & set(self.beyond)))
        known = self._known(self.timeline.test[0])
        return known[known["outcome_known"]].reset_index(drop=True)

    @property
    def test(self) -> pd.DataFrame:
        """The rows of the test date."""
        if self.beyond is not None:
            return self.beyond
        known = self._known(self.timeline.data_until)
        day = pd.Timestamp(date_of(self.timeline.test[0]))
        return known[known["as_of_date"] == day].reset_index(drop=True)

    def _known(self, day: int) -> pd.DataFrame:
        return as_known_on(self.snapshots, pd.Timestamp(date_of(day)), self.timeline.windows)


def _retail() -> dict[str, Any]:
    """The source as docs/your-data.md describes it."""
    page = (ROOT / "docs" / "your-data.md").read_text(encoding="utf-8")
    block = yaml.safe_load(page.split("```yaml", 1)[1].split("```", 1)[0])
    return {**block["source"], "path": str(FOLDER / "online_retail")}


def cases() -> dict[str, Case]:
    """The cases on which models are judged, by name."""
    found = (
        Case(
            name="complete_journey",
            horizon_days=28,
            active_within_days=90,
            dates=("2017-10-23", "2017-11-06", "2017-11-20", "2017-12-04"),
        ),
        Case(
            name="cdnow",
            horizon_days=90,
            active_within_days=180,
            dates=("1998-02-15", "1998-03-10", "1998-04-01"),
            source={"kind": "cdnow"},
        ),
        Case(
            name="online_retail",
            horizon_days=30,
            active_within_days=90,
            dates=("2011-09-10", "2011-10-10", "2011-11-08"),
            source={"kind": "files"},
        ),
        # Ninety days out of one year leave one test date, and training dates so near that there are
        # three.
        Case(
            name="online_retail_90_days",
            horizon_days=90,
            active_within_days=90,
            dates=("2011-09-10",),
            source={"kind": "files"},
            step_days=6,
        ),
        # As in the literature: fitted on nine months, judged on the nine after them, less the last
        # day of the data, which may be incomplete.
        Case(
            name="cdnow_39_weeks",
            horizon_days=28,
            active_within_days=ALL_DAYS,
            dates=("1997-10-01",),
            source={"kind": "cdnow"},
            told_days=272,
        ),
    )
    return {case.name: case for case in found}


def development() -> dict[str, Case]:
    """The cases on which methods are chosen: their outcomes close before the first test date.

    The value horizon is the horizon: a longer one is not judged here, and `auto` takes one that
    closes by the end of the data, of which nothing may have closed by so early a date.
    """
    changes: dict[str, dict[str, Any]] = {
        "complete_journey": {"dates": ("2017-07-31", "2017-08-28", "2017-09-25")},
        # Ninety days do not fit twice before the first test date: a shorter horizon.
        "cdnow": {
            "dates": ("1997-10-01", "1997-11-01", "1997-12-01"),
            "horizon_days": 60,
            "active_within_days": 90,
        },
        "online_retail": {"dates": ("2011-06-25", "2011-07-18", "2011-08-10")},
        "cdnow_39_weeks": {"dates": ("1997-06-15", "1997-07-01", "1997-08-01"), "told_days": 60},
    }
    return {
        f"{name}_development": replace(cases()[name], name=f"{name}_development", **changed)
        for name, changed in changes.items()
    }


def answers_folder(case: Case, date: str) -> Path:
    """Where the predictions of a run are kept; emptied when the tasks change."""
    return FOLDER / case.name / date / "answers"


def prepare(case: Case, date: str) -> Prepared:
    """The snapshots of one run; kept below benchmarks/data until the code or the case changes.

    Raises NotPossibleError where the data is not there.
    """
    folder = FOLDER / case.name / date
    stamp = _stamp(case, date)
    if not (folder / stamp).exists():
        shutil.rmtree(folder, ignore_errors=True)
        _build(case, date, folder)
        (folder / stamp).touch()
    timeline = Timeline.from_json(json.loads((folder / "timeline.json").read_text()))
    purchases, snapshots = pd.read_parquet(folder / PURCHASES), read_snapshots(folder / "snapshots")
    known = _known_days(case, purchases)
    categories = beyond = None
    if case.told_days:
        beyond = over_all_days(read_snapshots(folder / "beyond"))
    else:
        categories = read_categories(folder / "categories")
    return Prepared(snapshots, timeline, categories, beyond, purchases, known)


def planned(case: Case, date: str) -> tuple[Timeline, pd.DataFrame, pd.DataFrame]:
    """Plan, purchase timelines and known days of one run, for what needs no snapshots.

    Raises as `prepare`.
    """
    engine = DuckEngine(tables_of(case))
    timeline = _plan(case, date, engine)
    purchases = pd.concat(purchase_timelines(engine, timeline), ignore_index=True)
    return timeline, purchases, _known_days(case, purchases)


def _plan(case: Case, date: str, engine: DuckEngine) -> Timeline:
    task = TaskParams(
        churn="lapse",
        horizon_days=case.horizon_days,
        active_within_days=case.active_within_days,
        value_horizon_days="auto",
    )
    timeline_params = TimelineParams.model_validate(
        {"step_days": case.step_days, "snapshots": case.snapshots, "test_as_of_dates": [date]}
    )
    return plan_timeline(task, timeline_params, profile(engine))


def _known_days(case: Case, purchases: pd.DataFrame) -> pd.DataFrame:
    bought = purchases["event_day"].dt.year
    return known_days(_source(case), (int(bought.min()), int(bought.max())))


def _build(case: Case, date: str, folder: Path) -> None:
    engine = DuckEngine(tables_of(case))
    if case.told_days:
        timeline = build_beyond(engine, case.horizon_days, case.told_days, date, folder)
        _write_purchases(engine, timeline, folder)
        return
    timeline = _plan(case, date, engine)
    features, _ = supported(engine.schemas, timeline.history_days)
    build_snapshots(
        engine, timeline, features, folder / "snapshots", categories=folder / "categories"
    )
    (folder / "timeline.json").write_text(json.dumps(timeline.to_json()))
    _write_purchases(engine, timeline, folder)


def _write_purchases(engine: DuckEngine, timeline: Timeline, folder: Path) -> None:
    pd.concat(purchase_timelines(engine, timeline), ignore_index=True).to_parquet(
        folder / PURCHASES, index=False
    )


def tables_of(case: Case) -> dict[str, Path]:
    """The checked tables of a data set, read once."""
    source = _source(case)
    folder = FOLDER / "tables" / case.name
    done = folder / digest({"source": digest(fingerprint(source)["files"]), **_code()})
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, table in contracted(check_tables(load(source), source), source).items():
            table.rows.to_parquet(folder / f"{name}.parquet", index=False)
        done.touch()
    return {path.stem: path for path in folder.glob("*.parquet")}


def _source(case: Case) -> SourceParams:
    usual = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["source"]
    changes = dict(case.source)
    if case.name.startswith("online_retail"):
        if not RETAIL.exists():
            raise NotPossibleError(f"{RETAIL.relative_to(ROOT.parent)} is not there")
        changes = _retail()
        Path(changes["path"]).mkdir(parents=True, exist_ok=True)
        shutil.copy(RETAIL, Path(changes["path"]) / "orders.parquet")
    return SourceParams.model_validate(usual | changes)


def _stamp(case: Case, date: str) -> str:
    settings = {
        "horizon": case.horizon_days,
        "active": case.active_within_days,
        "snapshots": case.snapshots,
        "date": date,
        "told": case.told_days,
        "step": case.step_days,
    }
    if case.told_days:
        settings["plan"] = (ROOT / "benchmarks" / "beyond.py").read_text(encoding="utf-8")
    return digest({**{name: str(value) for name, value in settings.items()}, **_code()})


def _code() -> dict[str, str]:
    sums = ((name, hashes(ROOT / name)) for name in CODE)
    return {
        name: digest({file: one for file, one in files.items() if file.endswith(".py")})
        for name, files in sums
    }
