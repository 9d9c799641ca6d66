import numpy as np
import pandas as pd
import pytest

from core.errors import ArtifactError
from models.trees.inputs import MAX_CODES, RARE, Inputs, is_text, learn_inputs


def rows(**values):
    """One row a customer for each value: `rows(b=12, a=10)` has twelve customers with b first."""
    region = [value for value, count in values.items() for _ in range(count)]
    return pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in range(len(region))],
            "region": pd.array(region, "str"),
            "age": np.arange(len(region), dtype=float),
        }
    )


def codes(known, *values):
    inputs = Inputs(("region",), {"region": tuple(known)})
    return inputs.matrix(pd.DataFrame({"region": pd.array(values, "str")}))[:, 0].tolist()


def test_features_come_in_the_order_asked_for_with_undefined_as_nan():
    snapshot = pd.DataFrame(
        {"second": pd.array([1, None], "Int64"), "first": [0.5, np.nan], "other": ["x", "y"]}
    )
    matrix = Inputs(("first", "second")).matrix(snapshot)
    assert matrix.dtype == np.float64
    np.testing.assert_array_equal(matrix, [[0.5, 1.0], [np.nan, np.nan]])


def test_text_stands_among_numbers_as_a_code_whatever_the_order_of_the_columns():
    inputs = Inputs(("age", "region"), {"region": ("north", "south")})
    snapshot = pd.DataFrame({"age": [30.0, np.nan], "region": pd.array(["south", "north"], "str")})
    expected = [[30.0, 1.0], [np.nan, 0.0]]
    np.testing.assert_array_equal(inputs.matrix(snapshot), expected)
    np.testing.assert_array_equal(inputs.matrix(snapshot[["region", "age"]]), expected)
    assert inputs.text == ("region",)


def test_what_was_never_seen_shares_the_code_of_the_rare_and_what_is_missing_is_nan():
    assert codes(["a", "b"], "b", "a", "moon") == [1.0, 0.0, 2.0]
    assert np.isnan(codes(["a", "b"], None)[0])
    assert codes([], "anything") == [0.0]


def test_values_are_known_from_so_many_customers_on_and_sorted():
    known = learn_inputs(rows(south=RARE + 5, rare=RARE - 1, north=RARE), ["region", "age"])
    assert known == Inputs(("region", "age"), {"region": ("north", "south")})


def test_a_customer_counts_once_however_many_dates_they_stand_at():
    few = rows(north=RARE - 1)
    assert learn_inputs(pd.concat([few] * 20), ["region"]).vocabulary == {"region": ()}


def test_of_too_many_values_the_most_frequent_are_known():
    counts = {f"v{number:03d}": RARE + (number >= 50) for number in range(MAX_CODES + 50)}
    (known,) = learn_inputs(rows(**counts), ["region"]).vocabulary.values()
    assert len(known) == MAX_CODES
    assert set(known) == {name for name, count in counts.items() if count > RARE}


def test_the_order_of_the_rows_changes_nothing():
    made = rows(c=20, a=20, b=12, d=11)
    again = made.sample(frac=1, random_state=1)
    assert learn_inputs(made, ["region"]) == learn_inputs(again, ["region"])


def test_a_missing_feature_is_named():
    with pytest.raises(ArtifactError, match=r"lacks 1 of the 2 features the model uses \(third\)"):
        Inputs(("first", "third")).matrix(pd.DataFrame({"first": [1.0]}))
    text = Inputs(("first", "region"), {"region": ("north",)})
    with pytest.raises(ArtifactError, match=r"lacks 1 of the 2 features the model uses \(region\)"):
        text.matrix(pd.DataFrame({"first": [1.0]}))


def test_text_for_numbers_and_numbers_for_text_are_refused_by_name():
    with pytest.raises(
        ArtifactError, match="has region as text, but the model learned the opposite"
    ):
        Inputs(("region",)).matrix(rows(north=1))
    with pytest.raises(ArtifactError, match="has age as numbers"):
        Inputs(("age",), {"age": ("30",)}).matrix(rows(north=1))


@pytest.mark.parametrize("empty", [[None, None], [np.nan, np.nan], pd.array([None, None], "str")])
def test_a_column_without_any_value_fits_either(empty):
    snapshot = pd.DataFrame({"region": empty})
    assert np.isnan(Inputs(("region",)).matrix(snapshot)).all()
    assert np.isnan(Inputs(("region",), {"region": ("north",)}).matrix(snapshot)).all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pd.array(["a", None], "str"), True),
        (pd.array(["a", None], "object"), True),
        ([1.0, np.nan], False),
        (pd.array([1, None], "Int64"), False),
        (pd.array([1.0, None], "object"), False),
        ([True, False], False),
    ],
)
def test_text_is_told_from_numbers(values, expected):
    assert is_text(pd.Series(values)) == expected


def test_inputs_are_the_same_after_json_and_without_text_only_names_are_kept():
    inputs = Inputs(("age", "region"), {"region": ("north", "Ёлкино")})
    assert Inputs.from_dict(inputs.to_dict()) == inputs
    assert Inputs(("age",)).to_dict() == {"features": ["age"]}
    assert Inputs.from_dict({"features": ["age"], "rounds": 3}) == Inputs(("age",))
