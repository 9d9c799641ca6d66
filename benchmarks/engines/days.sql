-- What does not depend on the as-of date, once for all of them. Variable: orders (path).
CREATE TABLE all_days AS
WITH order_days AS (
    SELECT
        customer_id,
        order_id,
        event_time::DATE AS day,
        min(event_time) AS began,
        count(*) AS lines,
        sum(amount) AS amount,
        sum(discount) AS discount
    FROM read_parquet(getvariable('orders'))
    GROUP BY ALL
),
-- A purchase is an order with positive net on its first day; refunds are later rows.
marked AS (
    SELECT *, hour(began) AS hour,
        amount > 0 AND day = min(day) OVER (PARTITION BY customer_id, order_id) AS is_purchase
    FROM order_days
)
SELECT
    customer_id,
    day,
    count(*) FILTER (is_purchase) AS orders,
    sum(lines) FILTER (is_purchase) AS lines,
    count(*) FILTER (is_purchase AND hour BETWEEN 6 AND 11) AS morning,
    count(*) FILTER (is_purchase AND hour BETWEEN 12 AND 17) AS afternoon,
    count(*) FILTER (is_purchase AND hour BETWEEN 18 AND 22) AS evening,
    count(*) FILTER (is_purchase AND discount > 0) AS discounted,
    sum(amount) AS amount,
    sum(amount) FILTER (is_purchase) AS paid,
    coalesce(sum(amount) FILTER (amount > 0), 0) AS sold,
    coalesce(-sum(amount) FILTER (amount < 0), 0) AS refunded,
    sum(discount) AS discount
FROM marked
GROUP BY customer_id, day;

CREATE TABLE bought_days AS
WITH gaps AS (
    SELECT *, isodow(day) AS weekday, day - lag(day) OVER own AS gap
    FROM all_days
    WHERE orders > 0
    WINDOW own AS (PARTITION BY customer_id ORDER BY day)
)
SELECT *, avg(gap) OVER (PARTITION BY customer_id ORDER BY day ROWS 2 PRECEDING) AS recent_gap
FROM gaps;

-- Days on which something of a category (of a store) was bought.
CREATE TABLE category_days AS
SELECT DISTINCT customer_id, category, event_time::DATE AS day
FROM read_parquet(getvariable('orders'))
WHERE amount > 0 AND category IS NOT NULL;

CREATE TABLE store_days AS
SELECT DISTINCT customer_id, store, event_time::DATE AS day
FROM read_parquet(getvariable('orders'))
WHERE amount > 0 AND store IS NOT NULL;
