"""Questions on the files as a whole: which holds a table, the time zone, what leaving is."""

from collections.abc import Iterable
from zoneinfo import available_timezones

from sources.contract import ORDERS
from sources.proposing.contents import Contents
from sources.proposing.kinds_of_table import Recognised
from sources.proposing.naming import BY_WORD
from sources.proposing.questions import Answers, Option, Question
from sources.proposing.ranking import has_money, ranked
from sources.proposing.seen import Seen

ALL = "all"
MOSTLY_SHARED = 0.6  # of the columns of parts, of which some have one more than others


class UnansweredError(Exception):
    """Which file is meant has to be answered before anything can be said of its columns."""


def chosen_files(
    table: str,
    candidates: list[tuple[Seen, Recognised]],
    answers: Answers,
    left_out: list[tuple[str, str]],
) -> list[tuple[Seen, Recognised]]:
    """Which of several files hold a table: one of them, or all as its parts.

    Raises UnansweredError where nothing shows it and nobody has answered.
    """
    if len(candidates) == 1:
        return candidates
    complete = (
        [pair for pair in candidates if _is_complete(pair[0])] if table == ORDERS.name else []
    )
    if len(complete) == 1:
        (seen, _) = complete[0]
        why = f"{seen.address} alone has customers, times, order numbers and money by their names"
        left_out += [(other.address, why) for other, _ in candidates if other is not seen]
        return complete
    by_address = {seen.address: (seen, what) for seen, what in candidates}
    headers = {tuple(seen.names) for seen, _ in candidates}
    shared = set.intersection(*(set(seen.names) for seen, _ in candidates))
    options = [
        Option(address, f"{seen.rows:,} rows: {', '.join(seen.names[:6])}")
        for address, (seen, _) in by_address.items()
    ]
    default, why = None, f"{len(candidates)} files hold what looks like {table}"
    if len(headers) == 1:
        options.insert(0, Option(ALL, "they are parts of one table"))
        default = ALL
        why = "they have the same columns and no row in common, as parts of one export do"
        rows = [set(map(tuple, seen.frame.astype("str").to_numpy())) for seen, _ in candidates]
        if len(set().union(*rows)) < sum(map(len, rows)):
            default, why = None, "they have the same columns and rows in common"
    elif len(shared) >= MOSTLY_SHARED * max(len(seen.names) for seen, _ in candidates):
        options.insert(0, Option(ALL, "they are parts of one table, with columns more or less"))
    answer = answers.to(
        Question(
            f"{table}.file",
            f"Which of the files holds the {table}?",
            why,
            default,
            tuple(options),
        )
    )
    if answer == ALL:
        return candidates
    if answer is None:
        raise UnansweredError
    taken = answer
    left_out += [(a, f"{taken} holds the {table}") for a in by_address if a != taken]
    return [by_address[taken]]


def _is_complete(seen: Seen) -> bool:
    """Whether the names of a table tell all that orders are made of."""
    ways = [ranked(column, ORDERS.name, seen, None) for column in ORDERS.required]
    return has_money(seen) and all(way and way[0][0] > BY_WORD for way in ways)


def time_zone(times: Iterable[Contents], answers: Answers) -> str:
    """The time zone of times that name none; asked where there are such times of the day."""
    for shown in times:
        if shown.zoned or shown.of_time or not shown.clock:
            continue
        question = Question(
            "timezone",
            f"In which time zone are the times of {shown.column} ({shown.examples[0]})?",
            "the cells name none; with UTC each day is the day that is written there",
            "UTC",
            accepts=_no_zone,
        )
        return answers.to(question) or ""
    return ""


def _no_zone(text: str) -> str:
    return "" if text in available_timezones() else "write a zone such as Europe/Moscow"


def what_leaving_is(tables: set[str], answers: Answers) -> str:
    """`task.churn` for these tables of the contract."""
    if "subscriptions" not in tables:
        return "lapse"
    if "orders" not in tables:
        return "cancellation"
    return (
        answers.to(
            Question(
                "task.churn",
                "What is leaving: ending the subscription, or no longer buying?",
                "there are subscriptions, whose end is known",
                "cancellation",
                (Option("cancellation", "no subscription runs"), Option("lapse", "no purchase")),
            )
        )
        or "cancellation"
    )
