"""`python -m serving.cli serve`, as a process of its own."""

import re
import signal
import socket
import urllib.request

import pytest

from serving.store.database import open_store
from serving.store.publishing import publish
from tests.processes import python

pytestmark = pytest.mark.slow  # `make test` runs it


def start(tmp_path, command=("-m", "serving.cli", "serve"), **settings):
    named = {f"REGULARS_{name.upper()}": str(value) for name, value in settings.items()}
    url = f"sqlite:///{tmp_path}/store.sqlite3"
    return python(*command, **({"REGULARS_STORE_URL": url, "REGULARS_PORT": "0"} | named))


def first_lines(process):
    return [process.stdout.readline() for _ in range(4)][:3]


def test_it_says_where_it_is_serves_and_ends_when_told(tmp_path, release):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    done = publish(release, engine, keep=2)
    engine.dispose()
    with start(tmp_path) as process:
        where, store, said = first_lines(process)
        url = re.search(r"http://127\.0\.0\.1:\d+", where)[0]
        assert "one publisher at a time" in store
        assert f"{done.release_id}, as of 2024-10-27" in said
        with urllib.request.urlopen(f"{url}/v1/customers/00001", timeout=10) as answer:
            assert b'"customer_id":"00001"' in answer.read()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    assert errors == ""
    assert process.returncode in (0, -signal.SIGTERM)


def test_ctrl_c_ends_it_without_a_word(tmp_path):
    with start(tmp_path) as process:
        url = re.search(r"http://127\.0\.0\.1:\d+", first_lines(process)[0])[0]
        with urllib.request.urlopen(f"{url}/health", timeout=10):
            process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize("module", ["numpy", "fastapi", "sqlalchemy"])
def test_ctrl_c_ends_it_without_a_word_while_it_loads(tmp_path, module):
    """As if it were pressed at the moment when that module begins to load."""
    pressed = (
        "import os, runpy, signal, sys\n"
        "class Press:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {module!r}:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Press())\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.argv = ['serving.cli', 'serve']\n"
        "runpy.run_module('serving.cli', run_name='__main__', alter_sys=True)\n"
    )
    with start(tmp_path, command=("-c", pressed)) as process:
        out, errors = process.communicate(timeout=20)
    assert (process.returncode, out, errors) == (0, "", "")


def test_without_a_release_it_serves_and_says_so_as_does_the_page(tmp_path):
    with start(tmp_path) as process:
        where, _, said = first_lines(process)
        assert "No release was published yet: run `make run`" in said
        url = re.search(r"http://127\.0\.0\.1:\d+", where)[0]
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url, timeout=10)
        assert caught.value.code == 503
        page = caught.value.read().decode()
        caught.value.close()
        assert "There is nothing to show yet" in page
        assert "make run" in page
        process.terminate()
        process.communicate(timeout=20)


def test_a_taken_port_is_one_clear_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with start(tmp_path, port=port) as process:
            out, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert out == ""
    assert errors.count("\n") == 1
    assert f"Port {port} of 127.0.0.1 is taken" in errors


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"host": "192.0.2.1"}, "Cannot listen on 192.0.2.1"),
        ({"host": "no such host"}, "Cannot listen on no such host"),
        ({"port": "x"}, "REGULARS_PORT"),
        ({"store_url": "sqlite:///"}, "REGULARS_STORE_URL"),
        ({"colour": "red"}, "There is no setting REGULARS_COLOUR"),
    ],
)
def test_what_it_cannot_work_with_is_one_sentence(tmp_path, settings, said):
    with start(tmp_path, **settings) as process:
        out, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert said in errors
    assert "Traceback" not in errors
    assert out == ""
