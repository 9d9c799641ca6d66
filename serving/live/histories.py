"""Histories as they are sent: rows of the contract's tables, checked field by field.

The schemas follow from sources/contract.py. Columns are named as there; `customer_id` stands once,
at the customer. What ingest brings into one form (words of closed lists, lines of an order without
a number of their own) is brought into it here too, so that a history means the same to both.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, create_model

from serving.store.errors import HistoryError
from serving.work.events import TABLES_OF_EVENTS, Event
from serving.work.kinds import Id, Moment
from sources.contract import CUSTOMERS, NUMBER, ORDERS, TABLES, TEXT, TIME, YESNO, Table
from sources.meanings.vocabulary import known_word
from sources.written.currencies import currency_code

if TYPE_CHECKING:
    from ibis import Schema

    from features.history.facts import Schemas

LARGEST = 9e12  # of a number, as in the check
MOST_CUSTOMERS, MOST_ROWS = 1_000, 20_000  # rows of one table of one customer
KEYS = {  # a row is told apart by these; a second one with the same would count twice
    "orders": ("order_id", "line_id"),
    "contacts": ("contact_id",),
    "tickets": ("ticket_id",),
    "subscriptions": ("subscription_id",),
}

Finite = Annotated[float, Field(gt=-LARGEST, lt=LARGEST, allow_inf_nan=False)]
Cells = Mapping[str, Any]  # of a row, by column
_KINDS: dict[str, Any] = {TEXT: Id, NUMBER: Finite, YESNO: bool, TIME: Moment}


class Strict(BaseModel):
    """Nothing but what is named, in JSON's own types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Attributes(Strict):
    """What is known of the customer without a date."""

    created_at: Moment | None = None
    attributes: dict[Id, Finite | Id | None] = Field(default_factory=dict, max_length=200)


def _rows_of(table: Table, name: str, but: Collection[str] = ()) -> Any:
    fields: dict[str, Any] = {}
    for column, kind in table.columns.items():
        if column in ("customer_id", *but):
            continue
        # The end of a subscription may be settled before it comes.
        of = AwareDatetime if column == "ended_at" else _KINDS[kind]
        is_needed = column in table.required
        fields[column] = (of, ...) if is_needed else (of | None, None)
    doc = f"A row of the table {table.name}, as docs/your-data.md describes it."
    model = create_model(name, __base__=Strict, __doc__=doc, **fields)
    rows: Any = list[model]  # type: ignore[valid-type]
    return Annotated[rows, Field(max_length=MOST_ROWS)]


_FIELDS: dict[str, Any] = {
    "customer_id": (Id, ...),
    "customers": (Attributes | None, None),
    **{
        name: (_rows_of(table, f"{name.title()}Row"), Field(default_factory=list))
        for name, table in TABLES.items()
        if name != CUSTOMERS.name
    },
}
HISTORY = "One customer: an id of your choice, and every row there is, by table."
History = create_model("History", __base__=Strict, __doc__=HISTORY, **_FIELDS)

NEWS = "What one customer did: new rows, by table. Money is in the currency of the release."
NO_NEWS = ("known_at", "currency")  # it is known from now on
_NEWS: dict[str, Any] = {
    "customer_id": (Id, ...),
    **{
        name: (
            _rows_of(TABLES[name], f"{name.title()}News", NO_NEWS),
            Field(default_factory=list),
        )
        for name in TABLES_OF_EVENTS
    },
}
News = create_model("News", __base__=Strict, __doc__=NEWS, **_NEWS)


def events_of(news: Iterable[Any]) -> list[Event]:
    """The rows of `News`, one after another.

    Raises HistoryError for a row that is there twice, and for an order of two customers.
    """
    found = []
    buyers: dict[str, str] = {}
    for one in news:
        for name in TABLES_OF_EVENTS:
            rows = getattr(one, name)
            _refuse_repeats(name, [(one.customer_id, vars(row)) for row in rows])
            for row in rows if name == ORDERS.name else ():
                buyer = buyers.setdefault(row.order_id, one.customer_id)
                if buyer != one.customer_id:
                    raise HistoryError(
                        f"order_id {row.order_id!r} is there for {buyer!r} and for "
                        f"{one.customer_id!r}: an order has one customer. Nothing was kept."
                    )
            found += [
                Event(name, one.customer_id, row.model_dump(exclude_none=True)) for row in rows
            ]
    return found


