"""Stage `ingest`: raw tables in; checked tables, quarantined rows and the usability report out."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from core.files import read_json, write_json
from core.rows import Rows
from features.engines.duckdb import DuckEngine
from features.usability.ready import as_facts, table_report
from features.usability.report import usability_report
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import records
from pipelines.reports.usability_page import headline, page
from pipelines.reports.usability_words import in_languages
from serving.store.kept_out import teller
from sources.contract import ORDERS, READY, SUBSCRIPTIONS
from sources.known_days import known_days
from sources.params import SourceParams
from sources.ready.check import check_ready
from sources.registry import load, load_in_parts
from sources.subscriptions.billing import contracted
from sources.tables.beside_own import Own
from sources.tables.check_tables import check_in_parts
from sources.tables.erased import parts_without_erased, without_erased
from sources.tables.kept import CheckedParts, Kept, in_text
from sources.tables.told import with_told


def main() -> None:
    """Read and check the tables, quarantine bad rows, and write the usability report."""
    params = load_params()
    if params.source.kind == READY:
        _ready_table(params.source)
        return
    with TemporaryDirectory(prefix="regulars-") as room:
        found = _checked(params.source, params.task.grace_days, Path(room))
        stage.empty(stage.TABLES, stage.QUARANTINE)
        kept = {name: _written(name, table) for name, table in found.items()}
    write_json(stage.QUARANTINE / "counts.json", {name: one.counts for name, one in kept.items()})
    times = (part["event_time"] for part in kept["orders"].rows.parts(["event_time"]))
    years = [part.agg(["min", "max"]).dt.year for part in times]
    days = known_days(params.source, (min(map(min, years)), max(map(max, years))))
    stage.write_parquet(days, stage.KNOWN_DAYS)
    if len(days):
        kinds = days["kind"].value_counts(sort=False)
        stage.say("known days: " + ", ".join(f"{n:,} {kind}" for kind, n in kinds.items()))
    engine = DuckEngine(stage.tables(kept))
    report = usability_report(kept, engine, params.source, params.task)
    write_json(stage.USABILITY, in_languages(report))
    stage.USABILITY_PAGE.write_text(page(report), encoding="utf-8")
    stage.say(f"data usability: {headline(report)} ({stage.USABILITY_PAGE})")


def _checked(source: SourceParams, grace_days: int, room: Path) -> dict[str, Own]:
    """The tables, checked; large ones in parts, as long as the folder `room` is there."""
    found = check_in_parts(load_in_parts(source, room), source, stage.say)
    if ORDERS.name not in found or SUBSCRIPTIONS.name in found:
        # Orders and ends are made of contracts, all at once.
        held = {n: t.whole() if isinstance(t, CheckedParts) else t for n, t in found.items()}
        found = {**contracted(held, source, grace_days)}
    found, is_erased = _with_outcomes(found, source), _erased()
    return found if is_erased is None else {n: _left(t, is_erased) for n, t in found.items()}


def _left(table: Own, is_erased: Callable[[str], bool]) -> Own:
    if isinstance(table, CheckedParts):
        return parts_without_erased(table, is_erased)
    return without_erased(table, is_erased)


def _written(name: str, table: Own) -> Kept:
    """Write a checked table and the rows that were set aside."""
    rows, aside = stage.TABLES / f"{name}.parquet", stage.QUARANTINE / f"{name}.parquet"
    if isinstance(table, CheckedParts):
        kept = table.write(rows, aside)
    else:
        stage.write_parquet(table.rows, rows)
        if len(table.quarantine):
            stage.write_parquet(in_text(table.quarantine), aside)
        kept = table.kept(Rows.in_file(rows, is_in_parts=False))
    counts = ", ".join(
        f"{value:,} {key.replace('_', ' ')}" for key, value in kept.counts.items() if value
    )
    stage.say(f"{name}: {counts}" + (f", {kept.made_of}" if kept.made_of else ""))
    return kept


def _erased() -> Callable[[str], bool] | None:
    """Tells who was erased; None where nobody was."""
    found = read_json(stage.ERASED)
    return teller(bytes.fromhex(found["key"]), found["hashes"])


def _with_outcomes(checked: dict[str, Own], source: SourceParams) -> dict[str, Own]:
    """The tables with what the CRM told the service; says what waits and what cannot be used."""
    told = {path.stem: records(path) for path in sorted(stage.OUTCOMES.glob("*.parquet"))}
    if not told:
        return checked
    merged = with_told(checked, told, source)
    for name, rows in merged.unusable.items():
        stage.write_parquet(rows, stage.QUARANTINE / f"{name}.parquet")
    if merged.only_told:
        write_json(stage.ONLY_TOLD, list(merged.only_told))
    lines = [f"{len(rows):,} {name}" for name, rows in told.items()]
    waiting = [f"{count:,} {name}" for name, count in merged.waiting.items()]
    unusable = [f"{len(rows):,} {name}" for name, rows in merged.unusable.items()]
    stage.say(
        f"told to the service: {', '.join(lines)}"
        + (f"; {', '.join(waiting)} wait until the data has come as far" if waiting else "")
        + (f"; {', '.join(unusable)} cannot be used ({stage.QUARANTINE})" if unusable else "")
    )
    return merged.tables


def _ready_table(source: SourceParams) -> None:
    """The same of a ready table, whose columns are its features.

    It has no contacts, consents or tickets: what the CRM told is kept, and enters no table.
    """
    ready, is_erased = check_ready(load(source)[READY], source), _erased()
    if is_erased is not None:
        ready = without_erased(ready, is_erased)
    stage.empty(stage.TABLES, stage.QUARANTINE)
    stage.write_parquet(ready.rows, stage.TABLES / f"{READY}.parquet")
    if len(ready.quarantine):
        stage.write_parquet(ready.quarantine, stage.QUARANTINE / f"{READY}.parquet")
    write_json(stage.READY_TABLE, as_facts(ready, source))
    stage.write_parquet(known_days(source, ()), stage.KNOWN_DAYS)
    counts = ", ".join(f"{n:,} {key.replace('_', ' ')}" for key, n in ready.counts.items() if n)
    stage.say(f"{source.path}: {counts}")
    write_json(stage.QUARANTINE / "counts.json", {READY: ready.counts})
    report = table_report(ready, source)
    write_json(stage.USABILITY, in_languages(report))
    stage.USABILITY_PAGE.write_text(page(report), encoding="utf-8")
    stage.say(f"data usability: {headline(report)} ({stage.USABILITY_PAGE})")


if __name__ == "__main__":
    stage.run(main)
