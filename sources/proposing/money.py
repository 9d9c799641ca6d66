"""The money of a row: a column of it, or a price times how many; asked where nothing tells."""

from sources.cures import named
from sources.proposing.export import Export
from sources.proposing.exports import own_names
from sources.proposing.naming import BY_WORD, by_name
from sources.proposing.questions import NONE, Answers, Option, Question
from sources.proposing.ranking import Way, ask, ranked, take
from sources.proposing.relations import determines, product_of
from sources.proposing.seen import Plan, Seen
from sources.written.numbers import marks, read_numbers

MOST_PIECES = 100  # different values of a column that says how many
EACH = "_price_of_one"
ONE_PRICE = 0.9  # share of the things that have one price


def plan_money(plan: Plan, seen: Seen, export: Export | None, answers: Answers) -> None:
    """Take a column as the money of a row, or compute it; nothing where there is none."""
    taken = [chosen.source for chosen in plan.chosen]
    of_export = own_names(export, seen.names).get("amount", []) if export else []
    ways = ranked("amount", "orders", seen, export, taken)
    prices = [n for _, n in _by_other(seen, "unit_price", taken) if n not in of_export]
    totals = [way for way in ways if way[1] not in prices and way[0] > BY_WORD]
    quantities = [way[1] for way in ranked("quantity", "orders", seen, export, taken)]
    proven = product_of(seen.head, {n: c for n, c in seen.contents.items() if n not in taken})
    if totals:
        best = _of_several(plan, seen, totals, answers) if not of_export else totals[0]
        if proven and proven[2] == best[1]:
            best = (best[0], best[1], f"{best[2]}; it is {proven[0]} times {proven[1]} in the rows")
        take(plan, "amount", best, seen)
    elif proven:
        why = f"it is {proven[0]} times {proven[1]} in nearly all rows"
        take(plan, "amount", (0.0, proven[2], why), seen)
        plan.rename("quantity", proven[0], why, seen.contents[proven[0]].shows("number"))
    elif prices and quantities and (thing := _sold_by_line(seen, prices[0], quantities[0])):
        why = (
            f"{prices[0]} divided by {quantities[0]} is the same for each {thing}, and "
            f"{prices[0]} alone is not: it is the money of a row and no price of a piece"
        )
        take(plan, "amount", (0.0, prices[0], why), seen)
    elif prices and quantities:
        plan.compute(
            "amount",
            f"{named(quantities[0])} * {named(prices[0])}",
            f"no column holds the money of a line; {quantities[0]} times {prices[0]} is it",
        )
    else:
        _ask_for_money(plan, seen, answers, prices, quantities, [way[1] for way in ways])


def _of_several(plan: Plan, seen: Seen, totals: list[Way], answers: Answers) -> Way:
    """The best of several sums; asked where another one that is filled as well differs from it."""
    best = totals[0]
    others = [
        name
        for _, name, _ in totals[1:]
        if seen.contents[name].filled >= seen.contents[best[1]].filled / 2
        and (seen.frame[name].astype("str") != seen.frame[best[1]].astype("str")).any()
    ]
    if not others:
        return best
    why = "its name says it most plainly; the others may hold tax, shipping or a part of it"
    names = [best[1], *others]
    asks = "several columns hold sums. Which is the money of a row?"
    answer = ask(plan.table, "amount", asks, names, best[1], why, seen, answers)
    return (best[0], answer, why if answer == best[1] else "as answered")


def _ask_for_money(
    plan: Plan,
    seen: Seen,
    answers: Answers,
    prices: list[str],
    quantities: list[str],
    by_word: list[str],
) -> None:
    """The money where no whole name tells: a column, or a price times how many."""
    free, whole = _numbers(seen, [chosen.source for chosen in plan.chosen])
    whole = quantities or whole
    decimal = prices or [name for name in free if seen.contents[name].decimals]
    if not free:
        plan.said.append("no column holds money: everything about money is absent")
        return
    default, why = None, "no name says which column is the money of a row"
    if len(decimal) == 1 and not whole and decimal[0] in by_word:
        why = "a word in its name, and no other column holds numbers with decimals"
        take(plan, "amount", (0.0, decimal[0], why), seen)
        return
    if len(decimal) == 1 and not whole:
        default, why = decimal[0], "no other column holds numbers with decimals, nor how many"
    elif len(decimal) == 1 and len(whole) == 1:
        thing = _priced_thing(seen, decimal[0], whole[0])
        if thing or prices:
            default = f"{named(whole[0])} * {named(decimal[0])}"
            why = (
                f"each {thing} has one {decimal[0]}, however many of it are bought ({whole[0]})"
                if thing
                else f"{decimal[0]} is called a price, and {whole[0]} holds small whole numbers"
            )
    shown = seen.contents
    options = [Option(name, ", ".join(shown[name].examples)) for name in decimal or free]
    options += [
        Option(f"{named(w)} * {named(d)}", f"{d} is the price of one of {w}")
        for d in decimal
        for w in whole
    ]
    options.append(Option(NONE, "no money: everything about money is absent"))
    answer = answers.to(
        Question(
            f"{plan.table}.amount",
            f"{seen.address}: which column is the money of a row?",
            why,
            default,
            tuple(options),
        )
    )
    if answer in shown:
        take(plan, "amount", (0.0, answer, why), seen)
    elif answer and answer != NONE:
        plan.compute("amount", answer, why)


def _numbers(seen: Seen, taken: list[str]) -> tuple[list[str], list[str]]:
    """Columns that may be money, and those of small whole numbers that may say how many."""
    numbers = {
        name: shown
        for name, shown in seen.contents.items()
        if shown.is_number
        and name not in taken
        and not (shown.is_time or shown.is_person)
        and shown.values > 1
    }
    whole = [
        name
        for name, shown in numbers.items()
        if not shown.decimals and shown.values <= MOST_PIECES and shown.different < 1
    ]
    free = [
        name
        for name, shown in numbers.items()
        if name not in whole and (shown.decimals or shown.different < 1)
    ]
    return free, whole


def _priced_thing(seen: Seen, price: str, quantity: str) -> str | None:
    """A column whose values have one price each, whatever the quantity: what is sold."""
    for name, shown in seen.contents.items():
        if name in (price, quantity) or not 1 < shown.values <= len(seen.frame) / 3:
            continue
        if (determines(seen.head, name, price, 2) or 0.0) < ONE_PRICE:
            continue
        if (determines(seen.head, name, quantity, 2) or 0.0) < 1 - ONE_PRICE:
            return name
    return None


def _by_other(seen: Seen, meaning: str, taken: list[str]) -> list[tuple[float, str]]:
    found = [
        (by_name(name, meaning), name)
        for name, shown in seen.contents.items()
        if shown.is_number and name not in taken and by_name(name, meaning)
    ]
    return sorted(found, key=lambda way: -way[0])


def _sold_by_line(seen: Seen, price: str, quantity: str) -> str | None:
    """A column of things whose price is the same once it is divided by how many were bought."""
    texts = {name: seen.head[name] for name in (price, quantity)}
    mark = marks(texts, {})
    numbers = {name: read_numbers(texts[name], mark.get(name)).values for name in texts}
    each = (numbers[price] / numbers[quantity]).round(2).astype("str")
    frame = seen.head.assign(**{EACH: each})
    for name, shown in seen.contents.items():
        if name in (price, quantity) or not 1 < shown.values <= len(seen.frame) / 3:
            continue
        if (determines(frame, name, price, 2) or 0.0) > 1 - ONE_PRICE:
            continue
        if (determines(frame, name, EACH, 2) or 0.0) >= ONE_PRICE:
            return name
    return None
