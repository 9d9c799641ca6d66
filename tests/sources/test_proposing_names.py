"""What columns are taken for: by the names of known exports, by names, and by contents alone."""

import pandas as pd
import pytest

from core.errors import SourceError
from sources.proposing.contents import contents_of
from tests.each import check_each
from tests.sources import exports_made as made
from tests.sources.proposals import proposed, taken

EXPORTS = {
    "shopify": (
        made.shopify,
        {"customer_id": "Email", "order_id": "Name", "event_time": "Created at"},
        '"Lineitem quantity" * "Lineitem price"',
        set(),
    ),
    "woo": (
        made.woo,
        {"customer_id": "billing_email", "order_id": "order_id", "event_time": "order_date"},
        "order_total",
        {"orders.customer_id", "timezone"},
    ),
    "stripe": (
        made.stripe_payments,
        {"customer_id": "Customer ID", "order_id": "id", "event_time": "Created date (UTC)"},
        'Amount - coalesce("Amount Refunded", 0)',
        set(),
    ),
    "magento": (
        made.magento,
        {"customer_id": "Customer Email", "order_id": "ID", "event_time": "Purchase Date"},
        "Grand Total (Base)",
        {"timezone"},
    ),
    "google analytics": (
        made.analytics,
        {"customer_id": "user_pseudo_id", "event_time": "event_date"},
        "ecommerce.purchase_revenue",
        set(),
    ),
    "1c": (
        made.onec,
        {"customer_id": "Код контрагента", "order_id": "Номер документа", "event_time": "Дата"},
        "Сумма",
        {"timezone"},
    ),
    "bitrix24": (
        made.bitrix,
        {"customer_id": "CONTACT_ID", "order_id": "ID", "event_time": "CLOSEDATE"},
        "OPPORTUNITY",
        {"orders.event_time"},
    ),
    "bitrix24 in Russian": (
        made.bitrix_in_russian,
        {"customer_id": "Контакт", "order_id": "ID", "event_time": "Дата создания"},
        "Сумма",
        {"timezone"},
    ),
    "retailcrm": (
        made.retailcrm,
        {"customer_id": "customer.id", "order_id": "number", "event_time": "createdAt"},
        "totalSumm",
        {"timezone"},
    ),
    "online retail": (
        made.online_retail,
        {"customer_id": "CustomerID", "order_id": "InvoiceNo", "event_time": "InvoiceDate"},
        "Quantity * UnitPrice",
        {"timezone"},
    ),
}


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("name", EXPORTS)
def test_a_known_export_is_recognised_and_asks_only_what_its_columns_do_not_say(name):
    export, columns, amount, asked = EXPORTS[name]
    proposal, answers = proposed(export())
    found = taken(proposal)
    assert {**columns, "amount": amount}.items() <= found.items()
    assert set(answers.asked) == asked
    assert not answers.without_default()


def test_an_export_without_dates_is_refused_with_what_it_lacks():
    with pytest.raises(SourceError, match=r"file1\.csv is Instacart: orders\. It has no date"):
        proposed(made.instacart())


LINES, ORDERS = made.lines, made.orders
OTHER_NAMES = {  # names, columns of the made-up shop, and the money where it is not the column `a`
    "Russian in Latin letters": (
        LINES,
        {"data_zakaza": "t", "nomer_zakaza": "o", "klient": "c", "kolichestvo": "q", "cena": "p",
         "summa": "a", "tovar": "g"},
    ),
    "a till": (ORDERS, {"data": "t", "nomer_cheka": "o", "karta": "c", "itogo": "a"}),
    "Russian": (ORDERS, {"Дата оформления заказа": "t", "Номер заявки": "o", "Код партнёра": "c",
                    "Сумма, руб.": "a"}),
    "German": (LINES, {"Bestelldatum": "t", "Bestellnummer": "o", "Kundennummer": "c", "Menge": "q",
                   "Einzelpreis": "p", "Betrag": "a", "Artikel": "g"}),
    "Spanish": (ORDERS, {"fecha": "t", "pedido": "o", "cliente": "c", "importe": "a"}),
    "no names": (LINES, {"A": "t", "B": "o", "C": "c", "D": "q", "E": "p", "F": "a", "G": "g"}),
    "an e-mail": (ORDERS, {"when": "t", "ref": "o", "who": "e", "paid": "a"}),
    "a warehouse": (ORDERS, {"fct_order_ts": "t", "dim_order_key": "o", "dim_customer_key": "c",
                        "net_revenue_amt": "a"}),
}  # fmt: skip
TARGETS = {
    "t": "event_time",
    "o": "order_id",
    "c": "customer_id",
    "e": "customer_id",
    "a": "amount",
}


