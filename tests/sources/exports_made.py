"""Small exports as programs write them, made of one made-up shop: what each should be taken for."""

import random

import pandas as pd

GOODS = [("tea", 3.90), ("coffee", 18.0), ("mug", 7.25), ("honey", 12.5), ("cocoa", 4.4)]
ORDERS, PEOPLE = 160, 30


def lines(seed=1, orders=ORDERS, people=PEOPLE):
    """One row an order line: o(rder), t(ime), c(ustomer), e-mail, g(ood), q(uantity), p(rice)."""
    draw, time, rows = random.Random(seed), pd.Timestamp("2023-01-02"), []
    for order in range(orders):
        time += pd.Timedelta(minutes=draw.randint(120, 3000))
        person = draw.randrange(people)
        for good, price in draw.sample(GOODS, draw.randint(1, 3)):
            rows.append((order, time, person, good, draw.randint(1, 4), price))
    frame = pd.DataFrame(rows, columns=["order", "time", "person", "good", "quantity", "price"])
    return frame.assign(
        o="A" + (1000 + frame["order"]).astype(str),
        t=frame["time"].dt.strftime("%Y-%m-%d %H:%M:%S"),
        c=(500 + frame["person"]).astype(str),
        e="p" + frame["person"].astype(str) + "@example.com",
        g=frame["good"],
        q=frame["quantity"].astype(str),
        p=frame["price"].map("{:.2f}".format),
        a=(frame["quantity"] * frame["price"]).map("{:.2f}".format),
    )


def orders(seed=1, **changes):
    """One row an order, with its money in `a`."""
    of_lines = lines(seed, **changes)
    by_order = of_lines.groupby("o", sort=False)
    total = of_lines.assign(m=of_lines["quantity"] * of_lines["price"]).groupby("o", sort=False)
    frame = by_order[["time", "t", "c", "e", "g", "person"]].first().reset_index()
    return frame.assign(a=total["m"].sum().map("{:.2f}".format).to_numpy())


def named(frame, **columns):
    """Columns of a frame under the names of an export, all of them text."""
    return pd.DataFrame({name: frame[column] for name, column in columns.items()}).astype("str")


