"""A company with key customers of two owners and of nobody, and steps agreed with them."""

import datetime as dt
from contextlib import contextmanager

from serving.cards.key_customers import MovedStep, NewStep
from serving.store.database import open_store
from serving.store.publishing import publish
from serving.work.key_customers import add_step, move_step
from serving.work.portfolios import Wanted, key_customers
from tests.serving.release_reports import AS_OF
from tests.serving.releases import card_row, gone_row, write_release
from tests.serving.working import NOW

ANNA, BORIS = "user anna", "user boris"
TODAY = NOW.date()  # as the fixture `clock` has it
DAY = dt.timedelta(days=1)
FORM = {"Content_Type": "application/x-www-form-urlencoded"}
ODD = "a/b ../ё?"


def rows(which=1):
    """A and B customers of two owners and of nobody; the newer release has other values."""
    found = [
        card_row(
            f"a{n:02d}",
            abc_class="A",
            owner=("anna", "boris", None)[n % 3],
            name=f"Name {n}",
            value_at_risk=float(n),
            expected_value=100.0 + (n if which else 0),
        )
        for n in range(60)
    ]
    others = {"abc_class": "B", "owner": "anna", "expected_value": 10.0}
    found += [card_row(f"b{n}", **others) for n in range(4)]
    found.append(card_row("b4", **others, arm="holdout", withheld=True, withheld_by="draw"))
    found.append(card_row(ODD, abc_class="A", owner="anna", value_at_risk=500.0))
    return [*found, gone_row("gone", owner="anna")]


def releases_in(folder):
    """Two weeks of the company, as release folders."""
    return [
        write_release(folder / str(n), rows(n), as_of=AS_OF - (1 - n) * 7 * DAY) for n in (0, 1)
    ]


@contextmanager
def key_store(folder, releases):
    """A store with both weeks."""
    engine = open_store(f"sqlite:///{folder}/store.sqlite3")
    for release in releases:
        publish(release, engine, keep=5)
    yield engine
    engine.dispose()


def step(engine, who, days, what="Call", **changes):
    """Agree on a step due so many days from today; returns its number."""
    told = add_step(engine, who, NewStep(what=what, due_on=TODAY + days * DAY, **changes), ANNA)
    return max(one.number for one in told.steps)


def moved(engine, who, number, what, by=ANNA):
    return move_step(engine, who, number, MovedStep(move=what), by)


def ids(engine, **wanted):
    return [one.customer_id for one in key_customers(engine, Wanted(**wanted))[1].customers]
