"""What a person is asked about the currency of the money: of several, and where none is named."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sources.cures import literal, named
from sources.meanings.currencies import CHECK, MONEY_COLUMNS
from sources.notes import Note
from sources.proposing.proposal import Proposal
from sources.proposing.questions import NONE, Answers, Option, Question
from sources.tables.kept import Checked
from sources.written.currencies import (
    SHARED,
    currency_code,
    currency_marks,
    heading_currency,
    may_be,
    named_currencies,
)

CURRENCY = "currency"


def several_currencies(checked: dict[str, Checked]) -> tuple[str, Note] | None:
    """The table whose money is left out since it is in several currencies, and what says so."""
    for name, table in checked.items():
        for note in table.notes:
            if note.check == CHECK and note.severity == "error":
                return name, note
    return None


def of_one_currency(
    proposal: Proposal, several: tuple[str, Note], raw: pd.DataFrame, answers: Answers
) -> bool:
    """Keep the rows of one currency, or convert all, as answered. False without an answer."""
    table, note = several
    given = raw["currency"] if "currency" in raw else currency_marks(raw["amount"])
    names = named_currencies(given)
    counts = {str(name): int(n) for name, n in names.value_counts().items()}
    first, *others = counts
    rates = " ".join(f"{name}=…" for name in others)
    options = [
        Option(name, f"only the {n:,} rows in {name}") for name, n in counts.items()
    ] if "currency" in raw else []  # fmt: skip
    answer = answers.to(
        Question(
            CURRENCY,
            f"{note.meaning}. What is to be done? To convert all into {first}, write "
            f"{first} {rates} with what one unit of each is worth in it"
            + ("; or keep one currency." if options else "."),
            "no rate is known, and no part of the rows can be left out unasked",
            None,
            tuple(options),
            accepts=lambda text: _no_rates(text, set(counts)),
        )
    )
    if answer is None:
        return False
    if answer in counts:
        column = named(proposal.column(table, "currency"))
        spelt = sorted(given[names == answer].dropna().astype("str").unique())
        keeps = f"{column} IN ({', '.join(map(literal, spelt))})"
        filters = dict(proposal.source.get("filter", {}))
        before = filters.get(table)
        filters[table] = f"({before}) AND {keeps}" if before else keeps
        proposal.source = {**proposal.source, "filter": filters}
        proposal.changes.append(f"filter of {table}: {keeps}\n      as answered")
    else:
        wanted, exchange = _rates(answer)
        proposal.source = {**proposal.source, "currency": wanted, "exchange": exchange}
        proposal.changes.append(f"currency: {wanted}, exchange: {exchange}\n      as answered")
    return True


def name_currency(proposal: Proposal, named_by: set[str | None], answers: Answers) -> None:
    """Ask for the currency of amounts that name none, or a sign that several share.

    `named_by` holds the currency of each table with money, as far as it is known.
    """
    if not named_by & {None, *SHARED}:
        return
    sign = next(iter(named_by & {*SHARED}), None)
    headed = _of_headings(proposal.source)
    why = "nothing in the data names it; costs of actions are then not compared with them"
    if sign:
        of = ", ".join(sorted(SHARED[sign]))
        why = f"{sign} may be any of {of}; costs of actions are then not compared with them"
        headed = headed if headed and may_be(sign, headed[0]) else None
    if headed:
        why = f"the heading {headed[1]} says so"
    answer = answers.to(
        Question(
            "source.currency",
            "In which currency are the amounts?",
            why,
            headed[0] if headed else NONE,
            accepts=lambda text: _no_currency(text, sign),
        )
    )
    if answer and answer != NONE:
        proposal.source = {**proposal.source, "currency": currency_code(answer)}


def _of_headings(source: Mapping[str, Any]) -> tuple[str, str] | None:
    """The one currency that the names of the columns of money tell, and the name that does."""
    names = [source["value"]] if source.get("value") else []
    for section in ("columns", "derive"):
        for meanings in source.get(section, {}).values():
            names += [meanings[money] for money in MONEY_COLUMNS if money in meanings]
    told = {code: name for name in names if (code := heading_currency(name))}
    return next(iter(told.items())) if len(told) == 1 else None


def _no_currency(text: str, sign: str | None) -> str:
    if text == NONE:
        return ""
    try:
        code = currency_code(text)
    except ValueError as error:
        return str(error)
    if sign and not may_be(sign, code):
        return f"the amounts are written with {sign}, which {code} is not"
    return ""


def _rates(answer: str) -> tuple[str, dict[str, float]]:
    """`EUR USD=0.92` as EUR and {USD: 0.92}. Raises ValueError where it is not written so."""
    wanted, *rates = answer.replace(",", " ").split()
    pairs = [rate.partition("=") for rate in rates]
    return wanted, {name: float(rate) for name, _, rate in pairs}


def _no_rates(answer: str, currencies: set[str]) -> str:
    try:
        wanted, exchange = _rates(answer)
    except ValueError:
        return "write it as EUR USD=0.92"
    missing = currencies - {wanted, *exchange}
    if wanted not in currencies or missing or not all(rate > 0 for rate in exchange.values()):
        return f"write a rate above 0 for each of {', '.join(sorted(missing or currencies))}"
    return ""
