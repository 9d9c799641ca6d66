"""Money in one currency: converted where rates are given, left out where they are not."""

import pytest
from pydantic import ValidationError

from sources.contract import SUBSCRIPTIONS
from sources.params import SourceParams
from sources.proposing.naming import by_name
from sources.registry import load
from sources.tables.check_tables import check_tables
from sources.written.currencies import currency_code, heading_currency
from tests.sources.pasted import paste
from tests.sources.raw_tables import SHARED_CASES, check, orders

EXPORT = SHARED_CASES / "exports/two_currencies"

CELLS = [
    (["8.26 USD", "12.40 EUR", "5.00 EUR"], "EUR (2), USD (1)"),
    (["$8.26", "€12.40", "€5.00"], "EUR (2), $ (1)"),
    (["8,26 руб.", "12,40 ₽", "€5,00"], "RUB (2), EUR (1)"),
    (["(8.26 CHF)", "-€12.40", "CHF 1'000.—", "7.00"], "CHF (2), EUR (1)"),
    (["8 kr", "9 kr", "10 SEK", "11 NOK"], "KR (2), SEK (1), NOK (1)"),
]


def raw(cells, **columns):
    return orders(
        *[(f"c{n}", str(n), "2017-05-01", cell) for n, cell in enumerate(cells)], **columns
    )


def of(result, check_name):
    return [note for note in result.notes if note.check == check_name]


@pytest.mark.slow_after(2)
@pytest.mark.parametrize(("cells", "named"), CELLS)
@pytest.mark.parametrize("table", [None, SUBSCRIPTIONS])
def test_money_in_several_currencies_is_left_out_and_told(cells, named, table):
    rows = raw(cells)
    if table is SUBSCRIPTIONS:
        rows = rows.rename(columns={"order_id": "subscription_id", "event_time": "started_at"})
    result = check(rows, table) if table else check(rows)
    assert result.counts["kept"] == len(cells)  # no purchase is lost, only what it cost
    assert "amount" not in result.rows and result.currency is None
    (note,) = of(result, "currencies")
    assert (note.severity, note.column) == ("error", "amount")
    assert f"in several currencies: {named}. Added up they mean nothing" in note.meaning


@pytest.mark.slow_after(2)
@pytest.mark.parametrize(
    ("cells", "currency"),
    [
        (["8,26 руб.", "12,40 ₽", "5 RUB", "7 р", "9"], "RUB"),
        (["$5.00", "6.00 USD", "7.00"], "USD"),
        (["$5.00", "6.00"], "$"),
        (["5 kr", "6 SEK", "7 kr."], "SEK"),
        (["5%", "6 €"], "EUR"),
        ([5.0, 6.5], None),
    ],
)
def test_one_currency_written_in_several_ways_is_one(cells, currency):
    result = check(raw(cells))
    assert of(result, "currencies") == []
    assert result.currency == currency and len(result.rows["amount"]) == len(cells)


def test_returns_stay_returns_where_money_is_left_out():
    def told(**columns):
        rows = orders(
            ("a", "sale", "2017-05-01", 10.0),
            ("a", "refund", "2017-05-02", -10.0),
            ("a", "free", "2017-05-03", 0.0),
            ("a", "unknown", "2017-05-04", None),
            ("a", "mixed", "2017-05-05", 9.0),
            ("a", "mixed", "2017-05-05", -2.0),
            ("a", "mixed", "2017-05-05", -3.0),
            currency=["EUR", "USD", "EUR", "EUR", "USD", "USD", "USD"],
            **columns,
        )
        return check(rows).rows.groupby("order_id")["quantity"].apply(lambda q: q.fillna(1).sum())

    plain = told()
    assert set(plain[plain > 0].index) == {"sale", "unknown", "mixed"}
    given = told(quantity=[2, 2, 1, 1, 1, -1, -1])
    assert given.to_dict() == {"sale": 2, "refund": -2, "free": 0, "unknown": 1, "mixed": 3}


def test_rates_convert_sums_of_a_column_of_currencies():
    rows = raw([10.0, 10.0, 10.0, 10.0], currency=["EUR", "usd", "£", None], discount=[1.0] * 4)
    declared = {"currency": "EUR", "exchange": {"USD": 0.9, "GBP": 1.2}}
    result = check(rows, **declared)
    assert result.rows["amount"].tolist() == pytest.approx([10, 9, 12, 10])
    assert result.rows["discount"].tolist() == pytest.approx([1, 0.9, 1.2, 1])
    assert set(result.rows["currency"]) == {"EUR"} and result.currency == "EUR"
    (note,) = of(result, "exchanged")
    assert note.rows == 2 and "USD (1) at 0.9" in note.meaning and "GBP (1) at 1.2" in note.meaning


def test_rates_convert_sums_with_a_currency_beside_them():
    two = {"USD": 0.9, "CAD": 0.7}
    result = check(raw(["10 €", "10 $", "10"]), currency="EUR", exchange=two)
    assert "amount" not in result.rows  # a dollar, but which?
    result = check(raw(["10 €", "10 $", "10"]), currency="EUR", exchange={"USD": 0.9})
    assert result.rows["amount"].tolist() == pytest.approx([10, 9, 10])
    result = check(raw(["10 €", "10 USD", "10"]), currency="EUR", exchange={"USD": 0.9})
    assert result.rows["amount"].tolist() == pytest.approx([10, 9, 10])


