"""Lives of returns, one after another: asked for, then whatever happens, until nothing more does."""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random

from django.db import transaction

from connectors.simulation.driving import simulated_approver
from connectors.simulation.generating import orders, return_of
from connectors.simulation.storm import inside, outside
from connectors.simulation.trading import ACTOR
from retailops.accounts.actor import Actor
from retailops.lib.clock import now
from retailops.lib.errors import DomainError
from returns.enums import ReturnKind
from returns.inputs import OrderIn
from returns.models import Return
from returns.services.intake import request_return
from returns.services.orders import capture_orders

CHUNK = 200
PATIENCE = 14  # steps of a life, at most
KINDS = {
    ReturnKind.MAIL_IN: 62,
    ReturnKind.DROP_OFF: 12,
    ReturnKind.BORIS: 12,
    ReturnKind.STORE: 8,
    ReturnKind.RETURNLESS: 6,
}


def live(seed: int, returns: int, location: str, totals: Counter[str]) -> Iterator[OrderIn]:
    """Live so many lives, yielding each one's order, and count in `totals` the commands that were done and refused.

    A refusal (a domain error) is part of life and has changed nothing; every other exception ends the storm.
    """
    approver = simulated_approver()
    for chunk, start in enumerate(range(0, returns, CHUNK)):
        told = list(orders(seed * 100_000 + chunk, min(CHUNK, returns - start), now()))
        capture_orders(actor=ACTOR, orders=told)
        for order in told:
            _one(order, seed, location, approver, totals)
            yield order


def _one(order: OrderIn, seed: int, location: str, approver: Actor, totals: Counter[str]) -> None:
    dice = Random(f"{seed}:{order.external_id}")  # noqa: S311  # the same seed must give the same storm
    kind = dice.choices(list(KINDS), list(KINDS.values()))[0]
    request = return_of(order, seed).model_copy(update={"kind": kind})
    if not _done(lambda: request_return(actor=ACTOR, request=request), totals):
        return
    rma = Return.objects.get(source=request.source, external_id=request.external_id)
    for step in range(PATIENCE):
        rma.refresh_from_db()
        happening = [*inside.acts(rma, dice, location, step), *outside.acts(rma, dice, approver)]
        if not happening:
            break
        dice.shuffle(happening)
        for act in happening:
            _done(act, totals)
    totals["returns"] += 1


def _done(act: outside.Act, totals: Counter[str]) -> bool:
    try:
        with transaction.atomic():
            act()
    except DomainError:
        totals["refused"] += 1
        return False
    totals["commands"] += 1
    return True


def spread(returns: int, processes: int) -> Sequence[int]:
    """Return how many lives each process lives."""
    share, rest = divmod(returns, processes)
    return [share + (1 if number < rest else 0) for number in range(processes)]
