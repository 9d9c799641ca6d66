"""One engine, once: `python -m benchmarks.engines.worker ENGINE ORDERS FOLDER`.

An engine is a module with `run(orders, folder) -> number of features`: it reads the Parquet file,
writes one file or more for each as-of date, and returns. The clock runs for that call alone, which
holds everything but the imports. The last line printed is JSON.
"""

import json
import sys
import time
from importlib import import_module, metadata
from pathlib import Path


def main(engine: str, orders: str, folder: str) -> None:
    """Import the engine, run it and print the figures."""
    try:
        module = import_module(f"benchmarks.engines.{engine}")
    except ModuleNotFoundError as error:
        print(json.dumps({"missing": error.name}))
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    features = module.run(Path(orders), Path(folder))
    seconds = time.perf_counter() - started
    versions = {name: metadata.version(name) for name in module.PACKAGES}
    print(json.dumps({"seconds": seconds, "features": features, "versions": versions}))


if __name__ == "__main__":
    main(*sys.argv[1:])
