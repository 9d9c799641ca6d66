"""Stage `ingest`: raw tables in; checked tables, quarantined rows and the usability report out."""

from collections.abc import Callable

from core.files import read_json, write_json
from features.engines.duckdb import DuckEngine
from features.usability.ready import as_facts, table_report
from features.usability.report import usability_report
from pipelines import stage
from pipelines.params import load_params
from pipelines.reading import records
from pipelines.reports.usability_page import headline, page
from pipelines.reports.usability_words import in_languages
from serving.store.kept_out import teller
from sources.contract import READY
from sources.known_days import known_days
from sources.params import SourceParams
from sources.ready.check import check_ready
from sources.registry import load
from sources.subscriptions.billing import contracted
from sources.tables.check import Checked, check_tables
from sources.tables.erased import without_erased
from sources.tables.told import with_told


def main() -> None:
    """Read and check the tables, quarantine bad rows, and write the usability report."""
    params = load_params()
    if params.source.kind == READY:
        _ready_table(params.source)
        return
    checked = contracted(
        check_tables(load(params.source), params.source), params.source, params.task.grace_days
    )
    stage.empty(stage.TABLES, stage.QUARANTINE)
    checked = _with_outcomes(checked, params.source)
    is_erased = _erased()
    if is_erased is not None:
        checked = {name: without_erased(table, is_erased) for name, table in checked.items()}
    for name, table in checked.items():
        stage.write_parquet(table.rows, stage.TABLES / f"{name}.parquet")
        if len(table.quarantine):
            stage.write_parquet(table.quarantine, stage.QUARANTINE / f"{name}.parquet")
        counts = ", ".join(
            f"{value:,} {key.replace('_', ' ')}" for key, value in table.counts.items() if value
        )
        stage.say(f"{name}: {counts}" + (f", {table.made_of}" if table.made_of else ""))
    write_json(stage.QUARANTINE / "counts.json", {n: t.counts for n, t in checked.items()})
    bought = checked["orders"].rows["event_time"].dt.year
    days = known_days(params.source, (int(bought.min()), int(bought.max())))
    stage.write_parquet(days, stage.KNOWN_DAYS)
    if len(days):
        kinds = days["kind"].value_counts(sort=False)
        stage.say("known days: " + ", ".join(f"{n:,} {kind}" for kind, n in kinds.items()))
    engine = DuckEngine(stage.tables(checked))
    kept = {name: table.kept() for name, table in checked.items()}
    report = usability_report(kept, engine, params.source, params.task)
    write_json(stage.USABILITY, in_languages(report))
    stage.USABILITY_PAGE.write_text(page(report), encoding="utf-8")
    stage.say(f"data usability: {headline(report)} ({stage.USABILITY_PAGE})")


def _erased() -> Callable[[str], bool] | None:
    """Tells who was erased; None where nobody was."""
    found = read_json(stage.ERASED)
    return teller(bytes.fromhex(found["key"]), found["hashes"])


def _with_outcomes(checked: dict[str, Checked], source: SourceParams) -> dict[str, Checked]:
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
