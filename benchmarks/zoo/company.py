"""The tables of a recipe's company, made with parts of the simulator, as files of a user."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from benchmarks.zoo.recipe import COLUMNS, Recipe, Rng
from benchmarks.zoo.terms import with_lives
from sources.kinds.simulator.contacts import live
from sources.kinds.simulator.orders import orders
from sources.kinds.simulator.people import People, draw_people
from sources.kinds.simulator.process import clock
from sources.kinds.simulator.subscriptions import draw_terms, payments, subscriptions
from sources.kinds.simulator.tables import Maker
from sources.kinds.simulator.worlds import SHOP, SUBSCRIPTION, World

LAST = np.datetime64("2025-03-01")  # the day after the data ends, whatever its length
STRAY = pd.Timestamp("2005-03-05 12:00:00")
DAY = pd.Timedelta(days=1)
Frames = dict[str, pd.DataFrame]
MOVED = ("began", "would_leave", "onset", "complained", "closed", "withdrawn", "objected")
WRITTEN = {
    "seconds": "%Y-%m-%d %H:%M:%S",
    "dates": "%Y-%m-%d",
    "european": "%d.%m.%Y %H:%M:%S",
}
ODD = ("Ürsula & söhne", "a/b?c=d#e", "Zoë 'q' \"w\"", "иван", "x,y;z", "..", "%2F", "<b>")


@dataclass(frozen=True)
class Company:
    """Tables as they are written, and the parameters that differ from the shipped ones."""

    tables: Frames
    params: dict[str, object]
    form: str = "csv"

    def lines(self) -> int:
        """Rows of all tables."""
        return sum(len(frame) for frame in self.tables.values())


def tables_of(recipe: Recipe) -> Frames:
    """The company's tables. The same recipe gives the same rows."""
    rng = np.random.default_rng([recipe.seed, 1])
    world = _world(recipe)
    days = max(recipe.days, 2)
    people = draw_people(world, np.arange(recipe.customers), days, rng)
    _join(people, recipe, days, rng)
    start = LAST - np.timedelta64(days, "D")
    maker = Maker(world, live(world, people, clock(start, days, _drift(recipe)), rng), start, rng)
    makers: dict[str, Callable[[], object]] = {
        "events": maker.events,
        "tickets": maker.tickets,
        "surveys": maker.surveys,
        "contacts": maker.contacts,
        "consents": maker.consents,
        "customers": maker.customers,
    }
    made = {name: makers[name]() for name in recipe.tables if name != "surveys" or days > 90}
    if recipe.subscriptions == "none":
        made["orders"] = orders(maker)
    else:
        terms = draw_terms(maker)
        made["subscriptions"] = subscriptions(maker, terms)
        made["orders"] = payments(maker, terms)
    frames: Frames = {name: table.to_pandas() for name, table in made.items()}  # type: ignore[attr-defined]
    frames = {name: _inside(frame, recipe) for name, frame in frames.items()}
    frames["orders"] = _orders(frames["orders"], recipe, rng)
    if recipe.subscriptions != "none":
        frames["subscriptions"] = with_lives(frames["subscriptions"], recipe, LAST)
    if recipe.subscriptions == "alone":
        del frames["orders"]
    named = {name: _ids(frame, recipe.ids) for name, frame in frames.items()}
    return {name: _written(frame, recipe) for name, frame in named.items() if len(frame)}


def write(company: Company, folder: Path) -> None:
    """Write the tables as a user's folder."""
    folder.mkdir(parents=True)
    for name, frame in company.tables.items():
        if company.form == "parquet":
            frame.to_parquet(folder / f"{name}.parquet", index=False)
        elif company.form == "parts" and len(frame) > 1:
            (folder / name).mkdir()
            half = len(frame) // 2
            frame[:half].to_csv(folder / name / "1.csv", index=False)
            frame[half:].to_csv(folder / name / "2.csv", index=False)
        else:
            frame.to_csv(folder / f"{name}.csv", index=False)


def _world(recipe: Recipe) -> World:
    kind = SHOP if recipe.subscriptions == "none" else SUBSCRIPTION
    return replace(
        kind,
        mean_gap=recipe.gap,
        mean_life=max(kind.mean_life, 6 * recipe.gap) if recipe.gap > 40 else kind.mean_life,
        already_there=1.0 if recipe.one_cohort else kind.already_there,
        refunds=0.08 if recipe.refunds else 0.0,
        late=0.1 if recipe.late_rows else 0.0,
    )


def _drift(recipe: Recipe) -> float:
    return {"steady": 0.0, "grows": 1.5, "declines": -2.5}[recipe.growth]


def _join(people: People, recipe: Recipe, days: int, rng: Rng) -> None:
    """Move the customers' first days as cohort and growth require."""
    if recipe.one_cohort:
        joined = rng.uniform(0, min(30, days), len(people.joined))
    elif recipe.growth == "grows":
        joined = people.joined + (days - people.joined) * rng.beta(2, 1, len(people.joined)) * 0.9
    else:
        return
    moved = joined - people.joined
    people.joined = joined
    for name in MOVED:
        setattr(people, name, getattr(people, name) + moved)


