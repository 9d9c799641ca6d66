import pytest

from tests.each import check_each


def small(number):
    assert number < 3


def test_every_case_that_fails_is_named_and_no_other():
    with pytest.raises(pytest.fail.Exception) as failure:
        check_each([1, 5, 2, 7], small)
    first, *lines = str(failure.value).splitlines()
    assert first == "2 of 4 cases fail:"
    assert [line.split(":")[0] for line in lines if line[:1].isdigit()] == ["5", "7"]


def test_a_word_that_is_not_there_is_a_failure_of_its_case_too():
    with pytest.raises(pytest.fail.Exception, match=r"1 of 2 cases fail:\n\('b', 1\): KeyError"):
        check_each([("a", 1), ("b", 1)], lambda key, value: {"a": value}[key])


def test_a_check_that_breaks_ends_the_test_at_once():
    with pytest.raises(TypeError, match="not supported"):
        check_each(["a", 1], small)


def test_where_no_case_is_left_the_test_fails():
    with pytest.raises(pytest.fail.Exception, match="no case to check"):
        check_each([], small)


def test_where_all_cases_hold_nothing_is_said():
    check_each([1, 2], small)
