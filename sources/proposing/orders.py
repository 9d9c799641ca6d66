"""What a table of purchases is made of: by a known export, by names, else by what cells show.

names and cells agree     taken, with both as the reason
two columns may be it     a question, with the likelier as default
only the cells tell       a question, with a default where one column alone can be it
"""

from core.errors import SourceError
from sources.contract import TABLES
from sources.proposing.customers import plan_customer
from sources.proposing.export import Export
from sources.proposing.exports import columns_in, in_own_names
from sources.proposing.money import plan_money
from sources.proposing.naming import BY_WORD, by_name
from sources.proposing.questions import NONE, Answers
from sources.proposing.ranking import MOSTLY, Way, ask, ask_or_none, ranked, take
from sources.proposing.relations import determines, order_numbers
from sources.proposing.seen import Plan, Seen

SURE_NAME = 0.9  # a name from which on the check alone says whether the numbers are those of orders
MOST_NAMED = 12  # unused columns that are listed
FURTHER = (
    *("quantity", "product", "category", "currency", "discount", "store", "line_id"),
    "known_at",
)


def plan_columns(seen: Seen, table: str, export: Export | None, answers: Answers) -> Plan:
    """What each column of the contract is made of; questions go to `answers`.

    Raises SourceError where a required column cannot be found and cannot be asked for.
    """
    plan = Plan(table, [seen.address], export.name if export else "")
    if export:
        plan.timezone, plan.said = export.timezone, list(export.said)
    if table == "orders":
        _plan_orders(plan, seen, export, answers)
    else:
        _plan_other(plan, seen, export, answers)
    if export:
        _as_exported(plan, seen, export)
    made_of = " ".join(
        [*(chosen.source for chosen in plan.chosen), *plan.derive.values(), plan.keeps]
    )
    unused = [name for name in seen.names if name not in made_of]
    if unused and TABLES[table].open_ended:
        plan.said.append(
            f"attributes that are shown: {', '.join(unused)}; models learn from those that "
            "source.static_attributes lists, since the others may have changed"
        )
    elif unused:
        more = f" and {len(unused) - MOST_NAMED} more" if len(unused) > MOST_NAMED else ""
        plan.said.append(f"not used: {', '.join(unused[:MOST_NAMED])}{more}")
    return plan


def _plan_orders(plan: Plan, seen: Seen, export: Export | None, answers: Answers) -> None:
    time = _time(plan, seen, export, answers)
    order = _order_number(plan, seen, export, answers, time)
    plan_customer(plan, seen, export, answers, order, time)
    if "amount" not in _computed(seen, export):
        plan_money(plan, seen, export, answers)
    taken = [chosen.source for chosen in plan.chosen]
    for target in FURTHER:
        for score, name, why in ranked(target, "orders", seen, export, taken)[:1]:
            if score > BY_WORD:
                plan.rename(target, name, why, seen.contents[name].shows(""))
                taken.append(name)


def _time(plan: Plan, seen: Seen, export: Export | None, answers: Answers) -> str:
    ways = ranked("event_time", "orders", seen, export)
    times = [name for name in seen.names if seen.contents[name].is_time]
    if not times:
        raise SourceError(
            f"{seen.address} has no column of dates or times, without which nothing can be said "
            f"about when customers buy. Its columns: {', '.join(seen.names)}. Export it with the "
            "date of each order."
        )
    rivals = _rival_times(ways, times, seen)
    if ways and ways[0][0] > BY_WORD and not rivals:
        return take(plan, "event_time", ways[0], seen)
    if len(times) == 1:
        why = "no other column holds times"
        return take(plan, "event_time", (0.0, times[0], why), seen)
    best = ways[0][1] if ways and ways[0][0] > BY_WORD else None
    why = (
        "its name tells when the order was made; the others come later"
        if best
        else "no name tells which of them is the time of the purchase"
    )
    asked = [best, *rivals] if best else times
    answer = ask(
        plan.table,
        "event_time",
        "Several columns hold times. Which is that of the purchase?",
        [name for name in asked if name],
        best,
        why,
        seen,
        answers,
    )
    return take(plan, "event_time", (0.0, answer, why), seen)


