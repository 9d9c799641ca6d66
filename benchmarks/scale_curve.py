"""How time and memory of each stage grow with the company, and what that says of larger ones.

Read from benchmarks/out/scale.json, which `make bench-scale` writes. A straight line through the
two largest sizes that were measured goes on to sizes that were not: these are estimates, and are
named so. A size whose seconds are those of a busy machine can be left out. Draws
benchmarks/out/scale.svg:

    python -m benchmarks.scale_curve
    python -m benchmarks.scale_curve --without 1000000
    python -m benchmarks.scale_curve --svg docs/images/scale.svg
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measuring import ROOT
from benchmarks.scale import OUT, ROAD

SVG = ROOT / "benchmarks" / "out" / "scale.svg"
MILLION = 1_000_000
BEYOND = (10 * MILLION, 100 * MILLION)  # customers, of whom none was measured
# A machine of 2 cores and 8 GB in a large cloud, by the hour, at its list price of June 2026: each
# further 4 GB of memory costs about as much as a core.
DOLLARS_PER_CORE_HOUR, GB_PER_CORE, CORES = 0.0408, 4.0, 2
ALL = "all"

Sizes = dict[int, tuple[float, float]]  # seconds and MB by number of customers


def measured(
    rows: Sequence[Mapping[str, Any]], engine: str, without: Sequence[int] = ()
) -> dict[str, Sizes]:
    """Seconds and MB of each stage, by size; `all` of the sizes whose whole road was run."""
    found: dict[str, Sizes] = {name: {} for name in (*ROAD, ALL)}
    for row in rows:
        if row["engine"] == engine and row["customers"] not in without:
            found[row["stage"]][row["customers"]] = (row["seconds"], row["peak_mb"])
    sizes = set.intersection(*(set(found[name]) for name in ROAD))
    for size in sizes:
        every = [found[name][size] for name in ROAD]
        found[ALL][size] = (sum(one[0] for one in every), max(one[1] for one in every))
    return found


def growth(sizes: Sizes) -> tuple[float, float] | None:
    """Seconds and MB for each further million customers; None of fewer than two sizes.

    What took less at the larger size, beside other programs, is taken to stay.
    """
    if len(sizes) < 2:
        return None
    small, large = sorted(sizes)[-2:]
    further = (large - small) / MILLION
    seconds, mb = ((sizes[large][i] - sizes[small][i]) / further for i in range(2))
    return max(seconds, 0.0), max(mb, 0.0)


def at(sizes: Sizes, customers: int) -> tuple[float, float] | None:
    """Seconds and MB of a size that was not measured, on the line through the two largest."""
    slope = growth(sizes)
    if slope is None:
        return None
    largest = max(sizes)
    further = (customers - largest) / MILLION
    seconds, mb = (sizes[largest][i] + slope[i] * further for i in range(2))
    return seconds, mb


def linear(sizes: Sizes) -> float | None:
    """How many times as long the largest size took as in proportion to the one before."""
    if len(sizes) < 2:
        return None
    small, large = sorted(sizes)[-2:]
    return (sizes[large][0] / sizes[small][0]) / (large / small)


def dollars(seconds: float, mb: float) -> float:
    """What a run costs on a rented machine with that much memory, and CORES cores at least."""
    cores = max(CORES, mb / 1024 / GB_PER_CORE)
    return seconds / 3600 * cores * DOLLARS_PER_CORE_HOUR


def whole(found: Mapping[str, Sizes], customers: int) -> tuple[float, float] | None:
    """The whole road at a size that was not measured: the sum of its stages, and the largest."""
    every = [at(found[name], customers) for name in ROAD]
    known = [one for one in every if one is not None]
    if len(known) < len(ROAD):
        return None
    return sum(one[0] for one in known), max(one[1] for one in known)


def table(found: Mapping[str, Sizes]) -> list[str]:
    """The lines that are printed."""
    sizes = sorted({size for by_size in found.values() for size in by_size})
    head = "".join(f"{size:>13,} s {'MB':>7}" for size in sizes)
    lines = [f"{'stage':9}{head}   in proportion   each further million"]
    for name in (*ROAD, ALL):
        cells = "".join(
            f"{found[name][size][0]:>15,.1f} {found[name][size][1]:>7,.0f}"
            if size in found[name]
            else " " * 23
            for size in sizes
        )
        slope, ratio = growth(found[name]), linear(found[name])
        grows = "" if slope is None else f"{slope[0]:>12,.0f} s {slope[1]:>7,.0f} MB"
        lines.append(f"{name:9}{cells}{'' if ratio is None else f'{ratio:>16.2f}'}{grows}")
    for size in BEYOND:
        told = whole(found, size)
        if told is not None and size not in found[ALL]:
            seconds, mb = told
            lines.append(
                f"estimated, not measured: {size:,} customers, {seconds / 3600:,.1f} hours on "
                f"{CORES} cores, {mb / 1024:,.0f} GB, {dollars(seconds, mb):,.2f} dollars"
            )
    return lines


def draw(found: Mapping[str, Sizes], path: Path) -> None:
    """Time and memory of the stages by the size of the company; dashed where estimated."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "scale"  # the same bytes for the same figures
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    colors = dict(zip(ROAD, mpl.colormaps["tab20"].colors, strict=False)) | {ALL: "black"}
    for name in (*ROAD, ALL):
        sizes = sorted(found[name])
        if not sizes:
            continue
        for which, axis in enumerate(axes):
            values = [found[name][size][which] for size in sizes]
            width = 2.5 if name == ALL else 1.2
            style = {"color": colors[name], "linewidth": width}
            axis.plot(sizes, values, marker="o", markersize=3, label=name, **style)
            ahead = [size for size in BEYOND if size > sizes[-1]]
            told = [whole(found, s) if name == ALL else at(found[name], s) for s in ahead]
            known = [(s, one[which]) for s, one in zip(ahead, told, strict=True) if one]
            points = [(sizes[-1], values[-1]), *known]
            axis.plot(*zip(*points, strict=True), linestyle="--", **style)
    for axis, title in zip(axes, ("seconds", "peak MB"), strict=True):
        axis.set(xscale="log", yscale="log", xlabel="customers", title=title)
        axis.grid(visible=True, alpha=0.3)
    handles, names = axes[0].get_legend_handles_labels()
    title = "dashed: estimated"
    figure.legend(handles, names, loc="outside right upper", fontsize=8, title=title)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", metadata={"Date": None})
    plt.close(figure)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, and draw it."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--engine", default="duckdb")
    parser.add_argument("--svg", type=Path, default=SVG)
    parser.add_argument("--without", type=int, nargs="+", default=[], metavar="CUSTOMERS")
    asked = parser.parse_args(arguments)
    rows = json.loads(OUT.read_text(encoding="utf-8"))["rows"]
    found = measured(rows, asked.engine, asked.without)
    print("\n".join(table(found)))
    draw(found, asked.svg)
    print(f"drawn in {asked.svg}")


if __name__ == "__main__":
    main()
