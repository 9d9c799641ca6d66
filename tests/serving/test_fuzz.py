"""What schemathesis makes of the document is answered as the document says.

Here are the document's own examples and cases drawn at random. `make fuzz` draws more, and tries
the thousands that it takes to cover every schema.
"""

import pytest

from benchmarks.fuzz import counted_service, schemathesis

CASES = 300  # drawn at random
PHASES = "examples,fuzzing"
SEED = 20


@pytest.mark.slow
def test_cases_of_schemathesis_keep_every_promise_of_the_document(tmp_path):
    with counted_service(tmp_path) as (service, counted):
        failed = schemathesis(service, CASES, SEED, tmp_path, PHASES)
    assert failed == [] == counted.broken
    assert sum(counted.statuses.values()) > 500
