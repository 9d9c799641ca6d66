"""Forms in which the same id is written, and the `source.derive` line that makes them one.

    8 (910) 307-25-72   +79103072572      notations of one phone number
    С-388 (Cyrillic)    C-388             letters of two alphabets that look alike
    Ann@x.example       ann@x.example     capitals

Each form is stated once, as the SQL that removes it: the same SQL finds and mends it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from sources.contract import TABLES
from sources.cures import own, pasted
from sources.duck import connect
from sources.params import SourceParams

# Cyrillic letters that no one tells from Latin ones.
CYRILLIC, LATIN = "АВЕКМНОРСТУХІЈЅаеорсухіјѕ", "ABEKMHOPCTYXIJSaeopcyxijs"
DIGITS = "regexp_replace($id, '[^0-9]', '', 'g')"
IS_PHONE = (
    "regexp_full_match($id, '[+(]?[0-9][0-9() .-]{8,}[0-9]') "
    f"AND length({DIGITS}) BETWEEN 10 AND 13"
)
MIN_SHARE_MIXED = 0.5  # share of the phone numbers met that are written in several notations


@dataclass(frozen=True)
class Form:
    """A way in which ids differ, and the SQL over `$id` in which they do so no more."""

    name: str
    sql: str
    key: str  # of the message that names it in other languages


def _phones(digits: int) -> Form:
    return Form(
        "notations of one phone number",
        f"CASE WHEN {IS_PHONE} THEN right({DIGITS}, {digits}) ELSE $id END",
        "phone",
    )


PHONES = (_phones(10), _phones(9))  # national numbers are of ten digits, in some countries of nine
FORMS = (
    Form(
        "letters of two alphabets that look alike",
        f"translate($id, '{CYRILLIC}', '{LATIN}')",
        "alphabets",
    ),
    Form("capital letters", "lower($id)", "capitals"),
    Form("a decimal that is zero", r"regexp_replace($id, '\.0$', '')", "decimal"),
    Form("spaces, hyphens or underscores", r"regexp_replace($id, '[\s_-]', '', 'g')", "spaces"),
    Form("zeros in front", r"regexp_replace($id, '^([A-Za-z]*)0+(.)', '\1\2')", "zeros"),
)
PREFIX = Form("letters in front", "regexp_replace($id, '^[^0-9]+', '')", "prefix")


def in_one_form(ids: pd.Series, forms: Sequence[Form]) -> "pd.Series[str]":
    """The ids with these forms taken away, one after the other."""
    codes, distinct = pd.factorize(ids)
    with connect() as connection:
        # Rows stay in their order, so that no id has to be looked up once more.
        connection.register("ids", pa.table({"id": pa.array(distinct, pa.string())}))
        found = connection.execute(f"SELECT {written('id', forms)} AS id FROM ids")
        plain = found.to_arrow_table().column("id").to_pandas()
    taken: pd.Series[str] = plain.astype("str").reindex(codes).set_axis(ids.index)
    return taken


def written(column: str, forms: Sequence[Form]) -> str:
    """The SQL that writes a column in one form."""
    for form in forms:
        column = form.sql.replace("$id", column)
    return column


def forms_between(ids: pd.Series) -> tuple[Form, ...]:
    """The fewest forms whose removal matches as many ids as that of all; none where none match."""
    phones = _phone_forms(ids)
    kept = [*phones, *FORMS]
    most = meeting(ids, kept)
    if not most.any():
        return ()
    for form in (*phones, *FORMS):
        fewer = [other for other in kept if other != form]
        if meeting(ids, fewer).sum() == most.sum():
            kept = fewer
    return tuple(kept)


def meeting(ids: pd.Series, forms: Sequence[Form]) -> "pd.Series[bool]":
    """Which of these distinct ids are the same as another of them in another form."""
    twice: pd.Series[bool] = in_one_form(ids, forms).duplicated(keep=False)
    return twice


def one_form_for_all(forms: Sequence[Form], tables: Sequence[str], params: SourceParams) -> str:
    """The line of params.yaml that writes the customers' ids of every table in one form."""
    derive = {name: {"customer_id": written(_text(name, params), forms)} for name in tables}
    return f"in params.yaml, below source: {pasted('derive', derive, params)}"


def _text(name: str, params: SourceParams) -> str:
    return f"trim(CAST({own('customer_id', TABLES[name], params)} AS VARCHAR))"


def _phone_forms(ids: pd.Series) -> list[Form]:
    """Phone numbers in several notations; long numbers of one length are numbers of their own."""
    met = [(meeting(ids, [form]), form) for form in PHONES]
    found, form = max(met, key=lambda pair: pair[0].sum())
    if not found.any():
        return []
    twins = ids[found]
    number = in_one_form(twins, [form])
    notations = twins.str.replace(r"\d", "0", regex=True)
    return [form] if notations.groupby(number).nunique().gt(1).mean() > MIN_SHARE_MIXED else []
