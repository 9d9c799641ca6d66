"""A release with histories of every table, of a customer of whom everything is known."""

import datetime as dt

import pandas as pd

from core.files import CONTACT_DETAILS, hashes, read_json, write_json, write_manifest
from tests.serving.release_reports import AS_OF
from tests.serving.releases import card_row, write_release

KNOWN, BARE, LAST = "known", "bare", "zoe"  # of whom much, little and next to nothing is known
LIMITS = {"most": 2, "days": 30, "most_by_channel": {}, "quiet_days": 7}
PHONE, EMAIL = "+7 912 345-67-89", "anna@example.com"


def at(days, hour=12):
    """So many days after the as-of date."""
    return dt.datetime.combine(AS_OF, dt.time(hour)) + dt.timedelta(days=days)


def tables():
    """Rows by table; of BARE there is an order and nothing else."""
    orders = [
        (KNOWN, "o1", at(-60), 50.0),
        (KNOWN, "o1", at(-60), 10.0),
        (KNOWN, "o2", at(-31), 20.0),
        (KNOWN, "r2", at(-20), -45.0),
        (BARE, "o3", at(-31), 5.0),
    ]
    return {
        "orders": [
            dict(zip(("customer_id", "order_id", "event_time", "amount"), row, strict=True))
            for row in orders
        ],
        "events": [
            {"customer_id": KNOWN, "event_time": at(-days), "kind": kind}
            for days, kind in ((60, "visit"), (59, "visit"), (31, "visit"), (31, "email_open"))
        ],
        "tickets": [
            ticket("t1", at(-90), at(-80), "question", 4.0),
            ticket("t2", at(-100), None, "complaint", None),
            ticket("t3", at(-10), at(-9), "complaint", 1.0),
        ],
        "surveys": [
            {"customer_id": KNOWN, "event_time": at(-days), "kind": kind, "score": score}
            for days, kind, score in ((200, "nps", 9.0), (20, "nps", 3.0), (15, "csat", 2.0))
        ],
        "contacts": [
            contact("c1", at(-40), "owner_phone_call", "phone", "treated", True),
            contact("c2", at(-5), "check_in_email", "email", "holdout", None),
        ],
        "consents": [
            consent("email", at(-300), True, None),
            consent("email", at(-100), False, None),
            consent("phone", at(-300), True, "marketing"),
            consent("all", at(-300), True, "profiling"),
        ],
    }


def ticket(ticket_id, opened_at, closed_at, kind, csat):
    own = {"ticket_id": ticket_id, "opened_at": opened_at, "closed_at": closed_at}
    return {"customer_id": KNOWN, **own, "kind": kind, "csat": csat}


def contact(contact_id, time, action_id, channel, arm, responded):
    own = {"contact_id": contact_id, "event_time": time, "action_id": action_id}
    answer = {"responded": responded, "responded_at": time if responded else None}
    return {"customer_id": KNOWN, **own, "channel": channel, "arm": arm, **answer}


def consent(channel, time, granted, purpose):
    own = {"channel": channel, "event_time": time, "granted": granted, "purpose": purpose}
    return {"customer_id": KNOWN, **own}


def people(owner=None):
    """The cards of the three."""
    return [card_row(who, owner=owner, name=f"Name of {who}") for who in (BARE, KNOWN, LAST)]


def release_of(folder, rows=None, histories=None, **changes):
    """The release with histories, contact details and limits of the plan."""
    made = write_release(folder, people() if rows is None else rows, **changes)
    (made / "histories").mkdir()
    for name, found in (tables() if histories is None else histories).items():
        table = pd.DataFrame(sorted(found, key=lambda row: row["customer_id"]))
        for column in ("closed_at", "responded_at"):
            if column in table:
                table[column] = pd.to_datetime(table[column]).astype("datetime64[us]")
        table.to_parquet(made / "histories" / f"{name}.parquet", index=False)
    reach = {"customer_id": [KNOWN, LAST], "email": [EMAIL, None], "phone": [PHONE, "0"]}
    pd.DataFrame(reach).to_parquet(made / CONTACT_DETAILS, index=False)
    plan = read_json(made / "plan.json")
    write_json(made / "plan.json", plan | {"contact_limits": LIMITS})
    manifest = read_json(made / "manifest.json")
    (made / "manifest.json").unlink()
    manifest |= {"files": hashes(made), "release_id": f"{folder.name}-id"}
    write_manifest(made, **manifest)
    return made