def test_one_missing_rate_leaves_all_money_of_the_table_out():
    rows = raw([10.0] * 3, currency=["EUR", "USD", "GBP"])
    result = check(rows, currency="EUR", exchange={"USD": 0.9})
    assert "amount" not in result.rows
    (note,) = of(result, "currencies")
    assert "source.exchange: {GBP: …}" in note.what_to_do


def test_a_declared_currency_that_no_row_has_is_not_believed():
    result = check(raw(["10 $", "12 $"]), currency="RUB")
    assert "amount" not in result.rows
    (note,) = of(result, "currencies")
    assert "source.currency is RUB, and the amounts name $ (2)" in note.meaning
    assert "source.exchange: {USD: …}" in note.what_to_do
    result = check(raw(["10 $", "12 $"]), currency="CAD")
    assert result.currency == "CAD" and "amount" in result.rows


def test_the_line_of_the_message_keeps_one_currency():
    rows = raw([10.0, 11.0, 12.0], money=["EUR", "eur", "USD"]).rename(
        columns={"money": "currency"}
    )
    known = SourceParams(
        kind="files",
        max_quarantined=1.0,
        columns={"orders": {"currency": "Currency"}},
        filter={"orders": "amount > 0"},
    )
    (note,) = of(check_tables({"orders": rows}, known)["orders"], "currencies")
    cured = paste(known, note.what_to_do)
    assert cured.filter == {"orders": "(amount > 0) AND Currency IN ('EUR', 'eur')"}


@pytest.mark.slow
def test_further_tables_are_brought_into_the_currency_of_the_payments():
    contacts = orders(*[("c1", f"o{n}", "2017-05-01", "1 USD") for n in range(2)]).rename(
        columns={"order_id": "contact_id", "amount": "cost"}
    )
    contacts = contacts.assign(action_id="call", channel="phone", arm="treated")
    tables = {"contacts": contacts, "orders": raw(["10 €", "12 €"])}
    checked = check_tables(tables, SourceParams(kind="files"))
    assert list(checked) == ["contacts", "orders"]
    assert checked["orders"].currency == "EUR" and "cost" not in checked["contacts"].rows
    rated = SourceParams(kind="files", currency="EUR", exchange={"USD": 0.5})
    assert check_tables(tables, rated)["contacts"].rows["cost"].tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("written", "code"), [("eur", "EUR"), ("€", "EUR"), ("руб.", "RUB"), ("zł", "PLN")]
)
def test_a_currency_may_be_written_as_people_write_it(written, code):
    assert currency_code(written) == code
    assert SourceParams(kind="files", currency=written).currency == code


@pytest.mark.parametrize(
    ("heading", "code"),
    [
        ("Бюджет ₽", "RUB"),
        ("Сумма, руб.", "RUB"),
        ("Betrag (€)", "EUR"),
        ("amount_usd", "USD"),
        ("Price $", None),  # of which of them
        ("Net EUR / USD", None),
        ("TRY total", None),
        ("Tutar ₺", "TRY"),  # the sign is no English word
        ("Order Total", None),
        ("r_total", None),
    ],
)
def test_the_heading_of_a_column_of_money_may_tell_its_currency(heading, code):
    assert heading_currency(heading) == code


@pytest.mark.parametrize("heading", ["Сумма, руб.", "Total USD", "total_price_eur", "Amount ($)"])
def test_a_column_of_money_is_recognised_by_its_name_without_the_currency(heading):
    assert by_name(heading, "amount", "orders") > by_name("Umsatz", "amount", "orders") == 0


@pytest.mark.parametrize(
    ("changes", "cure"),
    [
        ({"currency": "$"}, "write the code"),
        ({"currency": "EUT"}, "Did you mean"),
        ({"exchange": {"USD": 0.9}}, "source.currency: EUR"),
        ({"currency": "EUR", "exchange": {"USD": 0}}, "above 0"),
        ({"currency": "EUR", "exchange": {"dollars": 1}}, "not a currency"),
    ],
)
def test_what_is_no_currency_and_no_rate_is_refused_with_the_cure(changes, cure):
    with pytest.raises(ValidationError, match=cure):
        SourceParams(kind="files", **changes)


@pytest.mark.skipif(not EXPORT.is_dir(), reason="needs ../shared/cases")
def test_the_export_in_two_currencies_has_purchases_and_no_money():
    params = SourceParams(kind="files", path=str(EXPORT))
    orders_read = check_tables(load(params), params)["orders"]
    assert "amount" not in orders_read.rows and orders_read.counts["quarantined"] == 0
    (note,) = of(orders_read, "currencies")
    kept = paste(params, note.what_to_do)
    of_one = check_tables(load(kept), kept)["orders"]
    assert of_one.currency in {"EUR", "USD"} and "amount" in of_one.rows
    assert of_one.counts["kept"] == orders_read.counts["kept"] - note.rows
    rated = params.model_copy(update={"currency": "EUR", "exchange": {"USD": 0.9}})
    assert check_tables(load(rated), rated)["orders"].rows["amount"].notna().all()
