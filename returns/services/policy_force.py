"""Policies in force: activated, rolled out step by step, promoted, retired. At every instant exactly one decides."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.cases import services as cases
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, FieldError, Invalid
from retailops.lib.fsm import fire
from returns.access import access_policy
from returns.enums import PolicyStatus
from returns.events import PolicyActivated, PolicyCanaryChanged, PolicyRetired
from returns.models import ReturnPolicy
from returns.policy_content import SCOPE, policy_fact, rules_in
from returns.services.policy_drafts import APPROVAL_KIND, MANAGE, bound_payload, refuse_unlawful

FULL = 100


@transaction.atomic
def activate_policy(*, actor: Actor, policy_id: UUID) -> ReturnPolicy:
    """Put an approved version in force, from its date on or at once, for the share that its rules begin with.

    With the whole share, and unless it is temporary, the versions before it end at the instant at which it starts:
    without gap or overlap. Raises Conflict (no valid approval of exactly this, over before it starts), Denied.
    """
    policy = access_policy(actor, policy_id, MANAGE, lock=True)
    refuse_unlawful(policy)
    fire(policy.activate)
    cases.consume_approval(actor, kind=APPROVAL_KIND, subject_id=policy.id, money=None, payload=bound_payload(policy))
    policy.effective_from = max(now(), policy.effective_from)
    if policy.effective_to is not None and policy.effective_to <= policy.effective_from:
        raise Conflict("It would end before it starts: give it a later end.", code="over-already")
    share = rules_in(policy).canary_share
    _step(policy, policy.effective_from, share)
    policy.activated_by = actor.key
    ended = _end_former(policy, policy.effective_from) if share == FULL else []
    policy.save()
    fact = policy_fact(
        PolicyActivated,
        policy,
        effective_from=policy.effective_from.isoformat(),
        effective_to=policy.effective_to.isoformat() if policy.effective_to else "",
        share=share,
        ended=ended,
    )
    publish(fact, subject=policy.as_subject(), actor=actor, policy_version=policy.label)
    return policy


def _step(policy: ReturnPolicy, since: datetime, share: int) -> None:
    policy.rollout = [*policy.rollout, {"from": since.isoformat(), "share": share}]


def _end_former(policy: ReturnPolicy, at: datetime) -> list[str]:
    """End every other version of the name that would go on; a temporary version ends none. Return their labels."""
    if policy.effective_to is not None:
        return []
    former = ReturnPolicy.objects.filter(name=policy.name, status=PolicyStatus.ACTIVE).exclude(pk=policy.pk)
    going_on = [row for row in former.order_by("id") if row.effective_to is None or row.effective_to > at]
    for row in going_on:
        row.effective_to = max(at, row.effective_from)
        row.save(update_fields=["effective_to"])
    return [row.label for row in going_on]


@transaction.atomic
def change_canary(*, actor: Actor, policy_id: UUID, share: int) -> ReturnPolicy:
    """Have a version in force serve a larger share of the orders; at 100 it is promoted, and the former ones end now.

    Orders that it serves already stay with it: the hash of an order never changes. Raises Conflict (not in force),
    Invalid (not larger: a version that errs is retired, and the former decides again).
    """
    policy = access_policy(actor, policy_id, MANAGE, lock=True)
    moment = now()
    if policy.status != PolicyStatus.ACTIVE or (policy.effective_to and policy.effective_to <= moment):
        raise Conflict(f"{policy.label} is not in force.", code="not-in-force", present=str(policy.status))
    before = policy.share
    if not before < share <= FULL:
        fault = f"It serves {before} %: give more than that, at most 100. To serve fewer, retire it."
        raise Invalid(fault, code="not-larger", errors=[FieldError("/share", fault)])
    since = max(moment, policy.effective_from)
    _step(policy, since, share)
    ended = _end_former(policy, since) if share == FULL else []
    policy.save(update_fields=["rollout"])
    fact = policy_fact(PolicyCanaryChanged, policy, before=before, share=share, ended=ended)
    publish(fact, subject=policy.as_subject(), actor=actor, policy_version=policy.label)
    return policy


@transaction.atomic
def retire_policy(*, actor: Actor, policy_id: UUID, reason: str) -> ReturnPolicy:
    """Take a version out of force now, or give a draft up. What it decided keeps naming it.

    Raises Conflict where orders would be left without a policy, TransitionRefused, Invalid (no reason).
    """
    policy = access_policy(actor, policy_id, MANAGE, lock=True)
    if not reason.strip():
        raise Invalid("Say why: a reason is needed.", code="reason-needed")
    moment = now()
    if policy.status == PolicyStatus.ACTIVE:
        _refuse_hole(policy, moment)
        policy.effective_to = max(policy.effective_from, min(moment, policy.effective_to or moment))
    fire(policy.retire)
    policy.save(update_fields=["status", "effective_to"])
    fact = policy_fact(PolicyRetired, policy)
    publish(fact, subject=policy.as_subject(), actor=actor, policy_version=policy.label, words=reason)
    return policy


def _refuse_hole(policy: ReturnPolicy, at: datetime) -> None:
    """Raise Conflict unless another version in force, without an end, covers the whole scope of this one."""
    if policy.effective_to is not None and policy.effective_to <= at:
        return
    rest = ReturnPolicy.objects.filter(status=PolicyStatus.ACTIVE, effective_from__lte=at, effective_to=None)
    if not any(_covers(row, policy) for row in rest.exclude(pk=policy.pk)):
        raise Conflict(
            f"Without {policy.label} no policy would apply to these orders: activate another one first.",
            code="no-policy-left",
        )


def _covers(other: ReturnPolicy, policy: ReturnPolicy) -> bool:
    wide = all(getattr(other, name) in ("", getattr(policy, name)) for name in SCOPE)
    return wide and other.share == FULL
