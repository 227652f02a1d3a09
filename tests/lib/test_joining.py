"""Commands join the transaction that is open; only a sole command's refusal ends all of it."""

import pytest
from django.db import connection, transaction

from retailops.lib.joining import joins, sole_command


class Refused(Exception):
    """What a command raises."""


@joins
def command(*, refuse: bool = False) -> int:
    """Return how many savepoints it runs under."""
    assert connection.in_atomic_block
    if refuse:
        raise Refused
    return len([name for name in connection.savepoint_ids if name])


@pytest.mark.django_db(transaction=True)
def test_only_directly_in_a_sole_command_there_is_no_savepoint() -> None:
    assert command() == 0
    with sole_command():
        assert command() == 0
        with transaction.atomic():
            assert command() == 2
    with transaction.atomic():
        assert command() == 1


@pytest.mark.django_db(transaction=True)
def test_after_a_refusal_a_caller_goes_on() -> None:
    with transaction.atomic():
        with pytest.raises(Refused):
            command(refuse=True)
        assert command() == 1


@pytest.mark.django_db(transaction=True)
def test_a_sole_command_that_is_refused_leaves_no_transaction() -> None:
    with pytest.raises(Refused), sole_command():
        command(refuse=True)
    assert not connection.in_atomic_block
    assert command() == 0


@pytest.mark.django_db
def test_within_another_transaction_a_sole_command_is_as_any_other() -> None:
    """A test's own transaction goes on after a refusal."""
    with pytest.raises(Refused), sole_command():
        command(refuse=True)
    assert command() == 1