@pytest.mark.slow
def test_names_that_nobody_wrote_down_are_found_by_what_the_cells_show():
    def one(name):
        make, columns = OTHER_NAMES[name]
        found = taken(proposed(made.named(make(), **columns))[0])
        for column, cell in columns.items():
            if cell in TARGETS:
                assert found[TARGETS[cell]] == column

    check_each(OTHER_NAMES, one)


def test_what_only_the_cells_tell_is_asked_with_its_reason():
    columns = {"A": "t", "B": "o", "C": "c", "D": "a"}
    _, answers = proposed(made.named(ORDERS(), **columns))
    assert answers.asked["orders.customer_id"].default == "C"
    assert "they come back" in answers.asked["orders.customer_id"].why
    assert answers.asked["orders.order_id"].default == "B"


def test_a_customer_that_may_as_well_be_a_product_has_no_default():
    frame = made.named(LINES(), when="t", who="c", what="g", paid="a")
    _, answers = proposed(frame.assign(what=frame["what"] + frame["who"].str[-1]))
    assert answers.asked["orders.customer_id"].default is None


def test_a_price_is_not_the_money_of_a_row_where_pieces_stand_beside_it():
    columns = {"date": "t", "order_id": "o", "customer": "c", "Each": "p", "N": "q", "sku": "g"}
    proposal, answers = proposed(made.named(LINES(), **columns))
    assert answers.asked["orders.amount"].default == "N * Each"
    assert "each sku has one Each" in answers.asked["orders.amount"].why
    assert proposal.source["derive"]["orders"]["amount"] == "N * Each"


def test_of_two_dates_the_one_of_the_order_is_the_default_and_the_other_an_answer():
    frame = made.named(ORDERS(), created="t", order="o", customer="c", total="a")
    frame.insert(1, "paid_at", (ORDERS()["time"] + made.pd.Timedelta(days=2)).astype(str))
    proposal, _ = proposed(frame)
    assert taken(proposal)["event_time"] == "created"
    proposal, _ = proposed(frame, {"orders.event_time": "paid_at"})
    assert taken(proposal)["event_time"] == "paid_at"


def test_two_sums_and_two_kinds_of_customers_are_asked_about_with_the_likelier_as_default():
    frame = made.named(ORDERS(), date="t", order_id="o", customer_id="c", total="a")
    frame["subtotal"] = [f"{float(total) - 1:.2f}" for total in frame["total"]]
    frame["company_id"] = (frame["customer_id"].astype(int) % 25).astype("str")
    frame["client code"] = "K" + frame["customer_id"]
    assert taken(proposed(frame.drop(columns=["subtotal", "company_id"]))[0])["amount"] == "total"
    _, answers = proposed(frame.rename(columns={"company_id": "household_id"}))
    sums, people = answers.asked["orders.amount"], answers.asked["orders.customer_id"]
    assert (sums.default, [o.value for o in sums.options]) == ("total", ["total", "subtotal"])
    assert (people.default, [o.value for o in people.options]) == (
        "customer_id", ["customer_id", "household_id"],
    )  # fmt: skip


def test_a_ready_table_without_a_date_asks_whether_its_columns_were_known():
    frame = made.pd.DataFrame(
        {"customerID": [f"c{n}" for n in range(60)], "tenure": "3", "Churn": ["No", "Yes"] * 30}
    )
    proposal, answers = proposed(frame)
    assert proposal.source == {
        "kind": "table", "path": "mydata/file1.csv", "label": "Churn", "customer": "customerID",
    } or proposal.source["label"] == "Churn"  # fmt: skip
    assert [q.key for q in answers.without_default()] == ["table.known"]
    with pytest.raises(SourceError, match="leave out the columns that were filled in after"):
        proposed(frame, {"table.known": "no"})


def test_a_ready_table_with_a_date_asks_nothing():
    frame = made.pd.DataFrame(
        {"id": [f"c{n}" for n in range(60)], "as_of": "2024-05-01", "visits": "3",
         "churned": ["0", "1"] * 30}
    )  # fmt: skip
    proposal, answers = proposed(frame)
    assert (proposal.source["customer"], proposal.source["as_of"]) == ("id", "as_of")
    assert not answers.asked


@pytest.mark.slow
def test_two_files_that_look_like_orders_are_a_question_unless_they_are_parts_of_one():
    one, other = ORDERS(), ORDERS(seed=2)
    both = {
        "sales.csv": made.named(one, date="t", order_id="o", customer_id="c", amount="a"),
        "shop.csv": made.named(other, day="t", invoice="o", client="c", total="a"),
    }
    _, answers = proposed(both)
    assert answers.asked["orders.file"].default is None
    proposal, _ = proposed(both, {"orders.file": "shop.csv"})
    assert proposal.source["files"] == {"orders": "shop.csv"}
    assert proposal.left_out == [("sales.csv", "shop.csv holds the orders")]
    columns = {"date": "t", "order_id": "o", "customer_id": "c", "amount": "a"}
    parts = {"2023.csv": made.named(one, **columns), "2024.csv": made.named(other, **columns)}
    proposal, answers = proposed(parts)
    assert answers.asked["orders.file"].default == "all"
    assert proposal.source["files"] == {"orders": ["2023.csv", "2024.csv"]}


