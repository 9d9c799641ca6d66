"""Small drawn companies through the whole road in one process, with quick settings."""

from benchmarks.zoo.road import lay_out, merged, run_road
from tests.pipelines.project import QUICK
from tests.synthetic import write


def through(folder, tables, changes=None, last=None):
    """The stages on these tables, with QUICK and these changes of params.yaml."""
    lay_out(folder, merged(QUICK, changes or {}))
    write(folder / "mydata", tables)
    return run_road(folder, last)
