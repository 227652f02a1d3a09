"""Commands that join the transaction of a face.

A command called within a transaction runs under a savepoint, so that its caller may go on after a refusal. A face that
opened the transaction for this one command does not go on: there, the savepoint would be two statements for nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import connection, transaction

P = ParamSpec("P")
T = TypeVar("T")

_alone: ContextVar[bool] = ContextVar("alone", default=False)


@contextmanager
def sole_command(*, durable: bool = False) -> Iterator[None]:
    """Open the transaction of one command: whatever the command raises must leave this block and roll it all back."""
    with transaction.atomic(durable=durable):
        token = _alone.set(not connection.savepoint_ids)
        try:
            yield
        finally:
            _alone.reset(token)


def joins(command: Callable[P, T]) -> Callable[P, T]:
    """Run the command in a transaction: under a savepoint of one that is open, except directly in a sole command's."""

    @wraps(command)
    def joined(*args: P.args, **kwargs: P.kwargs) -> T:
        bare = _alone.get() and connection.in_atomic_block and not connection.savepoint_ids
        with transaction.atomic(savepoint=not bare):
            return command(*args, **kwargs)

    return joined
