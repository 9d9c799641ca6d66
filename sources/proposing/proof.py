"""The proof of a proposal: the real check on all of the data, and what follows from its messages.

Where the check refuses and offers one line, the line is followed; where it offers several, a person
is asked. Orders that never became purchases and totals on each line are mended in the same way.
"""

import re
from dataclasses import dataclass, field

import pandas as pd

from core.errors import SourceError
from sources.contract import READY, TABLES
from sources.meanings.currencies import CHECK
from sources.params import SourceParams
from sources.proposing.cure_lines import Line, followed, lines_in
from sources.proposing.currency_questions import name_currency, of_one_currency, several_currencies
from sources.proposing.proposal import Proposal
from sources.proposing.questions import Answers, Option, Question
from sources.registry import load
from sources.tables.check_tables import check_tables
from sources.tables.kept import Checked

MOST_ROUNDS = 8
FOLLOWED = ("not_a_purchase",)  # besides errors: notes whose line is followed
ASKED = ("orders.customer_id",)  # who is who is for a person to say, even of one line
STOP = "stop"
SENTENCE = re.compile(r"(?<=[.?!]) (?=[\dA-Z])")


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
        several = several_currencies(checked)
        if several:
            if not of_one_currency(proposal, several, raw[several[0]], answers):
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
