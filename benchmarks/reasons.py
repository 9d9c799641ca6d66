"""Reasons of published cards: do they agree with themselves, and do they differ between customers?

`make bench-reasons` runs the stages up to the score cards on Complete Journey, Online Retail (where
it lies beside the project) and two simulated companies. It prints a table and writes
benchmarks/out/reasons.json: `rows` of {dataset, customers, reasons, contradicting, equal, alone,
in_words, top, same_sentence, same_feature, same_group, sentence}, and `seconds` by data set.

    contradicting  the value argues against the direction: a higher risk, and yet the customer
                   bought later than usual (`plain_meaning`), or those with such a value left less
                   often (`leaving_near`)
    equal          the value reads as what it is compared with
    alone          the value is told beside nothing
    in_words       no value is told, only what the group is about
    same_...       how many of the first `top` customers by risk have the commonest strongest
                   reason: the same sentence, a sentence on the same feature, one of the same group

What a value means is stated here a second time, apart from the code that chooses reasons.
"""

import argparse
import json
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measuring import ROOT
from benchmarks.sources import settings
from benchmarks.zoo.road import lay_out, merged, run_road
from core.arrays import FloatArray
from features.reading import read_snapshots
from models.churn.reason_rows import restored
from serving.wording.sentences import sentence, written

OUT = ROOT / "benchmarks" / "out" / "reasons.json"
TOP = 100
NEAR = 0.05  # share of the rows to either side of a value that are near it
SURE = 2.0  # standard errors
QUICK = {"model": {"bootstrap_draws": 20, "threads": 2}}  # intervals do not concern reasons
SIMULATED = {"kind": "simulator", "simulator": {"customers": 8000, "days": 500}}
# More of it means that the customer stays, or leaves, to anybody who reads it.
SAFER = re.compile(
    r"(orders|amount|categories|visits|email_opens|coupons_redeemed)_(\d+d|total|change_\d+d)"
    r"|amount_mean|orders_rate|lines_per_order_\w+|open_rate_total|csat_\w+|nps_(last|change)|channels_granted"
    r"|loyalty_points_balance|referrals_total|subscriptions_running"
)
RISKIER = re.compile(
    r"days_since_(last_purchase|visit|email_open|coupon)|gap_(mean|max|last|recent_\w+)|silence_\w+"
    r"|(complaints|tickets)_open|complaints_90d|payment_overdue_days"
)
PAYMENTS = re.compile("orders|amount|lines|categor|gap|silence|days_since_last_purchase")

Reason = Mapping[str, Any]
LeavingNear = Callable[[str, Any], tuple[float, float]]


def plain_meaning(feature: str, churn: str) -> int:
    """1 where more of it means a higher risk, -1 a lower one, 0 where only data can say.

    Of a subscription the data has to say what its payments mean.
    """
    if churn == "cancellation" and PAYMENTS.match(feature):
        return 0
    return int(bool(RISKIER.fullmatch(feature))) - int(bool(SAFER.fullmatch(feature)))


def compared_with(reason: Reason) -> Any:
    """What the sentence compares the value with: the customer's own past, else typical values."""
    own = reason["own_usual"]
    return reason["typical_value"] if own is None else own


def contradicts(reason: Reason, meaning: int, usual: Any, leaving_near: LeavingNear) -> bool:
    """Whether the value argues against the direction.

    `meaning` is that of `plain_meaning`, and `usual` a value for where the reason tells none.
    """
    direction = 1 if reason["direction"] == "up" else -1
    value, other = reason["value"], compared_with(reason)
    if value is None:
        return False
    if meaning:
        other = usual if other is None else other
        return other is not None and bool(np.sign(value - other) * meaning == -direction)
    excess, error = leaving_near(reason["feature"], value)
    return bool(excess * direction < -SURE * error)


def reads_equal(reason: Reason) -> bool:
    """Whether the value reads as something that the reason compares it with."""
    value = reason["value"]
    others = (reason["typical_value"], reason["own_usual"])
    return value is not None and any(
        other is not None and _read(value, reason) == _read(other, reason) for other in others
    )


def _read(value: Any, reason: Reason) -> str:
    of = {name: reason.get(name) for name in ("feature", "unit", "label")}
    return written(value, "quantity", "en", **of)


def leaving_of(closed: pd.DataFrame) -> LeavingNear:
    """How much more often than customers with the same usual gap those near a value left.

    The result takes a feature and a value, and returns the excess with its standard error.
    """
    left = closed["churned"].to_numpy(np.float64)
    gap = closed.get("gap_mean", pd.Series(np.nan, closed.index))
    tenth = (gap.rank(method="first", pct=True) * 10).fillna(-1).astype(int)
    excess = left - pd.Series(left).groupby(tenth.to_numpy()).transform("mean").to_numpy()
    who = closed["customer_id"].to_numpy()
    kept: dict[str, tuple[FloatArray, FloatArray]] = {}

    def near(feature: str, value: Any) -> "np.ndarray[tuple[int], np.dtype[np.intp]]":
        if isinstance(value, str):
            return np.flatnonzero((closed[feature] == value).to_numpy())
        if feature not in kept:
            column = closed[feature].to_numpy(np.float64, na_value=np.nan)
            order = np.argsort(column, kind="stable")[: int(np.isfinite(column).sum())]
            kept[feature] = order, column[order]
        order, values = kept[feature]
        share = int(NEAR * len(values))
        low = min(np.searchsorted(values, value, "left"), max(len(values) - share, 0))
        high = max(np.searchsorted(values, value, "right"), share)
        return np.asarray(order[max(low - share, 0) : high + share], np.intp)

    def leaving_near(feature: str, value: Any) -> tuple[float, float]:
        rows = near(feature, value)
        customers = len(set(who[rows]))
        if customers < 2:
            return 0.0, 1.0
        return float(excess[rows].mean()), float(left[rows].std() / np.sqrt(customers))

    return leaving_near


