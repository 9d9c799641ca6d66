"""The plan, the evaluation and the forecast of a small release."""

import datetime as dt

AS_OF = dt.date(2024, 10, 27)


def forecast_report(as_of: dt.date = AS_OF, money: bool = True) -> dict:
    """The sales forecast of two months, with one past date."""
    amounts = {"orders": 100.0, "spend": 2_000.0} if money else {"orders": 100.0}

    def dated(start: int, end: int) -> dict:
        first, last = (as_of + dt.timedelta(days=days) for days in (start, end - 1))
        return {"starts": first.isoformat(), "ends": last.isoformat()}

    def expected(share: float, known: bool = True) -> dict:
        return {
            what: {
                "expected": amount * share,
                "low": 0.9 * amount * share if known else None,
                "high": 1.1 * amount * share if known else None,
                "last_period": 0.95 * amount * share,
                "last_year": None,
            }
            for what, amount in amounts.items()
        }

    sold = {
        what: {
            "sold": amount,
            "ours": 1.05 * amount,
            "low": 0.9 * amount,
            "high": 1.2 * amount,
            "covers": True,
            "last_period": 1.25 * amount,
            "last_year": None,
        }
        for what, amount in amounts.items()
    }
    error = {"value": 0.05, "low": -0.02, "high": 0.12}
    worse = {"value": 0.25, "low": 0.1, "high": 0.4}
    errors = {
        "ours": {"total_error": error, "segment_error": error},
        "last_period": {"total_error": worse, "segment_error": worse},
    }
    return {
        "as_of_date": as_of.isoformat(),
        "customers": 130,
        "periods": [{**dated(0, 30), **expected(1.0)}, {**dated(30, 60), **expected(0.8)}],
        "total": {**dated(0, 60), **expected(1.8, known=False)},
        "segments": [
            {
                "rfm_segment": name,
                "customers": 65,
                **{w: [a / 2, 0.4 * a] for w, a in amounts.items()},
            }
            for name in ("champions", "hibernating")
        ],
        "backtest": [
            {
                "as_of_date": (as_of - dt.timedelta(days=60)).isoformat(),
                "days": 30,
                "customers": 120,
                "reaches": "within_horizon",
                "periods": [{**dated(-60, -30), **sold}],
                "total": {**dated(-60, -30), **sold},
                "errors": dict.fromkeys(amounts, errors),
                "not_in_it": {what: {"new": 0.03, "back": 0.08} for what in amounts},
            }
        ],
    }


PLAN = {
    "customers": 130,
    "epoch": "2024Q4",
    "budget": {"limit": 100.0, "intended": 3.0, "to_spend": 2.5},
    "by_action": {
        name: {"customers": 43, "withheld": 0}
        for name in ("do_nothing", "check_in_email", "owner_phone_call")
    },
    "by_arm": {
        "treated": {"customers": 80, "withheld": 0, "expected_cost": 2.5, "expected_gain": 40.0},
        "holdout": {"customers": 9, "withheld": 9, "expected_cost": 0.5, "expected_gain": 4.0},
    },
}


EVALUATION = {
    "timeline": {"test": ["2024-08-28"]},
    "churn": {
        "grade": "B",
        "models": {"ours": {"auc": {"value": 0.86, "low": 0.84, "high": 0.88}}},
        "best_rule": "recency_rule",
        "top_hundred": {"of": 100, "ours": 67.0, "recency_rule": 54.2},
    },
}
