"""Tasks go to who may work on them and sees the customer, and stay with who has them in hand."""

import pytest

from serving.store.errors import NotAssignableError, TaskHeldError, UnknownNameError
from serving.store.published import find_release
from serving.work.assignees import assignees
from serving.work.task_rules import Asked
from serving.work.tasks import move
from tests.serving.guarded import add_users
from tests.serving.working import ANNA, BORIS, do, publish_cards, suggested, task


@pytest.fixture
def shop(engine, tmp_path):
    """Customers of two owners, neither of them a user."""
    cards = (suggested("1"), suggested("2", owner="anna"), suggested("4", owner="boris"))
    publish_cards(engine, tmp_path / "r", *cards)
    return engine


@pytest.mark.slow
def test_tasks_are_given_only_to_who_works_on_them_and_sees_the_customer(shop):
    roles = {"ada": ("manager", ["anna"]), "vera": ("viewer", None), "zed": ("lead", ["zed"])}
    add_users(shop, {**roles, "lea": ("lead", None)}, "a long password 7")
    with shop.connect() as connection:
        offered = assignees(connection, find_release(connection))
    assert offered.names() == ["ada", "anna", "boris", "lea"]
    assert offered.names_for("anna") == ["ada", "anna", "boris", "lea"]
    assert offered.names_for("boris") == offered.names_for(None) == ["anna", "boris", "lea"]
    for nobody in ("vera", "zed"):
        with pytest.raises(UnknownNameError, match=nobody):
            do(shop, ANNA, "assign", "2", to=nobody)
    assert do(shop, ANNA, "assign", "2", to="ada").task.assignee == "ada"
    with pytest.raises(NotAssignableError, match="'ada' does not see customer '1'"):
        do(shop, ANNA, "assign", "1", to="ada")


def test_what_was_not_chosen_and_a_colleague_has_in_hand_is_left_to_them(shop):
    do(shop, BORIS, "take")
    version = task(shop).version
    refused, again = (
        move(shop, who, [Asked("take", "1", version, is_chosen=False)])[0] for who in (ANNA, BORIS)
    )
    assert isinstance(refused.error, TaskHeldError) and refused.error.who == "boris"
    assert again.task.assignee == "boris"
    assert do(shop, ANNA, "take").task.assignee == "anna"
