"""What reports say of the risk that a main category is left."""

from pipelines.evaluate import _risk_metrics
from pipelines.reports.card_category_risk import COLUMNS, category_risk_text

FIGURE = {"value": 0.8, "low": 0.7, "high": 0.9}
JUDGED = {
    "rows": 1_234,
    "customers": 700,
    "told_share": 0.456789,
    "left_share": 0.15,
    "models": {name: dict.fromkeys(COLUMNS, FIGURE) for name in ("ours", "by_silence")},
    "gains": {"by_silence": {"log_loss": {"value": -0.04, "low": -0.05, "high": -0.03}}},
    "by_date": {"2017-11-20": 0.96},
}


def test_the_model_card_has_the_figures_beside_the_rule_and_is_silent_without_any():
    said = category_risk_text(JUDGED, 28)
    assert "46% had a main category, 1,234 in all; of 15.0% nothing was bought" in said
    assert "| silence over the category's usual gap | 0.800 (0.700 to 0.900) |" in said
    assert "\u22120.040 (\u22120.050 to \u22120.030)" in said and "2017-11-20 0.96" in said
    assert category_risk_text({}, 28) == ""


def test_metrics_are_values_and_undefined_ones_are_left_out():
    unknown = {**JUDGED["models"], "by_silence": {**JUDGED["models"]["ours"], "auc": None}}
    told = _risk_metrics({**JUDGED, "models": unknown})
    assert told["told_share"] == 0.45679 and told["ours"]["auc"] == 0.8
    assert "auc" not in told["by_silence"]
    assert _risk_metrics({}) == {}
