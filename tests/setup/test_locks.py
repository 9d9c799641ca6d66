"""The locks name, pin and hash all that pyproject.toml asks for, and no place to get it from."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
EXTRAS_OF = {
    "bench": ("pipeline", "bench"),
    "dev": ("serving", "pipeline", "dev", "bench", "spark", "sail"),
    "pipeline": ("pipeline",),
    "sail": ("pipeline", "sail"),
    "serving": ("serving",),
    "spark": ("pipeline", "spark"),
}
# In two parts, so that this file does not name what it looks for.
HOSTS = ["pypi" + ".org", "python" + "hosted.org", "npmjs" + ".org", "deb." + "debian.org"]
HOSTS += ["conda." + "anaconda.org", "repo1." + "maven.org", "repo." + "maven.apache.org"]
OPTIONS = ["--index" + "-url", "--extra-index" + "-url", "--find" + "-links"]


def pinned(lock):
    """{name: {versions}} of one lock; a universal lock may hold two versions under two markers."""
    found = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock.read_text(), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def lock_of(name):
    return ROOT / "requirements" / f"{name}.txt"


def test_there_is_one_lock_for_each_way_to_use_the_project_one_for_uv_and_seven_for_others_code():
    peers = ["autogluon", "clients", "featuretools", "fuzz", "jax", "peers", "uplift"]
    assert [lock.stem for lock in LOCKS] == sorted([*EXTRAS_OF, "uv", *peers])


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_line_is_a_pinned_name_a_hash_or_a_comment(lock):
    entries = re.split(r"\n(?=\S)", lock.read_text())
    requirements = [entry for entry in entries if not entry.startswith("#")]
    assert requirements
    for entry in requirements:
        lines = [line.rstrip(" \\") for line in entry.splitlines() if "# " not in line]
        lines = [line for line in lines if line.strip() not in {"", "#"}]
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*==[\w.+!]+( ; .+)?", lines[0]), lines[0]
        assert len(lines) > 1, f"{lines[0]} has no hash"
        for line in lines[1:]:
            assert re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}", line), line


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_no_lock_holds_an_address_or_a_path(lock):
    text = lock.read_text()
    for trace in ("://", " @ ", "file:", *OPTIONS):
        assert trace not in text
    assert not re.search(r"(?<![\w-])(/|~/|\.\./)\w", text)


def test_serving_needs_neither_dvc_nor_mlflow():
    heavy = [name for name in pinned(lock_of("serving")) if re.match("dvc|mlflow", name)]
    assert heavy == []


@pytest.mark.parametrize("name", ["bench", "pipeline", "sail", "serving", "spark"])
def test_all_locks_fit_into_the_environment_dev_makes(name):
    dev = pinned(lock_of("dev"))
    for package, versions in pinned(lock_of(name)).items():
        assert versions <= dev.get(package, set()), f"{package} of {name}.txt is not in dev.txt"


@pytest.mark.parametrize("name", EXTRAS_OF)
def test_every_direct_dependency_is_locked_at_a_version_pyproject_allows(name):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    for extra in EXTRAS_OF[name]:
        wanted += project["optional-dependencies"][extra]
    locked = pinned(lock_of(name))
    for line in wanted:
        requirement = Requirement(line)
        versions = locked.get(canonicalize_name(requirement.name))
        assert versions, f"{line} is not in {name}.txt: run `make lock`"
        for version in versions:
            assert requirement.specifier.contains(version, prereleases=True), (line, version)


@pytest.mark.slow
def test_no_file_of_the_project_names_a_registry():
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    files = [ROOT / name for name in names.split("\0") if name]
    assert lock_of("dev") in files
    named = [
        f"{file.relative_to(ROOT)}: {trace}"
        for file in files
        if file.is_file()
        for trace in [*HOSTS, *OPTIONS]
        if trace in file.read_text(encoding="utf-8", errors="ignore")
    ]
    assert named == []
