"""What actions did, as stage `effects` tells it of a firm with a year of contacts."""

from tests.serving.release_reports import AS_OF


def between(effect, half=0.05):
    return {"effect": effect, "low": effect - half, "high": effect + half, "se": half / 2}


def quarter(action, period, verdict, effect=0.1, **changes):
    """A quarter of an action as stage `effects` tells it: 100 treated, 40 held back."""
    ends = {"low": effect - 0.05, "high": effect + 0.05}
    found = {
        "action_id": action,
        "period": period,
        "contacts": 150,
        "closed": {"treated": 100, "withheld": 40},
        "closes": "2024-12-30",
        "is_over": True,
        "verdict": verdict,
        "checks": {"sample_ratio_p": 0.4, "balance_p": 0.5},
        "stays": {
            "mean": {"treated": 0.8, "withheld": 0.69},
            "difference": between(effect),
            "adjusted": between(effect),
            "interval": ends,
            "narrower": 0.1,
            "smallest_shown": 0.07,
        },
        "spend": {
            "mean": {"treated": 50.0, "withheld": 44.0},
            "difference": between(6.0, 4.0),
            "adjusted": between(6.0, 4.0),
            "interval": {"low": 2.0, "high": 10.0},
            "narrower": 0.1,
            "smallest_shown": 5.6,
        },
        "return": {"cost": 0.5, "margin": between(1.5, 1.0), "net": between(1.0, 1.0)},
    }
    return found | changes


def too_few(action, period):
    nothing = {"treated": 0, "withheld": 0}
    row = quarter(action, period, "too_few", closed=nothing, is_over=False, missing=30)
    return {n: v for n, v in row.items() if n not in ("stays", "spend", "return", "checks")}


def effects(**changes):
    """The facts of stage `effects` for a firm with a year of contacts."""
    learned = {
        "action_id": "check_in_email",
        "treated": 300,
        "withheld": 120,
        **between(0.02, 0.01),
        "assumed_low": 0.01,
        "effect_source": "estimated",
        "in_catalogue": True,
        "contacts_alone": between(0.06),
    }
    found = {
        "as_of_date": AS_OF.isoformat(),
        "data_until": AS_OF.isoformat(),
        "churn_definition": "lapse",
        "window_days": [30, 90],
        "contacts": {
            "rows": 900,
            "by_chance": 700,
            "closed": 560,
            "left_out": {"no_snapshot": 200},
        },
        "not_by_chance": {"owner_phone_call": {"sample_ratio_p": 0.00001, "balance_p": 0.5}},
        "periods": [
            quarter("check_in_email", "2024Q1", "better"),
            quarter("owner_phone_call", "2024Q1", "not_by_chance", 0.4),
            quarter("check_in_email", "2024Q2", "not_shown", 0.01),
            too_few("check_in_email", "2024Q3"),
        ],
        "programme": {
            "window_days": 180,
            "customers": {"programme": 400, "persistent_control": 60},
            "stays": between(0.01),
            "spend": between(3.0, 5.0),
        },
        "learned": {"confidence": 0.6, "learner": "r", "actions": [learned], "targeting": {}},
    }
    return found | changes
