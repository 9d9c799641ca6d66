"""The model card says that models learned from a sample, and what more customers would bring."""

from pipelines.reports.card_sample import sample_text


def figure(value, low, high):
    return {"value": value, "low": low, "high": high}


def sample(**doubling):
    point = {"log_loss": figure(0.31, 0.3, 0.32), "auc": figure(0.8, 0.79, 0.81)}
    return {
        "share": 0.1234,
        "customers": 20_000,
        "rows": 400_000,
        "learning_curve": {
            "points": [
                {"customers": 10_000, "rows": 150_000, **point},
                {"customers": 20_000, "rows": 310_000, **point},
            ],
            "last_doubling": doubling,
        },
    }


def test_a_sure_gain_of_the_last_doubling_may_be_worth_more_rows():
    told = sample_text(sample(log_loss=figure(-0.004, -0.006, -0.002)))
    assert "learned from 12.3% of the customers" in told
    assert "20,000 customers, 400,000 rows; `model.max_rows`" in told
    assert "| 10,000 | 150,000 | 0.310 (0.300 to 0.320) | 0.800 (0.790 to 0.810) |" in told
    assert "changed the log loss by −0.0040 (−0.0060 to −0.0020). Curves of learning" in told


def test_what_is_no_sure_gain_is_said_to_be_none():
    told = sample_text(sample(log_loss=figure(-0.0004, -0.002, 0.001)))
    assert "would hardly bring one" in told
    assert "may still be worth" not in told


def test_everybody_has_no_such_part_and_one_point_no_doubling():
    assert sample_text({}) == ""
    assert "doubling" not in sample_text(sample())
    assert sample_text(sample() | {"learning_curve": {}}).count("\n\n") == 1
