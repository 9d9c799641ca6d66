"""Which columns may be a column of the contract: by a known export, by name, by what cells show."""

from collections.abc import Iterable

from sources.contract import NUMBER, TABLES, TIME
from sources.proposing.contents import Contents
from sources.proposing.export import Export
from sources.proposing.exports import own_names
from sources.proposing.naming import BY_WORD, by_name
from sources.proposing.questions import NONE, Answers, Option, Question
from sources.proposing.seen import Plan, Seen

Way = tuple[float, str, str]  # how surely, which column, why
EXPORT_SCORE, WORSE_WAY = 2.0, 0.1
MOSTLY = 0.5
KINDS = {"event_time": "time", "amount": "number"}


def ranked(
    target: str, table: str, seen: Seen, export: Export | None, taken: Iterable[str] = ()
) -> list[Way]:
    """Columns that may be a column of the contract, the likeliest first: how surely, which, why.

    One whose cells cannot be it is none of them.
    """
    ways = own_names(export, seen.names).get(target, []) if export else []
    found = []
    for name in seen.names:
        if name in taken or not _can_be(target, table, seen.contents[name], name in ways):
            continue
        score, why = by_name(name, target, table), "its name"
        if name in ways:
            score = EXPORT_SCORE - WORSE_WAY * ways.index(name)
            why = f"so it is called in {export.name}" if export else ""
        if score:
            found.append((score, name, why))
    return sorted(found, key=lambda way: -way[0])


def has_money(seen: Seen) -> bool:
    """Whether a column of the table is called like money: of a row, of an order or of a piece."""
    ways = ranked("amount", "orders", seen, None)
    prices = (n for n in seen.names if by_name(n, "unit_price") and seen.contents[n].is_number)
    return bool(ways and ways[0][0] > BY_WORD) or any(prices)


def _can_be(target: str, table: str, shown: Contents, is_known: bool) -> bool:
    kind = TABLES[table].columns.get(target)
    if shown.is_json or not shown.values:
        return False
    if kind == TIME:
        return shown.is_time
    if kind == NUMBER:
        return shown.is_number
    if target.endswith("_id"):  # an id is no time, and no money unless an export is known for it
        return shown.time == 0 and (is_known or shown.decimals == 0)
    return True


def take(plan: Plan, target: str, way: Way, seen: Seen) -> str:
    _, name, why = way
    shown = seen.contents[name]
    kind = KINDS.get(target, "")
    if target == "customer_id":
        kind = "e-mail address" if shown.email >= MOSTLY else "phone number" if shown.phone else ""
    plan.rename(target, name, why, shown.shows(kind))
    return name


def ask(
    table: str,
    target: str,
    asks: str,
    names: list[str],
    default: str | None,
    why: str,
    seen: Seen,
    answers: Answers,
) -> str:
    """The column answered; the first where none is yet: so all questions are put at once."""
    options = tuple(Option(name, ", ".join(seen.contents[name].examples)) for name in names)
    question = Question(f"{table}.{target}", f"{seen.address}: {asks}", why, default, options)
    return answers.to(question) or names[0]


def ask_or_none(
    plan: Plan,
    target: str,
    names: list[str],
    default: str | None,
    why: str,
    seen: Seen,
    answers: Answers,
) -> str | None:
    options = [Option(name, ", ".join(seen.contents[name].examples)) for name in names]
    options.append(Option(NONE, "no column: what a customer buys on one day is one order"))
    return answers.to(
        Question(
            f"{plan.table}.{target}",
            f"{seen.address}: which column is the number of the order?",
            why,
            default,
            tuple(options),
        )
    )
