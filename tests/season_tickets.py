"""A company of season tickets: all end on 31 August, and who comes seldom does not renew."""

from datetime import date, timedelta

import numpy as np

FIRST_SEASON, DAY = 2018, timedelta(days=1)


def season_tickets(customers=400, until=date(2024, 6, 1), seed=1):
    """The tables as CSV texts: one row of `subscriptions` a season, `orders` at the stands."""
    rng = np.random.default_rng(seed)
    contracts = ["customer_id,subscription_id,started_at,ended_at,amount"]
    orders = ["customer_id,order_id,event_time,amount"]
    for number in range(customers):
        season = FIRST_SEASON + int(rng.integers(0, 5))
        keen = rng.uniform(0.2, 3.0)  # visits a month
        while date(season, 9, 1) < until:
            contracts.append(f"c{number},c{number}-{season},{season}-09-01,{season + 1}-08-31,300")
            last = min(date(season + 1, 8, 31), until)
            days = (last - date(season, 9, 1)).days
            for day in np.sort(rng.integers(0, days, rng.poisson(keen * days / 30))):
                when = date(season, 9, 1) + int(day) * DAY
                orders.append(f"c{number},{len(orders)},{when} 18:00:00,{rng.integers(5, 40)}")
            if rng.random() > 1 / (1 + np.exp(-2.0 * (keen - 0.8))):
                break
            season += 1
    return {"subscriptions": "\n".join(contracts) + "\n", "orders": "\n".join(orders) + "\n"}
