"""Stage `release`: everything a reader needs, in one folder that appears whole or not at all."""

import ctypes
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import ibis
import pandas as pd

from actions.plan.gone import rows_of_the_gone
from core.errors import EnvironmentProblem
from core.files import (
    AGREEMENTS,
    CONTACT_DETAILS,
    MANIFEST,
    OBJECTIONS,
    SCHEMA_VERSION,
    check_manifest,
    digest,
    hashes,
    only_one,
    read_json,
    version,
    write_manifest,
)
from core.parts import write_parts
from features.engines.duckdb import DuckEngine
from features.history.consent import agreements, objections
from features.planning.timeplan import Timeline
from features.timeline import date_of
from models.simple.silence_rule import Rule
from models.training.ladder import Rung
from pipelines import stage
from pipelines.basis import write_basis, write_histories
from pipelines.overview import write_overview
from pipelines.params import load_params
from pipelines.reading import customer_parts, known_customers, read_timeline

CUSTOMER_COLUMNS = ("name", "owner")  # columns of the customers table that go on a card
REACH_COLUMNS = ("email", "phone")  # and these, for the customer's own page
LOCK = stage.DATA / ".release-lock"
NEW, OLD = stage.DATA / ".release-new", stage.DATA / ".release-old"
RENAME_EXCHANGE, AT_FDCWD = 2, -100


def main() -> None:
    """Write the release to a new folder, make sure it is on disk, then swap it for the old one.

    Raises EnvironmentProblem while another run writes a release into the same folder.
    """
    busy = "Another run is writing a release into this folder: wait until it is done."
    with only_one(LOCK, EnvironmentProblem(busy)):
        _write_and_swap()


def _write_and_swap() -> None:
    restore()
    shutil.rmtree(NEW, ignore_errors=True)
    try:
        write(NEW)
        stage.sync(NEW)
    except OSError:
        shutil.rmtree(NEW, ignore_errors=True)
        raise
    swap(NEW, stage.RELEASE)
    stage.say(f"release {read_json(stage.RELEASE / MANIFEST)['release_id']}")


def write(folder: Path) -> None:
    """Write all files of the release and its manifest into `folder`."""
    folder.mkdir(parents=True)
    timeline = read_timeline().with_values_of(check_manifest(stage.CHAMPION_MODELS)["task"])
    number = write_parts(_cards(timeline), folder / "cards.parquet")
    shutil.copy(stage.PURCHASES, folder / "purchases.parquet")
    shutil.copy(stage.PLAN_SUMMARY, folder / "plan.json")
    shutil.copy(load_params().actions.catalog, folder / "actions.yaml")
    shutil.copytree(stage.CHAMPION, folder, dirs_exist_ok=True)
    pages = (stage.EFFECTS_PAGE, stage.EFFECTS_PAGE_RU, stage.PLAN_PAGE, stage.PLAN_PAGE_RU)
    for report in (stage.FORECAST, stage.EFFECTS, stage.USABILITY, stage.FEATURES, *pages):
        shutil.copy(report, folder / "reports")
    write_overview(folder / "cards.parquet", timeline, folder / "reports")
    write_basis(folder, timeline)
    write_answers(folder)
    write_histories(folder)
    ids = pd.read_parquet(folder / "cards.parquet", columns=["customer_id"])["customer_id"]
    write_contact_details(folder, ids, known_customers(REACH_COLUMNS))
    rule, files = Rule.load(stage.CHAMPION_MODELS), hashes(folder)
    facts = {
        "schema_version": SCHEMA_VERSION,
        "release_id": version({"files": files}),
        "as_of_date": date_of(timeline.score).isoformat(),
        "data_until": date_of(timeline.data_until).isoformat(),
        "horizon_days": timeline.horizon_days,
        "value_horizon_days": timeline.value_horizon_days,
        # Days over which values were learned, where they are reported for longer.
        "value_extrapolated_from": timeline.extrapolated_from,
        "model_version": version(check_manifest(stage.CHAMPION_MODELS)),
        "promotion": read_json(stage.PROMOTION),
        # What a model would need, where a rule scores; empty where models score.
        "gate": None if rule is None else rule.gate.to_json(),
        "ladder": Rung.load(stage.CHAMPION_MODELS).to_json(),
        "source": read_json(stage.SOURCE),
        # sha256 of the company's own code: who scores anew with this release needs the same.
        "extensions": read_json(stage.EXTENSIONS)["files"],
        "snapshots_sha256": digest(hashes(stage.SNAPSHOTS)),
        "cards": number,
    }
    write_manifest(folder, files, **facts)


