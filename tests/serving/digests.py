"""Customers of two owners, two weeks of them, and runs of the morning digest."""

import datetime as dt
from contextlib import contextmanager

import pytest
from sqlalchemy import insert

from core.errors import MailError
from serving.pages.digest import Wanted, send_digests
from serving.settings import Settings
from serving.store.database import open_store
from serving.store.page_tables import task_changes, tasks
from serving.store.publishing import publish
from tests.serving.release_reports import AS_OF
from tests.serving.releases import card_row, write_release
from tests.serving.working import NOW

MAIL, PHONE = "zoe@shop.example", "+7 999 123-45-67"
TODAY = NOW.date()  # as the fixture `clock` has it
ODD = 'boris & co/..\\"><b>'


def cards(which):
    """Two weeks of customers: who has risen to high, of each owner, and awkward names and ids."""
    rows = [
        card_row(f"{owner[:1]}-{n}", owner=owner, name=f"Name {owner[:1]}{n}", value_at_risk=50 - n)
        for owner in ("anna", ODD)
        for n in range(12)
    ]
    if which:
        rows[0] |= {"risk_band": "high", "churn_risk": 0.9}
    held = {"arm": "holdout", "withheld": True, "withheld_by": "draw", "value_at_risk": 40.5}
    rows.append(card_row("a-held", owner="anna", **held))
    rows.append(card_row("a-mail", owner="anna", name=MAIL, value_at_risk=900.0))
    rows.append(card_row("79991234567", owner="anna", name=PHONE, value_at_risk=800.0))
    rows.append(card_row(MAIL, owner="anna", name="<i>Zoë\r\nBcc: x</i>", value_at_risk=700.0))
    return rows


@contextmanager
def digest_store(folder):
    """A store with two weeks of `cards`."""
    engine = open_store(f"sqlite:///{folder}/store.sqlite3")
    for which in (0, 1):
        as_of = AS_OF - dt.timedelta(days=7 * (1 - which))
        publish(write_release(folder / str(which), cards(which), as_of=as_of), engine, keep=5)
    yield engine
    engine.dispose()


def task(customer_id, state="taken", due_on=TODAY - dt.timedelta(days=2), **changes):
    row = {
        "company": "",
        "customer_id": customer_id,
        "action_id": "check_in_email",
        "reason": "rhythm",
        "state": state,
        "assignee": "anna",
        "due_on": due_on,
        "note": f"call {PHONE}",
        "release_id": "r",
        "version": 1,
        "changed_at": NOW,
        "changed_by": "user anna",
    }
    return row | changes


def keep(connection, *rows):
    """Keep tasks as if people had moved them."""
    for row in rows:
        connection.execute(insert(tasks).values(**row))
        change = {"task": 1, "customer_id": row["customer_id"], "at": NOW, "what": "take"}
        connection.execute(insert(task_changes).values(**change, who=row["changed_by"]))


def nobody_contacts(customer_id):
    until = {"expires_on": TODAY + dt.timedelta(days=9), "made_at": NOW, "made_by": "user anna"}
    its = {"company": "", "customer_id": customer_id, "kind": "no_contact"}
    return {**its, **until, "reason": "In mourning"}


def step(customer_id, **changes):
    row = {
        "company": "",
        "customer_id": customer_id,
        "what": f"write to {MAIL}",
        "due_on": TODAY - dt.timedelta(days=1),
        "responsible": "anna",
        "added_at": NOW,
        "added_by": "user anna",
    }
    return row | changes


def settings(box=None, **changes):
    chosen = {"digest_from": "regulars@shop.example", "digest_to": "anna=anna@shop.example"}
    if box is not None:
        chosen["smtp_url"] = f"smtp://127.0.0.1:{box.port}"
    return Settings(**chosen | changes)


def sent(engine, chosen, **wanted):
    return list(send_digests(engine, chosen, Wanted(**wanted)))


def failing(engine, chosen, **wanted):
    """The lines of a run in which some fail."""
    lines = []
    with pytest.raises(MailError, match="digests failed"):
        lines.extend(iter_into(lines, send_digests(engine, chosen, Wanted(**wanted))))
    return lines


def iter_into(lines, made):
    for line in made:
        lines.append(line)
    return []


def files(folder):
    return {path.name.partition("-2")[0]: path for path in folder.iterdir()}
