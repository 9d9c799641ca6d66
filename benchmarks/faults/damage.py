"""Files of a release damaged one at a time: publishing refuses each, and readers see nothing."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.faults.stores import KEPT
from core.errors import RegularsError
from serving.store.database import open_store
from serving.store.publishing import publish
from serving.store.reading import current


def damages(
    url: str, folders: tuple[Path, Path], number: int, draw: random.Random
) -> dict[str, Any]:
    """Truncate a file or flip one bit of it, try to publish, and put it right again."""
    engine = open_store(url)
    publish(folders[0], engine, KEPT)
    before = current(engine)
    folder = folders[1]
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    found, unnoticed = Counter[str](), Counter[str]()
    for turn in range(number):
        path = files[turn % len(files)]
        whole = path.read_bytes()
        cut = draw.random() < 0.5
        place = draw.randrange(len(whole))
        flipped = bytes([whole[place] ^ (1 << draw.randrange(8))])
        path.write_bytes(whole[:place] if cut else whole[:place] + flipped + whole[place + 1 :])
        try:
            publish(folder, engine, KEPT)
            found["accepted"] += 1
            unnoticed[f"{path.name}: {'cut' if cut else 'bit'}"] += 1
            publish(folders[0], engine, KEPT)
        except RegularsError:
            found["refused"] += 1
        except Exception as error:  # noqa: BLE001 (what it may be is what is measured)
            found["crashed"] += 1
            unnoticed[f"{path.name}: {type(error).__name__}"] += 1
        finally:
            path.write_bytes(whole)
        found["seen"] += current(engine).release_id != before.release_id
    return {
        "what": "damage",
        "store": engine.dialect.name,
        "damaged": number,
        "refused": found["refused"],
        "accepted": found["accepted"],
        "crashed": found["crashed"],
        "seen_by_readers": found["seen"],
        "which": dict(unnoticed),
    }
