"""The tables of the contract for one group of simulated customers, as Arrow tables."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sources.kinds.simulator.people import NEVER, Contacts, Floats, Ints, People, Rng
from sources.kinds.simulator.process import Clock, Spans, happenings, time_of_day
from sources.kinds.simulator.worlds import CATEGORIES, RESPONSES, World

CHANNELS = ("email", "app", "phone", "post")
GRANTED = (0.72, 0.45, 0.35, 0.6)
QUESTIONS = 0.2  # a year
OBJECTS = 0.005  # share of customers who object to profiling
REGIONS = ("north", "east", "south", "west")
AGES = ("18-29", "30-44", "45-59", "60+")


class Maker:
    """Makes the tables of a group of customers; every text is made from numbers, by Arrow."""

    def __init__(
        self, world: World, people: People, start: np.datetime64, days: int, on: Clock, rng: Rng
    ):
        self.world, self.people, self.on, self.rng = world, people, on, rng
        self.start, self.days = start.astype("datetime64[us]"), days

    def ids(self, who: Ints, prefix: str = "C", width: int = 8) -> pa.Array:
        """Ids of fixed width from whole numbers."""
        digits = pc.utf8_lpad(pa.array(who).cast(pa.string()), width=width, padding="0")
        return pc.binary_join_element_wise(prefix, digits, "")

    def customer_ids(self, who: Ints) -> pa.Array:
        """Ids of positions in `people`."""
        return self.ids(self.people.number[who])

    def times(self, seconds: Ints | Floats) -> pa.Array:
        """Timestamps from seconds since the data begins."""
        whole = np.asarray(seconds, dtype=np.int64)
        return pa.array(self.start + whole * np.timedelta64(1_000_000, "us"))

    def known(self, seconds: Ints) -> pa.Array:
        """When rows reach us: a minute later, or days later for a few."""
        late = self.rng.random(len(seconds)) < self.world.late
        delay = np.where(late, self.rng.exponential(2 * 86400.0, len(seconds)), 60.0)
        return self.times(seconds + delay)

    def words(self, index: Ints, words: tuple[str, ...]) -> pa.Array:
        """Texts by their index."""
        return pa.array(words).take(pa.array(index))

    def spans(self, rate: Floats, lead: float = 0.0, begins_with_one: bool = True) -> Spans:
        """The customers' time, with the onset of slowing down `lead` days earlier.

        `begins_with_one`: who joins does so by the first of these.
        """
        people = self.people
        onset = np.maximum(people.onset - lead, people.joined)
        onset = np.where(people.onset < people.leaves, onset, people.leaves)
        is_new = (people.joined > 0) & begins_with_one
        return Spans(rate, people.joined, onset, people.leaves, is_new)

    def orders(self) -> pa.Table:
        """Order lines and refunds."""
        rng, world = self.rng, self.world
        who, day = happenings(self.spans(self.people.rate), world.gap_shape, self.on, rng)
        second = time_of_day(day, rng)
        lines = 1 + rng.poisson(0.8, len(who))
        order = np.repeat(np.arange(len(who)), lines)
        buyer, when = who[order], second[order]
        n = len(order)
        favourite = rng.integers(len(CATEGORIES), size=(len(self.people.number), 3))
        is_usual = rng.random(n) < 0.7
        usual = favourite[buyer, rng.integers(3, size=n)]
        category = np.where(is_usual, usual, rng.integers(len(CATEGORIES), size=n))
        prices = np.array([price for _, price in CATEGORIES])
        level = np.exp(0.35 * rng.standard_normal(len(self.people.number)))
        quantity = rng.geometric(0.75, n)
        price = prices[category] * level[buyer] * np.exp(0.25 * rng.standard_normal(n))
        hunts = rng.beta(1, 4, len(self.people.number))[buyer]
        discount = np.where(rng.random(n) < hunts, rng.uniform(0.1, 0.4, n), 0.0)
        full = np.round(price * quantity, 2)
        amount = np.maximum(np.round(full * (1 - discount), 2), 0.01)
        home = rng.integers(20, size=len(self.people.number))[buyer]
        store = np.where(rng.random(n) < 0.85, home, rng.integers(20, size=n))
        number = self.people.number[0] * 1000 + order
        first = np.cumsum(lines) - lines  # of nothing nothing, where nobody buys
        line = np.arange(n) - np.repeat(first, lines) + 1
        returned = np.flatnonzero(rng.random(n) < world.refunds)
        back = when[returned] + (rng.uniform(2, 21, len(returned)) * 86400).astype(np.int64)
        returned, back = returned[back < self.days * 86400], back[back < self.days * 86400]
        all_ = np.concatenate([np.arange(n), returned])
        seconds = np.concatenate([when, back])
        is_refund = np.arange(len(all_)) >= n
        return pa.table(
            {
                "customer_id": self.customer_ids(buyer[all_]),
                "order_id": pa.concat_arrays(
                    [self.ids(number, "O", 12), self.ids(number[returned], "R", 12)]
                ),
                "line_id": pa.array(line[all_]).cast(pa.string()),
                "event_time": self.times(seconds),
                "known_at": self.known(seconds),
                "amount": np.where(is_refund, -amount[all_], amount[all_]),
                "quantity": np.where(is_refund, -quantity[all_], quantity[all_]).astype(float),
                "category": self.words(category[all_], tuple(name for name, _ in CATEGORIES)),
                "discount": np.where(is_refund, 0.0, np.round(full - amount, 2)[all_]),
                "store": self.ids(store[all_], "S", 2),
            }
        )

    def events(self, contacts: Contacts) -> pa.Table:
        """Visits, mailings with what became of them, and redeemed coupons."""
        rng, people = self.rng, self.people
        rows: list[tuple[Ints, Floats, str]] = []
        # Visits begin to fade before purchases do.
        visitor, visit = happenings(self.spans(1.2 * people.rate, lead=14.0), 1.0, self.on, rng)
        rows.append((visitor, visit, "visit"))
        keen = rng.beta(2, 2 / self.world.opens - 2, len(people.number))
        for start in range(self.world.mail_days // 2, self.days, self.world.mail_days):
            reached = np.flatnonzero(people.consents & (people.joined < start))
            rows.append((reached, np.full(len(reached), start + 0.4), "campaign_exposed"))
            interest = np.where(people.onset[reached] < start, 0.4, 1.0)
            interest = np.where(people.leaves[reached] < start, 0.1, interest)
            opened = reached[rng.random(len(reached)) < keen[reached] * interest]
            at = start + 0.4 + rng.exponential(0.4, len(opened))
            rows.append((opened, at, "email_open"))
            is_click = rng.random(len(opened)) < 0.12
            rows.append((opened[is_click], at[is_click] + 0.001, "email_click"))
        coupons = [a.id == "personal_coupon" for a in self.world.actions]
        given = contacts.is_treated & np.array(coupons)[contacts.action]
        redeems = np.array([0.45, 0.3, 0.02, 0.1])[people.response[contacts.who]]
        takes = np.flatnonzero(given & (rng.random(len(given)) < redeems))
        at = contacts.day[takes] + rng.uniform(1, 14, len(takes))
        rows.append((contacts.who[takes], at, "coupon_redeemed"))
        who = np.concatenate([customers for customers, _, _ in rows])
        day = np.concatenate([at for _, at, _ in rows])
        kinds = tuple(dict.fromkeys(kind for _, _, kind in rows))
        kind = np.concatenate(
            [np.full(len(customers), kinds.index(name)) for customers, _, name in rows]
        )
        inside = day < self.days
        who, kind = who[inside], kind[inside]
        second = (day[inside] * 86400).astype(np.int64)
        return pa.table(
            {
                "customer_id": self.customer_ids(who),
                "event_time": self.times(second),
                "kind": self.words(kind, kinds),
                "known_at": self.known(second),
            }
        )

    def tickets(self) -> pa.Table:
        """Complaints, with the answers' times and how content they left the customer; questions."""
        rng, people = self.rng, self.people
        who = np.flatnonzero((people.complained < self.days) & (people.complained < people.leaves))
        opened, closed = people.complained[who], people.closed[who]
        csat = np.where(people.is_resolved[who], 4.2, 1.8) + 0.7 * rng.standard_normal(len(who))
        rate = np.full(len(people.number), QUESTIONS / 365)
        asks, asked = happenings(self.spans(rate, begins_with_one=False), 1.0, self.on, rng)
        answered = asked + rng.exponential(1.0, len(asks))
        content = 4.3 + 0.6 * rng.standard_normal(len(asks))
        all_who = np.concatenate([who, asks])
        end = np.concatenate([closed, answered])
        is_closed = end < self.days
        rated = is_closed & (rng.random(len(end)) < 0.5)
        score = np.clip(np.round(np.concatenate([csat, content])), 1, 5)
        seconds = (np.concatenate([opened, asked]) * 86400).astype(np.int64)
        number = people.number[0] * 100 + np.arange(len(all_who))
        return pa.table(
            {
                "customer_id": self.customer_ids(all_who),
                "ticket_id": self.ids(number, "T", 11),
                "opened_at": self.times(seconds),
                "closed_at": pc.if_else(
                    pa.array(is_closed), self.times(np.where(is_closed, end, 0) * 86400), None
                ),
                "kind": self.words(
                    (np.arange(len(all_who)) >= len(who)).astype(np.int64),
                    ("complaint", "question"),
                ),
                "csat": pa.array(np.where(rated, score, np.nan), from_pandas=True),
                "known_at": self.known(seconds),
            }
        )

    def surveys(self) -> pa.Table:
        """NPS twice a year: who is content answers higher, and who is about to leave lower."""
        rng, people, found = self.rng, self.people, []
        for day in range(90, self.days, 182):
            there = (people.joined < day) & (people.leaves > day)
            asked = np.flatnonzero(there & (rng.random(len(there)) < 0.15))
            angry = (people.complained[asked] < day) & ~people.is_resolved[asked]
            fading = people.onset[asked] < day
            score = 7.9 + 1.6 * people.satisfaction[asked] - 2.5 * angry - 1.2 * fading
            score = np.clip(np.round(score + 1.2 * rng.standard_normal(len(asked))), 0, 10)
            found.append((asked, np.full(len(asked), day + 0.5), score))
        who = np.concatenate([customers for customers, _, _ in found])
        seconds = (np.concatenate([day for _, day, _ in found]) * 86400).astype(np.int64)
        return pa.table(
            {
                "customer_id": self.customer_ids(who),
                "event_time": self.times(seconds),
                "kind": self.words(np.zeros(len(who), np.int64), ("nps",)),
                "score": np.concatenate([score for _, _, score in found]),
                "known_at": self.known(seconds),
            }
        )

    def consents(self) -> pa.Table:
        """A word for each channel at the start, later refusals, and objections to profiling."""
        rng, people = self.rng, self.people
        n = len(people.number)
        granted = rng.random((4, n)) < np.array(GRANTED)[:, None]
        granted[0] = people.consents
        joined = people.joined * 86400
        gives_up = np.flatnonzero(people.consents & (rng.random(n) < 0.05))
        later = rng.uniform(people.joined[gives_up], self.days) * 86400
        objects = np.flatnonzero(rng.random(n) < OBJECTS)
        objected = rng.uniform(people.joined[objects], self.days) * 86400
        who = np.concatenate([np.tile(np.arange(n), 4), gives_up, objects])
        channel = np.concatenate(
            [np.repeat(np.arange(4), n), np.zeros(len(gives_up), int), np.full(len(objects), 4)]
        )
        answers = np.concatenate([granted.ravel(), np.zeros(len(gives_up) + len(objects), bool)])
        return pa.table(
            {
                "customer_id": self.customer_ids(who),
                "channel": self.words(channel, (*CHANNELS, "all")),
                "event_time": self.times(np.concatenate([np.tile(joined, 4), later, objected])),
                "granted": answers,
                "purpose": self.words((channel == 4).astype(np.int64), ("marketing", "profiling")),
            }
        )

    def contacts(self, contacts: Contacts) -> pa.Table:
        """The log of retention actions; in a confounded world nobody knows a propensity."""
        seconds = (contacts.day * 86400).astype(np.int64)
        cost = np.array([action.cost for action in self.world.actions])[contacts.action]
        number = self.people.number[0] * 100 + np.arange(len(contacts.who))
        propensity = contacts.propensity
        if self.world.is_confounded:
            propensity = np.full(len(propensity), np.nan)
        return pa.table(
            {
                "customer_id": self.customer_ids(contacts.who),
                "contact_id": self.ids(number, "K", 11),
                "event_time": self.times(seconds),
                "action_id": self.words(contacts.action, tuple(a.id for a in self.world.actions)),
                "channel": self.words(
                    contacts.action, tuple(a.channel for a in self.world.actions)
                ),
                "arm": self.words(contacts.is_treated.astype(np.int64), ("holdout", "treated")),
                "propensity": pa.array(propensity, from_pandas=True),
                "cost": np.where(contacts.is_treated, cost, 0.0),
                "known_at": self.times(seconds + 60),
            }
        )

    def customers(self) -> pa.Table:
        """Who they are; the busiest have somebody who looks after them."""
        rng, people = self.rng, self.people
        n = len(people.number)
        everyone = np.arange(n)
        before = np.where(people.joined > 0, people.joined, -rng.exponential(300.0, n))
        is_key = people.rate > 4 / self.world.mean_gap
        owner = self.words(rng.integers(4, size=n), ("Anna", "Boris", "Clara", "David"))
        return pa.table(
            {
                "customer_id": self.customer_ids(everyone),
                "created_at": self.times(before * 86400),
                "owner": pc.if_else(pa.array(is_key), owner, None),
                "name": self.ids(people.number, "Customer ", 8),
                "region": self.words(rng.integers(4, size=n), REGIONS),
                "age_group": self.words(rng.integers(4, size=n), AGES),
            }
        )

    def truth(self) -> pa.Table:
        """What no stage may read: who would have left when, who did, and what they answer to."""
        people = self.people
        leaves = np.where(people.leaves < self.days, people.leaves, np.nan)
        planned = np.where(people.would_leave < self.days, people.would_leave, np.nan)
        return pa.table(
            {
                "customer_id": self.customer_ids(np.arange(len(people.number))),
                "response": self.words(people.response, RESPONSES),
                "rate": people.rate,
                "satisfaction": people.satisfaction,
                "joined_day": people.joined,
                "left_day": pa.array(leaves, from_pandas=True),
                "left_day_untreated": pa.array(planned, from_pandas=True),
                "fading_from_day": pa.array(
                    np.where(people.onset < people.leaves, people.onset, np.nan), from_pandas=True
                ),
                "unresolved_complaint": (people.complained < NEVER) & ~people.is_resolved,
            }
        )
