"""`make bench-actions`: a table for each part, and benchmarks/out/actions.json.

    python -m benchmarks.actions --parts allocation --customers 10000 1000000

A part is a module with `KEY`, its key in the file; `add_arguments`, which adds its own options;
`measured`, what stands under the key; and `lines`, its table in Markdown. What other parts wrote
into the file stays.
"""

import argparse
import json
from collections.abc import Sequence
from importlib import import_module

from benchmarks.measuring import ROOT

OUT = ROOT / "benchmarks" / "out" / "actions.json"
PARTS = {
    "policies": "benchmarks.actions.policies",
    "coverage": "benchmarks.actions.coverage",
    "hillstrom": "benchmarks.actions.hillstrom",
    "null": "benchmarks.actions.null",
    "allocation": "benchmarks.actions.allocation",
    "power": "benchmarks.actions.power",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each part, print its table, and write the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), default=list(PARTS))
    modules = {part: import_module(module) for part, module in PARTS.items()}
    for module in modules.values():
        module.add_arguments(parser)
    options = parser.parse_args(arguments)
    for part in options.parts:
        module = modules[part]
        found = module.measured(options)
        kept = json.loads(OUT.read_text(encoding="utf-8")) if OUT.exists() else {}
        OUT.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**kept, module.KEY: found}, indent=1, allow_nan=False) + "\n"
        OUT.write_text(text, encoding="utf-8")
        print(f"## {part}", "", *module.lines(found), "", sep="\n", flush=True)


if __name__ == "__main__":
    main()
