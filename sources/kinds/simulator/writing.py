"""Writes a simulated company to Parquet, group by group, each from a seed of its own."""

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sources.kinds.simulator.contacts import MONTH, live
from sources.kinds.simulator.orders import order_value, orders
from sources.kinds.simulator.people import NEVER, draw_people
from sources.kinds.simulator.process import clock
from sources.kinds.simulator.subscriptions import (
    draw_terms,
    monthly_price,
    payments,
    subscriptions,
)
from sources.kinds.simulator.tables import Maker
from sources.kinds.simulator.truth import truth
from sources.kinds.simulator.worlds import WORLDS, World

GROUP = 10_000  # customers: the same seed gives the same first customers, however many there are
START = np.datetime64("2023-01-02")
TABLES, TRUTH = "tables", "truth"


def simulate(
    folder: Path,
    world: str,
    customers: int,
    days: int = 730,
    seed: int = 1,
    processes: int = 1,
    progress: Callable[[int, int], None] = lambda done, all_: None,
    rounds: range | None = None,
) -> None:
    """Write the tables of a company into `folder/tables` and the planted truth into `folder/truth`.

    Contacts come in a round every month, or in each of `rounds` (the day on which each begins).

    The folder appears when all of it is written. The same arguments give the same bytes; the
    number of processes changes nothing.
    """
    starts = range(0, customers, GROUP)
    jobs = [(start, min(GROUP, customers - start)) for start in starts]
    make = partial(group, WORLDS[world], days, seed, rounds=rounds)
    unfinished = folder.with_name(f".{folder.name}-unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    writers: dict[str, pq.ParquetWriter] = {}
    try:
        for done, made in enumerate(_in_order(make, jobs, processes), start=1):
            for name, table in made.items():
                if name not in writers:
                    path = unfinished / f"{name}.parquet"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    writers[name] = pq.ParquetWriter(path, table.schema, compression="zstd")
                writers[name].write_table(table)
            progress(done, len(jobs))
    finally:
        for writer in writers.values():
            writer.close()
    facts = {"world": world, "customers": customers, "days": days, "seed": seed}
    facts["start"] = str(START)
    (unfinished / TRUTH / "world.json").write_text(json.dumps(facts) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


def _in_order(
    make: Callable[[tuple[int, int]], dict[str, pa.Table]],
    jobs: list[tuple[int, int]],
    processes: int,
) -> Iterator[dict[str, pa.Table]]:
    if processes == 1 or len(jobs) == 1:
        yield from map(make, jobs)
        return
    # Spawned: what this process has open is none of theirs. A few at a time, so that results do
    # not pile up while they wait to be written.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(make, job) for job in jobs[: processes + 1]]
        for job in [*jobs[processes + 1 :], *[None] * len(waiting)]:
            yield waiting.pop(0).result()
            if job is not None:
                waiting.append(pool.submit(make, job))


def group(
    world: World,
    days: int,
    seed: int,
    job: tuple[int, int],
    rounds: range | None = None,
    withheld_from: float = NEVER,
) -> dict[str, pa.Table]:
    """The tables of one group, by their place below the folder."""
    first, size = job
    drawing, living, making = np.random.default_rng([seed, first]).spawn(3)
    people = draw_people(world, np.arange(first, first + GROUP), days, drawing)
    pace = clock(START, days, world.drift, world.months)
    life = live(world, people, pace, living, rounds, withheld_from)
    maker = Maker(world, life, START, making)
    tables = {
        "events": maker.events(),
        "tickets": maker.tickets(),
        "surveys": maker.surveys(),
        "consents": maker.consents(),
        "contacts": maker.contacts(),
        "customers": maker.customers(),
    }
    if world.kind == "cancellation":
        terms = draw_terms(maker)
        tables["subscriptions"] = subscriptions(maker, terms)
        tables["orders"] = payments(maker, terms)
        worth = monthly_price(terms) / MONTH
    else:
        tables["orders"] = orders(maker)
        worth = people.rate * order_value(world, people)
    found = {f"{TABLES}/{name}": table for name, table in tables.items()}
    found |= {f"{TRUTH}/{name}": table for name, table in truth(maker, worth).items()}
    if size == GROUP:
        return found
    # Ids are of one width, so that their order as texts is that of their numbers.
    beyond = maker.ids(np.array([first + size]))[0]
    return {
        name: table.filter(pc.less(table["customer_id"], beyond)) for name, table in found.items()
    }
