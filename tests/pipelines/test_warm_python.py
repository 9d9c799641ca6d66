"""The warm Python of the tests takes Python's place: same folder, environment, files and end."""

import os
import signal
import subprocess
import time

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("other_runs")]
SEEN = """
import os, sys
print(os.getcwd(), os.environ.get("MINE"), sys.argv[1:], "pandas" in sys.modules)
"""
WAITS = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"


def ended(program, *arguments, **how):
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False, **how)


def test_folder_environment_and_arguments_are_those_of_the_caller(warm, tmp_path):
    done = ended(warm, "-c", SEEN, "a b", cwd=tmp_path, env={**os.environ, "MINE": "1"})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{tmp_path} 1 ['a b'] True\n"
    assert " None [] True" in ended(warm, "-c", SEEN).stdout


def test_a_module_of_the_caller_s_folder_is_run_and_what_it_starts_is_warm_too(warm, tmp_path):
    inner = (
        "import subprocess, sys; subprocess.run([sys.executable, '-m', 'mine.inner'], check=True)"
    )
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "outer.py").write_text(inner)
    (tmp_path / "mine" / "inner.py").write_text(SEEN)
    done = ended(warm, "-m", "mine.outer", cwd=tmp_path)
    assert done.stdout == f"{tmp_path} None [] True\n", done.stderr


@pytest.mark.parametrize(
    ("code", "ends", "says"),
    [
        ("import sys; sys.exit(3)", 3, ""),
        ("raise SystemExit('in words')", 1, "in words"),
        ("1 / 0", 1, "ZeroDivisionError"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137, ""),
        ("import atexit; atexit.register(lambda: print('at the end'))", 0, ""),
    ],
)
def test_it_ends_as_python_does(warm, code, ends, says):
    done = ended(warm, "-c", code)
    assert done.returncode == ends
    assert says in done.stderr
    assert ("at the end" in done.stdout) == ("atexit" in code)


def test_it_ends_with_its_caller(warm):
    with subprocess.Popen([warm, "-c", WAITS], stdout=subprocess.PIPE, text=True) as caller:
        process = int(caller.stdout.readline())
        caller.send_signal(signal.SIGKILL)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    pytest.fail("the fork outlived its caller")
