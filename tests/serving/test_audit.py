"""The audit log shows whatever is done to it."""

import pytest
from sqlalchemy import delete, update

from core.errors import AuditError
from serving.people.audit import customer, note, verify
from serving.store.database import open_store, upgrade, writing
from serving.store.people_tables import audit_end, audit_log


@pytest.fixture
def log(tmp_path):
    """A store whose audit log has six entries."""
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    upgrade(engine)
    for number in range(6):
        with writing(engine) as connection:
            assert note(connection, "user anna", "signed in", f"{number}") == number + 1
    yield engine
    engine.dispose()


def at(number):
    return audit_log.c.number == number


def swap(connection):
    """Entries 3 and 4 change places."""
    for old, new in ((3, 30), (4, 3), (30, 4)):
        connection.execute(update(audit_log).where(at(old)).values(number=new))


def remove(connection, *numbers):
    connection.execute(delete(audit_log).where(audit_log.c.number.in_(numbers)))


def close_the_gap(connection):
    """Entry 3 goes, and those after it move up."""
    remove(connection, 3)
    for number in (4, 5, 6):
        connection.execute(update(audit_log).where(at(number)).values(number=number - 1))


def test_a_log_that_nobody_touched_is_whole(log):
    end = verify(log)
    assert end.number == 6
    assert verify(log, str(end)) == end
    with writing(log) as connection:
        note(connection, "user anna", "signed out")
    assert verify(log, str(end)).number == 7


@pytest.mark.slow
@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda c: remove(c, 3), "no entry 3"),
        (lambda c: remove(c, 1), "no entry 1"),
        (lambda c: remove(c, 6), "ends at entry 5, and 6 were written"),
        (lambda c: remove(c, *range(1, 7)), "ends at entry 0, and 6 were written"),
        (swap, "Entry 3 .* does not follow"),
        (close_the_gap, "Entry 3 .* does not follow"),
        (lambda c: c.execute(delete(audit_end)), "where the audit log ends was removed"),
        *(
            (
                lambda c, n=name: c.execute(update(audit_log).where(at(4)).values({n: "x"})),
                "Entry 4",
            )
            for name in ("at", "who", "what", "about", "sha256")
        ),
    ],
)
def test_a_removed_changed_or_moved_entry_is_found(log, harm, said):
    with writing(log) as connection:
        harm(connection)
    with pytest.raises(AuditError, match=said):
        verify(log)


def test_a_log_written_anew_is_found_by_an_end_that_was_noted(log):
    noted = str(verify(log))
    with writing(log) as connection:
        connection.execute(delete(audit_log))
        connection.execute(delete(audit_end))
        for number in range(7):
            note(connection, "user boris", "signed in", f"{number}")
    assert verify(log).number == 7
    with pytest.raises(AuditError, match="written anew"):
        verify(log, noted)
    for never in ("9:00", "x", "0:00"):
        with pytest.raises(AuditError, match="is not in it"):
            verify(log, never)


def test_a_customer_stands_in_it_by_a_keyed_hash_only(log, tmp_path):
    with writing(log) as connection:
        about = customer(connection, "who-123")
        assert about == customer(connection, "who-123") != customer(connection, "who-124")
        note(connection, "user anna", "erased", about)
    log.dispose()
    assert b"who-123" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_commands_list_and_verify_it(log, monkeypatch, capsys):
    from serving.cli import main

    monkeypatch.setenv("REGULARS_STORE_URL", str(log.url))
    main(["keys", "create", "--name", "crm", "--scopes", "cards:read"])
    main(["audit", "list"])
    assert "7  " in (said := capsys.readouterr().out) and "command: made a key key " in said
    main(["audit", "verify"])
    end = capsys.readouterr().out.split()[-1]
    main(["audit", "verify", "--noted", end])
    assert "is whole: 7 entries" in capsys.readouterr().out
    with writing(log) as connection:
        remove(connection, 2)
    with pytest.raises(SystemExit):
        main(["audit", "verify"])
    assert "no entry 2" in capsys.readouterr().err
