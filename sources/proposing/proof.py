"""The proof of a proposal: the real check on all of the data, and what follows from its messages.

Where the check refuses and offers one line, the line is followed; where it offers several, a person
is asked. Orders that never became purchases and totals on each line are mended in the same way.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from core.errors import SourceError
from sources.contract import READY, TABLES
from sources.cures import literal, named
from sources.meanings.currencies import CHECK, MONEY_COLUMNS
from sources.notes import Note
from sources.params import SourceParams
from sources.proposing.cure_lines import Line, followed, lines_in
from sources.proposing.proposal import Proposal
from sources.proposing.questions import NONE, Answers, Option, Question
from sources.registry import load
from sources.tables.check import Checked, check_tables
from sources.written.currencies import (
    SHARED,
    currency_code,
    currency_marks,
    heading_currency,
    may_be,
    named_currencies,
)

MOST_ROUNDS = 8
FOLLOWED = ("not_a_purchase",)  # besides errors: notes whose line is followed
ASKED = ("orders.customer_id",)  # who is who is for a person to say, even of one line
STOP = "stop"
SENTENCE = re.compile(r"(?<=[.?!]) (?=[\dA-Z])")
CURRENCY = "currency"


@dataclass(frozen=True)
class Measured:
    """What the check found in one table: counts of rows, and what is in those that were kept.

    `left` is the share of customers who left, of a ready table.
    """

    table: str
    counts: dict[str, int]
    customers: int
    orders: int | None
    first: pd.Timestamp | None
    last: pd.Timestamp | None
    money: float | None
    currency: str
    set_aside: tuple[str, ...]
    left: float | None = None


@dataclass
class Proof:
    """Figures of the check on all rows, and what it noted that stays as it is."""

    measured: list[Measured]
    checked: dict[str, Checked] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)


def prove(proposal: Proposal, answers: Answers) -> Proof | None:
    """Check the proposal on the data; its section `source` changes where a message says how.

    None where a question without a default has to be answered first. Raises SourceError where the
    check refuses the data and nobody can say how to mend it.
    """
    followed_notes: set[str] = set()
    for _ in range(MOST_ROUNDS):
        params = SourceParams(**proposal.source)
        try:
            raw = load(params)
            checked = check_tables(raw, params)
        except SourceError as error:
            if not mended(proposal, str(error), answers):
                return None
            continue
        lines = _lines_of_notes(checked, proposal, followed_notes)
        if lines:
            for line, why in lines:
                proposal.source = followed(proposal.source, line)
                proposal.changes.append(f"{line.text}\n      since {why}")
            continue
        several = _several_currencies(checked)
        if several:
            if not _of_one_currency(proposal, several, raw[several[0]], answers):
                return None
            continue
        priced = {table.currency for table in checked.values() if "amount" in table.rows}
        name_currency(proposal, priced, answers)
        return Proof(
            [
                _measured(name, table, proposal.source.get("currency"))
                for name, table in checked.items()
            ],
            checked,
            [
                (note.severity, f"{name}: {note.meaning}")
                for name, table in checked.items()
                for note in table.notes
                if note.severity != "advice"
            ],
        )
    raise SourceError(
        "The proposal changed too often while it was checked: "
        + "; ".join(proposal.changes)
        + ". Write source into params.yaml by hand (docs/your-data.md)."
    )


def mended(proposal: Proposal, message: str, answers: Answers) -> bool:
    """Follow the line that a refusal offers, or that an answer chooses of several.

    False where the answer is missing. Raises SourceError where nothing is offered.
    """
    lines = [line for line in lines_in(message) if line.targets(proposal.source)]
    if not lines:
        raise SourceError(message)
    target = lines[0].targets(proposal.source)[0]
    said = SENTENCE.split(message)
    reason = " ".join(said[:2])
    is_asked = target in ASKED or target.startswith(READY)  # what a label means, too
    if len(lines) == 1 and not is_asked:
        proposal.source = followed(proposal.source, lines[0])
        proposal.changes.append(f"{lines[0].text}\n      since {reason}")
        return True
    values = [_value(line, number) for number, line in enumerate(lines, start=1)]
    options = [
        Option(value, f"{line.when}: {line.text}" if line.when else line.text)
        for value, line in zip(values, lines, strict=True)
    ]
    question = Question(
        f"{target}.instead" if target in ASKED else f"{target}.read",
        f"{reason} Which is right?",
        "the data does not show it",
        None,
        (*options, Option(STOP, "none of them: stop here")),
    )
    answer = answers.to(question)
    if answer is None:
        return False
    if answer == STOP:
        raise SourceError(message)
    line = lines[values.index(answer)]
    proposal.source = followed(proposal.source, line)
    proposal.changes.append(f"{line.text}\n      as answered ({question.key}: {answer})")
    return True


def _value(line: Line, number: int) -> str:
    words = line.when.split()
    return "-".join(words) if 0 < len(words) <= 4 else f"line-{number}"


def _lines_of_notes(
    checked: dict[str, Checked], proposal: Proposal, done: set[str]
) -> list[tuple[Line, str]]:
    """Lines of notes on what would count wrongly, with the reason; each note is followed once."""
    found: list[tuple[Line, str]] = []
    for name, table in checked.items():
        for note in table.notes:
            if note.severity != "error" and note.check not in FOLLOWED:
                continue
            if note.check == CHECK:  # which currency, or which rate, is for a person to say
                continue
            key = f"{name}.{note.check}.{note.column}"
            lines = [line for line in lines_in(note.what_to_do) if line.targets(proposal.source)]
            if key in done or len(lines) != 1:
                continue
            done.add(key)
            if (lines[0].section, lines[0].content) in [(o.section, o.content) for o, _ in found]:
                found = [
                    (o, f"{why}; {note.meaning}" if o.content == lines[0].content else why)
                    for o, why in found
                ]
            else:
                found.append((lines[0], note.meaning))
    return found


def _several_currencies(checked: dict[str, Checked]) -> tuple[str, Note] | None:
    """The table whose money is left out since it is in several currencies, and what says so."""
    for name, table in checked.items():
        for note in table.notes:
            if note.check == CHECK and note.severity == "error":
                return name, note
    return None


def _of_one_currency(
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


def _measured(name: str, table: Checked, answered: str | None) -> Measured:
    rows, time = table.rows, TABLES[name].time
    times = rows[time].dropna() if time in rows else pd.Series(dtype="datetime64[us]")
    return Measured(
        name,
        table.counts,
        int(rows["customer_id"].nunique()),
        int(rows["order_id"].nunique()) if "order_id" in rows else None,
        times.min() if len(times) else None,
        times.max() if len(times) else None,
        float(rows["amount"].sum()) if "amount" in rows else None,
        answered or table.currency or "",
        table.findings,
    )
