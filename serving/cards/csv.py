"""The list as CSV: for machines, and as the Excel of a language opens it.

A cell that a spreadsheet would take for a formula gets an apostrophe in front, so that nothing a
customer typed into a name is ever computed (OWASP, CSV injection).
"""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator
from typing import Any

from serving.cards.card import LikelyCategory, ScoreCard
from serving.cards.worded import strongest_reason, worded
from serving.wording.languages import Language
from serving.wording.sentences import field_label, label, sentence

FORMULA = tuple("=+-@|%\t\r\n＝＋－＠")
CODES = {
    "risk_band",
    "rfm_segment",
    "abc_class",
    "lifecycle_stage",
    "relationship_level",
    "suggested_level",
    "held_by",
    "arm",
    "status",
    "channel",
    "effect_source",
}
SAME_WORDS = {"suggested_level": "relationship_level"}
COLUMNS = (
    "customer_id",
    "name",
    "owner",
    "churn_risk",
    "risk_band",
    "risk_rank",
    "risk_change",
    "silence_over_usual",
    "reason",
    "next_purchase_low",
    "next_purchase_median",
    "next_purchase_high",
    "value_at_risk",
    "expected_value",
    "action",
    "action_id",
    "channel",
    "expected_cost",
    "expected_gain",
    "effect_source",
    "arm",
    "withheld",
    "last_purchase_date",
    "expected_orders",
    "expected_spend",
    "rfm_segment",
    "abc_class",
    "lifecycle_stage",
    "relationship_level",
    "suggested_level",
    "relationship_strength",
    "relationship_strength_change",
    "relationship_strength_since",
    "relationship_declined",
    "held_by",
    "second_purchase_probability",
    "second_purchase_days",
    "status",
    "as_of_date",
    "horizon_days",
    "value_horizon_days",
    "data_until",
    "expires_at",
    "model_version",
    "release_id",
    "next_categories_any",
    "next_categories_new",
    "expected_orders_in_value_horizon",
    "value_extrapolation",
)
DERIVED = set(COLUMNS) - set(ScoreCard.model_fields)  # made of parts of the card


def csv_lines(cards: Iterable[ScoreCard], language: Language, for_excel: bool) -> Iterator[str]:
    """Lines of CSV, heading first; what is not known is empty.

    For Excel: a byte order mark, headings and codes in words, and in Russian the semicolon and
    decimal comma without which Excel there would read one column, and dates for numbers.
    """
    is_comma = for_excel and language == "ru"
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";" if is_comma else ",")
    heading = [_title(name, language) for name in COLUMNS] if for_excel else list(COLUMNS)
    writer.writerow(heading)
    yield ("\ufeff" if for_excel else "") + _taken(buffer)
    for card in cards:
        row = _row(worded(card, language))
        if for_excel:
            row = {name: _in_words(name, value, language) for name, value in row.items()}
        writer.writerow([_cell(row[name], is_comma) for name in COLUMNS])
        yield _taken(buffer)


def _row(card: ScoreCard) -> dict[str, Any]:
    action, when, reason = card.intended_action, card.next_purchase_date, strongest_reason(card)
    return {
        **{name: getattr(card, name) for name in COLUMNS if name not in DERIVED},
        "next_purchase_low": when and when.low,
        "next_purchase_median": when and when.median,
        "next_purchase_high": when and when.high,
        "next_categories_any": card.next_categories and _names(card.next_categories.any),
        "next_categories_new": card.next_categories and _names(card.next_categories.new),
        "reason": reason and reason.sentence,
        "action": action and action.name,
        "action_id": action and action.action_id,
        "channel": action and action.channel,
        "expected_cost": action and action.expected_cost,
        "expected_gain": action and action.expected_gain,
        "effect_source": action and action.effect_source,
    }


def _names(categories: list[LikelyCategory]) -> str:
    """Likeliest first; the JSON says how likely."""
    return "; ".join(one.category for one in categories)


def _title(name: str, language: Language) -> str:
    return label(f"column.{name}", language) if name in DERIVED else field_label(name, language)


def _in_words(name: str, value: Any, language: Language) -> Any:
    if isinstance(value, bool):
        return sentence("yes" if value else "no", language)
    if isinstance(value, float):
        return round(value, 4)
    if name in CODES and value is not None:
        return label(f"{SAME_WORDS.get(name, name)}.{value}", language)
    return value


def _cell(value: Any, is_comma: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(value).replace(".", ",") if is_comma else str(value)
    if isinstance(value, int | dt.date):
        return str(value)
    return f"'{value}" if value.startswith(FORMULA) else value


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
