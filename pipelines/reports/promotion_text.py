"""The section of the model card on why these models score and not others."""

from typing import Any

from pipelines.reports.card_figures import with_interval

HEADING = "## Champion"


def with_promotion(card: str, decision: dict[str, Any]) -> str:
    """The model card with the section on the decision at its end; an older one is replaced."""
    before = card.split(f"\n{HEADING}\n", maxsplit=1)[0].rstrip("\n")
    return f"{before}\n\n{HEADING}\n\n{promotion_text(decision)}\n"


def promotion_text(decision: dict[str, Any]) -> str:
    """One paragraph: who scores, against whom, why, and on which rows."""
    challenger, champion = decision["challenger"], decision["champion"]
    if decision["outcome"] == "rule":
        return f"A rule scores, there are no models: {decision['why'].rstrip('.')}."
    if decision["outcome"] == "unjudged":
        return f"Models score that nothing has judged: {decision['why'].rstrip('.')}."
    if decision["outcome"] == "gate":
        return f"These models ({champion}) go on scoring: {decision['why'].rstrip('.')}."
    if decision["promoted"]:
        who = f"These models ({challenger}) score"
        if champion and champion != challenger:
            who += f", in the place of {champion}"
    else:
        who = f"These models ({champion}) go on scoring; newly trained ones ({challenger}) do not"
    return f"{who}: {decision['why']}.{_figures(decision['figures'])}"


def _figures(figures: dict[str, Any] | None) -> str:
    if figures is None:
        return ""
    between = figures["difference"]
    return (
        f" Compared as of {', '.join(figures['as_of_dates'])}, on {figures['rows']:,} rows that "
        f"neither was trained on, with the champion as {figures['champion_as']}: log loss "
        f"{figures['challenger']:.4f} (new) against {figures['champion']:.4f}, difference "
        f"{with_interval(between, '+.4f')}."
    )
