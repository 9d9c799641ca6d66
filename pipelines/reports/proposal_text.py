"""The proposal for params.yaml as lines for a terminal: evidence, figures, questions, changes."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from sources.proposing.proof import Measured, Proof
from sources.proposing.proposal import Proposal
from sources.proposing.questions import Question
from sources.proposing.seen import Plan

COUNTS = {
    "kept": "kept",
    "left_out": "left out by the filter",
    "guests": "guests without an id",
    "quarantined": "set aside with the reason",
    "duplicates": "exact repeats",
}
MOST_LEFT_OUT = 10  # files that are named


def evidence(proposal: Proposal) -> Iterator[str]:
    """What each table and column is made of, why, and what its cells show."""
    for plan in proposal.plans:
        yield f"{', '.join(plan.addresses)} → {plan.table}: {plan.recognised}"
        for chosen in _in_order(plan):
            yield f"  {chosen.target} ← {chosen.source}: {chosen.why}"
            if chosen.shows:
                yield f"      {chosen.shows}"
        yield from (f"  {said}" for said in plan.said)
    for address, why in proposal.left_out[:MOST_LEFT_OUT]:
        yield f"{address} is not used: {why}"
    more = len(proposal.left_out) - MOST_LEFT_OUT
    if more > 0:
        yield f"and {more:,} more files are not used"
    yield from proposal.said
    for change in proposal.changes:
        yield f"  changed after the check: {change}"


def _in_order(plan: Plan) -> list[Any]:
    """Each column of the contract once, as it was chosen last."""
    return list({chosen.target: chosen for chosen in plan.chosen}.values())


def figures(proof: Proof) -> Iterator[str]:
    """What the check of all rows found."""
    for found in proof.measured:
        yield f"{found.table}: {_counts(found)}"
        yield f"  {_what(found)}"
        yield from (f"  set aside: {reason}" for reason in found.set_aside)
    for severity, meaning in proof.notes:
        yield f"  {severity}: {meaning}"


def _counts(found: Measured) -> str:
    parts = [
        f"{found.counts[key]:,} {says}" for key, says in COUNTS.items() if found.counts.get(key)
    ]
    return f"{found.counts['rows_in']:,} rows, of which {', '.join(parts)}"


def _what(found: Measured) -> str:
    parts = [f"{found.customers:,} customers"]
    if found.orders is not None:
        parts.append(f"{found.orders:,} orders")
    if found.first is not None and found.last is not None:
        parts.append(f"{found.first:%Y-%m-%d} to {found.last:%Y-%m-%d}")
    if found.money is not None:
        parts.append(f"{found.money:,.2f} {found.currency or '(no currency is named)'}")
    if found.left is not None:
        parts.append(f"{found.left:.1%} of the known ones left")
    return ", ".join(parts)


def asked(question: Question) -> Iterator[str]:
    """A question with its answers, its default and the reason."""
    yield f"{question.asks}"
    for number, option in enumerate(question.options, start=1):
        default = " (default)" if option.value == question.default else ""
        says = f": {option.says}" if option.says else ""
        yield f"  {number}. {option.value}{default}{says}"
    if question.default is None:
        yield f"  No default: {question.why}."
    elif question.options:
        yield f"  The default, because {question.why}."
    else:
        yield f"  Default {question.default}: {question.why}."


def flags(questions: list[Question]) -> Iterator[str]:
    """The flag that answers each question."""
    for question in questions:
        values = "|".join(option.value for option in question.options) or "…"
        if len(question.options) == 1 or " " in values:
            values = shlex.quote(values)
        yield f"  --answer {question.key}={values}"


def sections(changes: Mapping[str, Any]) -> Iterator[str]:
    """The values that will be written, as they stand in params.yaml."""
    nested: dict[str, Any] = {}
    for key, value in changes.items():
        section, _, name = key.rpartition(".")
        nested.setdefault(section, {})[name] = value
    dumped = yaml.safe_dump(nested, allow_unicode=True, sort_keys=False, width=10**9)
    yield from (f"  {line}" for line in dumped.splitlines())
