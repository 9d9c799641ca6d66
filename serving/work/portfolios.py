"""Key customers as a list, and what each owner has and does: all customers at once, by columns."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import DBAPIError

from core.clock import utc_now
from models.words import LISTED
from serving.cards.key_customers import KeyCustomer, KeyCustomers, Portfolio, Portfolios
from serving.cards.release import Release
from serving.store.list_index import LAST, ListIndex, since_1970
from serving.store.listing import list_index
from serving.store.moves import release_before
from serving.store.page_tables import relationship_plans, relationship_steps, tasks
from serving.store.past import COMPANY
from serving.store.published import Found, find_release
from serving.store.reading import explained, formed_in_order, reading
from serving.store.told import told_contacts
from serving.store.visible import visible_owners
from serving.work.answering import Owners, owner_of
from serving.work.due import due_days, left_alone
from serving.work.key_customers import step_of
from serving.work.task_reading import task_states

PAGE = 50
READ = (
    "name",
    "owner",
    "status",
    "risk_band",
    "churn_risk",
    "value_at_risk",
    "expected_value",
    "relationship_level",
    "suggested_level",
)


@dataclass(frozen=True)
class Wanted:
    """Which key customers, and which page of them."""

    owner: str | None = None
    overdue: bool = False
    without_owner: bool = False
    without_plan: bool = False
    page: int = 1


@dataclass(frozen=True)
class _Agreed:
    """What is agreed with anybody: plans, and open steps by day."""

    plans: Mapping[str, Any]
    steps: Mapping[str, list[Any]] = field(default_factory=dict)

    @property
    def owners(self) -> dict[str, str | None]:
        """Whom each plan names, by customer."""
        return {who: plan.owner for who, plan in self.plans.items()}


def key_customers(engine: Engine, wanted: Wanted) -> tuple[Release, KeyCustomers]:
    """One page of the customers of class A whom this reader sees.

    Raises NoReleaseError before the first release.
    """
    try:
        with engine.connect() as connection:
            found = find_release(connection)
            return found.release, _listed(connection, found, wanted)
    except DBAPIError as error:
        raise explained(engine, error) from None


def portfolios(engine: Engine) -> tuple[Release, Portfolios]:
    """What each owner whom this reader sees has and does; raises as `key_customers`."""
    try:
        with engine.connect() as connection:
            found = find_release(connection)
            return found.release, _portfolios(connection, found)
    except DBAPIError as error:
        raise explained(engine, error) from None


def _listed(connection: Connection, found: Found, wanted: Wanted) -> KeyCustomers:
    index, agreed = list_index(connection, found), _agreed(connection, found)
    today = utc_now().date()
    mine = _seen(connection, index) & index.has("abc_class", ["A"]) & index.has("status", LISTED)
    late = {who: steps[0].due_on for who, steps in agreed.steps.items() if steps[0].due_on < today}
    is_late, is_planned = index.rows_of(late), index.rows_of(agreed.plans)
    owners = Owners(index, agreed.owners)
    has_owner = ~owners.rows(None)
    rows = mine.copy()
    if wanted.owner is not None:
        rows &= owners.rows(wanted.owner)
    for is_asked, fits in (
        (wanted.overdue, is_late),
        (wanted.without_owner, ~has_owner),
        (wanted.without_plan, ~is_planned),
    ):
        if is_asked:
            rows &= fits
    order = _order(index, rows, is_late, late)
    start = (wanted.page - 1) * PAGE
    ids = index.ids.take(pa.array(order[start : start + PAGE])).to_pylist()
    cards = formed_in_order(connection, ids, found, 0, reading(READ))
    contacted = index.numbers("days_since_contact")[order[start : start + PAGE]].tolist()
    days = dict(zip(ids, contacted, strict=True))
    for who, day in told_contacts(connection, found).items():
        if who in days:
            days[who] = min(days[who], max(0, (found.release.as_of_date - day).days))
    return KeyCustomers(
        **found.release.stamp(),
        value_horizon_days=found.release.value_horizon_days,
        total=int(rows.sum()),
        overdue=int((mine & is_late).sum()),
        without_plan=int((mine & ~is_planned).sum()),
        without_owner=int((mine & ~has_owner).sum()),
        page=wanted.page,
        pages=max(1, -(-int(rows.sum()) // PAGE)),
        customers=[_key_customer(card, agreed, days[card["customer_id"]], today) for card in cards],
    )


def _order(
    index: ListIndex, rows: np.ndarray, is_late: np.ndarray, late: Mapping[str, dt.date]
) -> np.ndarray:
    """Rows whose steps are overdue, the oldest first; then the others by value at risk."""
    overdue = np.flatnonzero(rows & is_late)
    due = [late[who].toordinal() for who in index.ids.take(pa.array(overdue)).to_pylist()]
    others = np.flatnonzero(rows & ~is_late)
    money, risk = index.numbers("value_at_risk"), index.numbers("churn_risk")
    first = overdue[np.lexsort((-money[overdue], np.array(due, np.int64)))]
    rest = others[np.lexsort((-risk[others], -money[others]))]
    return np.concatenate([first, rest])


def _key_customer(card: dict[str, Any], agreed: _Agreed, days: int, today: dt.date) -> KeyCustomer:
    who = card["customer_id"]
    plan, steps = agreed.plans.get(who), agreed.steps.get(who, [])
    return KeyCustomer.model_validate(
        card
        | {
            "owner": owner_of(plan and plan.owner, card["owner"]),
            "days_since_contact": None if days >= LAST else days,
            "goal": plan and plan.goal,
            "level": plan and plan.level,
            "has_plan": plan is not None,
            "next_step": step_of(steps[0]._mapping, today) if steps else None,
            "open_steps": len(steps),
            "overdue_steps": sum(step.due_on < today for step in steps),
        }
    )


def _agreed(connection: Connection, found: Found) -> _Agreed:
    company = found.part(connection, COMPANY) or ""
    plans, steps = relationship_plans, relationship_steps
    rows = connection.execute(select(plans).where(plans.c.company == company)).all()
    is_open = (steps.c.company == company, steps.c.done_at.is_(None), steps.c.dropped_at.is_(None))
    by_customer: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(
        select(steps).where(*is_open).order_by(steps.c.due_on, steps.c.number)
    ):
        by_customer[row.customer_id].append(row)
    return _Agreed({row.customer_id: row for row in rows}, by_customer)


def _seen(connection: Connection, index: ListIndex) -> np.ndarray:
    owners = visible_owners(connection)
    return np.ones(len(index), bool) if owners is None else index.has("owner", owners)


def _portfolios(connection: Connection, found: Found) -> Portfolios:
    index, older = list_index(connection, found), release_before(connection, found)
    seen = _seen(connection, index) & index.has("status", LISTED)
    planned = _agreed(connection, found).owners
    owners = Owners(index, planned)
    of_owner = {owner: owners.rows(owner) & seen for owner in (*owners.names(), None)}
    of_owner = {owner: rows for owner, rows in of_owner.items() if rows.any()}
    before = {} if older is None else _value_before(connection, older, planned)
    today = utc_now().date()
    monday = today - dt.timedelta(days=today.weekday())
    work = _work(connection, found, index, (today, monday))
    work["tasks_overdue"] = due_days(connection, found, index) < since_1970(today)
    states = task_states(connection, found).state
    moved = [who for who, state in states.items() if state != "open"]  # open ones have a note alone
    alone = left_alone(connection, index)
    to_contact = index.to_contact() & ~index.rows_of(moved) & ~alone
    work["tasks_taken"] &= ~alone
    has_money = found.release.has_money
    money = {name: index.numbers(name) for name in ("expected_value", "value_at_risk")}
    key = index.has("abc_class", ["A"])
    lines = []
    for owner, rows in of_owner.items():
        value = float(money["expected_value"][rows].sum())
        counts = {name: int(its[rows].sum()) for name, its in work.items()}
        lines.append(
            Portfolio(
                owner=owner,
                customers=int(rows.sum()),
                key_customers=int((rows & key).sum()),
                expected_value=value if has_money else None,
                value_at_risk=float(money["value_at_risk"][rows].sum()) if has_money else None,
                value_change=value - before[owner] if has_money and owner in before else None,
                tasks_open=int((rows & to_contact).sum()),
                **counts,
            )
        )
    lines.sort(key=lambda line: (line.owner is None, -(line.value_at_risk or 0), line.owner or ""))
    return Portfolios(
        **found.release.stamp(),
        value_horizon_days=found.release.value_horizon_days,
        compared_with=None if older is None else older.release.release_id,
        week_from=monday,
        managers=lines,
    )


def _value_before(
    connection: Connection, older: Found, planned: Mapping[str, str | None]
) -> dict[str | None, float]:
    """The expected value of each owner's customers in an older release, where it tells money.

    By the plans of today, so that handing a customer over is nobody's growth.
    """
    if not older.release.has_money:
        return {}
    index = list_index(connection, older)
    listed = _seen(connection, index) & index.has("status", LISTED)
    owners, values = Owners(index, planned), index.numbers("expected_value")
    found = {owner: owners.rows(owner) & listed for owner in (*owners.names(), None)}
    return {owner: float(values[rows].sum()) for owner, rows in found.items() if rows.any()}


def _work(
    connection: Connection, found: Found, index: ListIndex, days: tuple[dt.date, dt.date]
) -> dict[str, np.ndarray]:
    """How many tasks and steps were done this week, or are taken; steps overdue: by row."""
    today, monday = days
    since = dt.datetime.combine(monday, dt.time())
    company = found.part(connection, COMPANY) or ""
    steps = relationship_steps
    is_open = (steps.c.done_at.is_(None), steps.c.dropped_at.is_(None))
    asked = {
        "tasks_taken": (tasks, [tasks.c.state == "taken"]),
        "tasks_done": (tasks, [tasks.c.state == "done", tasks.c.changed_at >= since]),
        "steps_done": (steps, [steps.c.done_at >= since]),
        "steps_overdue": (steps, [*is_open, steps.c.due_on < today]),
    }
    found_rows = {}
    for name, (table, its) in asked.items():
        query = select(table.c.customer_id).where(table.c.company == company, *its)
        customers = pa.array(connection.scalars(query).all(), pa.string())
        place = pc.index_in(customers, index.ids).drop_null().to_numpy()
        found_rows[name] = np.bincount(place, minlength=len(index))
    return found_rows
