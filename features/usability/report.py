"""Puts the usability report together: the figures that are always stated, and the findings."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from features.engines.duckdb import Engine
from features.families.own_events import own_kinds
from features.params import TaskParams
from features.planning.horizons import wanted_horizon
from features.planning.profile import profile, purchase_days
from features.planning.returns import return_curve
from features.timeline import date_of
from features.usability.contract import contract_findings
from features.usability.customers import customer_findings, guest_share
from features.usability.feed import feed_findings, feeds, judge, known_days, volumes_to_show
from features.usability.finding import as_records, most_severe_first
from features.usability.kinds import kind_findings
from features.usability.times import late_findings, lateness, rhythm_findings, time_findings
from features.usability.values import refund_shares, value_findings
from sources.params import SourceParams
from sources.tables.kept import Kept


def usability_report(
    checked: Mapping[str, Kept],
    engine: Engine,
    source: SourceParams,
    task: TaskParams,
) -> dict[str, Any]:
    """What is always stated, then `findings`, most severe first (each a `Finding`).

    Shares are in [0, 1] or None where the data cannot say, times in days. Raises DataGateError when
    there is nothing to learn from.
    """
    rhythm = profile(engine).asked(task.churn)
    curve = return_curve(purchase_days(engine), rhythm.data_until)
    orders = checked["orders"]
    refunds = refund_shares(orders.rows) if "amount" in orders.rows else None
    horizon, _ = wanted_horizon(task, rhythm)
    suggested, _ = wanted_horizon(task.model_copy(update={"horizon_days": "auto"}), rhythm)
    known = known_days(source.known_gaps)
    judged = [judge(feed, known) for feed in feeds(checked)]
    history = rhythm.data_until - rhythm.data_from
    kinds = own_kinds(engine)
    late = {name: lateness(name, table) for name, table in checked.items()}
    findings = [
        *feed_findings(judged),
        *time_findings(checked, rhythm, horizon, task.horizon_days == "auto", judged),
        *late_findings(late),
        *customer_findings(checked, rhythm, source),
        *value_findings(checked, source),
        *kind_findings(kinds),
        *contract_findings(checked),
    ]
    if task.churn == "lapse":
        findings += rhythm_findings(rhythm, horizon, suggested)
    return {
        "first_day": date_of(rhythm.data_from).isoformat(),
        "last_day": date_of(rhythm.data_until).isoformat(),
        "history_days": history,
        "horizon_days": horizon,
        "horizon_is_auto": task.horizon_days == "auto",
        "history_in_horizons": round(history / horizon, 2),
        "suggested_horizon_days": suggested,
        "customers": rhythm.customers,
        "orders": rhythm.purchases,
        "one_time_share": round(rhythm.one_time_share, 4),
        "guest_share": round(guest_share(orders), 4),
        "refund_line_share": None if refunds is None else round(refunds[0], 4),
        "currency": checked["orders"].currency,
        "refund_money_share": None if refunds is None else round(refunds[1], 4),
        "late": late,
        "long_gap_days": rhythm.long_gap,
        "return_curve": curve.round(4).to_dict("records"),
        "volume": volumes_to_show(judged),
        "own_kinds": [asdict(kind) for kind in kinds],
        "tables": {name: table.counts for name, table in checked.items()},
        "findings": most_severe_first(findings),
    }


def as_json(report: dict[str, Any]) -> dict[str, Any]:
    """The report as it is written, each finding as a record."""
    return {**report, "findings": as_records(report["findings"])}
