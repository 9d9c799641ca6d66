"""What is written behind the caller: in order, one thing ahead, and no error is lost."""

import gc

import pytest

from serving.store.behind import behind, without_garbage_collection


def test_what_is_run_behind_is_done_in_order_when_the_block_ends():
    done = []
    with behind() as thread:
        for number in range(5):
            thread.run(lambda number=number: done.append(number))
    assert done == [0, 1, 2, 3, 4]


def test_at_most_one_thing_is_ahead_of_the_caller():
    done = []
    with behind() as thread:
        for number in range(5):
            thread.run(lambda number=number: done.append(number))
            assert len(done) >= number


def test_an_error_behind_ends_the_caller_and_nothing_else_is_begun():
    done = []

    def fails():
        raise OSError("full")

    with pytest.raises(OSError, match="full"), behind() as thread:
        thread.run(fails)
        thread.run(lambda: done.append("more"))
    assert done == []


def test_an_error_of_the_last_thing_is_raised_at_the_end():
    def fails():
        raise OSError("full")

    with pytest.raises(OSError, match="full"), behind() as thread:
        thread.run(fails)


def test_garbage_is_looked_for_again_afterwards_also_after_an_error():
    with pytest.raises(ValueError), without_garbage_collection():
        assert not gc.isenabled()
        raise ValueError
    assert gc.isenabled()
