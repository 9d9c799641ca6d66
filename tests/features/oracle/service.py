"""Features of contacts, consents, support and surveys."""

import math

from tests.features.oracle.numbers import mean

NEEDS = None


def was_made(row):
    """Not withheld, and not of an action that is none or reaches nobody."""
    is_sent = row["action_id"] != "do_nothing" and row["channel"] != "none"
    return row["arm"] == "treated" and is_sent


def contacts(c, window=math.inf):
    made = [row for row in c.rows("contacts") if was_made(row)]
    return [row for row in made if c.within(row["event_time"].date(), window)]


def answered(row):
    return row["responded"] is True


def contacts_unanswered(c):
    found = [row["event_time"].date() for row in contacts(c) if answered(row)]
    return sum(not found or row["event_time"].date() > max(found) for row in contacts(c))


def is_profiling(row):
    return row["purpose"] == "profiling"


def consents(c):
    return [row for row in c.rows("consents") if not is_profiling(row)]


def newest_is_yes(rows):
    """Whether the newest word is yes; of two words at one time the refusal counts."""
    newest = max(row["event_time"] for row in rows)
    return all(row["granted"] for row in rows if row["event_time"] == newest)


def channels_granted(c):
    said = consents(c)
    channels = {row["channel"] for row in said}
    by_channel = [[row for row in said if row["channel"] == channel] for channel in channels]
    return sum(map(newest_is_yes, by_channel)) if said else None


def refused(c, window):
    said = [row for row in consents(c) if c.within(row["event_time"].date(), window)]
    times = {(row["channel"], row["event_time"]) for row in said if not row["granted"]}
    return len(times) if consents(c) else None


def objects(c):
    """Whether the newest word on profiling is no."""
    said = [row for row in c.rows("consents") if is_profiling(row)]
    return bool(said) and not newest_is_yes(said)


def tickets(c, window=math.inf):
    return [row for row in c.rows("tickets") if c.within(row["opened_at"].date(), window)]


def complaints(c, window=math.inf):
    return [row for row in tickets(c, window) if row["kind"] == "complaint"]


def is_open(row):
    """Not closed yet, or reopened after it was."""
    if row["closed_at"] is None:
        return True
    return row["reopened_at"] is not None and row["reopened_at"] > row["closed_at"]


def still_open(rows):
    return [row for row in rows if is_open(row)]


def days_to_close(c):
    spans = [
        row["closed_at"].floor("s") - row["opened_at"].floor("s")
        for row in tickets(c)
        if row["closed_at"] is not None
    ]
    return mean([span.total_seconds() / 86_400 for span in spans])


def csat(c):
    return [row["csat"] for row in tickets(c) if row["csat"] is not None]


def survey_scores(c, kind):
    """Answers of a kind, the oldest first; of several at one time the lowest last."""
    rows = [row for row in c.rows("surveys") if row["kind"] == kind]
    return [
        row["score"] for row in sorted(rows, key=lambda row: (row["event_time"], -row["score"]))
    ]


def nps_last(c):
    return survey_scores(c, "nps")[-1] if survey_scores(c, "nps") else None


def nps_change(c):
    scores = survey_scores(c, "nps")
    return scores[-1] - scores[-2] if len(scores) > 1 else None


def nps_is(c, low, high):
    last = nps_last(c)
    return None if last is None else int(low <= last <= high)


SINGLE = {
    # contacts
    "days_since_contact": lambda c: c.since([row["event_time"].date() for row in contacts(c)]),
    "contact_response_rate": lambda c: mean([answered(row) for row in contacts(c)]),
    "contacts_unanswered": contacts_unanswered,
    "channels_granted": channels_granted,
    # support
    "tickets_open": lambda c: len(still_open(tickets(c))),
    "complaints_open": lambda c: len(still_open(complaints(c))),
    "ticket_open_days_max": lambda c: max(
        (c.ago(row["opened_at"].date()) for row in still_open(tickets(c))), default=None
    ),
    "days_since_complaint": lambda c: c.since([row["opened_at"].date() for row in complaints(c)]),
    "days_to_close_mean": days_to_close,
    "reopenings": lambda c: sum(row["reopened_at"] is not None for row in tickets(c)),
    "csat_mean": lambda c: mean(csat(c)),
    "csat_min": lambda c: min(csat(c), default=None),
    # surveys
    "nps_last": nps_last,
    "nps_change": nps_change,
    "nps_mean": lambda c: mean(survey_scores(c, "nps")),
    "nps_is_promoter": lambda c: nps_is(c, 9, 10),
    "nps_is_detractor": lambda c: nps_is(c, 0, 6),
    "survey_csat_last": lambda c: (survey_scores(c, "csat") or [None])[-1],
    "days_since_survey": lambda c: c.since([row["event_time"].date() for row in c.rows("surveys")]),
}
WINDOWED = {
    "contacts": ((30, 90, 365), lambda c, w: len(contacts(c, w))),
    "consents_refused": ((90,), refused),
    "tickets": ((90, 365), lambda c, w: len(tickets(c, w))),
    "complaints": ((90, 365), lambda c, w: len(complaints(c, w))),
}
