"""Feeds that died and days that are missing, since a dead feed looks exactly like mass churn."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.errors import DataGateError
from features.timeline import date_of, day_of
from features.usability.feed_days import Happened, first_time, late_days
from features.usability.finding import Finding
from features.usability.volume import (
    Stretch,
    Volume,
    gaps,
    last_week,
    steady_end,
    tail_drop,
)
from sources.contract import TABLES
from sources.notes import Said, Severity
from sources.tables.kept import Kept

DEAD_FEED = "dead_feed"  # the check that stops scoring when it is an error
LEARNED_FROM = ("orders", "subscriptions")  # without their rows every customer seems to leave
LONG_GAP_DAYS = 3  # days without rows inside the data: shorter ones are holidays
MAX_GAPS_NAMED = 5  # gaps named in one finding

KnownGap = date | tuple[date, date]


@dataclass(frozen=True)
class Feed:
    """The volume of one table: orders a day, or rows. Days from `until` on are not judged."""

    table: str
    volume: Volume
    until: int
    people: Callable[[], Volume] | None = None  # customers by day, counted where a feed died


@dataclass(frozen=True)
class Judged:
    """Stretches on which a feed was too quiet: at its end, inside, and those the user declared."""

    feed: Feed
    dead: Stretch | None
    gaps: tuple[Stretch, ...]
    known: tuple[Stretch, ...]


def feeds(checked: Mapping[str, Kept]) -> list[Feed]:
    """Every table whose rows have a time, and the day up to which it can be judged.

    That is the last day of all tables, which may be incomplete. Where rows become known late, it is
    earlier by as many days as 95 % of the rows take. What lies before the first order is not
    judged: from that time there are only the subscriptions that still ran.
    """
    orders = checked.get("orders")
    first = None if orders is None else first_time(orders.rows, TABLES["orders"].time)
    happened = {
        name: Happened(name, table, first)
        for name, table in checked.items()
        if TABLES[name].time in TABLES[name].required
    }
    found = {name: one.volume() for name, one in happened.items()}
    volumes = {name: volume for name, volume in found.items() if volume is not None}
    ends = {name: steady_end(volume) for name, volume in volumes.items()}
    return [
        Feed(
            name,
            volume,
            max(volume.last, *ends.values()) - late_days(name, checked[name].rows),
            happened[name].people,
        )
        for name, volume in volumes.items()
    ]


def known_days(known: Sequence[KnownGap]) -> frozenset[int]:
    """The day numbers of dates and [from, to] pairs, both ends included."""
    pairs = [gap if isinstance(gap, tuple) else (gap, gap) for gap in known]
    return frozenset(day for first, last in pairs for day in range(day_of(first), day_of(last) + 1))


def judge(feed: Feed, known: frozenset[int]) -> Judged:
    """Where the feed was too quiet; stretches within `known` days are told apart."""
    died = _died(feed, known)
    died_as_known = _died(feed) if died is None and known else None
    tail = died or died_as_known
    inside = [gap for gap in gaps(feed.volume) if tail is None or gap.last < tail.first]
    are_known = [gap for gap in inside if known.issuperset(range(gap.first, gap.last + 1))]
    return Judged(
        feed,
        dead=died,
        gaps=tuple(gap for gap in inside if gap not in are_known),
        known=(*are_known, *([died_as_known] if died_as_known else [])),
    )


def _died(feed: Feed, known: Collection[int] = ()) -> Stretch | None:
    """The days at the end on which hardly anything came, and hardly anybody.

    Where one customer or a robot brings most of the rows, its leaving is no dead feed.
    """
    died = tail_drop(feed.volume, feed.until, known)
    if died and feed.people and tail_drop(feed.people(), feed.until, known) is None:
        return None
    return died


def feed_findings(of: Sequence[Judged]) -> list[Finding]:
    """Feeds that stopped or dropped to a small part, gaps inside the data, and the known ones."""
    findings: list[Finding] = []
    for judged in of:
        if judged.dead:
            findings.append(_dead(judged.feed, judged.dead))
        findings += _gap_findings(judged.feed, judged.gaps)
        if judged.known:
            findings.append(_known(judged.feed, judged.known))
    return findings


def volumes_to_show(of: Sequence[Judged]) -> dict[str, Any]:
    """Per table the last full week beside the usual of its weekdays, rows by day, quiet days."""
    shown: dict[str, Any] = {}
    for judged in of:
        feed = judged.feed
        week = last_week(feed.volume, feed.until)
        quiet = {
            "dead": [judged.dead] if judged.dead else [],
            "gap": judged.gaps,
            "known": judged.known,
        }
        shown[feed.table] = {
            "first_day": date_of(feed.volume.first).isoformat(),
            "last_day": date_of(feed.volume.last).isoformat(),
            "judged_until": date_of(feed.until).isoformat(),
            "last_week": None if week is None else week[0],
            "usual_week": None if week is None else round(week[1], 1),
            "by_day": [int(count) for count in feed.volume.counts],
            "quiet": [
                {
                    "kind": kind,
                    "first_day": date_of(stretch.first).isoformat(),
                    "last_day": date_of(stretch.last).isoformat(),
                    "rows": stretch.rows,
                    "usual": round(stretch.usual, 1),
                }
                for kind, stretches in quiet.items()
                for stretch in stretches
            ],
        }
    return shown


def refuse_dead_feed(report: dict[str, Any]) -> None:
    """Raise DataGateError if the usability report says that a table learned from has died."""
    dead = [
        finding
        for finding in report["findings"]
        if finding["check"] == DEAD_FEED and finding["severity"] == "error"
    ]
    if dead:
        problems = " ".join(
            f"{finding['table']}: {finding['meaning']} {finding['what_to_do']}" for finding in dead
        )
        raise DataGateError(
            f"Nobody is scored, for a dead feed looks like mass churn. {problems} "
            "reports/data_usability.html shows it."
        )


def _dead(feed: Feed, died: Stretch) -> Finding:
    severity: Severity = "error" if feed.table in LEARNED_FROM else "warning"
    looks = (
        "Taken for true, it says that nearly all customers are leaving."
        if severity == "error"
        else "What is computed from its last days is too low for everybody."
    )
    return Finding(
        DEAD_FEED,
        severity,
        feed.table,
        TABLES[feed.table].time,
        died.rows,
        f"The feed seems dead: {_sentence(feed, died)}. {looks}",
        "Bring the missing days and run again. If these days were really so quiet, add "
        f"{_as_yaml(died)} to source.known_gaps in params.yaml.",
        said=Said(f"dead_feed.{severity}", stretch=_part(died), gap=_as_yaml(died)),
    )


def _known(feed: Feed, quiet: Sequence[Stretch]) -> Finding:
    return Finding(
        "known_gap",
        "advice",
        feed.table,
        TABLES[feed.table].time,
        sum(gap.rows for gap in quiet),
        f"Known to source.known_gaps: {_list(feed, quiet)}.",
        "Bring the days if they turn up: to the models they are days on which nobody came.",
        said=Said("known_gap", **_parts(quiet)),
    )


def _gap_findings(feed: Feed, found: Sequence[Stretch]) -> list[Finding]:
    long = [gap for gap in found if gap.last - gap.first + 1 >= LONG_GAP_DAYS]
    short = [gap for gap in found if gap not in long]
    findings = []
    if long:
        findings.append(
            Finding(
                "gap",
                "warning",
                feed.table,
                TABLES[feed.table].time,
                sum(gap.rows for gap in long),
                f"Days are missing or nearly empty inside the data: {_list(feed, long)}. Customers "
                "seem to have been silent then.",
                "Bring the missing days. If nothing happened on them, add "
                f"{', '.join(_as_yaml(gap) for gap in long[:MAX_GAPS_NAMED])} to "
                "source.known_gaps in params.yaml.",
                said=Said(
                    "gap.long",
                    gaps=", ".join(_as_yaml(gap) for gap in long[:MAX_GAPS_NAMED]),
                    **_parts(long),
                ),
            )
        )
    if short:
        findings.append(
            Finding(
                "gap",
                "advice",
                feed.table,
                TABLES[feed.table].time,
                sum(gap.rows for gap in short),
                f"Single days are empty or nearly so: {_list(feed, short)}.",
                "Holidays look like this; if they were none, bring the days.",
                said=Said("gap.short", **_parts(short)),
            )
        )
    return findings


def _list(feed: Feed, stretches: Sequence[Stretch]) -> str:
    more = len(stretches) - MAX_GAPS_NAMED
    named = "; ".join(_sentence(feed, stretch) for stretch in stretches[:MAX_GAPS_NAMED])
    return named + (f"; and {more} more" if more > 0 else "")


def _sentence(feed: Feed, stretch: Stretch) -> str:
    unit = "orders" if feed.table == "orders" else "rows"
    first, last = date_of(stretch.first), date_of(stretch.last)
    when = f"on {first}" if first == last else f"from {first} to {last}"
    return f"{stretch.rows:,} {unit} {when}, where {stretch.usual:,.0f} are usual"


def _parts(stretches: Sequence[Stretch]) -> dict[str, Any]:
    """Those that `_list` names, and how many more there are."""
    more = len(stretches) - MAX_GAPS_NAMED
    return {
        "stretches": [_part(one) for one in stretches[:MAX_GAPS_NAMED]],
        "more": more if more > 0 else None,
    }


def _part(one: Stretch) -> Said:
    key = "stretch" if one.first != one.last else "stretch_day"
    days = {"first": date_of(one.first), "last": date_of(one.last)}
    return Said(key, rows=one.rows, usual=one.usual, **days)


def _as_yaml(stretch: Stretch) -> str:
    """A pair for params.yaml, in quotes: DVC cannot keep a date of YAML."""
    return f'["{date_of(stretch.first)}", "{date_of(stretch.last)}"]'
