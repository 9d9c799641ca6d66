"""Who the customer of a row is: an account, an address, a name; asked where several may be."""

from core.errors import SourceError
from sources.proposing.export import Export
from sources.proposing.naming import BY_WORD
from sources.proposing.questions import Answers
from sources.proposing.ranking import MOSTLY, Way, ask, ranked, take
from sources.proposing.relations import FEWEST_PEOPLE, determines, people
from sources.proposing.seen import Plan, Seen

BLANK_ID = 0.02  # share of rows without an account, from which an address may name them
GOES_WITH = 0.9  # share of the values that go with one value of the other column
LEAST_COLUMNS = 2  # a customer and a time


def plan_customer(
    plan: Plan,
    seen: Seen,
    export: Export | None,
    answers: Answers,
    order: str | None,
    time: str,
) -> None:
    """Take a column as the customer; `order` and `time` are taken already.

    Raises SourceError where no column is left that could be it.
    """
    ways = ranked("customer_id", "orders", seen, export, [time, order or ""])
    addresses = [n for n in seen.names if seen.contents[n].is_person and n != order]
    if ways and ways[0][0] > BY_WORD:
        best = ways[0]
        account = seen.contents[best[1]]
        blank = 1 - _share_named(seen, best[1], order)
        better = [
            name
            for name in addresses
            if name != best[1]
            and blank >= BLANK_ID
            and not account.is_person
            and _share_named(seen, name, order) > 1 - blank
        ]
        if not better:
            take(plan, "customer_id", _one_of_rivals(plan, seen, ways, answers), seen)
            return
        why = (
            f"{best[1]} is empty or 0 for {blank:.0%} of the orders (bought without an account), "
            f"{better[0]} names those people too"
        )
        answer = ask(
            plan.table,
            "customer_id",
            "Which column tells one person from another?",
            [better[0], best[1]],
            better[0],
            why,
            seen,
            answers,
        )
        take(plan, "customer_id", (0.0, answer, why), seen)
        return
    shown = people(seen.head, seen.contents, order, time)
    by_word = [name for _, name, _ in ways if name in shown]
    certain = addresses or by_word
    if len(certain) == 1:
        why = "its cells are addresses or numbers of people"
        if certain[0] in by_word:
            why = "its name, and each order has one of them and they come back"
        take(plan, "customer_id", (0.0, certain[0], why), seen)
        return
    asked = list(dict.fromkeys([*certain, *shown])) or [
        n for n in seen.names if n not in (time, order)
    ]
    if not asked:
        raise SourceError(
            f"{seen.address} has no column that could name a customer, without which nobody can be "
            f"told apart. Its columns: {', '.join(seen.names)}."
        )
    default = asked[0] if len(asked) == 1 and (order or len(seen.names) == LEAST_COLUMNS) else None
    why = (
        "no other column is there"
        if default and not order
        else "each order has one of them, and they come back on other days; no other column does"
        if default
        else "no name says which it is, and the cells of several columns could be it"
        if len(asked) > 1
        else "its name does not say so, and its cells could as well be those of a product"
    )
    answer = ask(
        plan.table, "customer_id", "Which column names the customer?", asked, default, why, seen,
        answers,
    )  # fmt: skip
    take(plan, "customer_id", (0.0, answer, why), seen)


def _one_of_rivals(plan: Plan, seen: Seen, ways: list[Way], answers: Answers) -> Way:
    """The best of several names of customers; asked where another one does not go with it.

    A contact and a company are two answers; a code and the name that belongs to it are one.
    """
    best = ways[0]
    rivals = [
        name
        for score, name, _ in ways[1:]
        if score > BY_WORD
        and seen.contents[name].filled >= MOSTLY
        and seen.contents[name].values >= FEWEST_PEOPLE
        and not seen.contents[name].is_person
        and min(_goes_with(seen, best[1], name), _goes_with(seen, name, best[1])) < GOES_WITH
    ]
    if not rivals:
        return best
    why = f"{best[2]}; {', '.join(rivals)} is not one to one with it"
    asks = "Which column is the customer who stays or leaves?"
    names = [best[1], *rivals]
    answer = ask(plan.table, "customer_id", asks, names, best[1], why, seen, answers)
    return (best[0], answer, why if answer == best[1] else "as answered")


def _goes_with(seen: Seen, one: str, other: str) -> float:
    share = determines(seen.head, one, other)
    return 1.0 if share is None else share


def _share_named(seen: Seen, column: str, order: str | None) -> float:
    """Share of the orders (of the rows without a number) that a column names a customer for."""
    cells = seen.frame[column].fillna("").astype("str").str.strip()
    there = ~cells.isin(["", "0", "0.0", "-1"])
    if order is None:
        return float(there.mean())
    return float(there.groupby(seen.frame[order].astype("str")).any().mean())
