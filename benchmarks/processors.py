"""Whether numbers are the same on every processor: runs under settings that imitate other machines.

The order in which BLAS adds, the functions that NumPy vectorises, and the last bit of `exp` in the
C library depend on the processor. Under each setting below the stages run from raw data to a
release, in a process of their own, and every file that DVC records is compared with that of the
first setting, byte by byte.

`make bench-processors` prints a table and writes benchmarks/out/processors.json: `rows` of
{setting, blas, numpy, threads, changed, files, differ, largest}. `changed` names the functions that
gave other numbers than under the first setting: a setting without any proves nothing. `differ` has
the largest relative difference by file, and is empty where all is well.

    python -m benchmarks.processors --settings as_is old --given .
"""

import argparse
import importlib
import json
import math
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

from benchmarks.measuring import DATA, ROOT, NotPossibleError, worker

OUT = ROOT / "benchmarks" / "out" / "processors.json"
FIRST = "as_is"
ONE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
TWO = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
NO_FMA = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-AVX2_Usable,-FMA,-FMA4"}
LEFT_OUT = ("track",)  # it writes to MLflow
MODELS = "train"  # the first stage that needs no raw data
NUMBER = re.compile(rb"-?\d+\.?\d*(?:[eE][-+]?\d+)?")
# A sha256, or the beginning of one: its difference has no size.
DIGEST = re.compile(rb"(?<![.0-9a-f])(?=[0-9]*[a-f])[0-9a-f]{12,64}\b")


def settings() -> dict[str, dict[str, str]]:
    """The environment of each setting, with NumPy's own names of the features it may disable."""
    newest = [name for name in __cpu_dispatch__ if name == "X86_V4" or "AVX512" in name]
    no_avx512 = {"NPY_DISABLE_CPU_FEATURES": " ".join(newest)}
    no_avx = {"NPY_DISABLE_CPU_FEATURES": " ".join(__cpu_dispatch__)}
    return {
        FIRST: {},
        "one_thread": ONE,
        "two_threads": TWO,
        "haswell": {"OPENBLAS_CORETYPE": "Haswell"},
        "nehalem": {"OPENBLAS_CORETYPE": "Nehalem"},
        "prescott": {"OPENBLAS_CORETYPE": "Prescott"},
        "no_avx512": no_avx512,
        "no_avx": no_avx,
        "no_fma": NO_FMA,
        "laptop": {"OPENBLAS_CORETYPE": "Haswell", **no_avx512, **TWO},
        "old": {"OPENBLAS_CORETYPE": "Nehalem", **no_avx, **ONE},
    }


