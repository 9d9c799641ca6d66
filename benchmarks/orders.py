"""The made-up orders that engines are measured on: the same bytes for the same number of orders.

Two years of orders of as many customers as make 20 each, in no order. Rates are skewed (the busiest
fifth of the customers has half of the orders), customers begin at different times and two in five
stop. One order in 20 has two lines; one in 33 has a refund, a row of its own some days later.

    python -m benchmarks.orders 1000000 orders.parquet
"""

import sys
from datetime import date, timedelta
from pathlib import Path

ORDERS_PER_CUSTOMER = 20
DAYS = 730
DATA_FROM = date(2024, 1, 1)
DATA_UNTIL = DATA_FROM + timedelta(days=DAYS - 1)  # the day of the last row
SCORE = DATA_FROM + timedelta(days=DAYS)
AS_OF_DATES = tuple(SCORE - timedelta(days=28 * back) for back in range(5, -1, -1))
ACTIVE_WITHIN_DAYS = 365
HORIZON_DAYS = 28

SQL = """
WITH drawn AS (
    SELECT i, {u1} AS u1, {u2} AS u2, {u3} AS u3, {u4} AS u4, {u5} AS u5, {u6} AS u6
    FROM range({orders}) AS numbers(i)
), placed AS (
    -- The third root: of customers in a row the last ones have the most orders.
    SELECT *, least(floor({customers} * pow(u1, 1 / 3.0)), {customers} - 1)::BIGINT AS c FROM drawn
), lived AS (
    SELECT *, 500 * pow(hash(c * 16 + 7) / pow(2, 64), 2) AS first,
        CASE WHEN hash(c * 16 + 8) % 5 < 3 THEN {days}
            ELSE first + ({days} - first) * (hash(c * 16 + 9) / pow(2, 64)) END AS last
    FROM placed
), dated AS (
    SELECT *, least(floor(first + (last - first) * u2)::INT, {days} - 1) AS day,
        (6 * 3600 + floor(17 * 3600 * u3))::INT AS second,
        round(3 + 97 * pow(u4, 3), 2) AS price
    FROM lived
), lines AS (
    SELECT *, 0 AS line, day AS moved, price AS net FROM dated
    UNION ALL SELECT *, 1, day, round(1 + price / 2, 2) FROM dated WHERE i % 20 = 0
    UNION ALL SELECT *, 2, day + 1 + (i % 19)::INT, -price FROM dated
    WHERE i % 33 = 1 AND day + 20 < {days}
)
SELECT
    'C' || lpad(((c * 7919) % {customers})::VARCHAR, 8, '0') AS customer_id,
    'O' || lpad(i::VARCHAR, 9, '0') AS order_id,
    (DATE '{start}' + moved)::TIMESTAMP + to_seconds(second) AS event_time,
    net AS amount,
    CASE WHEN net > 0 AND u5 < 0.2 THEN round(net / 10, 2) ELSE 0.0 END AS discount,
    'category ' || lpad(((floor(20 * u6 * u6)::INT + line + c % 3) % 20 + 1)::VARCHAR, 2, '0')
        AS category,
    'store ' || (1 + (c + (CASE WHEN u3 < 0.3 THEN i ELSE 0 END)) % 5)::VARCHAR AS store
FROM lines
"""


def write_orders(orders: int, path: Path) -> None:
    """Write orders.parquet: `orders` orders, and the second lines and refunds that go with them."""
    import duckdb  # only here: for the dates alone DuckDB is not needed

    customers = max(orders // ORDERS_PER_CUSTOMER, 1)
    draws = {f"u{k}": f"(hash(i * 16 + {k}) / pow(2, 64))" for k in range(1, 7)}
    sql = SQL.format(orders=orders, customers=customers, days=DAYS, start=DATA_FROM, **draws)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    duckdb.execute(f"COPY ({sql}) TO '{unfinished}' (FORMAT parquet, COMPRESSION zstd)")
    unfinished.rename(path)


if __name__ == "__main__":
    write_orders(int(sys.argv[1]), Path(sys.argv[2]))
    print("{}")  # the worker's JSON about itself
