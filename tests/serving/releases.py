"""Small releases, written as stage `release` writes them, with customers of every kind."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd

from core.files import hashes, read_json, write_json
from serving.store.release_folder import Counts, read_cards, read_facts
from serving.store.shapes import card_of, told_by
from tests.serving.overviews import overview_report
from tests.serving.release_effects import effects
from tests.serving.release_reports import (
    AS_OF,
    EVALUATION,
    MODEL_CARD,
    PLAN,
    USABILITY,
    forecast_report,
)

SCRIPT = "<script>alert('Ёлка')</script>"
FORMULA = '=HYPERLINK("http://example.com","x")'
NAMES = {
    "00000": SCRIPT,
    "00001": FORMULA,
    "00002": "Наталья Ёлкина",
    "00003": 'O\'Brien & Søn; "Quote", Ltd.',
    "00004": "100%_sure",
}
OWNERS = ("Anna", "Борис", None)
WARES = ("tea", "bread & rolls", "=milk")  # the shop's own words for its categories
STAGES = ("new", "developing", "regular", "fading", "lapsing")
LEVELS = ("unknown", "basic", "reactive", "accountable", "proactive", "partnership")
HELD_BY = ("discounts", "service", "habit", "convenience", "nothing_clear", "unknown")
ACTIONS = ("do_nothing", "check_in_email", "owner_phone_call")
HORIZON, VALUE_HORIZON, REACH = 30, 90, 90


def day(days: int) -> pd.Timestamp:
    """So many days after the as-of date."""
    return pd.Timestamp(AS_OF) + pd.Timedelta(days=days)


OFTEN = {
    "group": "frequency",
    "feature": "orders_90d",
    "groups": ["frequency", "spend"],
    "message_key": "reason.frequency.down",
}


def reason(direction: str = "up", **changes) -> dict:
    return {
        "group": "rhythm",
        "feature": "days_since_last_purchase",
        "value": 31.0,
        "typical_value": 7.0,
        "typical_of": "alike",
        "own_usual": 9.0,
        "direction": direction,
        "contribution": 0.9 if direction == "up" else -0.4,
        "groups": ["rhythm"],
        "message_key": f"reason.rhythm.{direction}",
        **changes,
    }


def likely(category: str, probability: float) -> dict:
    return {"category": category, "probability": probability}


def leaving(category: str, risk: float, share: float = 0.25) -> dict:
    return {
        "category": category,
        "risk": risk,
        "share": share,
        "usual_gap_days": 9.5,
        "days_since_last_purchase": 31,
        "value_at_stake": round(152.0 * share * risk, 2),
    }


def card_row(customer_id: str, **changes) -> dict:
    """A row of cards.parquet: a scored customer, as changed."""
    row = {
        "customer_id": customer_id,
        "as_of_date": day(0),
        "horizon_days": HORIZON,
        "churn_definition": "lapse",
        "status": "scored",
        "expected_orders": 2.5,
        "expected_spend": 51.25,
        "expected_orders_in_value_horizon": 6.25,
        "value_if_stays": 200.0,
        "value_if_lapses": 80.0,
        "expected_value": 152.0,
        "value_at_risk": 48.0,
        "return_probability": None,
        "value_if_returns": None,
        "value_if_stays_away": None,
        "one_return_pays_for": None,
        "win_back_action": None,
        "win_back_channel": None,
        "win_back_cost": None,
        "win_back_blocked": None,
        "rfm_segment": "loyal",
        "lifecycle_stage": "regular",
        "abc_class": "B",
        "relationship_level": "accountable",
        "suggested_level": "proactive",
        "relationship_strength": 62.4,
        "relationship_strength_change": -3.2,
        "relationship_strength_since": day(-98),
        "relationship_declined": False,
        "held_by": "habit",
        "second_purchase_probability": None,
        "second_purchase_days": None,
        "churn_risk": 0.4,
        "risk_band": "medium",
        "risk_rank": 1,
        "rank_in_stage": 1,
        **{f"purchase_probability_{days}d": days / 100 for days in (7, 14, 30, 60, 90)},
        "next_purchase_date_low": day(2),
        "next_purchase_date_median": day(12),
        "next_purchase_date_high": day(40),
        "reasons": [reason("up"), reason("down", **OFTEN)],
        "next_categories_new": [likely(WARES[0], 0.2)],
        "next_categories_any": [likely(WARES[1], 0.55), likely(WARES[2], 0.4)],
        "category_risks": [leaving(WARES[1], 0.62), leaving(WARES[2], 0.08, share=0.1)],
        "last_purchase_date": day(-31),
        "usual_gap_days": 9.0,
        "last_contact_date": day(-20),
        "value_horizon_days": VALUE_HORIZON,
        "next_purchase_reach_days": REACH,
        "model_version": "model-a",
        "data_until": day(-1),
        "intended_action": "check_in_email",
        "channel": "email",
        "contact_cost": 0.02,
        "incentive_cost": 0.0,
        "expected_cost": 0.02,
        "effect": 0.01,
        "effect_source": "assumed",
        "expected_gain": 0.25,
        "expected_gain_low": 0.25,
        "expected_gain_mid": 0.5,
        "expected_gain_high": 1.0,
        "why": {
            "message_key": "why.reminder",
            "values": {"churn_risk": 0.4, "expected_cost": 0.02, "expected_gain": 0.25},
        },
        "action_level": "reactive",
        "carried_out_by": "automatic",
        "blocked": [{"action_id": "owner_phone_call", "reason": "quiet_period", "condition": None}],
        "arm": "treated",
        "withheld": False,
        "withheld_by": None,
        "persistent_control": False,
        "is_exploration": False,
        "propensity": 0.7,
        "action_propensity": 0.98,
        "contact_propensity": 0.686,
        "due_date": day(3),
        "name": None,
        "owner": None,
        "expires_at": day(14),
    }
    return row | changes


def gone_row(customer_id: str, **changes) -> dict:
    """A row of cards.parquet: someone who bought once, and not for long."""
    dated = {"as_of_date", "data_until", "expires_at"}
    days = {"horizon_days", "value_horizon_days", "next_purchase_reach_days"}
    kept = {"customer_id", "churn_definition", "model_version"} | dated | days
    row = card_row(customer_id)
    empty = {name: row[name] if name in kept else None for name in row}
    gone = {"status": "already_churned", "last_purchase_date": day(-200)}
    if changes.get("status") is None:
        gone |= {"return_probability": 0.12, "value_if_returns": 60.0, "value_if_stays_away": 8.0}
        gone |= {"win_back_action": "personal_coupon", "win_back_channel": "email"}
        gone |= {"win_back_cost": 0.056, "one_return_pays_for": 226.8}
    return empty | gone | changes


def company(customers: int = 130, seed: int = 5, **changes) -> list[dict]:
    """Customers of every kind: tricky names, ties, open intervals, the holdout, the gone."""
    rng = np.random.default_rng(seed)
    risks = rng.random(customers)
    rank = (-risks).argsort().argsort() + 1
    rows = []
    for number, risk in enumerate(risks):
        customer = f"{number:05d}"
        stays = float(rng.choice([100.0, 300.0, 900.0]))
        held = number % 10 == 3
        action = ACTIONS[number % 3]
        rows.append(
            card_row(
                customer,
                churn_risk=float(risk),
                risk_band="high" if risk > 0.6 else "medium" if risk > 0.3 else "low",
                risk_rank=int(rank[number]),
                value_if_stays=stays,
                value_if_lapses=stays / 2,
                # Rounded, so that many are equal and the id has to decide.
                value_at_risk=round(float(risk) * stays / 2, -1),
                expected_value=stays * 0.8,
                lifecycle_stage=STAGES[number % 5],
                abc_class="ABC"[number % 3],
                **relationship(number),
                next_purchase_date_median=None if number % 7 == 0 else day(number % 40 or 1),
                next_purchase_date_low=None if number % 14 == 0 else day(1),
                next_purchase_date_high=None if number % 7 < 3 else day(80),
                intended_action=action,
                channel="none" if action == "do_nothing" else "email",
                why={
                    "message_key": "why.no_action_pays"
                    if action == "do_nothing"
                    else "why.reminder",
                    "values": {"expected_cost": 0.02, "expected_gain": 0.25},
                },
                expected_gain=0.0 if action == "do_nothing" else 1 + number / 100,
                arm="holdout" if held else "treated",
                withheld=held and action != "do_nothing",
                withheld_by="draw" if held and action != "do_nothing" else None,
                name=NAMES.get(customer),
                owner=OWNERS[number % 3],
            )
            | changes
        )
    gone = [gone_row(f"gone-{number}") for number in range(4)]
    return [*rows, *gone]


def relationship(number: int) -> dict:
    """Every level and everything that holds; some weakened, some bought once, some are new."""
    found = {
        "relationship_level": LEVELS[number % 6],
        "suggested_level": LEVELS[1 + number % 5],
        "held_by": HELD_BY[number % 6],
    }
    if number % 9 == 4:
        change = {"relationship_strength_change": -21.0 - number / 10}
        return found | change | {"relationship_declined": True}
    unknown = ("relationship_strength_change", "relationship_strength_since")
    if number % 9 == 5:
        return found | dict.fromkeys((*unknown, "relationship_declined"))
    if number % 9 == 6:
        once = {"second_purchase_probability": 0.345, "second_purchase_days": 90}
        none = dict.fromkeys((*unknown, "relationship_declined", "relationship_strength"))
        return found | none | once
    return found


def write_release(
    folder: Path, rows: list[dict], as_of: dt.date = AS_OF, money: bool = True, **changes
) -> Path:
    """A release folder whose manifest names every file by its hash; returns the folder."""
    folder.mkdir(parents=True)
    cards = pd.DataFrame(rows).assign(as_of_date=pd.Timestamp(as_of))
    if not money:
        amounts = ("value", "expected_spend", "expected_value", "expected_gain", "suggested_level")
        absent = [name for name in cards if name.startswith(amounts) and "horizon" not in name]
        cards = cards.drop(columns=absent)
    for name in {"model_version", "data_until"} & set(changes):
        cards[name] = changes[name]
    for name in ("risk_rank", "rank_in_stage", "second_purchase_days"):
        cards[name] = cards[name].astype("Int64")
    cards["relationship_declined"] = cards["relationship_declined"].astype("boolean")
    for name in cards.columns:
        if name.endswith(("_at", "_until", "_since")) or "_date" in name:
            cards[name] = pd.to_datetime(cards[name]).astype("datetime64[us]")
            if name not in ("as_of_date", *changes):
                cards[name] += pd.Timedelta(as_of - AS_OF)  # the dates are those of AS_OF
    cards.to_parquet(folder / "cards.parquet", index=False)
    bought = [
        {"customer_id": row["customer_id"], "event_day": day(-days), "orders": 1, "amount": 20.5}
        for row in sorted(rows, key=lambda row: row["customer_id"])
        for days in (400, 45, 31)
    ]
    purchases = pd.DataFrame(bought)
    (purchases if money else purchases.drop(columns="amount")).to_parquet(
        folder / "purchases.parquet", index=False
    )
    write_json(folder / "plan.json", PLAN)
    write_json(folder / "reports" / "evaluation.json", EVALUATION)
    write_json(folder / "reports" / "data_usability.json", USABILITY)
    (folder / "reports" / "model_card.md").write_text(MODEL_CARD, encoding="utf-8")
    write_json(folder / "reports" / "forecast.json", forecast_report(as_of, money))
    write_json(folder / "reports" / "overview.json", overview_report(rows, as_of, money))
    write_json(folder / "reports" / "effects.json", effects())
    files = hashes(folder)
    manifest = {
        "schema_version": 1,
        "release_id": files["cards.parquet"][:12],
        "as_of_date": as_of.isoformat(),
        "data_until": (as_of - dt.timedelta(days=1)).isoformat(),
        "horizon_days": HORIZON,
        "value_horizon_days": VALUE_HORIZON,
        "model_version": rows[0]["model_version"],
        "source": {"description": "files mydata", "files": {}},
        "cards": len(rows),
        "files": files,
    }
    write_json(folder / "manifest.json", manifest | changes)
    return folder


def cards_in(folder: Path) -> list:
    """The cards of a release folder, without the store."""
    facts = read_facts(folder, read_json(folder / "manifest.json"), Counts())
    told = told_by(facts)
    return [card_of(row, told) for table in read_cards(folder) for row in table.to_pylist()]
