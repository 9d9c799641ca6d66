"""The proposal: the sections of params.yaml that fit what a file or folder holds, and why.

Everything in it was chosen for a reason that is kept beside it, or answered by a person.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import SourceError
from sources.contract import TABLES
from sources.proposing.choosing import (
    UnansweredError,
    chosen_files,
    time_zone,
    what_leaving_is,
)
from sources.proposing.contents import Contents
from sources.proposing.joins import Joined, joined, table_name
from sources.proposing.kinds_of_table import LABELLED, Recognised, recognise
from sources.proposing.orders import plan_columns
from sources.proposing.questions import Answers
from sources.proposing.ready import plan_ready
from sources.proposing.seen import Plan, Seen

UTC = "UTC"
MOST_NAMED = 5  # files that a refusal names


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
        return _of_join(many, folder, distinct, left_out, answers)
    found = [(seen, recognise(seen)) for seen in distinct]
    if not any(what.table in ("orders", "subscriptions") for _, what in found):
        ready = [seen for seen, what in found if what.table == LABELLED]
        if ready:
            source, plan = plan_ready(ready, _place(folder), answers, left_out)
            return Proposal(source, {}, [plan], left_out)
        raise SourceError(_nothing(path, found))
    try:
        return _of_tables(found, folder, answers, left_out)
    except UnansweredError:
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
        chosen = chosen_files(table, candidates, answers, left_out)
        seen, what = chosen[0]
        plan = plan_columns(seen, table, what.export, answers)
        plan.addresses, plan.recognised = [s.address for s, _ in chosen], what.why
        plans.append(plan)
        files[table] = seen.address if len(chosen) == 1 else plan.addresses
    source = {"kind": "files", "path": _place(folder), "files": files, **_sections(plans)}
    by_address = {seen.address: seen for seen, _ in found}
    _set_zone(source, plans, [by_address[plan.addresses[0]].contents for plan in plans], answers)
    churn = what_leaving_is({plan.table for plan in plans}, answers)
    return Proposal(source, {"churn": churn}, plans, left_out)


def _set_zone(
    source: dict[str, Any],
    plans: list[Plan],
    contents: list[dict[str, Contents]],
    answers: Answers,
) -> None:
    zone = next((plan.timezone for plan in plans if plan.timezone), "")
    if zone:
        plans[0].said.append(f"times are taken as {zone}: so the export writes them")
    else:
        times = [
            shows[time]
            for plan, shows in zip(plans, contents, strict=True)
            for target in ("event_time", "started_at")
            if (time := plan.source_of(target)) in shows
        ]
        zone = time_zone(times, answers)
    if zone and zone != UTC:
        source["timezone"] = zone


def _of_join(
    many: Joined,
    folder: Path,
    tables: list[Seen],
    left_out: list[tuple[str, str]],
    answers: Answers,
) -> Proposal:
    """Orders by a query over several files; further tables are read by a query of their own."""
    orders = Plan("orders", many.addresses, many.name)
    orders.chosen, orders.said = many.chosen, many.said
    queries: dict[str, str | None] = {"orders": many.query}
    plans = [orders]
    for seen in tables:
        what = recognise(seen)
        if seen.address in many.addresses or what.table not in TABLES or what.table in queries:
            if seen.address not in many.addresses:
                left_out.append((seen.address, "the query of the orders does not need it"))
            continue
        plan = plan_columns(seen, what.table, what.export, answers)
        plan.recognised = what.why
        plans.append(plan)
        queries[what.table] = f"SELECT * FROM {table_name(seen)}"
    # A file that only happens to be called like a table would be read as that table.
    stems = {table_name(seen) for seen in tables}
    queries |= {name: None for name in TABLES if name in stems and name not in queries}
    source = {"kind": "sql", "path": _place(folder), "queries": queries, **_sections(plans)}
    of_orders = {n: c for s in tables if s.address in many.addresses for n, c in s.contents.items()}
    _set_zone(source, [orders], [of_orders], answers)
    return Proposal(source, {"churn": what_leaving_is(set(queries), answers)}, plans, left_out)


def _sections(plans: list[Plan]) -> dict[str, Any]:
    """The parts of the section `source` that hold something for each table."""
    found: dict[str, Any] = {}
    for section in ("columns", "derive"):
        parts = {plan.table: getattr(plan, section) for plan in plans if getattr(plan, section)}
        if parts:
            found[section] = parts
    keeps = {plan.table: plan.keeps for plan in plans if plan.keeps}
    return {**found, "filter": keeps} if keeps else found


def _place(folder: Path) -> str:
    """The folder as params.yaml names it: relative where it lies below the project."""
    full = folder.resolve()
    here = Path.cwd().resolve()
    return full.relative_to(here).as_posix() if full.is_relative_to(here) else full.as_posix()


def _nothing(path: Path, found: list[tuple[Seen, Recognised]]) -> str:
    if not found:
        return f"{path} holds no table: bring CSV, Excel, Parquet or JSON lines."
    told = "; ".join(
        f"{seen.address} is {f'a table of {what.table}' if what.table else what.why}"
        for seen, what in found[:MOST_NAMED]
    )
    return (
        f"{path} holds no purchases, subscriptions or ready table: {told}. Bring a row for each "
        "purchase, with columns of the customer, the time and, where known, the order and the "
        "money; docs/your-data.md shows how to name columns by hand."
    )
