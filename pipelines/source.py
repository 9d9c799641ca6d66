"""Stage `source`: always runs, and notes what the raw data is now, so that changes are seen."""

from models.artifacts import write_json
from pipelines import stage
from pipelines.params import load_params
from sources.registry import fingerprint


def main() -> None:
    """Write `data/source.json`: kind, description and the sha256 of every file that is read."""
    found = fingerprint(load_params().source)
    write_json(stage.SOURCE, found)
    stage.say(str(found["description"]))


if __name__ == "__main__":
    stage.run(main)