def every(frame, values):
    """One of the values for each row, the first for most."""
    return [values[1 + row // 10 % (len(values) - 1)] if row % 10 == 9 else values[0]
            for row in range(len(frame))]  # fmt: skip


def shopify():
    of_lines = lines()
    first = ~of_lines.duplicated("o")
    status = dict(
        zip(of_lines["o"].unique(), every(range(ORDERS), ["paid", "refunded"]), strict=True)
    )
    time = of_lines["t"] + " -0400"
    return pd.DataFrame(
        {
            "Name": "#" + of_lines["o"].str[1:],
            "Email": of_lines["e"].where(first, ""),
            "Financial Status": of_lines["o"].map(status).where(first, ""),
            "Paid at": time.where(first, ""),
            "Currency": pd.Series("USD", index=of_lines.index).where(first, ""),
            "Created at": time,
            "Lineitem quantity": of_lines["q"],
            "Lineitem name": of_lines["g"],
            "Lineitem price": of_lines["p"],
        }
    )


def woo():
    frame = orders()
    time = frame["time"].dt.strftime("%m/%d/%Y %H:%M")
    account = frame["c"].where(frame.index % 6 != 0, "0")
    return pd.DataFrame(
        {
            "order_id": frame["o"].str[1:],
            "order_date": time,
            "status": every(frame, ["wc-completed", "wc-cancelled", "wc-failed"]),
            "customer_id": account,
            "billing_email": frame["e"],
            "order_total": "$" + frame["a"],
        }
    )


def stripe_payments():
    frame = orders()
    return pd.DataFrame(
        {
            "id": "ch_" + frame["o"],
            "Created date (UTC)": frame["time"].dt.strftime("%Y-%m-%d %H:%M"),
            "Amount": frame["a"],
            "Amount Refunded": every(frame, ["0.00", "1.00"]),
            "Currency": "usd",
            "Captured": "true",
            "Status": every(frame, ["Paid", "Failed"]),
            "Customer ID": "cus_" + frame["c"],
            "Customer Email": frame["e"],
        }
    )


def magento():
    frame = orders()
    return pd.DataFrame(
        {
            "ID": frame["o"].str.replace("A", "00000"),
            "Purchase Point": "Main Website",
            "Purchase Date": frame["time"].dt.strftime("%b %-d, %Y %-I:%M:%S %p"),
            "Bill-to Name": "Person " + frame["c"],
            "Grand Total (Base)": frame["a"],
            "Status": every(frame, ["complete", "canceled"]),
            "Customer Email": frame["e"],
        }
    )


def analytics():
    """Purchases and visits; an id of a device looks like a sum of money."""
    frame = orders()
    kinds = pd.Series(every(frame, ["purchase", "page_view"]), frame.index)
    is_sale = kinds == "purchase"
    return pd.DataFrame(
        {
            "event_date": frame["time"].dt.strftime("%Y%m%d"),
            "event_name": kinds,
            "user_pseudo_id": "1223523" + frame["c"] + ".1676168" + frame["c"],
            "ecommerce.transaction_id": frame["o"].where(is_sale),
            "ecommerce.purchase_revenue": frame["a"].where(is_sale),
        }
    )


def onec():
    of_lines = lines()
    money = of_lines["a"].str.replace(".", ",")
    return pd.DataFrame(
        {
            "Дата": of_lines["time"].dt.strftime("%d.%m.%Y %H:%M:%S"),
            "Номер документа": "ЦБ-" + of_lines["o"],
            "Контрагент": "ООО Клиент " + of_lines["c"],
            "Код контрагента": "000" + of_lines["c"],
            "Номенклатура": of_lines["g"],
            "Количество": of_lines["q"] + ",000",
            "Сумма": money,
        }
    )


def bitrix():
    frame = orders()
    won = every(frame, ["S", "F", "P"])
    closed = (frame["time"] + pd.Timedelta(days=2)).dt.strftime("%Y-%m-%dT%H:%M:%S+02:00")
    return pd.DataFrame(
        {
            "ID": frame["o"].str[1:],
            "TITLE": "Deal " + frame["o"],
            "STAGE_ID": [f"C1:{'WON' if s == 'S' else 'LOSE'}" for s in won],
            "STAGE_SEMANTIC_ID": won,
            "OPPORTUNITY": frame["a"],
            "CURRENCY_ID": "RUB",
            "CONTACT_ID": frame["c"],
            "DATE_CREATE": frame["time"].dt.strftime("%Y-%m-%dT%H:%M:%S+02:00"),
            "CLOSEDATE": closed,
        }
    )


def bitrix_in_russian():
    frame = orders()
    return pd.DataFrame(
        {
            "ID": frame["o"].str[1:],
            "Стадия сделки": every(frame, ["Сделка успешна", "Сделка провалена"]),
            "Название сделки": "Заказ " + frame["o"],
            "Сумма": frame["a"],
            "Валюта": "RUB",
            "Контакт": "Клиент " + frame["c"],
            "Дата создания": frame["time"].dt.strftime("%d.%m.%Y %H:%M:%S"),
        }
    )


def retailcrm():
    frame = orders()
    return pd.DataFrame(
        {
            "id": frame["o"].str[1:],
            "number": frame["o"] + "C",
            "createdAt": frame["t"],
            "status": every(frame, ["complete", "cancel-other"]),
            "summ": frame["a"],
            "totalSumm": frame["a"],
            "currency": "RUB",
            "customer.id": frame["c"],
            "phone": "+7951515" + frame["c"].str.zfill(4),
            "email": frame["e"],
        }
    )


def online_retail():
    of_lines = lines()
    return pd.DataFrame(
        {
            "InvoiceNo": of_lines["o"].str[1:],
            "StockCode": of_lines["g"],
            "Description": of_lines["g"].str.upper(),
            "Quantity": of_lines["q"],
            "InvoiceDate": of_lines["t"],
            "UnitPrice": of_lines["p"],
            "CustomerID": of_lines["c"],
            "Country": "United Kingdom",
        }
    )


def instacart():
    frame = orders()
    return pd.DataFrame(
        {
            "order_id": frame["o"].str[1:],
            "user_id": frame["c"],
            "eval_set": "prior",
            "order_number": "1",
            "order_dow": "2",
            "order_hour_of_day": "8",
            "days_since_prior_order": "11.0",
        }
    )


def olist():
    """The files of Olist: a customer_id for each order, and customer_unique_id for a person."""
    of_lines, frame = lines(), orders()
    return {
        "olist_orders_dataset.csv": pd.DataFrame(
            {
                "order_id": frame["o"],
                "customer_id": "at" + frame["o"],
                "order_status": every(frame, ["delivered", "canceled"]),
                "order_purchase_timestamp": frame["t"],
                "order_approved_at": frame["t"],
            }
        ),
        "olist_order_items_dataset.csv": pd.DataFrame(
            {
                "order_id": of_lines["o"],
                "order_item_id": (of_lines.groupby("o").cumcount() + 1).astype(str),
                "product_id": of_lines["g"],
                "price": of_lines["a"],
                "freight_value": "1.00",
            }
        ),
        "olist_customers_dataset.csv": pd.DataFrame(
            {"customer_id": "at" + frame["o"], "customer_unique_id": "u" + frame["c"]}
        ),
        "olist_products_dataset.csv": pd.DataFrame(
            {"product_id": [g for g, _ in GOODS], "product_category_name": "x"}
        ),
    }


def head_and_lines():
    """Orders with customer and date in one file, what was bought in another."""
    of_lines = lines()
    return {
        "orders.csv": named(orders(), order_id="o", customer_id="c", order_date="t"),
        "order_items.csv": named(of_lines, order_id="o", sku="g", quantity="q", unit_price="p"),
    }
