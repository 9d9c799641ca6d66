"""Moves MLflow's alias `champion`: `python -m pipelines.tracking.move_champion VERSION`."""

import sys

from pipelines.tracking.store import open_tracking_store, set_champion


def main() -> None:
    """Move the alias and print where it stands now; nothing where no run logged such models."""
    open_tracking_store()
    moved = set_champion(sys.argv[1])
    print(", ".join(f"{name} {version}" for name, version in sorted(moved.items())))


if __name__ == "__main__":
    main()
