"""Findings on the check of the contract: rows set aside, columns and tables that are missing."""

from collections.abc import Mapping

from core.rows import Rows
from features.usability.finding import Finding
from sources.contract import TABLES
from sources.notes import Said
from sources.tables.kept import Kept

MISSING_TABLE = "missing_table"


def contract_findings(checked: Mapping[str, Kept]) -> list[Finding]:
    """Quarantined rows, repeated rows, unknown columns, empty cells; then tables not brought."""
    findings: list[Finding] = []
    for name, table in checked.items():
        findings += _of_table(name, table)
    findings += [
        Finding(
            MISSING_TABLE,
            "advice",
            name,
            None,
            0,
            f"no such table: {table.missing}",
            f"bring {name}.csv or {name}.parquet",
            said=Said(f"missing_table.{name}", table=name),
        )
        for name, table in TABLES.items()
        if name not in checked
    ]
    return findings


def _of_table(name: str, table: Kept) -> list[Finding]:
    counts = table.counts
    findings = [
        Finding(
            "quarantined",
            "warning",
            name,
            None,
            counts["quarantined"],
            text,
            f"look at data/quarantine/{name}.parquet and mend the source",
        )
        for text in table.findings
    ]
    findings += [
        Finding(
            note.check,
            note.severity,
            name,
            note.column,
            note.rows,
            note.meaning,
            note.what_to_do,
            said=note.said,
        )
        for note in table.notes
    ]
    if table.made_of:
        findings.append(
            Finding(
                "made_of_subscriptions",
                "warning",
                name,
                None,
                counts["kept"],
                f"there is no file of {name}; {table.made_of} stands in for it, and what was "
                "really paid is not known",
                f"bring {name}.csv or {name}.parquet if there are payments to read",
            )
        )
    if counts["duplicates"]:
        findings.append(
            Finding(
                "duplicates",
                "advice",
                name,
                None,
                counts["duplicates"],
                "rows repeated to the letter, counted once",
                "look at how the source is exported",
                said=Said("duplicates"),
            )
        )
    findings += [
        Finding(
            "unknown_column",
            "advice",
            name,
            str(column),
            counts["rows_in"],
            "a column that the contract does not know, not read",
            f"map it with source.columns.{name} or source.derive.{name} if it is useful",
            said=Said("unknown_column", table=name),
        )
        for column in table.ignored_columns
    ]
    later = TABLES[name].later
    for column, empty in _empty_cells(name, table.rows).items():
        if empty:
            # Not ended, not closed, not answered yet.
            open_yet = column in {*later, *(cell for cells in later.values() for cell in cells)}
            findings.append(
                Finding(
                    "empty_cells",
                    "advice",
                    name,
                    column,
                    empty,
                    "cells without a value" + (", which may only not have come yet" * open_yet),
                    "fill those that are over and known"
                    if open_yet
                    else "fill them at the source if they are known",
                    said=Said("empty_cells.open" if open_yet else "empty_cells"),
                )
            )
    return findings


def _empty_cells(name: str, rows: Rows) -> dict[str, int]:
    """How many cells of each column of the contract are empty."""
    columns = [column for column in rows.columns if column in TABLES[name].columns]
    empty = dict.fromkeys(columns, 0)
    for column in columns:
        for part in rows.parts([column]):
            empty[column] += int(part[column].isna().sum())
    return empty
