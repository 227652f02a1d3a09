"""Promises in force: activated, followed, retired; each a little later than it is decided (see book)."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, FieldError, Invalid
from retailops.lib.fsm import fire
from retailops.sla.access import MANAGE, access_policy
from retailops.sla.book import FRESH_SECONDS, LEAD, forget
from retailops.sla.deliveries import SUBJECT
from retailops.sla.events import SlaPolicyActivated, SlaPolicyRetired
from retailops.sla.looking import look_again
from retailops.sla.models import SCOPE, PolicyStatus, SlaPolicy
from retailops.sla.services.drafting import policy_fact


@transaction.atomic
def activate_policy(*, actor: Actor, policy_id: UUID, reason: str) -> SlaPolicy:
    """Put a draft in force, in ten seconds; the version of its scope ends at that instant. Running clocks keep theirs.

    Raises NotFound, Denied, Conflict (not a draft), Invalid (no reason).
    """
    policy = access_policy(actor, policy_id, MANAGE, lock=True)
    if policy.status != PolicyStatus.DRAFT:
        raise Conflict(f"{policy.label} is not a draft.", code="not-a-draft", present=policy.status)
    return enforce(actor, policy, _reason(reason))


def enforce(actor: Actor, policy: SlaPolicy, reason: str) -> SlaPolicy:
    """Write a version (a draft, or one not yet written) in force, and end the one of its scope. Needs a transaction."""
    fire(policy.activate)
    policy.reason, policy.activated_by = reason, actor.key
    policy.effective_from = now() + LEAD
    ended = _end_former(policy, policy.effective_from)
    policy.save()
    forget()
    _look(policy, policy.effective_from)
    fact = policy_fact(SlaPolicyActivated, policy, effective_from=policy.effective_from.isoformat(), ended=ended)
    publish(fact, subject=policy.as_subject(), actor=actor, policy_version=policy.label[:40])
    return policy


def _look(policy: SlaPolicy, at: datetime) -> None:
    """Have deliveries looked at once every process knows what is promised of them."""
    if policy.subject_type == SUBJECT:
        look_again(at + timedelta(seconds=FRESH_SECONDS))


def _reason(reason: str) -> str:
    if not reason.strip():
        raise Invalid("Say why: a reason is needed.", errors=[FieldError("/reason", "must not be empty")])
    return reason.strip()[:300]


def _end_former(policy: SlaPolicy, at: datetime) -> list[str]:
    """End the versions of the same name and scope that would go on; return their labels."""
    scope = {field: getattr(policy, field) for field in SCOPE}
    former = SlaPolicy.objects.select_for_update(no_key=True).filter(
        name=policy.name, status=PolicyStatus.ACTIVE, effective_to=None, **scope
    )
    ended = []
    for row in former.exclude(pk=policy.pk).order_by("id"):
        row.effective_to = max(at, row.effective_from or at)
        row.save(update_fields=["effective_to"])
        ended.append(row.label)
    return ended


@transaction.atomic
def retire_policy(*, actor: Actor, policy_id: UUID, reason: str) -> SlaPolicy:
    """Let a version start no more clocks, in ten seconds; those that run go on, and a wider version takes over.

    Raises NotFound, Denied, Conflict (not in force), Invalid (no reason).
    """
    policy = access_policy(actor, policy_id, MANAGE, lock=True)
    if policy.status != PolicyStatus.ACTIVE:
        raise Conflict(f"{policy.label} is not in force.", code="not-in-force", present=policy.status)
    why, end = _reason(reason), now() + LEAD
    fire(policy.retire)
    policy.effective_to = max(min(policy.effective_to or end, end), policy.effective_from or end)
    policy.save(update_fields=["status", "effective_to"])
    forget()
    _look(policy, policy.effective_to)
    fact = policy_fact(SlaPolicyRetired, policy)
    publish(fact, subject=policy.as_subject(), actor=actor, policy_version=policy.label[:40], words=why)
    return policy
