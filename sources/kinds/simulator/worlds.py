"""The companies that can be simulated (worlds), and the sources of their constants.

Each constant lies in a published range; the ranges are wide, so these are plausible companies and
no forecast of any particular one.

rates, lifetimes   gamma-distributed rates of buying and of leaving: Schmittlein, Morrison & Colombo
                   (1987), Counting your customers, Management Science 33(1). With these, the best
                   20 % of customers bring 55 to 75 % of revenue, as in 339 firms (McCarthy & Winer
                   2019, The Pareto rule in marketing revisited, Marketing Letters 30).
regularity         gaps follow an Erlang-2: Chatfield & Goodhardt (1973), A consumer purchasing
                   model with Erlang inter-purchase times, JASA 68.
season             December sells 10 % of a retailer's year instead of 8.5 %, February 7 % (U.S.
                   Census Bureau, Monthly Retail Trade).
returns            10 to 17 % of sales (NRF, Customer returns in the retail industry, 2020 and
                   2021); a shop with groceries among its goods lies below.
complaints         of complainants with a serious problem 19 % buy again when it stays
                   unresolved, 54 % when it is resolved, 82 % when quickly (TARP 1986, Consumer
                   complaint handling in America).
e-mail             retail: 17 % of mails are opened, 0.7 to 3 % clicked, 0.1 to 0.3 % lead to an
                   unsubscription (Campaign Monitor, benchmarks 2022).
subscriptions      3 to 7 % leave a month, about a quarter of them because a payment fails (Recurly
                   Research, churn rate benchmarks).
actions            the same action keeps some customers and drives others away: a campaign raised
                   churn from 6 to 10 % (Ascarza, Iyengar & Schleicher 2016, JMR 53(1)); whom to
                   treat is not who is most at risk (Ascarza 2018, Retention futility, JMR 55(1)).
who responds how   in both of her experiments it showed in what firms could see. Signs follow the
                   literature: who hunts for deals, or attends to what a firm sends, can be won
                   by it (Lichtenstein, Netemeyer & Burton 1990, JM 54(3); Venkatesan & Farris
                   2012, JM 76(1)); the content stay by themselves and the discontent are lost
                   (Szymanski & Henard 2001, JAMS 29(1): r = .52 with repurchase); habit keeps the
                   busy who read nothing, and a message ends it (Ascarza and others 2016). Sizes
                   are those of customers' traits in meta-analyses, r = .1 to .4 (Palmatier and
                   others 2006, JM 70(4)): log odds of .3 to .8 for one standard deviation.
                   So partly observable: our features explain .49 of the variance of the chance
                   to be persuadable, .39 of that to be a sleeping dog, .33 and .21 of the other
                   two, and .10 to .12 of that of an action's gain, which is mostly chance: who
                   will leave within the days that matter. In `independent`, where only risk and
                   value tell, it is .09 to .10 (60,000 customers, 730 days; on others than those
                   learned from: `python -m benchmarks.actions.observable`).
coupons            5 to 20 % of coupons mailed by a retailer are redeemed (Bawa & Shoemaker 1989,
                   JM 53(3)), more by those who buy from it anyway (the same, 1987, JMR 24(4)).
margins            of a grocer about 25 %, of a digital subscription about 70 % (A. Damodaran,
                   Margins by sector, gross margins).
"""

from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["lapse", "cancellation"]
MONTHS = (0.88, 0.84, 0.98, 0.97, 1.02, 0.99, 0.99, 1.01, 0.96, 0.99, 1.05, 1.26)
WEEKDAYS = (0.85, 0.85, 0.9, 0.95, 1.15, 1.3, 1.0)
CATEGORIES = (
    ("bread", 3.0),
    ("fruit", 4.0),
    ("vegetables", 3.5),
    ("milk", 2.5),
    ("cheese", 6.0),
    ("meat", 9.0),
    ("fish", 11.0),
    ("sweets", 3.0),
    ("drinks", 5.0),
    ("wine", 9.0),
    ("household", 7.0),
    ("cosmetics", 12.0),
)
# The share of customers who respond to an action in each of the four ways of uplift modelling.
RESPONSE_SHARES = {"sure_thing": 0.5, "persuadable": 0.27, "lost_cause": 0.15, "sleeping_dog": 0.08}
RESPONSES = tuple(RESPONSE_SHARES)
SURE_THING, PERSUADABLE, LOST_CAUSE, SLEEPING_DOG = range(len(RESPONSES))
TRAITS = ("satisfaction", "deal_proneness", "openness", "busyness")
# Of each response: log odds for an average customer, and for one standard deviation more of each
# trait. Over all customers the shares are RESPONSE_SHARES.
BY_TRAITS = {
    "sure_thing": (0.0, (0.5, 0.0, 0.0, 0.3)),
    "persuadable": (-0.848, (0.0, 0.8, 0.6, 0.0)),
    "lost_cause": (-1.623, (-0.8, 0.0, -0.5, 0.0)),
    "sleeping_dog": (-2.254, (0.0, -0.5, -0.8, 0.5)),
}
REDEEMS = (0.45, 0.3, 0.02, 0.1)  # of those who buy while a coupon is good, by response