def figures(cards: pd.DataFrame, closed: pd.DataFrame) -> dict[str, Any]:
    """The figures of a data set: `cards` as published, `closed` rows whose outcome is known."""
    explained = cards[cards["reasons"].notna()].sort_values("risk_rank", kind="stable")
    by_card = [[restored(reason) for reason in reasons] for reasons in explained["reasons"]]
    reasons = [reason for found in by_card for reason in found]
    stayed = closed[closed["churned"] == 0]
    leaving_near = leaving_of(closed)
    (churn,) = cards["churn_definition"].unique()
    meanings = {r["feature"]: plain_meaning(r["feature"], churn) for r in reasons}
    usual = {name: stayed[name].median() for name, meaning in meanings.items() if meaning}
    against = [
        reason
        for reason in reasons
        if contradicts(
            reason, meanings[reason["feature"]], usual.get(reason["feature"]), leaving_near
        )
    ]
    strongest = [
        next((reason for reason in found if reason["direction"] == "up"), None)
        for found in by_card[:TOP]
    ]
    there = [reason for reason in strongest if reason is not None]
    told, times = _commonest(sentence(r["message_key"], "en", **r) for r in there)
    return {
        "customers": len(explained),
        "reasons": len(reasons),
        "contradicting": len(against),
        "equal": sum(map(reads_equal, reasons)),
        "alone": sum(r["value"] is not None and compared_with(r) is None for r in reasons),
        "in_words": sum(reason["value"] is None for reason in reasons),
        "top": len(there),
        "same_sentence": times,
        "same_feature": _commonest(reason["feature"] for reason in there)[1],
        "same_group": _commonest(reason["group"] for reason in there)[1],
        "sentence": told,
        "against": dict(Counter(r["feature"] for r in against).most_common()),
    }


def _commonest(names: Iterable[str]) -> tuple[str, int]:
    return max(Counter(names).items(), key=lambda one: one[1], default=("", 0))


def datasets(folder: Path) -> dict[str, dict[str, Any]]:
    """What each data set changes in params.yaml; raw files are put into `folder`."""
    found = {name: settings(name, folder) for name in ("complete_journey", "online_retail")}
    subscription = {**SIMULATED, "simulator": {**SIMULATED["simulator"], "world": "subscription"}}  # type: ignore[dict-item]
    found |= {
        "simulated shop": {"source": SIMULATED},
        "simulated subscriptions": {"source": subscription, "task": {"churn": "cancellation"}},
    }
    return {name: merged(changes, QUICK) for name, changes in found.items() if changes is not None}


def measure(folder: Path, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Run the stages in `folder` up to the cards, and measure their reasons."""
    lay_out(folder, changes)
    ended = run_road(folder, "score")
    if not ended.through:
        raise SystemExit(ended.error + ended.crash)
    return measured(folder)


def measured(folder: Path) -> dict[str, Any]:
    """The figures of the cards that a run left in `folder`."""
    snapshots = read_snapshots(folder / "data" / "snapshots")
    closed = snapshots[snapshots["outcome_known"]].reset_index(drop=True)
    return figures(pd.read_parquet(folder / "data" / "scores.parquet"), closed)


def print_row(name: str, row: Mapping[str, Any]) -> None:
    """One line of the table."""
    kinds = ("contradicting", "equal", "alone", "in_words")
    shares = (f"{row[kind] / max(row['reasons'], 1):>9.2%}" for kind in kinds)
    same = (f"{row[f'same_{what}']:>9}" for what in ("sentence", "feature", "group"))
    print(f"{name:26}{row['reasons']:>9,}{''.join(shares)}{''.join(same)}", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every data set and print the table."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--datasets", nargs="+")
    asked = parser.parse_args(arguments)
    result: dict[str, Any] = {"rows": [], "seconds": {}}
    head = ("reasons", "contrad.", "equal", "alone", "in words", "sentence", "feature", "group")
    print(f"{'':26}" + "".join(f"{name:>9}" for name in head), flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        raw = Path(temporary) / "raw"
        raw.mkdir()
        for name, changes in datasets(raw).items():
            if asked.datasets and name not in asked.datasets:
                continue
            started, folder = time.monotonic(), Path(temporary) / "run"
            row = measure(folder, changes)
            print_row(name, row)
            result["rows"].append({"dataset": name, **row})
            result["seconds"][name] = round(time.monotonic() - started, 1)
            shutil.rmtree(folder)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"written to {OUT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
