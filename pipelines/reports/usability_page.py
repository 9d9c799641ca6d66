"""The data usability report as one self-contained HTML page: no script, no other file."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Any

from features.planning.returns import FEWEST_SURE
from features.usability.finding import ORDER, Finding
from pipelines.reports import usability_drawing
from pipelines.reports.usability_drawing import return_picture, volume_picture
from pipelines.reports.usability_words import say, show, words_of
from serving.web.templates import STATIC, templates
from serving.wording.languages import LANGUAGES, Language
from serving.wording.writing import upper_first

UNITS = {"error": "errors", "warning": "warnings", "advice": "advice"}
# A capital after the stop: an abbreviation such as « г.» ends no sentence.
END_OF_SENTENCE = re.compile(r"(?<=[.?!]) (?=[A-ZА-ЯЁ])")
COUNTS = {  # of a table's rows → the message that heads their column
    "rows_in": "rows_in",
    "kept": "kept",
    "quarantined": "quarantined",
    "duplicates": "duplicates",
    "guests": "guest_rows",
    "left_out": "left_out",
}


def page(report: dict[str, Any]) -> str:
    """The page of a usability report, in every language. All data in it is escaped."""
    style = (STATIC / "regulars.css").read_text(encoding="utf-8")
    return templates.get_template("usability.html").render(
        parts=[_part(report, language) for language in LANGUAGES], style=style
    )


def headline(report: dict[str, Any], language: Language = "en") -> str:
    """One line: how many errors and warnings there are, and the most severe of them."""
    serious = [finding for finding in report["findings"] if finding.severity != "advice"]
    if not serious:
        return say(language, "usability.clean")
    words = words_of(serious[0], language)
    first = END_OF_SENTENCE.split(words.meaning)[0].rstrip(".")
    return say(
        language,
        "usability.first",
        counts=_counts(serious, language),
        table=serious[0].table,
        meaning=first,
    )


def _part(report: dict[str, Any], language: Language) -> dict[str, Any]:
    """The content of the page in one language."""
    findings = report["findings"]
    volume = report.get("volume", {})  # a ready table holds no purchases
    return {
        "language": language,
        "t": partial(say, language),
        "show": partial(show, language),
        "report": report,
        "week": _week(volume["orders"]) if volume else None,
        "headline": headline(report, language),
        "returns": return_picture(report, language) if volume else None,
        "fewest": FEWEST_SURE,
        "volumes": {table: (one, volume_picture(one, language)) for table, one in volume.items()},
        "size": usability_drawing,
        "findings": [_finding(finding, language) for finding in findings],
        "counts": _counts(findings, language),
        "columns": COUNTS,
    }


def _week(volume: dict[str, Any]) -> float | None:
    """Orders of the last full week as a share of the usual; None where none is known."""
    return volume["last_week"] / volume["usual_week"] if volume["usual_week"] else None


def _counts(findings: Sequence[Finding], language: Language) -> str:
    """Numbers of findings by severity, without severities that have none: 1 error, 2 warnings."""
    numbers = {name: sum(finding.severity == name for finding in findings) for name in ORDER}
    return ", ".join(show(language, n, UNITS[name]) for name, n in numbers.items() if n)


def _finding(finding: Finding, language: Language) -> dict[str, Any]:
    words = words_of(finding, language)
    return {
        "of": finding,
        "where": finding.table + (f".{finding.column}" if finding.column else ""),
        "check": words.check,
        "meaning": _sentence(words.meaning),
        "what_to_do": _sentence(words.what_to_do),
        "language": words.language,
    }


def _sentence(text: str) -> str:
    return upper_first(text) + ("" if text.endswith((".", "?", "!")) else ".")