def _rival_times(ways: list[Way], times: list[str], seen: Seen) -> list[str]:
    """Other times that could be meant as well: when it was made, paid or closed."""
    if not ways:
        return []
    best = seen.contents[ways[0][1]]
    made = {name: score for score, name, _ in ways}
    return [
        name
        for name in times
        if name != best.column
        and max(made.get(name, 0.0), by_name(name, "paid_at"), by_name(name, "closed_at")) > BY_WORD
        and seen.contents[name].filled >= MOSTLY
        and _differs(seen, name, best.column)
    ]


def _repeats(seen: Seen, column: str) -> bool:
    return seen.contents[column].different < 1


def _differs(seen: Seen, one: str, other: str) -> bool:
    """Whether two columns hold different cells where both hold some."""
    pair = seen.frame[[one, other]].astype("str")
    both = pair[(pair[one].str.strip() != "") & (pair[other].str.strip() != "")]
    return bool((both[one] != both[other]).any())


def _order_number(
    plan: Plan, seen: Seen, export: Export | None, answers: Answers, time: str
) -> str | None:
    ways = [
        way
        for way in ranked("order_id", "orders", seen, export, [time])
        # A name such as `id` may be that of a customer, who comes back.
        if way[0] > SURE_NAME
        or (determines(seen.head, way[1], time) or float(not _repeats(seen, way[1]))) > MOSTLY
    ]
    if ways and ways[0][0] > BY_WORD:
        return take(plan, "order_id", ways[0], seen)
    shown = order_numbers(seen.head, seen.contents, time)
    by_word = [name for _, name, _ in ways if name in shown]
    if len(by_word) == 1 or len(shown) == 1:
        name = (by_word or shown)[0]
        why = "each of its values stands at one time only, as an order's number does"
        if by_word:
            why = f"its name, and {why}"
            return take(plan, "order_id", (0.0, name, why), seen)
        answer = ask_or_none(plan, "order_id", [name], name, why, seen, answers)
    elif shown:
        why = "each value of several columns stands at one time only"
        answer = ask_or_none(plan, "order_id", shown, None, why, seen, answers)
    else:
        answer = NONE
    if answer is None or answer == NONE:
        return None
    return take(plan, "order_id", (0.0, answer, "as answered"), seen)


def _plan_other(plan: Plan, seen: Seen, export: Export | None, answers: Answers) -> None:
    table = TABLES[plan.table]
    taken: list[str] = []
    for target in (*table.required, *(c for c in table.columns if c not in table.required)):
        ways = ranked(target, plan.table, seen, export, taken)
        if ways and (ways[0][0] > BY_WORD or target in table.required):
            taken.append(take(plan, target, ways[0], seen))
        elif target in table.required:
            free = [n for n in seen.names if n not in taken]
            why = "no name says it"
            asks = f"Which column is {target}?"
            answer = ask(plan.table, target, asks, free, None, why, seen, answers)
            taken.append(take(plan, target, (0.0, answer, "as answered"), seen))


def _computed(seen: Seen, export: Export | None) -> dict[str, tuple[str, str]]:
    """The expressions of a known export and why, as far as their columns are there as numbers."""
    found = {}
    for derived in export.derive if export else ():
        expression = in_own_names(derived.expression, seen.names)
        wanted = columns_in(derived.expression, seen.names)
        if expression is not None and (
            derived.target != "amount" or all(seen.contents[n].plain_numbers for n in wanted)
        ):
            found[derived.target] = (expression, derived.why)
    return found


def _as_exported(plan: Plan, seen: Seen, export: Export) -> None:
    """The computed columns and the filter of a known export, as far as its columns are there."""
    for target, (expression, why) in _computed(seen, export).items():
        plan.compute(target, expression, why)
    for condition, why in export.keeps:
        keeps = in_own_names(condition, seen.names)
        if keeps is not None:
            plan.keeps = keeps
            plan.said.append(f"rows that count: {keeps}, since {why}")
            break
