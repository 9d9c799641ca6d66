"""A new customer id at every checkout is asked about; the column that names people is offered."""

import pandas as pd
import pytest

from core.errors import TableError
from tests.sources.folders import checked, params, write
from tests.sources.pasted import paste
from tests.sources.test_keys import csv

DAYS = pd.date_range("2023-01-01", periods=120)


def shop(who, rows=600, days=DAYS, header="customer_id,order_id,event_time,amount,email"):
    """Orders of sixty people, each with an e-mail address, under the ids that `who` gives them."""
    return csv(
        *(
            (who(n), n, f"{days[n * 7 % len(days)]:%Y-%m-%d}", 5, f"p{n % 60}@x.example")
            for n in range(rows)
        ),
        header=header,
    )


@pytest.mark.slow
def test_a_new_id_at_every_checkout_is_asked_about_and_the_other_column_offered(tmp_path):
    of_params = write(tmp_path, orders=shop(lambda n: f"u{n}"))
    with pytest.raises(TableError) as error:
        checked(of_params)
    text = str(error.value)
    assert "600 of 600 customers bought on one day only, in 119 days (first: u0)" in text
    assert "Is customer_id an order's id" in text
    assert "horizon" not in text
    assert checked(paste(of_params, text))["orders"].rows["customer_id"].nunique() == 60


@pytest.mark.slow
def test_a_derived_id_is_replaced_by_the_line(tmp_path):
    text = shop(lambda n: f"u{n}", header="visitor,order_id,event_time,amount,Телефон")
    write(tmp_path, orders=text)
    of_params = params(tmp_path, derive={"orders": {"customer_id": "lower(visitor)"}})
    with pytest.raises(TableError) as error:
        checked(of_params)
    mended = paste(of_params, str(error.value))
    assert checked(mended)["orders"].rows["customer_id"].nunique() == 60


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("who", "rows", "days"),
    [
        (lambda n: f"u{n // 4}" if n < 40 else f"u{n}", 600, DAYS),  # some came back
        (lambda n: f"u{n}", 150, DAYS),  # few customers
        (lambda n: f"u{n}", 600, DAYS[:60]),  # little time to come back
    ],
)
def test_where_some_come_back_or_could_not_yet_nothing_is_refused(tmp_path, who, rows, days):
    text = shop(who, rows, days)
    assert checked(write(tmp_path, orders=text))["orders"].counts["kept"] == rows


def test_contracts_may_have_one_payment_each(tmp_path):
    contracts = csv(
        *((f"u{n}", f"s{n}", "2023-01-01") for n in range(600)),
        header="customer_id,subscription_id,started_at",
    )
    of_params = write(tmp_path, orders=shop(lambda n: f"u{n}"), subscriptions=contracts)
    assert checked(of_params)["orders"].counts["kept"] == 600
