import json

import pandas as pd
import pytest

from actions.report.__main__ import main


@pytest.fixture
def report(tmp_path, capsys):
    """Runs the command on a table or a file, and gives its JSON."""

    def run(rows, *options, outcome="spend", treatment="group"):
        path = rows
        if isinstance(rows, pd.DataFrame):
            path = tmp_path / "test.csv"
            rows.to_csv(path, index=False)
        asked = [str(path), "--treatment", treatment, "--outcome", outcome, "--json", *options]
        answer = main(asked)
        out, err = capsys.readouterr()
        if answer:
            return err
        return json.loads(out, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))

    return run