def test_of_files_that_look_like_orders_the_one_whose_names_tell_all_of_it_is_taken():
    columns = {"household_id": "c", "basket_id": "o", "transaction_date": "t", "sales_value": "a"}
    redeemed = made.named(ORDERS(), household_id="c", coupon="g", redemption_date="t")
    tables = {"coupons.csv": redeemed, "tx.csv": made.named(ORDERS(seed=2), **columns)}
    proposal, answers = proposed(tables)
    assert proposal.source["files"] == {"orders": "tx.csv"}
    assert "orders.file" not in answers.asked
    ((_, why),) = proposal.left_out
    assert why.startswith("tx.csv alone has customers, times, order numbers and money")


def test_the_same_rows_twice_are_taken_once():
    frame = made.named(ORDERS(), date="t", order_id="o", customer_id="c", amount="a")
    proposal, answers = proposed({"a.csv": frame, "b.csv": frame.copy()})
    assert proposal.left_out == [("b.csv", "the same rows as a.csv")]
    assert "orders.file" not in answers.asked


@pytest.mark.slow
def test_files_of_olist_and_orders_with_their_lines_become_a_query():
    proposal, answers = proposed(made.olist())
    assert proposal.source["kind"] == "sql"
    assert "customer_unique_id AS customer_id" in proposal.source["queries"]["orders"]
    assert set(answers.asked) == {"timezone"}
    proposal, answers = proposed(made.head_and_lines())
    query = proposal.source["queries"]["orders"]
    assert "l.quantity * l.unit_price AS amount" in query
    assert "ON o.order_id = l.order_id" in query


NO_TABLES = {
    "cities": ({"city": ["Kazan", "Perm"], "people": ["1", "2"]}, "it has no column of times"),
    "JSON": ({"payload": ['{"a": 1}', '{"a": 2}']}, "its column payload holds JSON"),
    "days": ({"date": [f"2023-01-{n:02}" for n in range(1, 29)]}, "name no customer"),
    "people": ({"customer_id": ["a", "b"], "name": ["A", "B"]}, "a table of customers"),
}


def test_what_is_no_table_of_ours_is_refused_in_a_sentence():
    def one(name):
        columns, why = NO_TABLES[name]
        with pytest.raises(SourceError) as refused:
            proposed(made.pd.DataFrame(columns))
        assert "no purchases, subscriptions or ready table: file1.csv is" in str(refused.value)
        assert why in str(refused.value)

    check_each(NO_TABLES, one)


def test_a_header_in_a_third_language_is_asked_about_with_what_the_cells_show():
    columns = {"日付": "t", "注文番号": "o", "顧客": "c", "金額": "a"}
    proposal, answers = proposed(made.named(ORDERS(), **columns))
    assert set(answers.asked) == {
        "orders.order_id", "orders.customer_id", "orders.amount", "timezone",
    }  # fmt: skip
    assert taken(proposal)["customer_id"] == "顧客"


def test_each_file_of_a_folder_is_its_own_table_and_customers_are_no_orders():
    people = ORDERS().drop_duplicates("c")
    tables = {
        "sales.csv": made.named(ORDERS(), date="t", order_id="o", client="c", total="a"),
        "clients.csv": made.named(people, client="c", name="g", registered_at="t", city="g"),
        "visits.csv": made.named(ORDERS(), client="c", timestamp="t", event="g"),
        "notes.csv": made.pd.DataFrame({"text": ["a", "b"]}),
    }
    proposal, answers = proposed(tables)
    assert proposal.source["files"] == {
        "orders": "sales.csv", "customers": "clients.csv", "events": "visits.csv",
    }  # fmt: skip
    assert set(answers.asked) == {"timezone"}
    assert [address for address, _ in proposal.left_out] == ["notes.csv"]
    (customers,) = [plan for plan in proposal.plans if plan.table == "customers"]
    assert "attributes that are shown: city; models learn from those" in customers.said[0]


def test_the_evidence_says_of_how_many_rows_it_is():
    shown = contents_of(pd.DataFrame({"client": ["a", "b", "a", ""]}))["client"].shows("text")
    assert shown == "of 4 rows looked at 75% filled, 67% of these cells different: a, b"
