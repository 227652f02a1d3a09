"""Publish events of exchanges, and end the cases that an exchange's progress ends."""

from typing import Any

from retailops.accounts.actor import Actor
from retailops.cases.models import Case, CaseStatus
from retailops.events.publish import publish
from returns.events import ExchangeFact
from returns.facts import exchange_fact
from returns.models import Exchange
from returns.services.closing import end_trouble


def tell(actor: Actor, kind: type[ExchangeFact], exchange: Exchange, reason: str = "", **more: Any) -> None:
    """Publish a fact of the exchange (return and order loaded)."""
    fact = exchange_fact(kind, exchange, **more)
    publish(
        fact,
        subject=exchange.as_subject(),
        actor=actor,
        words=reason,
        policy_version=exchange.policy_version,
    )


def end_troubles(actor: Actor, exchange: Exchange, reason: str, *kinds: str) -> None:
    """Resolve the open cases of these kinds about the exchange; its locked return is read anew where one was."""
    keys = [f"{kind}:{exchange.id}" for kind in kinds]
    open_now = Case.objects.filter(dedupe_key__in=keys, status=CaseStatus.OPEN).values_list("dedupe_key", flat=True)
    for key in sorted(open_now):
        end_trouble(actor, exchange.rma, key, reason, {"exchange": str(exchange.id), "status": str(exchange.status)})
