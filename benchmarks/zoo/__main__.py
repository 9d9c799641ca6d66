"""`make zoo`: the pipeline on drawn companies; table, reduced failures, benchmarks/out/zoo.json."""

import argparse
import json
import sys
from pathlib import Path

from benchmarks.zoo.shrink import Budget
from benchmarks.zoo.visit import Visit, table, visit

OUT = Path(__file__).resolve().parents[1] / "out" / "zoo.json"


def main() -> int:
    """Visit the companies and print what was found; exit code 1 when a check failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=40)
    parser.add_argument("--first", type=int, default=0, help="seed of the first company")
    parser.add_argument("--roads", type=int, default=300, help="roads a reduction may take")
    parser.add_argument("--minutes", type=float, default=0.0, help="stop after that long")
    asked = parser.parse_args()
    visits: list[Visit] = []
    known: set[str] = set()
    spent = 0.0
    for seed in range(asked.first, asked.first + asked.companies):
        if asked.minutes and spent > asked.minutes * 60:
            break
        budget = Budget(asked.roads) if asked.roads else None
        one = visit(seed, budget, known)
        spent += one.seconds
        visits.append(one)
        print(f"{seed:4d} {one.seconds:6.1f} s  {one.end:18s} {one.signature}", flush=True)
        if one.broken and one.signature not in known:
            print(json.dumps(one.broken, indent=1, ensure_ascii=False))
            print(f"recipe as drawn: {one.recipe}\n{one.reduced}", flush=True)
        known.add(one.signature)
        OUT.parent.mkdir(exist_ok=True)
        content = [visited.to_json() for visited in visits]
        OUT.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print("\n" + table(visits))
    return int(any(one.broken for one in visits))


if __name__ == "__main__":
    sys.exit(main())
