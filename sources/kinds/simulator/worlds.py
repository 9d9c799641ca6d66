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


@dataclass(frozen=True)
class Action:
    """A retention action: what it costs, and what it does to whom."""

    id: str
    channel: str
    cost: float
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
    contacted: float = 0.22  # share of customers contacted in a round
    treated: float = 0.8  # share of them who are, at random, not in the holdout
    is_confounded: bool = False  # those about to leave are contacted more, and nothing is random
    fatigue: float = 0.015  # chance to leave because of a third contact within 60 days
    actions: tuple[Action, ...] = (
        Action("check_in_email", "email", 0.02, 0.15, 0.04),
        Action("personal_coupon", "email", 0.3, 0.35, 0.06),
        Action("owner_phone_call", "phone", 2.0, 0.5, 0.12),
    )


SHOP = World(name="shop", kind="lapse")
SUBSCRIPTION = World(
    name="subscription", kind="cancellation", mean_gap=6.0, mean_life=540.0, refunds=0.01
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
WORLDS = {world.name: world for world in (SHOP, SUBSCRIPTION, MISSPECIFIED)}