@dataclass(frozen=True)
class Action:
    """A retention action: what it costs, and what it does to whom."""

    id: str
    channel: str
    contact_cost: float
    incentive_cost: float  # what a redeemed coupon takes off the next order
    keeps: float  # share of persuadables about to leave that it keeps
    repels: float  # share of sleeping dogs that leave because of it


@dataclass(frozen=True)
class World:
    """A company. Times in days, rates a day unless a name says otherwise."""

    name: str
    kind: Kind
    mean_gap: float = 20.0  # days between purchases of an average customer
    rate_shape: float = 1.3  # of the gamma over customers: lower is more unequal
    gap_shape: float = 2.0  # of the Erlang of one customer's gaps; 1 is a Poisson process
    mean_life: float = 420.0
    life_shape: float = 2.0  # of the gamma over leaving rates: lower is more unequal
    heavy_tail: bool = False  # lognormal instead of gamma rates
    already_there: float = 0.55  # share of customers who were there when the data begins
    fades: float = 0.7  # share of leavers who slow down first; the others stop at once
    fade_days: tuple[float, float] = (30.0, 90.0)
    months: tuple[float, ...] = MONTHS  # pace of buying, January first
    drift: float = 0.0  # change of all buying rates over the whole time, as a log ratio
    satisfaction: float = 0.45  # log hazard ratio of leaving for one deviation less satisfied
    complaints_a_year: float = 0.18
    resolved: float = 0.65
    unresolved_hazard: float = 2.5  # times the rate of leaving after an unresolved complaint
    refunds: float = 0.06  # share of order lines
    late: float = 0.03  # share of rows that reach us days later
    opens: float = 0.17
    mail_days: int = 42
    contact_days: int = 30
    listed_days: float = 180.0  # who bought nothing for longer is not contacted
    contacted: float = 0.22  # share of those who may be contacted who are, in a round
    quiet_days: float = 7.0  # of rest after a contact, made or withheld
    max_contacts: int = 3  # of one customer within the contacts' days, made or withheld
    max_contacts_days: float = 90.0
    persistent_control: float = 0.05  # share of customers who are never treated
    treated: float = 0.8  # share of the others' contacts that are made, at random
    is_confounded: bool = False  # who seems about to leave is contacted more; nothing is random
    traits_tell: bool = True  # whether responses depend on TRAITS
    coupon_days: float = 14.0  # a coupon is good for
    margin: float = 0.25  # share of revenue
    fatigue: float = 0.015  # chance to leave because of a third contact within 60 days
    actions: tuple[Action, ...] = (
        Action("check_in_email", "email", 0.02, 0.0, 0.15, 0.04),
        Action("personal_coupon", "email", 0.02, 2.0, 0.35, 0.06),
        Action("owner_phone_call", "phone", 2.0, 0.0, 0.5, 0.12),
    )


SHOP = World(name="shop", kind="lapse")
INDEPENDENT = replace(SHOP, name="independent", traits_tell=False)
SUBSCRIPTION = World(
    name="subscription",
    kind="cancellation",
    mean_gap=6.0,
    mean_life=540.0,
    refunds=0.01,
    margin=0.7,
)
MISSPECIFIED = replace(
    SHOP,
    name="misspecified",
    heavy_tail=True,
    gap_shape=0.6,
    drift=-0.5,
    fades=0.2,
    is_confounded=True,
)
WORLDS = {world.name: world for world in (SHOP, INDEPENDENT, SUBSCRIPTION, MISSPECIFIED)}
