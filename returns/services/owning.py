"""Say which system owns which field. What is held stays; from now on the owner's word is taken, others' are drift."""

from uuid import NAMESPACE_URL, UUID, uuid5

from django.db import transaction

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.events.catalog import Subject
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.errors import FieldError, Invalid, NotFound
from returns.events.truth import TruthChanged
from returns.inputs.truth import TruthIn
from returns.models import SourceOfTruth

MANAGE = Permission.POLICIES_MANAGE


@transaction.atomic
def own_field(*, actor: Actor, truth: TruthIn, reason: str) -> SourceOfTruth:
    """Give a field its owner, in place of the one it has. Publishes `truth.changed`. Raises Denied, Invalid."""
    require(actor, MANAGE)
    _require(reason)
    where = {"object": truth.object, "field": truth.field, "channel": truth.channel}
    before = SourceOfTruth.objects.select_for_update().filter(**where).first()
    defaults = {"system": truth.system, "changed_by": actor.key, "reason": reason[:200], "changed_at": now()}
    row, _ = SourceOfTruth.objects.update_or_create(
        object=truth.object, field=truth.field, channel=truth.channel, defaults=defaults
    )
    _tell(actor, row, former=before.system if before else "", system=row.system)
    return row


@transaction.atomic
def disown_field(*, actor: Actor, truth_id: int, reason: str) -> None:
    """Take a rule away: it goes by default again. Publishes `truth.changed`. Raises Denied, Invalid, NotFound."""
    require(actor, MANAGE)
    _require(reason)
    row = SourceOfTruth.objects.select_for_update().filter(pk=truth_id).first()
    if row is None:
        raise NotFound("There is no such rule.")
    _tell(actor, row, former=row.system, system="")
    row.delete()


def _require(reason: str) -> None:
    if not reason.strip():
        raise Invalid("Say why.", errors=[FieldError("/reason", "must not be empty")])


def _tell(actor: Actor, row: SourceOfTruth, *, former: str, system: str) -> None:
    key: UUID = uuid5(NAMESPACE_URL, f"truth:{row.object}:{row.field}:{row.channel}")
    fact = TruthChanged(str(row.object), row.field, row.channel, former, system)
    publish(fact, subject=Subject("truth", key, key, str(key), channel=row.channel), actor=actor)