def outputs() -> dict[str, list[str]]:
    """The paths that dvc.lock records, by stage, in the order of dvc.yaml."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    return {
        name: [
            path if isinstance(path, str) else next(iter(path))
            for path in (*stage["outs"], *stage.get("metrics", ()))
        ]
        for name, stage in stages.items()
        if name not in LEFT_OUT
    }


def run_stages(first: str) -> dict[str, Any]:
    """Run the stages from `first` on in this process; then print what is in force in it."""
    from threadpoolctl import threadpool_info

    names = list(outputs())
    for name in names[names.index(first) :]:
        importlib.import_module(f"pipelines.{name}").main()
    pools = [pool for pool in threadpool_info() if pool["internal_api"] == "openblas"]
    return {
        "blas": " ".join(sorted({pool["architecture"] for pool in pools})),
        "numpy": " ".join(name for name in __cpu_dispatch__ if __cpu_features__[name]),
        "threads": max((pool["num_threads"] for pool in pools), default=1),
        "functions": _samples(),
    }


def _samples() -> dict[str, str]:
    """A digest of values of each function whose last bits may depend on the machine."""
    drawn = np.random.default_rng(1).uniform(1e-3, 5.0, 20_000)
    matrix = drawn[:10_000].reshape(100, 100)
    values = {
        "NumPy exp": np.exp(drawn),
        "NumPy log": np.log(drawn),
        "NumPy power": drawn**1.7,
        "BLAS dot": np.array([row @ drawn[:100] for row in matrix]),
        "BLAS gemm": matrix @ matrix.T,
        "C exp": np.array([math.exp(x) for x in drawn]),
        "C log": np.array([math.log(x) for x in drawn]),
        "C pow": np.array([math.pow(x, 1.7) for x in drawn]),
    }
    return {name: sha256(found.tobytes()).hexdigest() for name, found in values.items()}


def files_of(folder: Path) -> dict[str, str]:
    """sha256 of every file of every output below `folder`, by path."""
    paths = [folder / path for paths in outputs().values() for path in paths]
    files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path])]
    return {
        file.relative_to(folder).as_posix(): sha256(file.read_bytes()).hexdigest()
        for file in sorted(files)
        if file.is_file()
    }


def differences(first: Path, here: Path) -> dict[str, float]:
    """The files that differ, with the largest relative difference of their numbers."""
    kept, found = files_of(first), files_of(here)
    return {
        path: largest_difference(first / path, here / path)
        if path in kept and path in found
        else math.inf
        for path in sorted(kept.keys() | found.keys())
        if kept.get(path) != found.get(path)
    }


def largest_difference(one: Path, other: Path) -> float:
    """The largest relative difference between the numbers of two files; inf if counts differ."""
    first, second = (np.fromiter(_numbers(path), np.float64) for path in (one, other))
    if len(first) != len(second):
        return math.inf
    size = np.maximum(np.abs(first), np.abs(second))
    apart = np.abs(first - second) / np.where(size > 0, size, 1.0)
    return float(np.nanmax(apart, initial=0.0))


def _numbers(path: Path) -> Iterator[float]:
    if path.suffix != ".parquet":
        return _in_text(path.read_bytes())
    columns = (column for _, column in pd.read_parquet(path).items())
    return (number for column in columns for number in _of(column))


def _of(column: "pd.Series[Any]") -> Iterator[float]:
    if pd.api.types.is_numeric_dtype(column):
        return iter(column.astype("float64"))
    return _in_text("\n".join(map(str, column)).encode())


def _in_text(content: bytes) -> Iterator[float]:
    return map(float, NUMBER.findall(DIGEST.sub(b"", content)))


def run(setting: str, folder: Path, params: Path, given: Path | None) -> dict[str, Any]:
    """Run the stages under one setting in an empty folder; from MODELS on, where a run is given."""
    names = list(outputs())
    first = names[0] if given is None else MODELS
    folder.mkdir(parents=True)
    shutil.copy(params, folder / "params.yaml")
    shutil.copy(ROOT / "actions.yaml", folder)
    if given is not None:
        for path in (path for name in names[: names.index(first)] for path in outputs()[name]):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (given / path).is_dir() else shutil.copy
            copy(given / path, folder / path)
    with _environment({"OMP_WAIT_POLICY": "PASSIVE", **settings()[setting]}):
        return worker("benchmarks.processors", "--here", first, here=folder)


@contextmanager
def _environment(wanted: dict[str, str]) -> Iterator[None]:
    kept = dict(os.environ)
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def main(arguments: Sequence[str] | None = None) -> None:
    """Compare a run under every setting with the first; exit with 1 where a file differs."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--settings", nargs="+", choices=settings(), default=list(settings()))
    parser.add_argument("--params", type=Path, default=ROOT / "params.yaml")
    parser.add_argument("--given", type=Path, help="folder of a run whose snapshots are taken")
    parser.add_argument("--keep", type=Path, help="folder in which the outputs stay")
    parser.add_argument("--here", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.here:
        print(json.dumps(run_stages(asked.here)))
        return
    DATA.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DATA) as temporary:
        start = partial(run, params=asked.params, given=asked.given)
        rows = compare(asked.settings, asked.keep or Path(temporary), start)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"rows": rows}, indent=1) + "\n", encoding="utf-8")
    print(f"written to {OUT.relative_to(ROOT)}")
    if any(row["differ"] for row in rows):
        sys.exit(1)


def compare(
    names: Sequence[str], folder: Path, start: Callable[[str, Path], dict[str, Any]]
) -> list[dict[str, Any]]:
    """A row for every setting, printed as it comes."""
    rows: list[dict[str, Any]] = []
    first: dict[str, str] = {}
    print(
        f"{'setting':13}{'BLAS':11}{'threads':>7}{'files':>7}{'differ':>8}{'largest':>9}  changed"
    )
    for name in names:
        here = folder / name
        shutil.rmtree(here, ignore_errors=True)
        try:
            told = start(name, here)
        except NotPossibleError as error:
            print(f"{name:13}{error}", flush=True)
            continue
        functions = told.pop("functions")
        first = first or functions
        differ = differences(folder / names[0], here)
        row = {
            "setting": name,
            **told,
            "changed": [what for what, values in functions.items() if values != first[what]],
            "files": len(files_of(here)),
            "differ": {path: known(by) for path, by in differ.items()},
            "largest": known(max(differ.values(), default=0.0)),
        }
        rows.append(row)
        print(
            f"{name:13}{row['blas']:11}{row['threads']:>7}{row['files']:>7}{len(differ):>8}"
            f"{max(differ.values(), default=0.0):>9.0e}  {', '.join(row['changed']) or '-'}",
            *(f"\n  {path}: {by:.1e}" for path, by in differ.items()),
            flush=True,
        )
    return rows


def known(difference: float) -> float | None:
    """None instead of inf, which JSON does not allow: the counts of numbers differ."""
    return None if math.isinf(difference) else difference


if __name__ == "__main__":
    main()
