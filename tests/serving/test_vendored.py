"""Files of other projects that pages load: as recorded when they were taken, with their licence.

Of swagger-ui.css the comment that names a source map was taken off.
"""

import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
VENDORED = json.loads((ROOT / "tools" / "vendored.json").read_text())


def test_vendored_files_are_those_that_were_taken():
    for folder, facts in VENDORED.items():
        here = ROOT / "serving" / "static" / folder
        assert {file.name for file in here.iterdir()} == facts["files"].keys()
        assert "LICENSE" in facts["files"]
        for name, sha256 in facts["files"].items():
            assert hashlib.sha256((here / name).read_bytes()).hexdigest() == sha256, name


def test_every_vendored_folder_is_recorded():
    static = ROOT / "serving" / "static"
    assert {folder.name for folder in static.iterdir() if folder.is_dir()} == VENDORED.keys()
