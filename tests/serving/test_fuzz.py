"""Nothing that schemathesis makes of the document is answered otherwise than the document says."""

import pytest

from benchmarks.fuzz import counted_service, schemathesis

CASES = 300  # drawn at random; to these come those that every schema is covered with
SEED = 20


@pytest.mark.slow
def test_a_thousand_cases_of_schemathesis_keep_every_promise_of_the_document(tmp_path):
    with counted_service(tmp_path) as (service, counted):
        failed = schemathesis(service, CASES, SEED, tmp_path)
    assert failed == [] == counted.broken
    assert sum(counted.statuses.values()) > 900
