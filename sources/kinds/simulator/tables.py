"""The tables of the contract for one group of simulated customers, as Arrow tables."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.arrays import FloatArray as Floats
from core.arrays import IntArray as Ints
from sources.kinds.simulator.contacts import Life
from sources.kinds.simulator.people import CHANNELS, NEVER, Rng
from sources.kinds.simulator.process import Possible, happenings, possible
from sources.kinds.simulator.worlds import World

QUESTIONS = 0.2  # a year
CLICKS = 0.12  # of opened mails
CONTENT = 0.3  # stars more after a question, for one standard deviation of satisfaction
REGIONS = ("north", "east", "south", "west")
AGES = ("18-29", "30-44", "45-59", "60+")
STREAMS = ("orders", "terms", "visits", "mails", "questions", "surveys", "customers")


class Maker:
    """Makes the tables of a group of customers; every text is made from numbers, by Arrow.

    What is drawn of a happening is drawn of all possible ones, whether or not they happen: rows
    before a contact are the same with and without it.
    """

    def __init__(self, world: World, life: Life, start: np.datetime64, rng: Rng):
        self.world, self.life, self.people, self.on = world, life, life.people, life.on
        self.start, self.days = start.astype("datetime64[us]"), len(life.on.ticks) - 1
        self.streams = dict(zip(STREAMS, rng.spawn(len(STREAMS)), strict=True))

    def ids(self, who: Ints, prefix: str = "C", width: int = 8) -> pa.Array:
        """Ids of fixed width from whole numbers."""
        digits = pc.utf8_lpad(pa.array(who).cast(pa.string()), width=width, padding="0")
        return pc.binary_join_element_wise(prefix, digits, "")

    def customer_ids(self, who: Ints) -> pa.Array:
        """Ids of positions in `people`."""
        return self.ids(self.people.number[who])

    def numbered(self, who: Ints, number: Ints, prefix: str) -> pa.Array:
        """Ids of the customers' first, second, … row: nobody's depend on other customers' rows."""
        return self.ids(self.people.number[who] * 100_000 + number, prefix, 13)

    def times(self, seconds: Ints | Floats) -> pa.Array:
        """Timestamps from seconds since the data begins."""
        whole = np.asarray(seconds, dtype=np.int64)
        return pa.array(self.start + whole * np.timedelta64(1_000_000, "us"))

    def delays(self, count: int, rng: Rng) -> Ints:
        """Seconds until rows reach us: a minute, or days for a few."""
        late = rng.random(count) < self.world.late
        return np.where(late, rng.exponential(2 * 86400.0, count), 60.0).astype(np.int64)

    def words(self, index: Ints, words: tuple[str, ...]) -> pa.Array:
        """Texts by their index."""
        return pa.array(words).take(pa.array(index))

    def happen(self, rate: Floats, lead: float, rng: Rng) -> tuple[Possible, Floats]:
        """What may happen at these rates, and when it does; it begins to fade `lead` days sooner.

        Customers who join do not begin with one.
        """
        people = self.people
        nobody = np.zeros(len(rate), bool)
        these = possible(rate, people.joined, nobody, 1.0, self.on, rng)
        return these, happenings(these, rate, self.life.phases.earlier(lead), self.on)

    def events(self) -> pa.Table:
        """Visits, mailings with what became of them, and redeemed coupons."""
        world, people, rng = self.world, self.people, self.streams["visits"]
        # Visits begin to fade before purchases do; who joins begins with a visit.
        rate, is_new = 1.2 * people.rate, people.joined > 0
        visits = possible(rate, people.joined, is_new, 1.0, self.on, rng)
        visit = happenings(visits, rate, self.life.phases.earlier(14.0), self.on)
        rows = [(visits.who, visit, "visit", self.delays(len(visit), rng))]
        rng, n = self.streams["mails"], len(people.number)
        for start in range(world.mail_days // 2, self.days, world.mail_days):
            now = self.life.now(start)
            interest = np.where(now.onset < start, 0.4, 1.0)
            interest = np.where(now.leaves < start, 0.1, interest)
            is_sent = people.consents("email", start) & (people.joined < start)
            is_opened = is_sent & (rng.random(n) < people.opens * interest)
            is_clicked = is_opened & (rng.random(n) < CLICKS)
            at = start + 0.4 + rng.exponential(0.4, n)
            delays = self.delays(3 * n, rng).reshape(3, n)
            sent = np.full(n, start + 0.4)
            kinds = (
                (is_sent, sent, "campaign_exposed"),
                (is_opened, at, "email_open"),
                (is_clicked, at + 0.001, "email_click"),
            )
            for (is_so, when, kind), delay in zip(kinds, delays, strict=True):
                those = np.flatnonzero(is_so)
                rows.append((those, when[those], kind, delay[those]))
        contacts = self.life.contacts()
        rows.append(
            (contacts.who, contacts.redeemed, "coupon_redeemed", np.full(len(contacts.who), 60))
        )
        kinds_ = tuple(dict.fromkeys(kind for _, _, kind, _ in rows))
        who, day, delay = (np.concatenate([row[i] for row in rows]) for i in (0, 1, 3))
        kind_ = np.concatenate([np.full(len(row[0]), kinds_.index(row[2])) for row in rows])
        inside = day < self.days
        second = (day[inside] * 86400).astype(np.int64)
        return pa.table(
            {
                "customer_id": self.customer_ids(who[inside]),
                "event_time": self.times(second),
                "kind": self.words(kind_[inside], kinds_),
                "known_at": self.times(second + delay[inside]),
            }
        )

    def tickets(self) -> pa.Table:
        """Complaints, with the answers' times and how content they left the customer; questions."""
        people, rng = self.people, self.streams["questions"]
        n = len(people.number)
        now = self.life.phases.at(np.minimum(people.complained, self.days), n)
        complains = np.flatnonzero(
            (people.complained < self.days) & (people.complained < now.leaves)
        )
        csat = np.where(people.is_resolved, 4.2, 1.8) + 0.7 * rng.standard_normal(n)
        these, asked = self.happen(np.full(n, QUESTIONS / 365), 0.0, rng)
        answered = asked + rng.exponential(1.0, len(asked))
        content = 4.3 + CONTENT * people.satisfaction[these.who]
        content = content + 0.6 * rng.standard_normal(len(asked))
        asks = np.flatnonzero(asked < self.days)
        is_rated, delay = rng.random(n + len(asked)) < 0.5, self.delays(n + len(asked), rng)
        who = np.concatenate([complains, these.who[asks]])
        row = np.concatenate([complains, n + asks])  # of all that may be
        end = np.concatenate([people.closed, answered])[row]
        is_closed = end < self.days
        score = np.clip(np.round(np.concatenate([csat, content])[row]), 1, 5)
        opened = np.concatenate([people.complained, asked])[row]
        seconds = (opened * 86400).astype(np.int64)
        number = np.concatenate([np.zeros(n, int), 1 + these.number()])[row]
        return pa.table(
            {
                "customer_id": self.customer_ids(who),
                "ticket_id": self.numbered(who, number, "T"),
                "opened_at": self.times(seconds),
                "closed_at": pc.if_else(
                    pa.array(is_closed), self.times(np.where(is_closed, end, 0) * 86400), None
                ),
                "kind": self.words((row >= n).astype(np.int64), ("complaint", "question")),
                "csat": pa.array(
                    np.where(is_closed & is_rated[row], score, np.nan), from_pandas=True
                ),
                "known_at": self.times(seconds + delay[row]),
            }
        )

    def surveys(self) -> pa.Table:
        """NPS twice a year: who is content answers higher, and who is about to leave lower."""
        people, rng = self.people, self.streams["surveys"]
        found, n = [], len(people.number)
        for day in range(90, self.days, 182):
            now = self.life.now(day)
            is_asked = (people.joined < day) & (now.leaves > day) & (rng.random(n) < 0.15)
            angry = (people.complained < day) & ~people.is_resolved
            score = 7.9 + 1.6 * people.satisfaction - 2.5 * angry - 1.2 * (now.onset < day)
            score = np.clip(np.round(score + 1.2 * rng.standard_normal(n)), 0, 10)
            delay, asked = self.delays(n, rng), np.flatnonzero(is_asked)
            found.append((asked, np.full(len(asked), day + 0.5), score[asked], delay[asked]))
        who, day_, score_, delay_ = (np.concatenate(parts) for parts in zip(*found, strict=True))
        seconds = (day_ * 86400).astype(np.int64)
        return pa.table(
            {
                "customer_id": self.customer_ids(who),
                "event_time": self.times(seconds),
                "kind": self.words(np.zeros(len(who), np.int64), ("nps",)),
                "score": score_,
                "known_at": self.times(seconds + delay_),
            }
        )

    def consents(self) -> pa.Table:
        """A word for each channel at the start, later refusals, and objections to profiling."""
        people, n = self.people, len(self.people.number)
        joined = people.joined * 86400
        gives_up = np.flatnonzero(people.withdrawn < NEVER)
        objects = np.flatnonzero(people.objected < NEVER)
        later = people.withdrawn[gives_up] * 86400
        objected = people.objected[objects] * 86400
        who = np.concatenate([np.tile(np.arange(n), 4), gives_up, objects])
        channel = np.concatenate(
            [np.repeat(np.arange(4), n), np.zeros(len(gives_up), int), np.full(len(objects), 4)]
        )
        refusals = np.zeros(len(gives_up) + len(objects), bool)
        return pa.table(
            {
                "customer_id": self.customer_ids(who),
                "channel": self.words(channel, (*CHANNELS, "all")),
                "event_time": self.times(np.concatenate([np.tile(joined, 4), later, objected])),
                "granted": np.concatenate([people.granted.ravel(), refusals]),
                "purpose": self.words((channel == 4).astype(np.int64), ("marketing", "profiling")),
            }
        )

    def contacts(self) -> pa.Table:
        """The log of planned contacts; in a confounded world nobody knows a propensity."""
        world, contacts = self.world, self.life.contacts()
        seconds = (contacts.day * 86400).astype(np.int64)
        cost = np.array([action.contact_cost for action in world.actions])[contacts.action]
        month = np.floor(contacts.day / 10).astype(np.int64)  # rounds are further apart
        return pa.table(
            {
                "customer_id": self.customer_ids(contacts.who),
                "contact_id": self.numbered(contacts.who, month, "K"),
                "event_time": self.times(seconds),
                "action_id": self.words(contacts.action, tuple(a.id for a in world.actions)),
                "channel": self.words(contacts.action, tuple(a.channel for a in world.actions)),
                "arm": self.words(contacts.is_treated.astype(np.int64), ("holdout", "treated")),
                **self._propensities(),
                "cost": np.where(contacts.is_treated, cost, 0.0),
                "known_at": self.times(seconds + 60),
            }
        )

    def _propensities(self) -> dict[str, pa.Array]:
        """P(treated | intended), P(intended) and their product, and who is never treated."""
        world, contacts = self.world, self.life.contacts()
        if world.is_confounded:
            return {"propensity": pa.array(np.full(len(contacts.who), np.nan), from_pandas=True)}
        is_control = self.people.is_control[contacts.who]
        propensity = np.where(is_control, 0.0, world.treated)  # as plans log it
        return {
            "propensity": propensity,
            "action_propensity": contacts.chance,
            "contact_propensity": propensity * contacts.chance,
            "persistent_control": is_control,
            "is_exploration": np.ones(len(contacts.who), bool),
        }

    def customers(self) -> pa.Table:
        """Who they are; the busiest have somebody who looks after them."""
        people, rng = self.people, self.streams["customers"]
        n = len(people.number)
        is_key = people.rate > 4 / self.world.mean_gap
        owner = self.words(rng.integers(4, size=n), ("Anna", "Boris", "Clara", "David"))
        return pa.table(
            {
                "customer_id": self.customer_ids(np.arange(n)),
                "created_at": self.times(people.began * 86400),
                "owner": pc.if_else(pa.array(is_key), owner, None),
                "name": self.ids(people.number, "Customer ", 8),
                "region": self.words(rng.integers(4, size=n), REGIONS),
                "age_group": self.words(rng.integers(4, size=n), AGES),
            }
        )
