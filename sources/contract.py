"""The column contract: every table with its columns, its key and its time."""

from dataclasses import dataclass, field

TEXT, TIME, NUMBER, YESNO = "text", "time", "number", "yesno"
BLANK = "blank"  # of a raw table's attributes: how many rows without any cell were left out
ABOVE = "above"  # of a raw table's attributes: how many rows stand above the header
PLACE = "place"  # of a raw table's attributes: the file it came from
READY = "table"  # the name of a ready table, whose columns are the user's own
AT_STAKE = "at_stake"  # money that leaves with a customer of a ready table
COLUMN = "column_"  # begins the name of a feature that is a column of a ready table
LEFT_OUT = "left_out"  # of a raw table's attributes: how many rows source.filter left out


@dataclass(frozen=True)
class Table:
    """One table: `columns` by name and type, which are required, the key, the time of a row.

    `later` maps a time of a cell's own to the cells that fill in at that time.
    `missing` says what the run loses without the table.
    """

    name: str
    columns: dict[str, str]
    required: tuple[str, ...]
    key: tuple[str, ...]
    time: str
    missing: str
    later: dict[str, tuple[str, ...]] = field(default_factory=dict)
    open_ended: bool = False  # keeps columns beyond the contract (customer attributes)


ORDERS = Table(
    name="orders",
    columns={
        "customer_id": TEXT,
        "order_id": TEXT,
        "event_time": TIME,
        "line_id": TEXT,
        "known_at": TIME,
        "amount": NUMBER,
        "currency": TEXT,
        "quantity": NUMBER,
        "product": TEXT,
        "category": TEXT,
        "discount": NUMBER,
        "store": TEXT,
    },
    required=("customer_id", "order_id", "event_time"),
    key=("order_id", "line_id"),
    time="event_time",
    missing="payments are made of the subscriptions, without which nothing can be computed",
)
EVENTS = Table(
    name="events",
    columns={
        "customer_id": TEXT,
        "event_time": TIME,
        "kind": TEXT,
        "channel": TEXT,
        "value": NUMBER,
        "known_at": TIME,
    },
    required=("customer_id", "event_time", "kind"),
    key=("customer_id", "event_time", "kind", "line_id"),
    time="event_time",
    missing="no engagement, campaign, coupon, loyalty or referral features",
)
CUSTOMERS = Table(
    name="customers",
    columns={
        "customer_id": TEXT,
        "created_at": TIME,
        "owner": TEXT,
        "name": TEXT,
        "email": TEXT,
        "phone": TEXT,
    },
    required=("customer_id",),
    key=("customer_id",),
    time="created_at",
    missing="lists show ids instead of names",
    open_ended=True,
)
CONTACTS = Table(
    name="contacts",
    columns={
        "customer_id": TEXT,
        "contact_id": TEXT,
        "event_time": TIME,
        "action_id": TEXT,
        "channel": TEXT,
        "arm": TEXT,
        "propensity": NUMBER,
        "action_propensity": NUMBER,
        "contact_propensity": NUMBER,
        "persistent_control": YESNO,
        "is_exploration": YESNO,
        "cost": NUMBER,
        "responded": YESNO,
        "responded_at": TIME,
        "known_at": TIME,
    },
    required=("customer_id", "contact_id", "event_time", "action_id", "channel", "arm"),
    key=("contact_id",),
    time="event_time",
    missing="no features of contacts; frequency cap and quiet period cannot be checked",
    later={"responded_at": ("responded",)},
)
CONSENTS = Table(
    name="consents",
    columns={
        "customer_id": TEXT,
        "channel": TEXT,
        "event_time": TIME,
        "granted": YESNO,
        "purpose": TEXT,
        "known_at": TIME,
    },
    required=("customer_id", "channel", "event_time", "granted"),
    # `granted` too: of a yes and a no at the same time both are kept, and the no counts.
    key=("customer_id", "channel", "purpose", "event_time", "granted"),
    time="event_time",
    missing="consent and objections are unknown: actions.consent_when_unknown decides",
)
TICKETS = Table(
    name="tickets",
    columns={
        "customer_id": TEXT,
        "ticket_id": TEXT,
        "opened_at": TIME,
        "closed_at": TIME,
        "kind": TEXT,
        "priority": TEXT,
        "csat": NUMBER,
        "reopened_at": TIME,
        "known_at": TIME,
    },
    required=("customer_id", "ticket_id", "opened_at"),
    key=("ticket_id",),
    time="opened_at",
    missing="no support features; open complaints cannot stop an offer",
    later={"closed_at": ("csat",), "reopened_at": ()},
)
SURVEYS = Table(
    name="surveys",
    columns={
        "customer_id": TEXT,
        "event_time": TIME,
        "kind": TEXT,
        "score": NUMBER,
        "known_at": TIME,
    },
    required=("customer_id", "event_time", "kind", "score"),
    key=("customer_id", "event_time", "kind", "line_id"),
    time="event_time",
    missing="no features of satisfaction (NPS)",
)
SUBSCRIPTIONS = Table(
    name="subscriptions",
    columns={
        "customer_id": TEXT,
        "subscription_id": TEXT,
        "started_at": TIME,
        "ended_at": TIME,
        "subscription_plan": TEXT,
        "amount": NUMBER,
        "currency": TEXT,
        "period_days": NUMBER,
        "known_at": TIME,
    },
    required=("customer_id", "subscription_id", "started_at"),
    key=("subscription_id",),
    time="started_at",
    missing="no subscription features; task.churn cannot be cancellation",
    later={"ended_at": ()},
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        ORDERS,
        SUBSCRIPTIONS,
        EVENTS,
        TICKETS,
        SURVEYS,
        CONTACTS,
        CONSENTS,
        CUSTOMERS,
    )
}
# What is known beforehand of days: a file of its own, which source.calendar names.
CALENDAR = Table(
    name="calendar",
    columns={"date": TIME, "kind": TEXT, "expected": NUMBER, "known_at": TIME},
    required=("date", "kind"),
    key=("date", "kind"),
    time="date",
    missing="closures and promotions are not known beforehand",
)
ENOUGH = ("orders", "subscriptions")  # one of them has to be there
CHANCES = ("propensity", "action_propensity", "contact_propensity")  # of contacts: from 0 to 1
