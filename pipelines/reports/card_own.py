"""The part of the model card on code of the company's own: its churn model and its features."""

from typing import Any

from pipelines.reports.card_figures import cell

DIGITS = 12  # of a sha256, as much as a person compares


def own_code_text(own: dict[str, Any]) -> str:
    """What `own_code` of an evaluation holds, in words; "" where all code is ours."""
    parts = []
    model = own.get("model", {})
    if model:
        described = f" ({model['describes'].rstrip('.')})" if model["describes"] else ""
        parts.append(
            f"The churn model is the company's own: class `Churn` of `{model['where']}`"
            f"{described}, sha256 {model['sha256'][:DIGITS]}. Calibration, judgement and promotion "
            "are those of our models, and so are the next purchase, the value and the weight of "
            "the parametric model where data is scarce."
        )
        if not model["gives_reasons"]:
            parts.append(
                "It has no method `reasons`: cards have no reasons, and which features it lives on "
                "is not known, so that their drift advises nothing."
            )
    features = own.get("features", {})
    if features:
        rows = [f"| `{name}` | {cell(text)} |" for name, text in features.items()]
        parts.append(
            "\n".join(["| feature of the company's own | what it is |", "|---|---|", *rows])
        )
    return "\n\n".join(["## Code of the company's own", *parts]) if parts else ""
