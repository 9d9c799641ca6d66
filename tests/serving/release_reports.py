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


def plan_point(cost: float, gain: float, **by_action: int) -> dict:
    """A plan on a curve."""
    customers = sum(by_action.values())
    return {
        "cost": cost,
        "expected_gain": gain,
        "expected_gain_by_source": {"assumed": gain} if gain else {},
        "customers": customers,
        "by_action": by_action,
    }


def plan_curves() -> list[dict]:
    """Gain against budget without calls, as planned, and with twice the calls."""
    nothing, mails = plan_point(0.0, 0.0), plan_point(1.0, 24.0, check_in_email=43)
    points = {
        0.0: [nothing, mails],
        1.0: [
            nothing,
            plan_point(0.5, 16.0, check_in_email=25),
            mails,
            plan_point(3.0, 44.0, check_in_email=43, owner_phone_call=43),
            plan_point(4.5, 50.0, check_in_email=50, owner_phone_call=43),
        ],
        2.0: [
            nothing,
            plan_point(0.5, 17.0, check_in_email=25),
            plan_point(1.0, 26.0, check_in_email=43),
            plan_point(3.0, 50.0, check_in_email=40, owner_phone_call=60),
            plan_point(6.0, 62.0, check_in_email=50, owner_phone_call=80),
        ],
    }
    return [{"capacity": factor, "points": some} for factor, some in points.items()]


def planned_action(
    counts: tuple[int, int], cost: float, gains: tuple[float, float], channel: str
) -> dict:
    """What a plan tells of an action: customers and how many are withheld, what contacts cost.

    `gains` are those of all customers, and of the contacts that are carried out.
    """
    contacts, (gain, made) = counts[0] - counts[1], gains
    sums = {"customers": contacts, "withheld": 0, "expected_cost": cost, "expected_gain": made}
    carried_out = sums | {"expected_gain_by_source": {"assumed": made} if made else {}}
    return {
        "customers": counts[0],
        "withheld": counts[1],
        "expected_gain": gain,
        "carried_out": carried_out,
        "channels": {channel: contacts},
    }


PLAN = {
    "customers": 130,
    "epoch": "2024Q4",
    "currency": "USD",
    "effect_source": "assumed",
    "holdout_share": 0.1,
    "budget": {"limit": 100.0, "intended": 3.0, "to_spend": 2.5},
    "capacities": {"phone": {"limit": 43, "intended": 43}},
    "owner_capacity": {"limit": 7, "intended": 5},
    "by_action": {
        "do_nothing": planned_action((44, 0), 0.0, (0.0, 0.0), "none"),
        "check_in_email": planned_action((43, 4), 1.0, (24.0, 22.0), "email"),
        "owner_phone_call": planned_action((43, 5), 1.5, (20.0, 18.0), "phone"),
    },
    "why_nothing": {"why.no_action_pays": 44},
    "blocked": {"no_consent": 21, "frequency_cap": 7, "not_applicable": 300},
    "blocked_customers": {"no_consent": 20, "frequency_cap": 7, "not_applicable": 130},
    "gate_costs": {"no_consent": 3.5, "not_applicable": 11.0},
    "missing_tables": {"tickets": "missing.tickets"},
    "objected": 2,
    "by_arm": {
        "treated": {"customers": 80, "withheld": 0, "expected_cost": 2.5, "expected_gain": 40.0},
        "holdout": {"customers": 9, "withheld": 9, "expected_cost": 0.5, "expected_gain": 4.0},
    },
    "no_gains": None,
    "ranked_by": None,
    "unpaid": {"customers": 0, "withheld": 0, "expected_cost": 0.0, "expected_gain": 0.0},
    "arms": {
        "holdout_share_by": "assumed",
        "explored": 0,
        "persistent_control": 0.05,
        "withheld_by": {"draw": 7, "persistent_control": 2},
        "can_show": {
            "power": 0.8,
            "programme": 0.31,
            "by_date": [
                {"date": "2024-11-26", "plans": 1, "customers": 89, "smallest_effect": 0.23},
                {"date": "2025-10-27", "plans": 12, "customers": 1068, "smallest_effect": 0.066},
            ],
        },
    },
    "curves": plan_curves(),
}


EVALUATION = {
    "timeline": {"test": ["2024-08-28"], "data_until": "2024-09-29"},
    "churn": {
        "grade": "B",
        "models": {
            "ours": {
                "auc": {"value": 0.86, "low": 0.84, "high": 0.88},
                "observed_over_expected": {"value": 1.15, "low": 1.07, "high": 1.24},
            },
            "recency_rule": {"auc": {"value": 0.76, "low": 0.74, "high": 0.78}},
        },
        "calibration": [
            {"predicted": 0.02, "observed": 0.01, "rows": 60},
            {"predicted": 0.43, "observed": 0.512, "rows": 60},
        ],
        "cuts": {
            "churn_risk": [1.0, 0.5, 0.25, 0.1, 0.01],
            "left": [24, 12, 6, 0],
            "stayed": [6, 18, 24, 30],
            "customers": 100,
        },
        "expected_maximum_profit": {
            "offer": "owner_phone_call",
            "customer_value": 100.0,
            "terms": {
                "contact_cost": 5.0,
                "incentive_cost": 0.0,
                "kept_share": 0.3,
                "customer_value": 100.0,
            },
        },
        "verdict": {
            "ranks": "clearly_better",
            "probabilities": "off",
            "parts": [
                {
                    "kind": "abc_class",
                    "part": "A",
                    "rows": 60,
                    "left": 31,
                    "expected": 20.0,
                    "value": 1.55,
                    "low": 1.2,
                    "high": 1.94,
                    "probabilities": "off",
                },
                {
                    "kind": "value",
                    "part": "lowest_third",
                    "rows": 40,
                    "left": 9,
                    "expected": 7.6,
                    "probabilities": "unknown",
                },
            ],
        },
        "best_rule": "recency_rule",
        "top_hundred": {"of": 100, "ours": 67.0, "recency_rule": 54.2},
    },
}


USABILITY = {
    "customers": 130,
    "orders": 390,
    "first_day": "2023-09-23",
    "last_day": "2024-10-26",
    "one_time_share": 0.25,
    "findings": [
        {
            "check": "unknown_amounts",
            "severity": "warning",
            "table": "orders",
            "column": "amount",
            "rows": 1_200,
            "meaning": "rows without an amount",
            "what_to_do": "bring the amounts",
            "step": "ingest",
            "in_words": {"ru": {"meaning": "строки без суммы", "what_to_do": "загрузите суммы"}},
        },
        {
            "check": "missing_table",
            "severity": "advice",
            "table": "tickets",
            "column": None,
            "rows": 0,
            "meaning": "no such table",
            "what_to_do": "bring <b>tickets.csv</b>",
            "step": "ingest",
        },
    ],
}
MODEL_CARD = """# Model card

## Use

Ranks customers. <script>alert(1)</script> [a link](javascript:alert(1))

![calibration](calibration.png)

| model | AUC |
|---|---|
| **Regulars** | 0.860 |
"""
