"""REGULARS_*: read in one place, checked, documented."""

import re
import subprocess
from pathlib import Path

import pytest

from core.errors import SettingsError
from serving.settings import PREFIX, Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    import os

    for name in list(os.environ):
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)


def test_without_any_it_serves_this_machine_from_the_folder_store():
    settings = load_settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.store_url == "sqlite:///store/regulars.sqlite3"
    assert settings.hosts == {"127.0.0.1", "localhost", "[::1]"}


def test_a_variable_changes_its_setting(monkeypatch):
    monkeypatch.setenv("REGULARS_PORT", "9001")
    monkeypatch.setenv("REGULARS_ALLOWED_HOSTS", "crm.example, LOCALHOST")
    settings = load_settings()
    assert settings.port == 9001
    assert settings.hosts == {"crm.example", "localhost"}


def test_an_empty_variable_is_none(monkeypatch):
    monkeypatch.setenv("REGULARS_PORT", "")
    assert load_settings().port == 8000


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("REGULARS_STOREURL", "x", "Did you mean REGULARS_STORE_URL?"),
        ("REGULARS_KEEP", "5", "Did you mean REGULARS_KEEP_RELEASES?"),
        ("REGULARS_PORT", "eighty", "REGULARS_PORT"),
        ("REGULARS_PORT", "70000", "REGULARS_PORT"),
        ("REGULARS_KEEP_RELEASES", "1", "REGULARS_KEEP_RELEASES"),
        ("REGULARS_LANGUAGE", "de", "REGULARS_LANGUAGE"),
        ("REGULARS_STORE_URL", "mysql://root:secret@x/y", "must start with sqlite"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=said) as caught:
        load_settings()
    assert "secret" not in str(caught.value)


def test_every_setting_is_documented_with_its_default():
    page = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert field.description and len(field.description) > 20
        row = f"| `{PREFIX}{name.upper()}` | `{field.default}` | {field.description} |"
        assert row in page, row


def test_nobody_else_reads_them():
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    packages = ("core/", "sources/", "features/", "models/", "actions/", "serving/", "pipelines/")
    for name in listed.stdout.splitlines():
        if name.startswith(packages) and name != "serving/settings.py":
            text = (ROOT / name).read_text(encoding="utf-8")
            assert not re.search(r"(environ|getenv)\S*\W+REGULARS_", text), name
