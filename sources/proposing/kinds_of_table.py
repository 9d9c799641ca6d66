"""Which table of the contract a file holds, or that it is a ready table with a label."""

from dataclasses import dataclass

from sources.contract import TABLES
from sources.meanings.column_names import label_columns
from sources.meanings.other_names import TABLE_NAMES, in_latin
from sources.proposing.export import Export
from sources.proposing.exports import recognised
from sources.proposing.naming import BY_WORD, by_name
from sources.proposing.ranking import has_money, ranked
from sources.proposing.relations import people
from sources.proposing.seen import Seen

LABELLED = "labelled"  # a ready table: not one of the contract
MOST_LABELS = 2
MOST_NAMED = 8  # columns that a refusal names
FEWEST_ROWS = 5  # of what is taken for orders though no name says so


@dataclass(frozen=True)
class Recognised:
    """What a table is (a table of the contract, LABELLED or empty for neither) and why."""

    table: str
    why: str
    export: Export | None = None


def recognise(seen: Seen) -> Recognised:
    """What a table is: a known export first, then by its name and by what its columns mean."""
    export = recognised(seen.names)
    if export and export.lacks:
        return Recognised("", f"{export.name}. {export.lacks}", export)
    if export:
        told = ", ".join(export.says)
        return Recognised(export.table, f"{export.name} (it has {told})", export)
    label = label_of(seen)
    if label:
        return Recognised(
            LABELLED,
            f"a ready table: {label} has {seen.contents[label].values} values, and each row is "
            "another customer or another date of one",
        )
    called = _called(seen)
    found = [(score, table) for table in TABLES if (score := _score(seen, table, called))]
    if not found:
        return Recognised("", _nothing(seen))
    score, table = max(found, key=lambda pair: pair[0])
    names = [
        ranked(column, table, seen, None)[0][1]
        for column in TABLES[table].required
        if ranked(column, table, seen, None)
    ]
    why = f"its columns {', '.join(names)}" if names else "it holds times and numbers"
    return Recognised(table, f"{table}, by its name and {why}" if called == table else why)


def label_of(seen: Seen) -> str | None:
    """The column that says who left, where each row is another customer (or date of one)."""
    for name in label_columns(seen.names):
        if not 0 < seen.contents[name].values <= MOST_LABELS:
            continue
        customer, as_of = keys_of(seen, name)
        keys = [key for key in (customer, as_of) if key]
        if customer and not seen.frame.duplicated(keys).any():
            return name
        if customer is None and seen.contents[name].yes_no == 1:
            return name
    return None


def keys_of(seen: Seen, label: str) -> tuple[str | None, str | None]:
    """The customer and the date of a ready table, as far as their columns tell."""
    ways = ranked("customer_id", "orders", seen, None, [label])
    customer = next((n for score, n, _ in ways if score > BY_WORD), None)
    if customer is None:
        unique = [
            n
            for n in seen.names
            if seen.contents[n].different == 1 and not seen.contents[n].decimals
        ]
        customer = unique[0] if len(unique) == 1 else None
    dates = [(by_name(name, "as_of"), name) for name in seen.names if seen.contents[name].is_time]
    as_of = max(dates, default=(0.0, ""))
    return customer, as_of[1] if as_of[0] else None


def _called(seen: Seen) -> str:
    """The table that the file or sheet is named after; empty where it is named after none."""
    last = seen.address.rsplit("#", 1)[-1].rsplit("/", 1)[-1]
    stem = in_latin(last.split(".", 1)[0])
    for table, names in TABLE_NAMES.items():
        if any(stem.startswith(in_latin(name)) for name in names):
            return table
    return ""


def _score(seen: Seen, table: str, called: str) -> float:
    """How surely the table is one of the contract: 0 where a required column cannot be there."""
    required = TABLES[table].required
    best = {column: ranked(column, table, seen, None) for column in required}
    sure = {column: ways[0][0] if ways else 0.0 for column, ways in best.items()}
    is_called = called == table
    if table == "orders":
        if not any(shown.is_time for shown in seen.contents.values()):
            return 0.0
        if not is_called and (
            seen.rows < FEWEST_ROWS or not (sure["customer_id"] or _people(seen))
        ):
            return 0.0
        money = has_money(seen)
        # Orders are what is looked for: other names than ours are asked about.
        return sum(sure.values()) / len(required) + 0.2 * money + 0.5 * is_called + 0.1
    if table == "customers":
        unique = [n for _, n, _ in best["customer_id"] if seen.contents[n].different == 1]
        return (0.5 + 0.7 * (not has_money(seen)) + 0.5 * is_called) if unique else 0.0
    if not all(sure.values()) or len({w[0][1] for w in best.values()}) < len(required):
        return 0.0
    if table == "subscriptions":
        ends = ranked("ended_at", table, seen, None)
        is_ended = bool(ends) and ends[0][0] > BY_WORD
        if not (is_ended or is_called):
            return 0.0
        return sum(sure.values()) / len(required) + 0.5 * is_called + 0.3 * is_ended
    if not is_called and min(sure.values()) <= BY_WORD:
        return 0.0
    own = sum(sure.values()) / len(required)
    return own + 0.5 * is_called - (0.0 if is_called else 0.3)


def _people(seen: Seen) -> bool:
    """Whether a column may name people who come back, whatever the names say."""
    times = [name for name, shown in seen.contents.items() if shown.is_time]
    return bool(people(seen.head, seen.contents, None, times[0]))


def _nothing(seen: Seen) -> str:
    if any(shown.is_json for shown in seen.contents.values()):
        name = next(n for n, shown in seen.contents.items() if shown.is_json)
        return f"no table we know: its column {name} holds JSON, and the others do not tell"
    names = ", ".join(seen.names[:MOST_NAMED])
    if any(shown.is_time for shown in seen.contents.values()):
        return f"no table we know: its columns ({names}) name no customer"
    return (
        f"no table we know: it has no column of times ({names}); purchases need the date of each "
        "order, a ready table a column that says who left"
    )
