"""Findings on the columns of a ready table: which are not learned from, and how cells were read."""

from collections.abc import Mapping

from features.usability.finding import Finding
from sources.contract import READY
from sources.cures import named as sql_name
from sources.cures import pasted
from sources.notes import Said
from sources.params import SourceParams
from sources.ready.check import Ready
from sources.ready.columns import WhyLeftOut

WHY: Mapping[WhyLeftOut, tuple[str, str, Said]] = {
    "empty": (
        "the column is empty, and left out",
        "nothing has to be done",
        Said("left_out.empty"),
    ),
    "constant": (
        "the column has one value for everybody, from which nothing can be learned: left out",
        "nothing has to be done",
        Said("left_out.constant"),
    ),
    "id": (
        "the column has a value of its own for (nearly) everybody, which only tells people apart: "
        "left out",
        "if it does say something, make fewer values of it with source.derive.table",
        Said("left_out.id"),
    ),
    "too_large": (
        "the column holds numbers too large to be true, and is left out",
        "mend it at the source or with source.derive.table",
        Said("left_out.too_large"),
    ),
}


def column_findings(ready: Ready, params: SourceParams) -> list[Finding]:
    """A piece of advice for each column that was left out, and the notes of the check."""
    found = []
    for one in ready.left_out:
        if one.why == "dates":
            line = _days_of(one.name, params)
            meaning, cure = (
                "the column holds dates, which are not learned from as they are: left out",
                f"make a number of days of it, below source: in params.yaml: {line}",
            )
            said = Said("left_out.dates", line=line)
        else:
            meaning, cure, said = WHY[one.why]
        found.append(
            Finding(
                "left_out_column",
                "advice",
                READY,
                one.name,
                ready.counts["kept"],
                meaning,
                cure,
                said=said,
            )
        )
    found += [
        Finding(
            note.check,
            note.severity,
            READY,
            note.column,
            note.rows,
            note.meaning,
            note.what_to_do,
            said=note.said,
        )
        for note in ready.notes
    ]
    return found


def _days_of(column: str, params: SourceParams) -> str:
    """A line that makes days of a column of dates: up to the row's date, else since 2000."""
    day = f"try_cast(CAST({sql_name(column)} AS VARCHAR) AS DATE)"
    if params.as_of is None:
        name, days = f"days of {column}", f"date_diff('day', DATE '2000-01-01', {day})"
    else:
        until = f"try_cast(CAST({sql_name(params.as_of)} AS VARCHAR) AS DATE)"
        name, days = f"days since {column}", f"date_diff('day', {day}, {until})"
    return pasted("derive", {READY: {name: days}}, params)
