"""What an export writes on the first line of an order alone is that of its other lines."""

import pandas as pd

from sources.meanings.repeated_cells import CHECK
from tests.sources.folders import checked, params, write

HEADER = "Name,Email,Created at,Currency,price\n"
COLUMNS = {
    "orders": {
        "order_id": "Name",
        "customer_id": "Email",
        "event_time": "Created at",
        "currency": "Currency",
        "amount": "price",
    }
}


def orders_of(tmp_path, rows, header=HEADER, **columns):
    write(tmp_path, orders=header + rows)
    return checked(params(tmp_path, columns={"orders": COLUMNS["orders"] | columns}))["orders"]


def test_the_lines_of_an_order_have_its_customer_time_and_currency(tmp_path):
    found = orders_of(
        tmp_path,
        "#1,a@x.com,2023-06-02 04:04,USD,3.90\n#1,,2023-06-02 04:04,,3.10\n"
        "#2,b@x.com,2023-06-03 04:04,USD,1\n#2,,,,2\n",
    )
    assert found.counts == found.counts | {"kept": 4, "guests": 0, "quarantined": 0}
    assert found.rows["customer_id"].tolist() == ["a@x.com", "a@x.com", "b@x.com", "b@x.com"]
    assert found.rows["currency"].tolist() == ["USD"] * 4
    assert found.rows["event_time"].iloc[3] == pd.Timestamp("2023-06-03 04:04")
    notes = {note.column: note for note in found.notes if note.check == CHECK}
    assert {column: note.rows for column, note in notes.items()} == {
        "customer_id": 2,
        "event_time": 1,
        "currency": 2,
    }
    assert notes["customer_id"].meaning.startswith("2 lines have no Email while the first line")


def test_guests_stay_guests(tmp_path):
    found = orders_of(
        tmp_path,
        "#1,a@x.com,2023-06-02,USD,3\n#1,b@x.com,2023-06-02,USD,3\n#1,,2023-06-02,USD,3\n"  # shared
        "#2,,2023-06-02,USD,3\n#2,,2023-06-02,USD,3\n"  # a guest's order
        "#3,,2023-06-02,USD,3\n#3,c@x.com,2023-06-02,USD,3\n"  # the first line names nobody
        "#4,d@x.com,2023-06-02,USD,3\n#4,,2023-07-02,USD,3\n"  # the number came again
        ",,2023-06-02,USD,3\n",  # no order at all
    )
    assert found.counts["guests"] == 6
    assert not [note for note in found.notes if note.check == CHECK]


def test_an_order_number_that_two_shops_use_names_nobody_of_the_other_shop(tmp_path):
    found = orders_of(
        tmp_path,
        "#1,a@x.com,2023-06-02,USD,3,North\n#1,,2023-06-02,USD,3,South\n",
        header=HEADER.replace("price", "price,Shop"),
        store="Shop",
    )
    assert found.counts["guests"] == 1


def shop(amounts):
    """Twenty orders of two lines each; `amounts(order)` gives those of both."""
    rows = [(n, line, cell) for n in range(20) for line, cell in enumerate(amounts(n))]
    return "".join(f"#{n},c{n}@x.com,2023-06-02,USD,{cell}\n" for n, _, cell in rows)


def test_a_total_on_the_first_line_alone_is_the_orders_and_the_other_lines_add_nothing(tmp_path):
    found = orders_of(tmp_path, shop(lambda n: (10 + n, "")))
    assert found.rows["amount"].isna().sum() == 0
    assert found.rows["amount"].sum() == sum(range(10, 30))
    (note,) = (note for note in found.notes if note.check == "total_on_first_line")
    assert note.rows == 20 and "as in 100% of the orders of several lines" in note.meaning


def test_amounts_that_are_missing_here_and_there_stay_unknown(tmp_path):
    for amounts in (lambda n: (10, "") if n % 2 else ("", 10), lambda n: (10, "" if n < 15 else 5)):
        assert orders_of(tmp_path, shop(amounts)).rows["amount"].isna().any()
