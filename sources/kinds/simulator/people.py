"""Who the customers are before anybody contacts them: hidden traits, consents, and their end."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr
from scipy.stats import beta, gamma

from core.arrays import BoolArray as Flags
from core.arrays import FloatArray as Floats
from core.arrays import IntArray as Ints
from sources.kinds.simulator.worlds import BY_TRAITS, CATEGORIES, RESPONSE_SHARES, TRAITS, World

Rng = np.random.Generator

NEVER = 1e6  # days: beyond every simulation
HEAVY = 1.1  # spread of the log of heavy-tailed rates
DEALS = (1.0, 4.0)  # of the beta over customers: share of order lines bought at a discount
FAVOURITES = 3  # categories of a customer
STORES = 20
LEVELS = 0.35  # spread of the log of price levels
CHANNELS = ("email", "app", "phone", "post")
GRANTED = (0.72, 0.45, 0.35, 0.6)
WITHDRAWS = 0.05  # share of those with a yes to e-mail who take it back
OBJECTS = 0.005  # share of customers who object to profiling


@dataclass
class People:
    """One entry a customer. Days are counted from the first day of the data."""

    number: Ints
    began: Floats  # day on which they became customers, which may lie before the data
    joined: Floats  # day from which on they are in the data
    rate: Floats  # purchases a day while active
    satisfaction: Floats  # standard normal
    deals: Floats  # share of order lines bought at a discount
    opens: Floats  # share of mails opened
    favourites: Ints  # (n, FAVOURITES): categories bought most
    level: Floats  # of the prices they choose, 1 in the middle
    home: Ints  # their store
    chances: Floats  # (n, responses): chance of each response, given the traits
    response: Ints  # index into RESPONSES
    would_leave: Floats  # when the customer would leave if nobody did anything
    onset: Floats  # when buying begins to slow down; `would_leave` where it does not
    complained: Floats  # NEVER where not
    closed: Floats  # NEVER where the complaint stays open
    is_resolved: Flags
    granted: Flags  # (channels, n): the first word on each of CHANNELS
    withdrawn: Floats  # day on which a yes to e-mail is taken back; NEVER where not
    objected: Floats  # day of an objection to profiling; NEVER where none
    is_control: Flags  # never treated

    def consents(self, channel: str, day: float) -> Flags:
        """Whether the newest word on a channel is a yes, as of a day."""
        until = np.minimum(self.objected, self.withdrawn if channel == "email" else NEVER)
        return np.asarray(self.granted[CHANNELS.index(channel)] & (until > day))


def draw_people(world: World, numbers: Ints, days: int, rng: Rng) -> People:
    """Customers before anybody contacts them; complaints have had their effect."""
    n = len(numbers)
    is_old = rng.random(n) < world.already_there
    joined = np.where(is_old, 0.0, rng.uniform(0, days, n))
    began = np.where(is_old, -np.floor(rng.exponential(300.0, n)), joined)
    traits = rng.standard_normal((n, len(TRAITS)))
    satisfaction, deals, openness, busyness = traits.T
    hazard = rng.gamma(world.life_shape, 1 / world.life_shape, n) / world.mean_life
    hazard = hazard * np.exp(-world.satisfaction * satisfaction)
    leaves = joined + np.minimum(rng.exponential(size=n) / np.maximum(hazard, 1e-9), NEVER)
    complained, closed, is_resolved = _complaints(world, joined, leaves, satisfaction, rng)
    ratio = np.where(is_resolved, 1.0, world.unresolved_hazard)
    has_complained = complained < leaves
    # The time that is left is exponential: a higher hazard shortens it by its ratio.
    leaves = np.where(has_complained, complained + (leaves - complained) / ratio, leaves)
    chances = response_chances(world, traits)
    granted = rng.random((len(CHANNELS), n)) < np.array(GRANTED)[:, None]
    withdraws = granted[0] & (rng.random(n) < WITHDRAWS)
    withdrawn = joined + rng.random(n) * (days - joined)
    objects = rng.random(n) < OBJECTS
    objected = joined + rng.random(n) * (days - joined)
    return People(
        number=numbers,
        began=began,
        joined=joined,
        rate=_rates(world, busyness),
        satisfaction=satisfaction,
        deals=beta.ppf(ndtr(deals), *DEALS),
        opens=beta.ppf(ndtr(openness), 2, 2 / world.opens - 2),
        favourites=rng.integers(len(CATEGORIES), size=(n, FAVOURITES)),
        level=np.exp(LEVELS * rng.standard_normal(n)),
        home=rng.integers(STORES, size=n),
        chances=chances,
        response=(rng.random(n)[:, None] > np.cumsum(chances, axis=1)[:, :-1]).sum(axis=1),
        would_leave=leaves,
        onset=slowing(world, joined, leaves, rng),
        complained=np.where(has_complained, complained, NEVER),
        closed=np.where(has_complained, closed, NEVER),
        is_resolved=is_resolved & has_complained,
        granted=granted,
        withdrawn=np.where(withdraws, withdrawn, NEVER),
        objected=np.where(objects, objected, NEVER),
        is_control=rng.random(n) < (0.0 if world.is_confounded else world.persistent_control),
    )


def response_chances(world: World, traits: Floats) -> Floats:
    """The chance of each response, (n, responses), of customers with these TRAITS, (n, traits)."""
    if not world.traits_tell:
        return np.tile([*RESPONSE_SHARES.values()], (len(traits), 1))
    odds = np.exp(np.column_stack([base + traits @ slopes for base, slopes in BY_TRAITS.values()]))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def slowing(world: World, since: Floats | float, leaves: Floats, rng: Rng) -> Floats:
    """When buying begins to slow down, not before `since`; `leaves` for those who stop at once."""
    does = rng.random(len(leaves)) < world.fades
    lead = rng.uniform(*world.fade_days, size=len(leaves))
    return np.where(does, np.maximum(leaves - lead, since), leaves)


def _rates(world: World, busyness: Floats) -> Floats:
    """Purchases a day, by the customers' places among all."""
    if world.heavy_tail:  # the same mean as the gamma, a longer tail
        rate = np.exp(HEAVY * busyness - HEAVY**2 / 2)
    else:
        rate = gamma.ppf(ndtr(busyness), world.rate_shape, scale=1 / world.rate_shape)
    return np.maximum(rate / world.mean_gap, 1e-4)


def _complaints(
    world: World, joined: Floats, leaves: Floats, satisfaction: Floats, rng: Rng
) -> tuple[Floats, Floats, Flags]:
    n = len(joined)
    rate = world.complaints_a_year / 365 * np.exp(-0.5 * satisfaction - 0.125)
    complained = joined + rng.exponential(size=n) / rate
    is_resolved = rng.random(n) < world.resolved
    took = rng.lognormal(np.log(4.0), 0.9, n)
    # Half of the unresolved are closed all the same, late and to nobody's liking.
    is_closed = is_resolved | (rng.random(n) < 0.5)
    closed = complained + np.where(is_resolved, took, 20 + 5 * took)
    return complained, np.where(is_closed, closed, NEVER), is_resolved & (complained < leaves)
