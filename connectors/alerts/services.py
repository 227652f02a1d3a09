"""Commands on alert channels. A webhook's secret is shown once, when it is made."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from connectors.credentials import encrypt
from connectors.webhooks_out.services import checked_url
from connectors.webhooks_out.signing import new_secret
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.events.enums import DestinationKind
from retailops.events.models import Destination
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, FieldError, Invalid, hidden
from retailops.lib.ids import uuid7
from retailops.sla.alerts.events import AlertChannelChanged
from retailops.sla.models import AlertChannel, AlertRule, ChannelKind

MANAGE, VIEW = Permission.CONNECTIONS_MANAGE, Permission.CONNECTIONS_VIEW
# Alerts are few; what could not be told within four hours is no alert any more.
LIMITS: dict[str, Any] = {
    "rate_per_second": 5,
    "burst": 20,
    "tokens": 20,
    "max_in_flight": 4,
    "retry_schedule": [5, 15, 60, 300, 900, 1800],
    "deadline_seconds": 4 * 3600,
    "dead_blocks_lane": False,
}


@dataclass(frozen=True)
class MadeChannel:
    """A channel, and the secret that signs its webhooks (empty: it has none), which cannot be shown again."""

    channel: AlertChannel
    secret: str


@transaction.atomic
def create_channel(*, actor: Actor, name: str, kind: str, address: str) -> MadeChannel:
    """Create a channel. Raises Denied, Invalid (the name, the addresses), Conflict (the name is taken)."""
    require(actor, MANAGE, view=VIEW)
    id, name = uuid7(), _checked_name(name)
    secret = new_secret() if kind == ChannelKind.WEBHOOK else ""
    address = checked_address(kind, address)
    destination = Destination.objects.create(kind=DestinationKind.ALERT, name=str(id), system="alerts", **LIMITS)
    try:
        with transaction.atomic():
            channel = AlertChannel.objects.create(
                id=id,
                destination=destination,
                name=name,
                kind=kind,
                address=address,
                secret=encrypt(secret) if secret else None,
                created_by=actor.key,
            )
    except IntegrityError as twin:
        raise Conflict(f"Another channel is called {name}.", code="name-taken") from twin
    _publish(actor, channel, "created")
    return MadeChannel(channel, secret)


def _checked_name(name: str) -> str:
    if not name.strip() or len(name.strip()) > 80:
        detail = "Give it a name of at most 80 characters."
        raise Invalid(detail, errors=[FieldError("/name", detail)])
    return name.strip()


def checked_address(kind: str, address: str) -> str:
    """Return where the channel leads: a public https address, or e-mail addresses by commas. Raises Invalid."""
    if kind not in ChannelKind.values:
        raise Invalid("There is no such kind.", errors=[FieldError("/kind", "Must be email, webhook or slack.")])
    if kind != ChannelKind.EMAIL:
        return checked_url(address)
    people = [each.strip() for each in address.split(",") if each.strip()]
    faults = [FieldError("/address", f"{each} is no e-mail address.") for each in people if not _is_email(each)]
    if faults or not people or len(", ".join(people)) > 500:
        raise Invalid("The addresses cannot be used.", errors=faults or [FieldError("/address", "Name at least one.")])
    return ", ".join(people)


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


@transaction.atomic
def retire_channel(*, actor: Actor, channel_id: UUID) -> AlertChannel:
    """Send nothing there any more. Raises NotFound, Denied, Conflict (a rule in use sends there)."""
    channel = access_channel(actor, channel_id, lock=True)
    used = AlertRule.objects.filter(retired_at=None, channel=channel) | AlertRule.objects.filter(
        retired_at=None, escalate_to=channel
    )
    if rule := used.first():
        raise Conflict(f"The rule {rule.name} sends there: change or retire it first.", code="in-use")
    channel.retired_at = now()
    channel.save(update_fields=["retired_at"])
    Destination.objects.filter(pk=channel.destination_id).update(retired_at=channel.retired_at)
    _publish(actor, channel, "retired")
    return channel


def access_channel(actor: Actor, channel_id: UUID, permission: str = MANAGE, *, lock: bool = False) -> AlertChannel:
    """Return a channel in use. Raises NotFound, Denied."""
    rows = AlertChannel.objects.select_for_update() if lock else AlertChannel.objects.all()
    channel = rows.filter(pk=channel_id, retired_at=None).first()
    if channel is None:
        raise hidden()
    require(actor, permission, view=VIEW)
    return channel


def _publish(actor: Actor, channel: AlertChannel, change: str) -> None:
    fact = AlertChannelChanged(str(channel.id), channel.name, change)
    publish(fact, subject=channel.as_subject(), actor=actor)
