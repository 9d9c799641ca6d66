-- Every order feature and label at one as-of date, as one would write it by hand, from days.sql.
-- Variables: as_of, data_from, data_until (dates).
WITH cohort AS (
    SELECT customer_id, getvariable('as_of') - max(day) AS silence
    FROM bought_days
    WHERE day < getvariable('as_of')
    GROUP BY customer_id
    HAVING silence <= 365
),
days AS (
    SELECT all_days.*, silence, getvariable('as_of') - day AS ago
    FROM all_days JOIN cohort USING (customer_id)
    WHERE day < getvariable('as_of')
),
purchase_days AS (
    SELECT bought_days.*, silence, getvariable('as_of') - day AS ago
    FROM bought_days JOIN cohort USING (customer_id)
    WHERE day < getvariable('as_of')
),
of_purchases AS (
    SELECT
        customer_id,
        min(ago) AS silence,
        max(ago) AS tenure,
        count(*) AS purchase_days,
        sum(orders) AS orders_total,
        coalesce(sum(orders) FILTER (ago <= 7), 0) AS orders_7d,
        coalesce(sum(orders) FILTER (ago <= 14), 0) AS orders_14d,
        coalesce(sum(orders) FILTER (ago <= 28), 0) AS orders_28d,
        coalesce(sum(orders) FILTER (ago <= 30), 0) AS orders_30d,
        coalesce(sum(orders) FILTER (ago <= 45), 0) AS orders_45d,
        coalesce(sum(orders) FILTER (ago <= 60), 0) AS orders_60d,
        coalesce(sum(orders) FILTER (ago <= 90), 0) AS orders_90d,
        coalesce(sum(orders) FILTER (ago <= 180), 0) AS orders_180d,
        coalesce(sum(orders) FILTER (ago <= 365), 0) AS orders_365d,
        coalesce(sum(orders) FILTER (ago BETWEEN 336 AND 365), 0) AS orders_year_ago_30d,
        coalesce(sum(orders) FILTER (ago BETWEEN 276 AND 365), 0) AS orders_year_ago_90d,
        count(*) FILTER (ago <= 90) AS days_90d,
        count(*) FILTER (ago <= 365) AS days_365d,
        sum(paid) AS paid,
        arg_max(paid, day) AS amount_last,
        max(paid) AS amount_max,
        min(paid) AS amount_min,
        stddev_samp(paid) AS amount_std,
        sum(lines) AS lines_total,
        sum(lines) FILTER (ago <= 90) AS lines_90d,
        sum(discounted) AS discounted_total,
        sum(discounted) FILTER (ago <= 90) AS discounted_90d,
        min(ago) FILTER (discounted < orders) AS days_since_full_price,
        arg_max(discounted / orders, day) AS discount_last,
        avg(gap) AS gap_mean,
        median(gap) AS gap_median,
        stddev_samp(gap) AS gap_std,
        arg_max(gap, day) AS gap_last,
        max(gap) AS gap_max,
        min(gap) AS gap_min,
        arg_max(recent_gap, day) AS gap_recent_mean,
        avg((gap > silence)::INT) AS gaps_longer_share,
        sum(gap * ln(gap)) AS gap_log_gap,
        sum(paid) FILTER (gap IS NOT NULL) / count(gap) AS paid_again,
        sum(orders * (5 - 2 * ((ago - 1) // 30))) FILTER (ago <= 180) AS orders_slope,
        avg((weekday >= 6)::INT) AS weekend_share,
        greatest(
            count(*) FILTER (weekday = 1),
            count(*) FILTER (weekday = 2),
            count(*) FILTER (weekday = 3),
            count(*) FILTER (weekday = 4),
            count(*) FILTER (weekday = 5),
            count(*) FILTER (weekday = 6),
            count(*) FILTER (weekday = 7)
        ) AS weekday_top,
        sum(morning) AS morning,
        sum(afternoon) AS afternoon,
        sum(evening) AS evening
    FROM purchase_days
    GROUP BY customer_id
),
of_days AS (
    SELECT
        customer_id,
        sum(amount) AS amount_total,
        coalesce(sum(amount) FILTER (ago <= 7), 0) AS amount_7d,
        coalesce(sum(amount) FILTER (ago <= 14), 0) AS amount_14d,
        coalesce(sum(amount) FILTER (ago <= 28), 0) AS amount_28d,
        coalesce(sum(amount) FILTER (ago <= 30), 0) AS amount_30d,
        coalesce(sum(amount) FILTER (ago <= 45), 0) AS amount_45d,
        coalesce(sum(amount) FILTER (ago <= 60), 0) AS amount_60d,
        coalesce(sum(amount) FILTER (ago <= 90), 0) AS amount_90d,
        coalesce(sum(amount) FILTER (ago <= 180), 0) AS amount_180d,
        coalesce(sum(amount) FILTER (ago <= 365), 0) AS amount_365d,
        sum(sold) AS sold,
        sum(sold) FILTER (ago <= 90) AS sold_90d,
        sum(refunded) AS refunded,
        sum(refunded) FILTER (ago <= 90) AS refunded_90d,
        count(*) FILTER (refunded > 0 AND ago <= 90) AS refund_days_90d,
        count(*) FILTER (refunded > 0 AND ago <= 365) AS refund_days_365d,
        min(ago) FILTER (refunded > 0) AS days_since_refund,
        sum(discount) AS discount,
        sum(discount) FILTER (ago <= 90) AS discount_90d,
        sum(amount * (5 - 2 * ((ago - 1) // 30))) FILTER (ago <= 180) AS amount_slope
    FROM days
    GROUP BY customer_id
),
categories AS (
    SELECT
        customer_id,
        category,
        count(*) AS bought,
        count(*) FILTER (day >= getvariable('as_of') - 90) AS bought_90d,
        getvariable('as_of') - min(day) AS first_ago,
        getvariable('as_of') - max(day) AS last_ago
    FROM category_days SEMI JOIN cohort USING (customer_id)
    WHERE day < getvariable('as_of')
    GROUP BY customer_id, category
),
of_categories AS (
    SELECT
        customer_id,
        count(*) AS categories_total,
        count(*) FILTER (last_ago <= 30) AS categories_30d,
        count(*) FILTER (last_ago <= 90) AS categories_90d,
        count(*) FILTER (last_ago <= 180) AS categories_180d,
        count(*) FILTER (first_ago <= 30) AS categories_new_30d,
        count(*) FILTER (first_ago <= 90) AS categories_new_90d,
        count(*) FILTER (last_ago BETWEEN 31 AND 60) AS categories_dropped_30d,
        count(*) FILTER (last_ago BETWEEN 91 AND 180) AS categories_dropped_90d,
        max(bought) / sum(bought) AS category_top_share,
        max(bought_90d) / nullif(sum(bought_90d), 0) AS category_top_share_90d,
        avg((bought > 1)::INT) AS category_repeat_share,
        ln(sum(bought)) - sum(bought * ln(bought)) / sum(bought) AS category_entropy,
        arg_max(last_ago, bought * 100000 - last_ago) AS days_since_top_category,
        arg_min(category, (last_ago, category)) AS category_last
    FROM categories
    GROUP BY customer_id
),
stores AS (
    SELECT
        customer_id,
        store,
        count(*) AS bought,
        getvariable('as_of') - min(day) AS first_ago,
        getvariable('as_of') - max(day) AS last_ago
    FROM store_days SEMI JOIN cohort USING (customer_id)
    WHERE day < getvariable('as_of')
    GROUP BY customer_id, store
),
of_stores AS (
    SELECT
        customer_id,
        count(*) AS stores_total,
        count(*) FILTER (last_ago <= 90) AS stores_90d,
        count(*) FILTER (first_ago <= 90) AS stores_new_90d,
        max(bought) / sum(bought) AS store_top_share,
        arg_max(last_ago, bought * 100000 - last_ago) AS days_since_top_store
    FROM stores
    GROUP BY customer_id
),
-- The 28 days from the as-of date on; the last day of the data may be half.
outcomes AS (
    SELECT
        customer_id,
        min(day - getvariable('as_of')) FILTER (orders > 0) AS days_to_next_purchase,
        sum(orders) FILTER (day < getvariable('as_of') + 28) AS orders_in_horizon,
        sum(amount) FILTER (day < getvariable('as_of') + 28) AS spend_in_horizon
    FROM all_days
    WHERE day >= getvariable('as_of') AND day < getvariable('data_until')
    GROUP BY customer_id
)
SELECT
    customer_id,
    getvariable('as_of') AS as_of_date,
    silence AS days_since_last_purchase,
    tenure AS tenure_days,
    (getvariable('as_of') - tenure::INT < getvariable('data_from') + 365)::INT AS tenure_is_censored,
    orders_total,
    orders_7d,
    orders_14d,
    orders_30d,
    orders_60d,
    orders_90d,
    orders_180d,
    orders_365d,
    orders_total / tenure AS orders_rate,
    days_90d / 90 AS purchase_days_share_90d,
    days_365d / 365 AS purchase_days_share_365d,
    orders_total / purchase_days AS orders_per_purchase_day,
    amount_total,
    amount_7d,
    amount_14d,
    amount_30d,
    amount_60d,
    amount_90d,
    amount_180d,
    amount_365d,
    paid / orders_total AS amount_mean,
    amount_last,
    amount_max,
    amount_min,
    amount_std,
    amount_std / (paid / purchase_days) AS amount_variation,
    amount_last / (paid / purchase_days) AS amount_last_over_mean,
    amount_max / paid AS amount_top_share,
    lines_90d / nullif(orders_90d, 0) AS lines_per_order_90d,
    lines_total / orders_total AS lines_per_order_total,
    refunded_90d / nullif(sold_90d, 0) AS refund_share_90d,
    refunded / nullif(sold, 0) AS refund_share_total,
    refund_days_90d,
    refund_days_365d,
    days_since_refund,
    discount_90d / nullif(discount_90d + sold_90d, 0) AS discount_share_90d,
    discount / nullif(discount + sold, 0) AS discount_share_total,
    discounted_90d / nullif(orders_90d, 0) AS discounted_orders_share_90d,
    discounted_total / orders_total AS discounted_orders_share_total,
    days_since_full_price,
    discount_last,
    gap_mean,
    gap_median,
    gap_std,
    gap_std / gap_mean AS gap_variation,
    gap_last,
    gap_max,
    gap_min,
    gap_recent_mean,
    silence / gap_mean AS silence_over_gap_mean,
    silence / gap_max AS silence_over_gap_max,
    (silence - gap_mean) / nullif(gap_std, 0) AS silence_deviations,
    gaps_longer_share,
    1 + ((coalesce(gap_log_gap, 0) + silence * ln(silence)) / tenure - ln(tenure))
        / nullif(ln(purchase_days), 0) AS clumpiness,
    ln((orders_14d + 1) / (orders_28d - orders_14d + 1)) AS orders_change_14d,
    ln((orders_30d + 1) / (orders_60d - orders_30d + 1)) AS orders_change_30d,
    ln((orders_45d + 1) / (orders_90d - orders_45d + 1)) AS orders_change_45d,
    ln((orders_90d + 1) / (orders_180d - orders_90d + 1)) AS orders_change_90d,
    ln((greatest(amount_14d, 0) + 1) / (greatest(amount_28d - amount_14d, 0) + 1))
        AS amount_change_14d,
    ln((greatest(amount_30d, 0) + 1) / (greatest(amount_60d - amount_30d, 0) + 1))
        AS amount_change_30d,
    ln((greatest(amount_45d, 0) + 1) / (greatest(amount_90d - amount_45d, 0) + 1))
        AS amount_change_45d,
    ln((greatest(amount_90d, 0) + 1) / (greatest(amount_180d - amount_90d, 0) + 1))
        AS amount_change_90d,
    gap_recent_mean / gap_mean AS gap_recent_over_mean,
    coalesce(orders_slope, 0) / 35 AS orders_slope,
    coalesce(amount_slope, 0) / 35 AS amount_slope,
    weekend_share,
    weekday_top / purchase_days AS weekday_top_share,
    morning / orders_total AS morning_share,
    afternoon / orders_total AS afternoon_share,
    evening / orders_total AS evening_share,
    orders_year_ago_30d,
    orders_year_ago_90d,
    sin((getvariable('as_of') - DATE '1970-01-01') * 2 * pi() / 365.2425::DOUBLE) AS season_sine,
    cos((getvariable('as_of') - DATE '1970-01-01') * 2 * pi() / 365.2425::DOUBLE) AS season_cosine,
    categories_total,
    coalesce(categories_30d, 0) AS categories_30d,
    coalesce(categories_90d, 0) AS categories_90d,
    coalesce(categories_180d, 0) AS categories_180d,
    coalesce(categories_new_30d, 0) AS categories_new_30d,
    coalesce(categories_new_90d, 0) AS categories_new_90d,
    coalesce(categories_dropped_30d, 0) AS categories_dropped_30d,
    coalesce(categories_dropped_90d, 0) AS categories_dropped_90d,
    category_top_share,
    category_top_share_90d,
    category_repeat_share,
    category_entropy,
    days_since_top_category,
    category_last,
    stores_total,
    coalesce(stores_90d, 0) AS stores_90d,
    coalesce(stores_new_90d, 0) AS stores_new_90d,
    store_top_share,
    days_since_top_store,
    purchase_days - 1 AS frequency,
    tenure - silence AS recency,
    tenure AS "T",
    coalesce(paid_again, 0) AS monetary_value,
    is_closed AS outcome_known,
    CASE WHEN is_closed THEN (coalesce(orders_in_horizon, 0) = 0)::INT END AS churned,
    CASE WHEN is_closed THEN coalesce(orders_in_horizon, 0) END AS orders_in_horizon,
    CASE WHEN is_closed THEN coalesce(spend_in_horizon, 0) END AS spend_in_horizon,
    is_closed AS value_known,
    CASE WHEN is_closed THEN coalesce(orders_in_horizon, 0) END AS orders_in_value_horizon,
    CASE WHEN is_closed THEN coalesce(spend_in_horizon, 0) END AS value,
    days_to_next_purchase,
    greatest(getvariable('data_until') - getvariable('as_of'), 0) AS followup_days
FROM of_purchases
JOIN of_days USING (customer_id)
LEFT JOIN of_categories USING (customer_id)
LEFT JOIN of_stores USING (customer_id)
LEFT JOIN outcomes USING (customer_id)
CROSS JOIN (SELECT getvariable('as_of') + 28 <= getvariable('data_until') AS is_closed)
ORDER BY customer_id
