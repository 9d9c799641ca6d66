"""The monitor's report as one self-contained HTML page in both languages."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from serving.cards.monitor import Monitor
from serving.cards.worded import worded_report
from serving.web.templates import style, templates
from serving.wording.languages import LANGUAGES, Language
from serving.wording.sentences import field_label, sentence, written


def report_page(report: Mapping[str, Any]) -> str:
    """The page; for an empty report, where a rule ranks, it says that there is nothing to show."""
    checked = Monitor.model_validate(report) if report else None
    parts = [
        {
            "language": language,
            "report": checked and worded_report(checked, language),
            "t": partial(_sentence, language),
            "field": partial(field_label, language=language),
            "show": partial(_written, language),
            "worth": partial(_worth, language),
        }
        for language in LANGUAGES
    ]
    return templates.get_template("monitor_report.html").render(parts=parts, style=style())


def _sentence(language: Language, key: str, **values: Any) -> str:
    return sentence(key, language, **values)


def _written(language: Language, value: Any, kind: str) -> str:
    return written(value, kind, language)


def _worth(language: Language, value: Any, feature: str) -> str:
    """The value of a feature in its unit, or a text."""
    return written(value, "quantity", language, feature=feature)
