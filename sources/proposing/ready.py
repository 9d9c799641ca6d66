"""A ready table: one row per customer (and date) with a label, as the source `table` reads it."""

from typing import Any

from core.errors import SourceError
from sources.contract import READY
from sources.proposing.kinds_of_table import keys_of, label_of
from sources.proposing.naming import by_name
from sources.proposing.questions import NONE, Answers, Option, Question
from sources.proposing.seen import Plan, Seen

YES, NO = "yes", "no"
MONEY = "line_total"


def plan_ready(
    ready: list[Seen], place: str, answers: Answers, left_out: list[tuple[str, str]]
) -> tuple[dict[str, Any], Plan]:
    """The section `source` and what it is made of; questions go to `answers`.

    Raises SourceError where no column can tell customers apart, or where columns were filled in
    after it was known who left.
    """
    seen = _chosen(ready, answers, left_out)
    label = label_of(seen) or ""
    customer, as_of = keys_of(seen, label)
    plan = Plan(READY, [seen.address], f"a ready table: {label} says who left")
    shows = seen.contents
    plan.rename("label", label, "its name, and it has two values", shows[label].shows(""))
    if customer:
        plan.rename("customer", customer, "each row has another", shows[customer].shows(""))
    else:
        customer = _customer(seen, label, answers)
        plan.rename("customer", customer, "as answered", shows[customer].shows(""))
    source: dict[str, Any] = {
        "kind": READY,
        "path": f"{place}/{seen.address}",
        "label": label,
        "customer": customer,
    }
    if as_of:
        source["as_of"] = as_of
        plan.rename("as_of", as_of, "its name, and its cells are dates", shows[as_of].shows("time"))
    else:
        _ask_whether_known(seen, label, answers)
    money = _money(seen, {label, customer}, answers)
    if money:
        source["value"] = money
        plan.rename("value", money, "as answered", shows[money].shows("number"))
    return source, plan


def _chosen(ready: list[Seen], answers: Answers, left_out: list[tuple[str, str]]) -> Seen:
    if len(ready) == 1:
        return ready[0]
    by_address = {seen.address: seen for seen in ready}
    question = Question(
        "table.file",
        "Which file is the table of features?",
        f"{len(ready)} files have a label",
        None,
        tuple(Option(address) for address in by_address),
    )
    taken = answers.to(question) or ready[0].address
    left_out += [(address, f"{taken} was chosen") for address in by_address if address != taken]
    return by_address[taken]


def _customer(seen: Seen, label: str, answers: Answers) -> str:
    unique = [
        name
        for name, shown in seen.contents.items()
        if name != label and shown.different == 1 and not shown.decimals and shown.filled == 1
    ]
    if not unique:
        raise SourceError(
            f"{seen.address} has a label ({label}) and no column that tells its customers apart: "
            "bring their ids, so that a list can name them."
        )
    shows = seen.contents
    question = Question(
        "table.customer",
        f"{seen.address}: which column is the customer's id?",
        "no name says it",
        None,
        tuple(Option(name, ", ".join(shows[name].examples)) for name in unique),
    )
    return answers.to(question) or unique[0]


def _ask_whether_known(seen: Seen, label: str, answers: Answers) -> None:
    question = Question(
        "table.known",
        f"Were all columns of {seen.address} known before it was known who left ({label})?",
        "the table has no date, so that nothing in it shows this; a column filled in "
        "afterwards (a closing date, a last bill) makes the model look far too good",
        None,
        (Option(YES, "all were"), Option(NO, "not all, or not known")),
    )
    if answers.to(question) == NO:
        raise SourceError(
            f"{seen.address}: leave out the columns that were filled in after it was known who "
            "left, or bring the table as it stood at a date with that date as a column."
        )


def _money(seen: Seen, taken: set[str], answers: Answers) -> str | None:
    """The column of money that leaves with a customer, as answered; None for none."""
    sums = [
        name
        for name, shown in seen.contents.items()
        if name not in taken and shown.is_number and by_name(name, MONEY)
    ]
    if not sums:
        return None
    shows = seen.contents
    options = [Option(name, ", ".join(shows[name].examples)) for name in sums]
    question = Question(
        "table.value",
        f"{seen.address}: which column is the money that leaves with a customer?",
        "only you know whether a sum would be lost; without it nobody is ranked by money, and "
        "there is no plan",
        NONE,
        (*options, Option(NONE)),
    )
    answer = answers.to(question)
    return None if answer == NONE else answer
