"""The proof of a proposal by check and usability report; an error that has a cure is cured."""

from pathlib import Path
from tempfile import TemporaryDirectory

from core.errors import DataGateError, SourceError
from features.engines.duckdb import DuckEngine
from features.params import TaskParams
from features.usability.finding import Finding
from features.usability.ready import table_report
from features.usability.report import usability_report
from sources.contract import AT_STAKE, READY
from sources.params import SourceParams
from sources.proposing.cure_lines import followed, lines_in
from sources.proposing.currency_questions import name_currency
from sources.proposing.proof import Measured, Proof, mended, prove
from sources.proposing.proposal import Proposal
from sources.proposing.questions import Answers
from sources.ready.check import CUSTOMER, DATE, LEFT, check_ready
from sources.registry import load
from sources.subscriptions.billing import contracted
from sources.tables.kept import Checked

CURED = ("id_forms",)  # checks of the report whose line is followed
OF_TABLES = ("quarantined", "missing_table")  # said elsewhere, or about what was not brought
MOST_ROUNDS = 3


def proved(proposal: Proposal, answers: Answers) -> Proof | None:
    """Figures of the check and the report on all rows; the proposal changes where a line cures it.

    None where a question without a default has to be answered first. Raises SourceError where the
    data is refused and nobody can say how to mend it.
    """
    if proposal.source["kind"] == READY:
        return _proved_table(proposal, answers)
    for _ in range(MOST_ROUNDS):
        proof = prove(proposal, answers)
        if proof is None:
            return None
        findings = _findings(proof.checked, SourceParams(**proposal.source), proposal)
        lines = [
            (line, finding.meaning)
            for finding in findings
            if finding.check in CURED and finding.severity == "error"
            for line in lines_in(finding.what_to_do)[:1]
            if line.targets(proposal.source)
        ]
        if not lines:
            proof.notes = _told(findings)
            return proof
        for line, why in lines:
            proposal.source = followed(proposal.source, line)
            proposal.changes.append(f"{line.text}\n      since {why}")
    return prove(proposal, answers)


def _proved_table(proposal: Proposal, answers: Answers) -> Proof | None:
    """The same of a ready table."""
    params = SourceParams(**proposal.source)
    try:
        ready = check_ready(load(params)[READY], params)
    except SourceError as error:
        if not mended(proposal, str(error), answers):
            return None
        return _proved_table(proposal, answers)
    rows = ready.rows
    if AT_STAKE in rows:
        name_currency(proposal, {ready.currency}, answers)
    dates = rows[DATE].dropna()
    measured = Measured(
        READY,
        ready.counts,
        int(rows[CUSTOMER].nunique()),
        None,
        dates.min() if len(dates) else None,
        dates.max() if len(dates) else None,
        float(rows[AT_STAKE].sum()) if AT_STAKE in rows else None,
        proposal.source.get("currency") or ready.currency or "",
        ready.findings,
        float(rows[LEFT].mean()),
    )
    return Proof([measured], notes=_told(table_report(ready, params)["findings"]))


def _told(findings: list[Finding]) -> list[tuple[str, str]]:
    return [
        (finding.severity, f"{finding.table}: {finding.meaning}")
        for finding in findings
        if finding.severity != "advice" and finding.check not in OF_TABLES
    ]


def _findings(
    checked: dict[str, Checked], source: SourceParams, proposal: Proposal
) -> list[Finding]:
    """What the usability report would find; nothing where there is too little to report on."""
    task = TaskParams(
        churn=proposal.task["churn"],
        horizon_days="auto",
        active_within_days="auto",
        value_horizon_days="auto",
    )
    with TemporaryDirectory() as folder:
        try:
            tables = contracted(checked, source, task.grace_days)
            paths = {name: Path(folder) / f"{name}.parquet" for name in tables}
            for name, table in tables.items():
                table.rows.to_parquet(paths[name], index=False)
            kept = {name: table.kept() for name, table in tables.items()}
            report = usability_report(kept, DuckEngine(paths), source, task)
        except DataGateError:
            return []
        found: list[Finding] = report["findings"]
        return found
