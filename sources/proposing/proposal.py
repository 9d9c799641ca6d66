"""The proposal: the sections of params.yaml that fit what a file or folder holds, and why.

Everything in it was chosen for a reason that is kept beside it, or answered by a person.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import SourceError
from sources.proposing.joins import Joined, joined
from sources.proposing.kinds_of_table import LABELLED, Recognised, keys_of, label_of, recognise
from sources.proposing.orders import plan_columns
from sources.proposing.questions import Answers, Option, Question
from sources.proposing.seen import Plan, Seen

ALL = "all"
YES, NO = "yes", "no"


class _UnansweredError(Exception):
    """Which file is meant has to be answered before anything can be said of its columns."""


@dataclass
class Proposal:
    """Sections of params.yaml, and why they are what they are.

    `left_out` names tables that are not used, with the reason; `said` what else a reader should
    know; `changes` what the check of the data itself made necessary.
    """

    source: dict[str, Any]
    task: dict[str, Any]
    plans: list[Plan]
    left_out: list[tuple[str, str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)

    def column(self, table: str, target: str) -> str:
        """The column of the source that a column of the contract is renamed from."""
        renames: dict[str, str] = self.source.get("columns", {}).get(table, {})
        return renames.get(target, target)


def propose(path: Path, tables: list[Seen], answers: Answers) -> Proposal:
    """What to make of the tables below `path`; questions go to `answers`.

    Where a question on a column has neither answer nor default, the first answer stands in for it,
    so that all questions are known at once; without the answer which file is meant there are no
    plans yet. Raises SourceError where the tables hold nothing to learn from.
    """
    folder = path if path.is_dir() else path.parent
    distinct, left_out = _once(tables)
    many = joined(distinct)
    if many:
        return _of_join(many, folder, distinct, left_out)
    found = [(seen, recognise(seen)) for seen in distinct]
    if not any(what.table in ("orders", "subscriptions") for _, what in found):
        ready = [seen for seen, what in found if what.table == LABELLED]
        if ready:
            return _of_ready(ready, folder, answers, left_out)
        raise SourceError(_nothing(path, found))
    try:
        return _of_tables(found, folder, answers, left_out)
    except _UnansweredError:
        return Proposal({"kind": "files"}, {}, [])


def _once(tables: list[Seen]) -> tuple[list[Seen], list[tuple[str, str]]]:
    """Each content once: the same file delivered twice would count twice."""
    kept: list[Seen] = []
    left_out = []
    for seen in tables:
        same = next((k for k in kept if k.rows == seen.rows and k.frame.equals(seen.frame)), None)
        if same is None:
            kept.append(seen)
        else:
            left_out.append((seen.address, f"the same rows as {same.address}"))
    return kept, left_out


def _of_tables(
    found: list[tuple[Seen, Recognised]],
    folder: Path,
    answers: Answers,
    left_out: list[tuple[str, str]],
) -> Proposal:
    by_table: dict[str, list[tuple[Seen, Recognised]]] = defaultdict(list)
    for seen, what in found:
        if what.table in ("", LABELLED):
            left_out.append((seen.address, what.why))
        else:
            by_table[what.table].append((seen, what))
    plans, files = [], {}
    for table, candidates in by_table.items():
        chosen = _chosen(table, candidates, answers, left_out)
        seen, what = chosen[0]
        plan = plan_columns(seen, table, what.export, answers)
        plan.addresses, plan.recognised = [s.address for s, _ in chosen], what.why
        plans.append(plan)
        files[table] = seen.address if len(chosen) == 1 else plan.addresses
    source: dict[str, Any] = {"kind": "files", "path": _place(folder), "files": files}
    for section in ("columns", "derive"):
        parts = {plan.table: getattr(plan, section) for plan in plans if getattr(plan, section)}
        if parts:
            source[section] = parts
    keeps = {plan.table: plan.keeps for plan in plans if plan.keeps}
    if keeps:
        source["filter"] = keeps
    zone = _zone(plans, {s.address: s for s, _ in found}, answers)
    if zone and zone != "UTC":
        source["timezone"] = zone
    churn = _churn({plan.table for plan in plans}, answers)
    return Proposal(source, {"churn": churn}, plans, left_out)


def _chosen(
    table: str,
    candidates: list[tuple[Seen, Recognised]],
    answers: Answers,
    left_out: list[tuple[str, str]],
) -> list[tuple[Seen, Recognised]]:
    """Which of several files hold a table: one of them, or all as its parts."""
    if len(candidates) == 1:
        return candidates
    by_address = {seen.address: (seen, what) for seen, what in candidates}
    headers = {tuple(seen.names) for seen, _ in candidates}
    options = [
        Option(address, f"{seen.rows:,} rows: {', '.join(seen.names[:6])}")
        for address, (seen, _) in by_address.items()
    ]
    default, why = None, f"{len(candidates)} files hold what looks like {table}"
    if len(headers) == 1:
        options.insert(0, Option(ALL, "they are parts of one table"))
        default = ALL
        why = "they have the same columns and no row in common, as parts of one export do"
        rows = [set(map(tuple, seen.frame.astype("str").to_numpy())) for seen, _ in candidates]
        if len(set().union(*rows)) < sum(map(len, rows)):
            default, why = None, "they have the same columns and rows in common"
    answer = answers.to(
        Question(
            f"{table}.file",
            f"Which of the files holds the {table}?",
            why,
            default,
            tuple(options),
        )
    )
    if answer == ALL:
        return candidates
    if answer is None:
        raise _UnansweredError
    taken = answer
    left_out += [(a, f"{taken} holds the {table}") for a in by_address if a != taken]
    return [by_address[taken]]


def _zone(plans: list[Plan], seen: dict[str, Seen], answers: Answers) -> str:
    """The time zone of times that name none; asked where there are such times of the day."""
    for plan in plans:
        if plan.timezone:
            plan.said.append(f"times are taken as {plan.timezone}: so the export writes them")
            return plan.timezone
        time = plan.source_of("event_time") or plan.source_of("started_at")
        shown = seen[plan.addresses[0]].contents.get(time or "")
        if shown is None or shown.zoned or shown.of_time or not shown.clock:
            continue
        return (
            answers.to(
                Question(
                    "timezone",
                    f"In which time zone are the times of {time} ({shown.examples[0]})?",
                    "the cells name none; with UTC each day is the day that is written there",
                    "UTC",
                    accepts=_no_zone,
                )
            )
            or ""
        )
    return ""


def _no_zone(text: str) -> str:
    from zoneinfo import available_timezones

    return "" if text in available_timezones() else "write a zone such as Europe/Moscow"


def _churn(tables: set[str], answers: Answers) -> str:
    if "subscriptions" not in tables:
        return "lapse"
    if "orders" not in tables:
        return "cancellation"
    return (
        answers.to(
            Question(
                "task.churn",
                "What is leaving: ending the subscription, or no longer buying?",
                "there are subscriptions, whose end is known",
                "cancellation",
                (Option("cancellation", "no subscription runs"), Option("lapse", "no purchase")),
            )
        )
        or "cancellation"
    )


def _of_join(
    many: Joined, folder: Path, tables: list[Seen], left_out: list[tuple[str, str]]
) -> Proposal:
    plan = Plan("orders", many.addresses, many.name)
    plan.chosen, plan.said = many.chosen, many.said
    for seen in tables:
        if seen.address not in many.addresses:
            left_out.append((seen.address, "the query of the orders does not need it"))
    source = {"kind": "sql", "path": _place(folder), "queries": {"orders": many.query}}
    return Proposal(source, {"churn": "lapse"}, [plan], left_out)


def _of_ready(
    ready: list[Seen], folder: Path, answers: Answers, left_out: list[tuple[str, str]]
) -> Proposal:
    by_address = {seen.address: seen for seen in ready}
    taken = ready[0].address
    if len(ready) > 1:
        question = Question(
            "table.file",
            "Which file is the table of features?",
            f"{len(ready)} files have a label",
            None,
            tuple(Option(address) for address in by_address),
        )
        taken = answers.to(question) or taken
        left_out += [(a, f"{taken} was chosen") for a in by_address if a != taken]
    seen = by_address[taken]
    label = label_of(seen) or ""
    customer, as_of = keys_of(seen, label)
    plan = Plan("table", [taken], f"a ready table: {label} says who left")
    source: dict[str, Any] = {"kind": "table", "path": f"{_place(folder)}/{taken}", "label": label}
    shows = seen.contents
    plan.rename("label", label, "its name, and it has two values", shows[label].shows(""))
    if customer:
        source["customer"] = customer
        plan.rename("customer", customer, "each row has another", shows[customer].shows(""))
    else:
        plan.said.append("no column tells the customers apart: rows are numbered")
    if as_of:
        source["as_of"] = as_of
        plan.rename("as_of", as_of, "its name, and its cells are dates", shows[as_of].shows("time"))
    else:
        known = answers.to(
            Question(
                "table.known",
                f"Were all columns of {taken} known before it was known who left ({label})?",
                "the table has no date, so that nothing in it shows this; a column filled in "
                "afterwards (a closing date, a last bill) makes the model look far too good",
                None,
                (Option(YES, "all were"), Option(NO, "not all, or not known")),
            )
        )
        if known == NO:
            raise SourceError(
                f"{taken}: leave out the columns that were filled in after it was known who left, "
                "or bring the table as it stood at a date with that date as a column."
            )
    return Proposal(source, {"churn": "lapse"}, [plan], left_out)


def _place(folder: Path) -> str:
    """The folder as params.yaml names it: relative where it lies below the project."""
    full = folder.resolve()
    here = Path.cwd().resolve()
    return full.relative_to(here).as_posix() if full.is_relative_to(here) else full.as_posix()


def _nothing(path: Path, found: list[tuple[Seen, Recognised]]) -> str:
    if not found:
        return f"{path} holds no table: bring CSV, Excel, Parquet or JSON lines."
    told = "; ".join(f"{seen.address} is {what.why or what.table}" for seen, what in found[:5])
    return f"{path} holds no purchases, subscriptions or ready table: {told}."
