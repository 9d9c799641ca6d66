"""After the code was updated, the next run reads the store that the code before wrote."""

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from serving.store.database import MIGRATIONS, open_store, upgrade, version
from tests.pipelines.roads import through
from tests.synthetic import Shop, tables

BEFORE = 5  # migrations


def config_for(connection):
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


@pytest.fixture
def older(tmp_path):
    """A store at an earlier migration, where a project in this folder looks for its own."""
    (tmp_path / "store").mkdir()
    engine = open_store(f"sqlite:///{tmp_path / 'store' / 'regulars.sqlite3'}")
    upgrade(engine)
    with engine.begin() as connection:
        command.downgrade(config_for(connection), f"-{BEFORE}")
    yield engine
    engine.dispose()


def test_a_store_of_older_code_is_brought_up_to_date_before_it_is_read(older, tmp_path):
    with older.connect() as connection:
        head = ScriptDirectory.from_config(config_for(connection)).get_current_head()
    assert version(older) not in (None, head)
    ended = through(tmp_path, tables(Shop()), last="source")
    assert ended.through, ended.error + ended.crash
    assert version(older) == head
