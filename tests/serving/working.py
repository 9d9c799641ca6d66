"""What tests of tasks share: releases that change their mind, moves, a clock that can be set."""

import datetime as dt

import pytest
from sqlalchemy import select

from core.files import hashes, read_json, write_json
from serving.store.page_tables import task_changes, tasks
from serving.store.published import find_release
from serving.store.publishing import publish
from serving.work.outcomes import read_told
from serving.work.task_reading import tasks_of
from serving.work.task_rules import Asked
from serving.work.tasks import move
from tests.serving.releases import card_row, reason, write_release

ANNA, BORIS = "user anna", "user boris"
NOW = dt.datetime.fromisoformat("2024-10-30T09:00")
CLOCKS = (
    *("digest", "key_customers", "kinds", "outcomes", "overrides", "portfolios"),
    *("suggestions", "task_outcomes", "task_writing", "tasks"),
)
ACTIONS = {
    "check_in_email": {"channels": ["email"], "cooldown_days": 20},
    "owner_phone_call": {"channels": ["phone"], "cooldown_days": 0},
}


@pytest.fixture
def clock(monkeypatch):
    """Sets the time of everything that people do; NOW at first."""

    def set_to(time):
        for module in CLOCKS:
            monkeypatch.setattr(f"serving.work.{module}.utc_now", lambda: time)
        monkeypatch.setattr("serving.cards.key_customers.utc_now", lambda: time)

    set_to(NOW)
    return set_to


def call(days):
    """So many days after NOW."""
    return NOW + dt.timedelta(days=days)


def suggested(customer="1", action="check_in_email", group="rhythm", **changes):
    """A card that suggests an action for a reason; without a group it has no reason."""
    reasons = [] if group is None else [reason("up", group=group, groups=[group])]
    channel = {"owner_phone_call": "phone", "do_nothing": "none"}.get(action, "email")
    its = {"intended_action": action, "channel": channel, "reasons": reasons}
    return card_row(customer, **its | changes)


def publish_cards(engine, folder, *cards, **changes):
    """Publish a release of these cards, with a catalogue that has cooldowns."""
    folder = write_release(folder, list(cards), **changes)
    plan, manifest = read_json(folder / "plan.json"), read_json(folder / "manifest.json")
    write_json(folder / "plan.json", {**plan, "actions": ACTIONS})
    files = {**manifest["files"], "plan.json": hashes(folder)["plan.json"]}
    write_json(folder / "manifest.json", {**manifest, "files": files})
    return publish(folder, engine, keep=9)


def do(engine, who, what, customer="1", version=None, **more):
    """One move by somebody who sees the task as it is, or as it was at a version."""
    if version is None:
        seen = task(engine, customer)
        version = seen.version if seen else 0
    (result,) = move(engine, who, [Asked(what, customer, version, **more)])
    if hasattr(result, "error"):
        raise result.error
    return result


def task(engine, customer="1"):
    """The task that is shown for a customer; None where nobody has touched it."""
    with engine.connect() as connection:
        return tasks_of(connection, find_release(connection), [customer]).get(customer)


def rows(engine):
    with engine.connect() as connection:
        return [dict(row._mapping) for row in connection.execute(select(tasks))]


def log(engine):
    with engine.connect() as connection:
        query = select(task_changes).order_by(task_changes.c.number)
        return connection.execute(query).all()


def contacts(engine):
    return read_told(engine, {}).rows.get("contacts", [])
