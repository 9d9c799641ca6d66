"""The section `source` of params.yaml."""

import codecs
from datetime import date
from math import inf
from typing import Any, Literal
from zoneinfo import available_timezones

from pydantic import Field, ValidationInfo, field_validator, model_validator

from core.errors import did_you_mean, suggestion
from core.params import MOST_DAYS, Params
from sources.contract import CALENDAR, READY, TABLES
from sources.written.currencies import currency_code
from sources.written.encodings import AUTO
from sources.written.numbers import tells_mark
from sources.written.zones import meant_zone

CURRENCIES = {"complete_journey": "USD", "cdnow": "USD", "simulator": "USD"}


class SimulatorParams(Params):
    """Section `source.simulator`: which company to simulate."""

    world: Literal["shop", "independent", "subscription", "misspecified"] = "shop"
    customers: int = Field(default=20_000, ge=1)
    days: int = Field(default=730, ge=60, le=MOST_DAYS)
    seed: int = Field(default=1, ge=0)


class SourceParams(Params):
    """Section `source`: where raw data comes from and how it maps to the tables."""

    kind: Literal["complete_journey", "cdnow", "files", "sql", "simulator", "table"]
    path: str | None = None
    files: dict[str, str | list[str] | None] = Field(default_factory=dict)
    label: str | None = None
    customer: str | None = None
    as_of: str | None = None
    value: str | None = None
    queries: dict[str, str | None] = Field(default_factory=dict)
    incremental: bool = False
    columns: dict[str, dict[str, str]] = Field(default_factory=dict)
    derive: dict[str, dict[str, str]] = Field(default_factory=dict)
    numbers: dict[str, dict[str, str]] = Field(default_factory=dict)
    filter: dict[str, str] = Field(default_factory=dict)
    encoding: str = AUTO
    static_attributes: tuple[str, ...] = ()
    drop_repeated_rows: tuple[str, ...] = ()
    simulator: SimulatorParams = SimulatorParams()
    currency: str | None = None
    exchange: dict[str, float] = Field(default_factory=dict)
    timezone: str = "UTC"
    ends: Literal["auto", "inclusive", "exclusive"] = "auto"
    max_quarantined: float = Field(default=0.05, ge=0, le=1)
    known_gaps: tuple[date | tuple[date, date], ...] = ()
    country: str | None = None
    calendar: str | None = None

    @field_validator("numbers")
    @classmethod
    def _tell_the_mark(cls, numbers: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        for example in (text for columns in numbers.values() for text in columns.values()):
            if not tells_mark(example):
                raise ValueError(
                    f'{example!r} does not show what stands before decimals: write "1,234.56", '
                    '"1.234,56" or "1 234,56"'
                )
        return numbers

    @field_validator("files", "columns", "derive", "filter")
    @classmethod
    def _of_known_tables(cls, by_table: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if info.data.get("kind") == READY:
            return _of_the_ready_table(by_table)
        # The calendar's file is named by source.calendar alone.
        tables = (*TABLES,) if info.field_name == "files" else (*TABLES, CALENDAR.name)
        for name in by_table:
            if name not in tables:
                raise ValueError(
                    f"{name!r} is not a table of the contract.{did_you_mean(name, tables)} "
                    f"The tables are: {', '.join(tables)}."
                )
        return by_table

    @model_validator(mode="after")
    def _ready_table_is_named(self) -> "SourceParams":
        """A ready table needs its label and its customers; no other kind has columns of its own."""
        given = {name: getattr(self, name) for name in ("label", "customer", "as_of", "value")}
        if self.kind != READY:
            named = [name for name, column in given.items() if column is not None]
            if named:
                raise ValueError(
                    f"{named[0]} names a column of a table with a label, which only kind: table "
                    "reads: take it out, or set kind: table"
                )
            return self
        lacking = [name for name in ("path", "label", "customer") if not getattr(self, name)]
        if lacking:
            raise ValueError(
                f"kind: table needs {' and '.join(lacking)}: {{kind: table, path: the file, label: "
                "the column that says who left, customer: the column of the customers' ids}"
            )
        columns = [column for column in given.values() if column]
        if len(set(columns)) < len(columns):
            raise ValueError(
                "label, customer, as_of and value of a ready table are columns of their own: one "
                "is named twice"
            )
        return self

    @field_validator("country")
    @classmethod
    def _is_a_country(cls, name: str | None) -> str | None:
        if name is None:
            return None
        from holidays.utils import list_supported_countries

        known = list_supported_countries()
        if name.upper() not in known:
            raise ValueError(
                f"{name!r} is not a country such as GB, DE or RU (two letters, ISO 3166-1) whose "
                "public holidays are known: name another, or null"
            )
        return name.upper()

    @field_validator("encoding")
    @classmethod
    def _is_an_encoding(cls, name: str) -> str:
        try:
            return name if name == AUTO else codecs.lookup(name).name
        except LookupError:
            raise ValueError(f"{name!r} is no encoding such as cp1251 or utf-16") from None

    @field_validator("currency")
    @classmethod
    def _is_a_currency(cls, name: str | None) -> str | None:
        return None if name is None else currency_code(name)

    @field_validator("exchange")
    @classmethod
    def _of_currencies(cls, rates: dict[str, float]) -> dict[str, float]:
        for name, rate in rates.items():
            if not 0 < rate < inf:
                raise ValueError(f"the rate of {name} is {rate}: it should be above 0")
        return {currency_code(name): rate for name, rate in rates.items()}

    @model_validator(mode="after")
    def _exchanged_into(self) -> "SourceParams":
        if self.exchange and self.currency is None:
            raise ValueError(
                "source.exchange converts into source.currency, which is null: name that currency, "
                "for example source.currency: EUR"
            )
        return self

    @property
    def currency_of_money(self) -> str | None:
        """The currency that amounts are said to be in: declared, or that of a data set we know."""
        return self.currency or CURRENCIES.get(self.kind)

    @field_validator("known_gaps")
    @classmethod
    def _in_order(
        cls, gaps: tuple[date | tuple[date, date], ...]
    ) -> tuple[date | tuple[date, date], ...]:
        for gap in gaps:
            if isinstance(gap, tuple) and gap[0] > gap[1]:
                raise ValueError(f"the gap from {gap[0]} to {gap[1]} ends before it begins")
        return gaps

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        if name not in available_timezones():
            hint = suggestion(meant_zone(name))
            raise ValueError(f"{name!r} is not a time zone such as Europe/London.{hint}")
        return name


def _of_the_ready_table(by_table: dict[str, Any]) -> dict[str, Any]:
    for name in by_table:
        if name != READY:
            raise ValueError(
                f"{name!r} is not the table: with kind: table there is one, which is called {READY}"
            )
    return by_table