class Sent:
    """Histories as tables of a release's schemas; `left_out` names what these do not have.

    Raises HistoryError for a customer or a row that is there twice, and for money in a currency
    other than the release's.
    """

    def __init__(self, histories: Sequence[Any], schemas: "Schemas", currency: str | None) -> None:
        self.customers = [history.customer_id for history in histories]
        twice = [name for name, count in Counter(self.customers).items() if count > 1]
        if twice:
            raise HistoryError(f"customer_id {twice[0]!r} is there twice.")
        self._schemas, self._currency = schemas, currency
        self._left_out: set[str] = set()
        self.tables: dict[str, pa.Table] = {}
        for name in TABLES:
            if name == CUSTOMERS.name:
                continue
            # The cells of a row of pydantic's as they are, without asking it for each.
            rows = [(h.customer_id, vars(row)) for h in histories for row in getattr(h, name)]
            if rows:
                told = {c for h in histories for r in getattr(h, name) for c in r.model_fields_set}
                self._add(name, rows, told)
        self._add_attributes(histories)

    @property
    def left_out(self) -> list[str]:
        """Tables and columns that the release does not have: nothing was learned from them."""
        return sorted(self._left_out)

    def newest_day(self) -> dt.date | None:
        """The day of the newest order, or of the newest row where there are no orders."""
        leading = {"orders": self.tables["orders"]} if "orders" in self.tables else self.tables
        columns = (TABLES[n].time for n in leading)
        times = [table[c] for table, c in zip(leading.values(), columns, strict=True)]
        found = [newest for t in times if (newest := pc.max(t).as_py()) is not None]
        return max(found).date() if found else None

    def _add(self, name: str, rows: list[tuple[str, Cells]], told: set[str]) -> None:
        if name not in self._schemas:
            self._left_out.add(name)
            return
        schema = self._schemas[name]
        lost = told - set(schema) - {"currency", "line_id"}
        self._left_out |= {f"{name}.{column}" for column in lost}
        _refuse_repeats(name, rows)
        if "currency" in told:
            self._refuse_currencies(name, rows)
        self.tables[name] = typed_rows(name, rows, schema)

    def _refuse_currencies(self, name: str, rows: Iterable[tuple[str, Cells]]) -> None:
        for customer, row in rows:
            given = row["currency"]
            if given is None or self._currency is None:
                continue
            try:
                code = currency_code(given)
            except ValueError as error:
                raise HistoryError(f"{name}.currency of {customer!r}: {error}.") from None
            if code != self._currency:
                raise HistoryError(
                    f"{name}.currency of {customer!r} is {code}; the money of this release is "
                    f"{self._currency}: convert it first."
                )

    def _add_attributes(self, histories: Sequence[Any]) -> None:
        given = [(h.customer_id, h.customers) for h in histories if h.customers is not None]
        if not given:
            return
        if CUSTOMERS.name not in self._schemas:
            self._left_out.add(CUSTOMERS.name)
            return
        schema = self._schemas[CUSTOMERS.name]
        for _, one in given:
            lost = set(one.attributes) - set(schema)
            self._left_out |= {f"{CUSTOMERS.name}.{column}" for column in lost}
        columns = {}
        for column, dtype in schema.items():
            if column == "customer_id":
                values: list[Any] = [customer for customer, _ in given]
            elif column == "created_at":
                values = [one.created_at for _, one in given]
            else:
                values = [one.attributes.get(column) for _, one in given]
            wanted = str if dtype.is_string() else float if dtype.is_numeric() else object
            for customer, value in zip((c for c, _ in given), values, strict=True):
                if value is not None and not isinstance(value, wanted | int):
                    raise HistoryError(
                        f"customers.attributes.{column} of {customer!r} is to be "
                        f"{'text' if wanted is str else 'a number'}."
                    )
            columns[column] = _array(values, dtype.to_pyarrow())
        self.tables[CUSTOMERS.name] = pa.table(columns)


def typed_rows(
    name: str,
    rows: Sequence[tuple[str, Cells]],
    schema: "Schema",
    numbered: Mapping[str, int] | None = None,
) -> pa.Table:
    """Rows of a table, each of a customer, in the schema of a release's.

    `numbered` counts by order the lines that are there already.
    """
    contract, columns = TABLES[name], {}
    for column, dtype in schema.items():
        if column == "customer_id":
            values: list[Any] = [customer for customer, _ in rows]
        elif column == "line_id":
            values = _lines(name, rows, numbered or {})
        else:
            values = [row.get(column) for _, row in rows]
        if contract.columns.get(column) == TEXT and column not in ("customer_id", "line_id"):
            values = [v if v is None else known_word(name, column, v) for v in values]
        columns[column] = _array(values, dtype.to_pyarrow())
    return pa.table(columns)


def _array(values: list[Any], wanted: pa.DataType) -> pa.Array:
    """The values in the type of the schema; times are UTC there, without saying so."""
    if pa.types.is_timestamp(wanted):
        # Converted here: versions of Arrow differ in what they make of an offset.
        utc = [time and time.astimezone(dt.UTC).replace(tzinfo=None) for time in values]
        return pa.array(utc, pa.timestamp("us")).cast(wanted)
    return pa.array(values, wanted)


def _lines(name: str, rows: Sequence[tuple[str, Cells]], numbered: Mapping[str, int]) -> list[str]:
    """The line of each row: its own, else its position among the rows of its key."""
    key = [column for column in TABLES[name].key if column not in ("line_id", "customer_id")]
    seen: Counter[tuple[Any, ...]] = Counter()
    lines = []
    for customer, row in rows:
        own = row.get("line_id")
        if own is None:
            place = (customer, *(row[column] for column in key))
            seen[place] += 1
            own = f"#{seen[place] + numbered.get(str(row.get('order_id')), 0)}"
        lines.append(own)
    return lines


def _refuse_repeats(name: str, rows: Iterable[tuple[str, Cells]]) -> None:
    if name not in KEYS:
        return
    seen: set[tuple[Any, ...]] = set()
    for customer, row in rows:
        key = tuple(row[column] for column in KEYS[name])
        if None in key:  # a line without a number of its own is one more line
            continue
        if key in seen:
            told = ", ".join(f"{c} {v!r}" for c, v in zip(KEYS[name], key, strict=True))
            raise HistoryError(f"{name} of {customer!r}: {told} is there twice.")
        seen.add(key)