def _cards(timeline: Timeline) -> Iterator[pd.DataFrame]:
    """The whole cards of one part of the customers after another."""
    actions = read_json(stage.PLAN_SUMMARY)["actions"]
    expires = pd.Timestamp(date_of(timeline.score + load_params().timeline.step_days))
    people = known_customers(CUSTOMER_COLUMNS)
    people = people.sort_values("customer_id", ignore_index=True, kind="stable")
    for customers in customer_parts(timeline.score):
        cards = customers.read(stage.SCORES)
        plan = [customers.read(stage.PLAN), rows_of_the_gone(cards, actions)]
        cards = join_cards(cards, pd.concat(plan, ignore_index=True))
        asked = customers.read(stage.WIN_BACK)
        cards = cards.merge(asked, on="customer_id", how="left", validate="one_to_one")
        cards = with_names(cards, customers.of(people))
        yield cards.assign(expires_at=expires.as_unit("us"))


def join_cards(scores: pd.DataFrame, plan: pd.DataFrame) -> pd.DataFrame:
    """The score cards with the plan beside them; a customer without a plan has empty fields."""
    return scores.merge(
        plan.drop(columns="as_of_date"), on="customer_id", how="left", validate="one_to_one"
    )


def with_names(cards: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """The cards with `name` and `owner` beside the id, where the customers table has them."""
    shown = [name for name in CUSTOMER_COLUMNS if name in customers.columns]
    return cards.merge(
        customers[["customer_id", *shown]], on="customer_id", how="left", validate="one_to_one"
    )


def write_answers(folder: Path) -> None:
    """Write who objects to profiling, and who agrees, and since when.

    Of agreements nothing where the source tells no purposes. Of objections always a file: whoever
    stands neither in it nor in `histories/` is not known to this release at all.
    """
    objected = pd.DataFrame({"customer_id": [], "objected_at": []})
    if "consents" in stage.table_names():
        engine = DuckEngine(stage.tables(["consents"]), threads=1)
        consents = ibis.table(engine.schemas["consents"], name="consents")
        if "purpose" in consents.columns:
            stage.write_parquet(engine.frame(agreements(consents)), folder / AGREEMENTS)
        objected = engine.frame(objections(consents).order_by("customer_id"))
    types = {"customer_id": "str", "objected_at": "datetime64[us]"}
    stage.write_parquet(objected.astype(types), folder / OBJECTIONS)


def write_contact_details(folder: Path, ids: pd.Series, customers: pd.DataFrame) -> None:
    """Write phone and e-mail of those who have a card, and of nobody else; nothing without any.

    Beside the cards, which lists and exports are made of: these hold no way to reach anybody.
    """
    told = [name for name in REACH_COLUMNS if name in customers.columns]
    if not told:
        return
    theirs = customers[customers["customer_id"].isin(ids)].dropna(how="all", subset=told)
    rows = theirs[["customer_id", *told]].sort_values("customer_id", kind="stable")
    if len(rows):
        stage.write_parquet(rows.reset_index(drop=True), folder / CONTACT_DETAILS)


def swap(new: Path, current: Path) -> None:
    """Swap `new` for `current`: on Linux in one step, so that a release is always there."""
    if not current.exists():
        new.rename(current)
    elif _exchange(new, current):
        shutil.rmtree(new)
    else:
        current.rename(OLD)
        new.rename(current)
        shutil.rmtree(OLD)


def restore() -> None:
    """Bring the old release back if a run was interrupted between its two renames."""
    if OLD.exists() and not stage.RELEASE.exists():
        OLD.rename(stage.RELEASE)
    shutil.rmtree(OLD, ignore_errors=True)


def _exchange(first: Path, other: Path) -> bool:
    """Exchange two folders atomically where the system can (Linux renameat2)."""
    function = getattr(ctypes.CDLL(None), "renameat2", None)
    if function is None:
        return False
    done = function(AT_FDCWD, os.fsencode(first), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE)
    return bool(done == 0)


if __name__ == "__main__":
    stage.run(main)
