"""The proof of a proposal by check and usability report; an error that has a cure is cured."""

from pathlib import Path
from tempfile import TemporaryDirectory

from core.errors import DataGateError
from features.engines.duckdb import DuckEngine
from features.params import TaskParams
from features.usability.finding import Finding
from features.usability.report import usability_report
from sources.params import SourceParams
from sources.proposing.cure_lines import followed, lines_in
from sources.proposing.proof import Proof, prove
from sources.proposing.proposal import Proposal
from sources.proposing.questions import Answers
from sources.subscriptions.billing import contracted
from sources.tables.check import Checked

CURED = ("id_forms",)  # checks of the report whose line is followed
OF_TABLES = ("quarantined", "missing_table")  # said elsewhere, or about what was not brought
MOST_ROUNDS = 3


def proved(proposal: Proposal, answers: Answers) -> Proof | None:
    """Figures of the check and the report on all rows; the proposal changes where a line cures it.

    None where a question without a default has to be answered first. Raises SourceError where the
    data is refused and nobody can say how to mend it.
    """
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
            proof.notes = [
                (finding.severity, f"{finding.table}: {finding.meaning}")
                for finding in findings
                if finding.severity != "advice" and finding.check not in OF_TABLES
            ]
            return proof
        for line, why in lines:
            proposal.source = followed(proposal.source, line)
            proposal.changes.append(f"{line.text}\n      since {why}")
    return prove(proposal, answers)


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
            report = usability_report(tables, DuckEngine(paths), source, task)
        except DataGateError:
            return []
        found: list[Finding] = report["findings"]
        return found