def _inside(frame: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    """Rows of the last `days`, up to noon of the last where the data is cut there."""
    column = next((c for c in ("event_time", "opened_at") if c in frame), None)
    if column is None:
        return frame
    end = pd.Timestamp(LAST) - (DAY / 2 if recipe.last_day_cut else 0 * DAY)
    times = frame[column]
    return frame[(times >= end.normalize() - recipe.days * DAY) & (times < end)]


def _orders(orders: pd.DataFrame, recipe: Recipe, rng: Rng) -> pd.DataFrame:
    for name in ("quantity", "discount"):
        if name not in orders:
            orders = orders.assign(**{name: 1.0 if name == "quantity" else 0.0})
    orders = orders.sort_values(["event_time", "order_id"], kind="stable", ignore_index=True)
    month = orders["event_time"].dt.month
    closed = {"months": [], "december_only": range(1, 11), "summers_closed": [7, 8]}
    is_open = ~month.isin(list(closed[recipe.season]))
    if is_open.any():  # else all of the data falls into the time in which nothing is sold
        orders = orders[is_open]
    if recipe.silent_days:
        ago = (pd.Timestamp(LAST) - orders["event_time"]) / DAY
        orders = orders[(ago < recipe.days * 0.3) | (ago > recipe.days * 0.3 + 9)]
    if recipe.buyers == "once":
        firsts = orders.groupby("customer_id")["order_id"].transform("first")
        orders = orders[orders["order_id"] == firsts]
    elif recipe.buyers == "one_customer_holds_half" and len(orders):
        most = orders["customer_id"].mode()[0]
        is_theirs = pd.Series(rng.random(len(orders)) < 0.5, orders.index)
        is_whole = is_theirs.groupby(orders["order_id"]).transform("first")
        orders = orders.assign(customer_id=orders["customer_id"].mask(is_whole, most))
    orders = _with_odd_rows(orders.reset_index(drop=True), recipe, rng)
    left_out = [name for name in COLUMNS if name not in recipe.columns and name in orders]
    orders = orders.drop(columns=left_out)
    return _with_trouble(orders.reset_index(drop=True), recipe, rng)


def _with_odd_rows(orders: pd.DataFrame, recipe: Recipe, rng: Rng) -> pd.DataFrame:
    """Add rows that are true but unlike most."""
    if orders.empty:
        return orders
    chance = pd.Series(rng.random(len(orders)), orders.index)
    by_order = chance.groupby(orders["order_id"]).transform("first")
    if recipe.free_orders:
        orders.loc[by_order < 0.08, "amount"] = 0.0
    if recipe.unknown_amounts:
        orders.loc[by_order.between(0.5, 0.52), "amount"] = np.nan
    if recipe.currencies:
        orders["currency"] = np.where(by_order < 0.7, "EUR", "USD")
    if recipe.wholesaler:
        who = orders["customer_id"].iloc[0]
        orders.loc[orders["customer_id"] == who, ["amount", "quantity"]] *= 5_000
    if recipe.bot:
        one = orders.iloc[[-1]]
        many = pd.concat([one] * 400, ignore_index=True)
        times = one["event_time"].iloc[0].normalize() + pd.to_timedelta(np.arange(400), "s")
        many = many.assign(order_id=[f"B{n:05d}" for n in range(400)], event_time=times)
        many["known_at"] = many["event_time"]
        orders = pd.concat([orders, many], ignore_index=True)
    if recipe.stray_row:
        slip = orders.iloc[[-1]].assign(order_id="SLIP", event_time=STRAY, known_at=STRAY)
        orders = pd.concat([orders, slip.astype(orders.dtypes)], ignore_index=True)
    return orders


def _with_trouble(orders: pd.DataFrame, recipe: Recipe, rng: Rng) -> pd.DataFrame:
    """Add a few rows each: without a customer, repeated, unreadable."""
    if orders.empty:
        return orders
    text = orders.astype({"customer_id": "object", "order_id": "object"})
    if recipe.guests:
        no_name = pd.Series(rng.random(len(text)) < 0.1, text.index)
        whole = no_name.groupby(text["order_id"]).transform("first")
        text.loc[whole, "customer_id"] = None
    if recipe.repeated_rows:
        text = pd.concat([text, text[rng.random(len(text)) < 0.05]], ignore_index=True)
    if recipe.broken_rows:
        broken = pd.Series(rng.random(len(text)) < 0.015, text.index)
        text.loc[broken, "order_id"] = None
    return text


def _ids(frame: pd.DataFrame, ids: str) -> pd.DataFrame:
    if ids == "plain" or "customer_id" not in frame:
        return frame
    number = pd.to_numeric(frame["customer_id"].str[1:])
    if ids == "zeros":
        text = frame["customer_id"].str[1:].where(number.notna(), None)
    else:
        names = np.array(ODD, dtype="object")
        whole = number.fillna(0).astype("int64").to_numpy()
        text = pd.Series(names[whole % len(ODD)] + whole.astype(str), frame.index)
        text = text.where(number.notna(), None)
    return frame.assign(customer_id=text)


def _written(frame: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    """Times in the form in which the files hold them."""
    changed = {}
    for name in frame.select_dtypes("datetime").columns:
        times = frame[name].dt.floor("s")
        text = times.dt.strftime(WRITTEN.get(recipe.times, WRITTEN["seconds"]))
        if recipe.times == "zoned":
            local = times.dt.tz_localize("UTC").dt.tz_convert(ZoneInfo("Asia/Kolkata"))
            text = local.dt.strftime("%Y-%m-%dT%H:%M:%S+05:30")
        elif recipe.times == "mixed":
            # By day, so that all lines of an order are written alike.
            text = text.mask(times.dt.day % 5 == 0, times.dt.strftime(WRITTEN["dates"]))
        changed[name] = times if recipe.times == "seconds" else text
    return frame.assign(**changed).reset_index(drop=True)
