"""Hostile bodies only ever get a 4xx, through a real server."""

import pytest

from tests.serving.asking import problem
from tests.serving.hostile import BODIES, KEY, LARGE, TARGETS, WHOLE, statuses


def test_there_are_a_hundred_of_them():
    assert len(dict(BODIES)) == len(BODIES) >= 100


@pytest.mark.slow
def test_no_hostile_body_is_taken_or_breaks_anything(live):
    found = list(statuses(live))
    assert len(found) == len(BODIES) * len(TARGETS)
    assert [one for one in found if not 400 <= one[2] < 500] == []
    assert live.get("/health").status == 200
    assert live.get("/v1/customers/00001").status == 200


@pytest.mark.slow
@pytest.mark.parametrize("name", ["deep objects", "nothing", "utf-16", "ten million spaces"])
@pytest.mark.parametrize("target", TARGETS)
def test_a_hostile_body_gets_a_problem_document(live, target, name):
    body = WHOLE[name]
    answer = live.get(target, "POST", body, **KEY)
    # Some addresses take as much as a person writes, and no list.
    is_too_large = len(body) >= LARGE or (len(body) > 100_000 and answer.status == 413)
    problem(answer, "body-too-large" if is_too_large else "invalid-parameters")
