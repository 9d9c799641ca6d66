"""Publishing: a release folder into the store, whole or not at all.

Cards are written part by part under a number that nobody reads; one short transaction then moves
the pointer to it. If a publisher is interrupted before that, the next one removes its rows.
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pyarrow import ArrowException
from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import DataError, IntegrityError

from core.errors import ArtifactError
from core.files import OBJECTIONS, check_manifest, read_json
from models.judging.realised import JUDGED
from serving.store.behind import without_garbage_collection
from serving.store.contact_details import load_contact_details
from serving.store.database import check_not_newer, publishing, upgrade, writing
from serving.store.histories import IS_OF_ALL, UNTIL, drop_histories, load_histories
from serving.store.kept_out import heed_answers, leave_out, mark_without_history
from serving.store.live_files import drop_unused, keep_files
from serving.store.loading import load_cards, load_timelines, risks
from serving.store.model_report import read_model
from serving.store.overview import read_overview
from serving.store.past import COMPANY, PROMISED, SOURCE_SHA, WATERMARK, source_hash
from serving.store.published import write_info
from serving.store.release_effects import read_effects
from serving.store.release_folder import Counts, check_schema, read_facts, read_forecast
from serving.store.release_plan import read_contents, read_plan
from serving.store.release_schema import ReleaseSchema, check_manifest_facts
from serving.store.tables import (
    CONTACT_LIMITS,
    EFFECTS,
    FORECAST,
    INDEX,
    MODEL,
    OVERVIEW,
    PLAN_CONTENTS,
    PLAN_CURVES,
    current_release,
    releases,
)
from serving.store.versions import hash_of_parts, last_loaded, remove_release

Outcome = Literal["published", "brought back", "unchanged"]


@dataclass(frozen=True)
class Published:
    """The result of publishing: `removed` names the old releases that were deleted."""

    release_id: str
    outcome: Outcome
    cards: int
    removed: tuple[str, ...] = ()


def publish(
    folder: Path,
    engine: Engine,
    keep: int,
) -> Published:
    """Make the release in `folder` the current one, and keep the newest `keep` releases.

    A release that is current already changes nothing; one that is still kept is made current again
    without loading it. Raises ArtifactError for a damaged or unreadable folder, StoreError when the
    store cannot be used or another process is publishing.
    """
    manifest = check_manifest(folder)
    check_schema(manifest)
    check_manifest_facts(manifest, folder)
    release_id = str(manifest["release_id"])
    check_not_newer(engine)  # and that there is a database at all, before anything is locked
    with publishing(engine):
        upgrade(engine)
        _remove_unfinished(engine)
        known, current = _numbers(engine, release_id)
        if known is not None and known == current:
            return Published(release_id, "unchanged", manifest["cards"])
        with writing(engine) as connection:
            until = dt.date.fromisoformat(manifest["data_until"])
            heed_answers(connection, folder, until if known is None else None)
        number = _loaded(folder, manifest, engine) if known is None else known
        if check_manifest(folder)["release_id"] != release_id:
            raise ArtifactError(
                f"{folder} was written anew while it was being published: publish again."
            )
        keep_files(engine, folder, manifest)
        left_out = _keep_histories(engine, number, folder)
        _switch(engine, number, folder, left_out)
        drop_histories(engine, number)
        removed = _remove_old(engine, number, keep)
        drop_unused(engine)
    outcome: Outcome = "published" if known is None else "brought back"
    return Published(release_id, outcome, manifest["cards"], removed)


def _numbers(engine: Engine, release_id: str) -> tuple[int | None, int | None]:
    """The number of this release if it is kept, and the number of the current one."""
    with engine.connect() as connection:
        known = connection.scalar(
            select(releases.c.number).where(
                releases.c.release_id == release_id, releases.c.published_at.is_not(None)
            )
        )
        return known, connection.scalar(select(current_release.c.number))


def _loaded(folder: Path, manifest: dict[str, Any], engine: Engine) -> int:
    """As `_load`; whatever is wrong with the folder is an ArtifactError."""
    try:
        with without_garbage_collection():
            return _load(folder, manifest, engine)
    except (IntegrityError, DataError) as error:
        why = " ".join(str(error.orig).split())
    except (LookupError, StopIteration, ValueError, TypeError, OSError, ArrowException) as error:
        why = f"{type(error).__name__}: {' '.join(str(error).split())}"
    raise ArtifactError(
        f"{folder} cannot be published ({why}). The published release stays. Run `dvc repro "
        "release` with this code, then publish again."
    )


def _load(folder: Path, manifest: dict[str, Any], engine: Engine) -> int:
    """Write the release under a new number and return it; nobody reads it yet."""
    as_of_date = dt.date.fromisoformat(manifest["as_of_date"])
    with writing(engine) as connection:
        last = last_loaded(connection)
        added = insert(releases).values(
            release_id=manifest["release_id"],
            model_version=manifest["model_version"],
            as_of_date=as_of_date,
            info={},
        )
        number = int(connection.scalars(added.returning(releases.c.number)).one())
        earlier = risks(connection, _earlier(connection, manifest["model_version"], as_of_date))
    schema = ReleaseSchema(folder, read_facts(folder, manifest, Counts()))
    counts = load_cards(engine, number, last, folder, earlier, schema)
    if counts.statuses.total() != manifest["cards"]:
        raise ArtifactError(
            f"{folder}: the manifest counts {manifest['cards']:,} cards, cards.parquet holds "
            f"{counts.statuses.total():,}. Nothing was published; run `dvc repro release`."
        )
    load_timelines(engine, number, last, folder)
    info = read_facts(folder, manifest, counts).model_dump(mode="json")
    forecast = read_forecast(folder)
    if forecast is not None:
        info[FORECAST] = forecast.model_dump(mode="json")
    parts = {
        PLAN_CURVES: read_plan(folder),
        PLAN_CONTENTS: read_contents(folder),
        OVERVIEW: read_overview(folder),
        EFFECTS: read_effects(folder),
        MODEL: read_model(folder),
    }
    for name, part in parts.items():
        if part is not None:
            info[name] = part.model_dump(mode="json")
    source = manifest["source"]
    info |= {SOURCE_SHA: source_hash(source), COMPANY: source.get(COMPANY)}
    info[WATERMARK] = source.get(WATERMARK, 0)
    info[PROMISED] = _promised(folder)
    info[CONTACT_LIMITS] = read_json(folder / "plan.json").get(CONTACT_LIMITS)
    with writing(engine) as connection:
        info[INDEX] = hash_of_parts(connection, number)
        write_info(connection, number, info)
    return number


def _keep_histories(engine: Engine, number: int, folder: Path) -> set[str]:
    """Keep the histories of a release, and what they are on its facts; who was left out."""
    until, left_out = load_histories(engine, number, folder)
    load_contact_details(engine, number, folder)
    facts = {UNTIL: until, IS_OF_ALL: (folder / OBJECTIONS).exists()}
    its = select(releases.c.info).where(releases.c.number == number)
    with writing(engine) as connection:
        info = connection.scalar(its) or {}
        if any(info.get(name) != value for name, value in facts.items()):
            write_info(connection, number, {**info, **facts})
    return left_out


def _promised(folder: Path) -> dict[str, Any]:
    """The figures that the evaluation promised, to compare with what happens; {} for a rule."""
    churn = read_json(folder / "reports" / "evaluation.json").get("churn", {})
    ours = churn.get("models", {}).get("ours", {})
    return {name: ours[name] for name in JUDGED if ours.get(name)}


def _switch(engine: Engine, number: int, folder: Path, left_out: set[str]) -> None:
    """The moment of publishing: all in one short transaction."""
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    with writing(engine) as connection:
        leave_out(connection, number)  # the folder may be older than an erasure or an objection
        mark_without_history(connection, folder, left_out)
        connection.execute(
            update(releases)
            .where(releases.c.number == number, releases.c.published_at.is_(None))
            .values(published_at=now)
        )
        connection.execute(delete(current_release))
        connection.execute(insert(current_release).values(id=1, number=number, since=now))


def _earlier(connection: Connection, model_version: str, as_of_date: dt.date) -> int | None:
    """The latest published release of the same models at an earlier date."""
    return connection.scalar(
        select(releases.c.number)
        .where(
            releases.c.model_version == model_version,
            releases.c.as_of_date < as_of_date,
            releases.c.published_at.is_not(None),
        )
        .order_by(releases.c.as_of_date.desc(), releases.c.number.desc())
        .limit(1)
    )


def _remove_unfinished(engine: Engine) -> None:
    """Delete what an interrupted publisher left: only one publishes at a time, so it is unused."""
    with engine.connect() as connection:
        unfinished = select(releases.c.number).where(releases.c.published_at.is_(None))
        numbers = list(connection.scalars(unfinished))
    _remove(engine, numbers)


def _remove_old(engine: Engine, current: int, keep: int) -> tuple[str, ...]:
    with engine.connect() as connection:
        others = connection.execute(
            select(releases.c.number, releases.c.release_id)
            .where(releases.c.number != current)
            .order_by(releases.c.number.desc())
        ).all()
    old = others[keep - 1 :]
    _remove(engine, [number for number, _ in old])
    return tuple(release_id for _, release_id in old)


def _remove(engine: Engine, numbers: list[int]) -> None:
    # Unpublished first, all of it at once: nobody reads, or makes current, what is being deleted.
    with writing(engine) as connection:
        gone = update(releases).where(releases.c.number.in_(numbers))
        connection.execute(gone.values(published_at=None))
    for number in sorted(numbers):
        remove_release(engine, number)
