"""Tables of programs that are not known by their columns: names and cells tell what they hold."""

import pytest

from tests.each import check_each
from tests.sources import exports_made as made
from tests.sources.proposals import proposed, taken


def total_of(of_lines):
    return of_lines["o"].map(dict(zip(*made.orders()[["o", "a"]].to_numpy().T, strict=True)))


OTHER_PROGRAMS = {  # columns and cells; what the contract's are made of
    "a plug-in of WooCommerce": (
        {"Order Number": "o", "Order Date": "t", "Email (Billing)": "e", "SKU": "g",
         "Order Total Amount": "total", "Quantity": "q", "Item Cost": "p"},
        {"customer_id": "Email (Billing)", "amount": "Order Total Amount", "product": "SKU"},
    ),
    "InSales": (
        {"Номер заказа": "o", "Дата создания": "t", "Имя клиента": "c", "Email": "e",
         "Стоимость": "total", "Название товара": "g", "Количество": "q", "Цена продажи": "p"},
        {"customer_id": "Email", "amount": "Стоимость", "quantity": "Количество"},
    ),
    "a till": (
        {"Дата": "t", "Номер чека": "o", "Наименование": "g", "Количество": "q", "Цена": "p",
         "Сумма": "a", "Карта клиента": "c"},
        {"customer_id": "Карта клиента", "amount": "Сумма", "product": "Наименование"},
    ),
    "Amazon, whose item-price is that of all pieces": (
        {"amazon-order-id": "o", "purchase-date": "t", "buyer-email": "e", "sku": "g",
         "quantity": "q", "item-price": "a"},
        {"customer_id": "buyer-email", "amount": "item-price", "order_id": "amazon-order-id"},
    ),
    "prices of a piece": (
        {"order-id": "o", "purchase-date": "t", "buyer-email": "e", "sku": "g", "quantity": "q",
         "item-price": "p"},
        {"amount": 'quantity * "item-price"'},
    ),
    "amoCRM": (
        {"ID": "o", "Название сделки": "o", "Контакт": "c", "Дата закрытия": "t", "Бюджет": "a",
         "Этап сделки": "g"},
        {"customer_id": "Контакт", "amount": "Бюджет", "event_time": "Дата закрытия"},
    ),
}  # fmt: skip


@pytest.mark.slow
def test_tables_of_other_programs_are_read_by_their_names_and_what_their_cells_show():
    def one(name):
        columns, wanted = OTHER_PROGRAMS[name]
        of_lines = made.lines().assign(total=total_of(made.lines()))
        proposal, answers = proposed(made.named(of_lines, **columns))
        assert wanted.items() <= taken(proposal).items()
        assert set(answers.asked) <= {"timezone"}

    check_each(OTHER_PROGRAMS, one)


def test_contracts_are_subscriptions_in_both_languages():
    rows = {"account": [f"a{n}" for n in range(60)], "contract_no": [f"k{n}" for n in range(60)]}
    rows |= {"start": ["2023-01-01"] * 60, "end": ["2023-12-31", ""] * 30, "monthly fee": "9.5"}
    proposal, _ = proposed(made.pd.DataFrame(rows))
    in_russian = {"account": "Клиент", "contract_no": "Номер абонемента", "start": "Дата начала",
                  "end": "Дата окончания", "monthly fee": "Стоимость"}  # fmt: skip
    other, _ = proposed(made.pd.DataFrame(rows).rename(columns=in_russian))
    assert proposal.task == other.task == {"churn": "cancellation"}
    for target, name in (
        ("customer_id", "account"),
        ("ended_at", "end"),
        ("amount", "monthly fee"),
    ):
        assert taken(proposal)[target] == name
        assert taken(other)[target] == in_russian[name]
