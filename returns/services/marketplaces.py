"""Returns that a marketplace asked for, which decides by itself when we do not."""

from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.lib.clock import now
from returns import troubles
from returns.models import MarketplaceReturn, Return
from returns.services.closing import end_trouble, finish
from returns.services.locking import lock_return


@transaction.atomic
def warn_of_deadline(actor: Actor, return_id: UUID) -> None:
    """Open the case that a marketplace waits for a decision; a deadline is warned of once."""
    rma = lock_return(actor, return_id, Permission.RETURNS_VIEW)
    asked = MarketplaceReturn.objects.filter(rma=rma).filter(warned_at=None).first()
    if asked is None:
        return
    asked.warned_at = now()
    asked.save(update_fields=["warned_at"])
    troubles.marketplace_waits(actor, rma, asked.name)
    finish(actor, rma)


def answered(actor: Actor, rma: Return, decision: str) -> None:
    """End the case that a marketplace waits: the locked return is decided."""
    end_trouble(actor, rma, f"marketplace_deadline:{rma.id}", f"Decided: {decision}", {"decision": decision})
