"""Findings on the same id in several forms, in `orders` and between tables."""

from collections.abc import Mapping

import pandas as pd

from features.usability.buyers import rows_by_customer
from features.usability.finding import Finding
from features.usability.forms import (
    PREFIX,
    Form,
    forms_between,
    in_one_form,
    meeting,
    one_form_for_all,
)
from sources.notes import Said, Severity
from sources.params import SourceParams
from sources.tables.kept import Kept

MOST_ABSENT = 0.5  # share of a table's customers that never ordered
OTHER_FORM = 0.01  # share of customers whose id fits another one but for its form
MUCH = 0.05  # above it what is computed misleads


def id_findings(
    checked: Mapping[str, Kept], lines: "pd.Series[int]", source: SourceParams
) -> list[Finding]:
    """Ids that are the same id, or that seem to be of another kind than those of `orders`.

    `lines` is how many order lines each customer has.
    """
    buyers = pd.Series(lines.index)
    tables = [name for name, table in checked.items() if not table.made_of]
    findings = _in_orders(lines, tables, source)
    for name, table in checked.items():
        if name != "orders":
            findings += _beside_orders(name, rows_by_customer(table.rows), buyers, source)
    return findings


def _in_orders(lines: "pd.Series[int]", tables: list[str], source: SourceParams) -> list[Finding]:
    """Ids of `orders` that are one id in two forms: 00123 and 123."""
    buyers = pd.Series(lines.index)
    forms = forms_between(buyers)
    twice = buyers[meeting(buyers, forms)] if forms else buyers.head(0)
    if len(twice) <= OTHER_FORM * len(buyers):
        return []
    people = in_one_form(twice, forms).nunique()
    return [
        Finding(
            "id_forms",
            "error" if len(twice) > MUCH * len(buyers) else "warning",
            "orders",
            "customer_id",
            int(lines[twice].sum()),
            f"{len(twice):,} of {len(buyers):,} customer ids differ from another one in form only "
            f"({_pair(twice, forms)}; {_named(forms)}): {people:,} customers seem to be "
            f"{len(twice):,}, and who is two seems to leave.",
            f"Write the ids in one form; {one_form_for_all(forms, tables, source)}",
            said=Said(
                "id_forms.in_orders",
                twice=len(twice),
                buyers=len(buyers),
                pair=_pair(twice, forms),
                forms=_parts(forms),
                people=int(people),
                line=_line(forms, tables, source),
            ),
        )
    ]


def _beside_orders(
    name: str, rows: "pd.Series[int]", buyers: pd.Series, source: SourceParams
) -> list[Finding]:
    """A table whose customers do not order, or whose ids only look as if."""
    ids = pd.Series(rows.index)
    strangers = ids[~ids.isin(buyers)].reset_index(drop=True)
    if len(strangers) <= OTHER_FORM * len(ids):
        return []
    forms, alike = _alike(strangers, buyers)
    if len(alike) > OTHER_FORM * len(ids):
        keys = in_one_form(buyers, forms)
        pair = buyers[keys == in_one_form(alike.head(1), forms).iloc[0]].iloc[0]
        share = len(alike) / len(ids)
        severity: Severity = "error" if share > MOST_ABSENT else "warning"
        return [
            Finding(
                "id_forms",
                severity,
                name,
                "customer_id",
                int(rows[alike].sum()),
                f"{len(alike):,} of {len(ids):,} customers have their id in another form than "
                f"in orders ({_shown(alike.iloc[0], pair)} here, {_shown(pair, alike.iloc[0])} "
                f"there): {_named(forms)}. Their rows count for nobody.",
                "Write the ids in one form; " + one_form_for_all(forms, ["orders", name], source),
                said=Said(
                    "id_forms.beside_orders",
                    alike=len(alike),
                    ids=len(ids),
                    here=_shown(alike.iloc[0], pair),
                    there=_shown(pair, alike.iloc[0]),
                    forms=_parts(forms),
                    line=_line(forms, ["orders", name], source),
                ),
            )
        ]
    if len(strangers) <= MOST_ABSENT * len(ids):
        return []
    return [
        Finding(
            "not_in_orders",
            "warning",
            name,
            "customer_id",
            int(rows[strangers].sum()),
            f"{len(strangers):,} of {len(ids):,} customers never ordered "
            f"({strangers.iloc[0]}, for example): their rows count for nobody.",
            "Check that the two tables have the same kind of id and the same period.",
            said=Said(
                "not_in_orders", strangers=len(strangers), ids=len(ids), id=strangers.iloc[0]
            ),
        )
    ]


def _alike(strangers: pd.Series, buyers: pd.Series) -> tuple[tuple[Form, ...], pd.Series]:
    """The forms in which customers of a table match buyers, and which customers do."""
    both = pd.concat([strangers, buyers], ignore_index=True)
    forms = forms_between(both)
    alike = _those_among(strangers, buyers, forms)
    if len(alike) <= OTHER_FORM * len(strangers):
        # C1388 and 1388: a last resort, since numbers of two kinds may be alike as well.
        are_bare = any(ids.str.fullmatch(r"\d+").all() for ids in (strangers, buyers))
        by_number = _those_among(strangers, buyers, (PREFIX,))
        is_clear = are_bare and not meeting(buyers, (PREFIX,)).any()
        if is_clear and len(by_number) > MOST_ABSENT * len(strangers):
            return (PREFIX,), by_number
    return forms, alike


def _those_among(strangers: pd.Series, buyers: pd.Series, forms: tuple[Form, ...]) -> pd.Series:
    if not forms:
        return strangers.head(0)
    return strangers[in_one_form(strangers, forms).isin(set(in_one_form(buyers, forms)))]


def _pair(twice: pd.Series, forms: tuple[Form, ...]) -> str:
    """Two ids that are one, those of the least zeros."""
    first = min(twice, key=lambda written: (written.strip("0"), written))
    keys = in_one_form(twice, forms)
    same = twice[keys == in_one_form(pd.Series([first]), forms).iloc[0]]
    other = next(written for written in same if written != first)
    return f"{_shown(first, other)}, {_shown(other, first)}"


def _shown(first: str, other: str) -> str:
    """An id as it is, with the code of letters that its other form has in another alphabet."""
    return first if first.isascii() or other.isascii() is False else f"{first}, which is {first!a}"


def _named(forms: tuple[Form, ...]) -> str:
    return ", ".join(form.name for form in forms)


def _parts(forms: tuple[Form, ...]) -> list[Said]:
    return [Said(f"form_{form.key}") for form in forms]


def _line(forms: tuple[Form, ...], tables: list[str], source: SourceParams) -> str:
    """The line for params.yaml alone, without the words before it."""
    return one_form_for_all(forms, tables, source).split(": ", 1)[1]
