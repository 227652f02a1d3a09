"""Policies before they decide anything: drafted, edited, submitted, agreed to by a second person, sent back."""

import contextlib
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max
from pydantic import BaseModel

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.cases import services as cases
from retailops.cases.inputs import ApprovalIn
from retailops.cases.models import Approval, ApprovalStatus
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, Denied, FieldError, Invalid, NotFound, Unprocessable, hidden
from retailops.lib.fsm import fire
from returns.access import access_policy, policies_visible_to
from returns.consumer_law import LONGEST_DELIVERY_DAYS, Window, too_short
from returns.enums import PolicyStatus
from returns.events import PolicyApproved, PolicyDrafted, PolicyEdited, PolicyFact, PolicySentBack, PolicySubmitted
from returns.inputs.base import read
from returns.inputs.policies import PolicyDraftIn, PolicyName
from returns.models import ReturnPolicy
from returns.policy import Rules
from returns.policy_content import SCOPE, content_hash, content_of, policy_fact, rules_in

APPROVAL_KIND = "policy"
MANAGE = Permission.POLICIES_MANAGE
VALID_FOR = timedelta(days=14)


class _Named(BaseModel):
    name: PolicyName


@transaction.atomic
def draft_policy(*, actor: Actor, name: str, based_on: UUID | None = None) -> ReturnPolicy:
    """Begin the next version of a policy as a draft: a copy of `based_on`, else of the name's newest, else defaults.

    Raises Invalid (name), NotFound (base), Denied (may not manage policies of that scope), Conflict (another draft of
    the name is begun).
    """
    read(_Named, {"name": name})
    versions = list(ReturnPolicy.objects.select_for_update(no_key=True).filter(name=name).order_by("id"))
    if any(row.status in (PolicyStatus.DRAFT, PolicyStatus.SUBMITTED, PolicyStatus.APPROVED) for row in versions):
        raise Conflict(f"A new version of {name} is begun already: go on with that one.", code="draft-exists")
    base = _base(actor, versions, based_on)
    draft = _copy(name, base)
    require(actor, MANAGE, region=draft.region, brand=draft.brand)
    draft.created_by = draft.edited_by = actor.key
    try:
        with transaction.atomic():
            draft.save(force_insert=True)
    except IntegrityError as twin:
        raise Conflict(f"A new version of {name} was begun a moment ago.", code="draft-exists") from twin
    _tell(actor, policy_fact(PolicyDrafted, draft, based_on=draft.based_on), draft)
    return draft


def _base(actor: Actor, versions: list[ReturnPolicy], based_on: UUID | None) -> ReturnPolicy | None:
    if based_on is None:
        return max(versions, key=lambda row: row.version, default=None)
    found = policies_visible_to(actor).filter(pk=based_on).first()
    if found is None:
        raise hidden()
    return found


def _copy(name: str, base: ReturnPolicy | None) -> ReturnPolicy:
    latest = ReturnPolicy.objects.filter(name=name).aggregate(found=Max("version"))["found"] or 0
    rules = rules_in(base) if base else Rules()
    scope = {field: getattr(base, field) for field in SCOPE} if base else {}
    document = rules.model_copy(update={"canary_share": 100}).model_dump(mode="json")
    return ReturnPolicy(name=name, version=latest + 1, rules=document, based_on=base.label if base else "", **scope)


@transaction.atomic
def edit_draft(*, actor: Actor, policy_id: UUID, draft: PolicyDraftIn, revision: int | None = None) -> ReturnPolicy:
    """Replace a draft's content; a word that was asked or given for it is void, and it is a draft again.

    Raises NotFound, Denied (also for the scope that it would get), Conflict (stale, in force), Unprocessable (law).
    """
    policy = access_policy(actor, policy_id, MANAGE, lock=True, revision=revision)
    _refuse_in_force(policy)
    require(actor, MANAGE, region=draft.scope.region, brand=draft.scope.brand)
    for name in SCOPE:
        setattr(policy, name, getattr(draft.scope, name))
    policy.rules = draft.rules.model_dump(mode="json")
    # Not later than it was begun means: when it is activated.
    policy.effective_from = draft.effective_from or policy.created_at
    policy.effective_to = draft.effective_to
    refuse_unlawful(policy)
    _void(actor, policy)
    policy.revision += 1
    policy.edited_by = actor.key
    policy.save()
    _tell(actor, policy_fact(PolicyEdited, policy, revision=policy.revision), policy)
    return policy


def _void(actor: Actor, policy: ReturnPolicy) -> None:
    """Take back a word that was asked or given: it was for another content."""
    cases.void_approval(actor, kind=APPROVAL_KIND, subject_id=policy.id, reason="The draft was changed.")
    if policy.status != PolicyStatus.DRAFT:
        fire(policy.send_back)


def _refuse_in_force(policy: ReturnPolicy) -> None:
    if policy.status in (PolicyStatus.ACTIVE, PolicyStatus.RETIRED):
        raise Conflict(
            f"{policy.label} is {policy.get_status_display().lower()}: its rules never change. Draft a new version.",
            code="in-force",
            present=str(policy.status),
        )


def refuse_unlawful(policy: ReturnPolicy) -> None:
    """Raise Unprocessable for a version that gives customers less than the law of its region."""
    why = too_short(policy.region, policy.channel, policy.category, _window_of(rules_in(policy)))
    if why:
        raise Unprocessable(why, code="window-below-law", errors=[FieldError("/rules/window_days", why)])


def _window_of(rules: Rules) -> Window:
    gone = {"delivered": 0, "shipped": rules.transit_days, "placed": LONGEST_DELIVERY_DAYS}
    return Window(rules.window_days, gone[rules.window_from])


@transaction.atomic
def submit_policy(*, actor: Actor, policy_id: UUID, reason: str, revision: int | None = None) -> ReturnPolicy:
    """Ask a second person to agree to exactly this draft. Raises NotFound, Denied, Conflict, Invalid, Unprocessable."""
    policy = access_policy(actor, policy_id, MANAGE, lock=True, revision=revision)
    if not reason.strip():
        raise Invalid("Say why: a reason is needed.", code="reason-needed")
    refuse_unlawful(policy)
    fire(policy.submit)
    policy.reason = reason.strip()[:300]
    policy.save(update_fields=["status", "reason"])
    cases.request_approval(actor, _approval(policy))
    _tell(actor, policy_fact(PolicySubmitted, policy), policy, words=policy.reason)
    return policy


def _approval(policy: ReturnPolicy) -> ApprovalIn:
    return ApprovalIn(
        kind=APPROVAL_KIND,
        subject=policy.as_subject(),
        payload=bound_payload(policy),
        reason=policy.reason,
        asked={"rules": [f"policy {policy.label} into force"], "content": content_of(policy)},
        policy_version=policy.label[:40],
        valid_for=VALID_FOR,
    )


def bound_payload(policy: ReturnPolicy) -> dict[str, str]:
    """Return what a word on the version is bound to: its whole content."""
    return {"policy": policy.label, "content": content_hash(policy)}


@transaction.atomic
def approve_policy(*, actor: Actor, policy_id: UUID, reason: str) -> ReturnPolicy:
    """Agree to a submitted version; it may then be activated.

    Raises Denied (its author, whoever asked, or without the permissions), Conflict (not submitted, expired), NotFound.
    """
    approval = _waiting(access_policy(actor, policy_id, MANAGE))
    check_second_person(actor, policy_id)
    # Publishes `approval.approved`, whose subscriber (`take_agreement`) carries the version on in this transaction.
    cases.approve(actor, approval.id, reason)
    return access_policy(actor, policy_id)


@transaction.atomic
def refuse_policy(*, actor: Actor, policy_id: UUID, reason: str) -> ReturnPolicy:
    """Refuse a submitted version: it is a draft again. Raises as approve_policy."""
    approval = _waiting(access_policy(actor, policy_id, MANAGE))
    cases.refuse(actor, approval.id, reason)
    return access_policy(actor, policy_id)


def _waiting(policy: ReturnPolicy) -> Approval:
    found = waiting_approval(policy)
    if policy.status != PolicyStatus.SUBMITTED or found is None:
        state = policy.get_status_display().lower()
        raise Conflict(f"{policy.label} is not submitted: it is {state}.", present=str(policy.status))
    return found


def waiting_approval(policy: ReturnPolicy) -> Approval | None:
    """Return the request for a second person's word that waits, if there is one."""
    rows = Approval.objects.filter(kind=APPROVAL_KIND, subject_id=policy.id, status=ApprovalStatus.REQUESTED)
    return rows.first()


def check_second_person(actor: Actor, policy_id: UUID) -> None:
    """Raise Denied for whoever wrote the version, and without the permission to manage policies there."""
    policy = access_policy(actor, policy_id, MANAGE)
    if actor.key in (policy.created_by, policy.edited_by):
        detail = "Who wrote a policy cannot agree to it: a second person must."
        raise Denied(detail, code="same-person", region=policy.region, brand=policy.brand)


def take_agreement(actor: Actor, policy_id: UUID) -> None:
    """Carry on a version whose approval was just given. For the approval's subscriber; raises Denied."""
    check_second_person(actor, policy_id)
    policy = access_policy(actor, policy_id, MANAGE, lock=True)
    fire(policy.agree)
    policy.approved_by = actor.key
    policy.save(update_fields=["status", "approved_by"])
    _tell(actor, policy_fact(PolicyApproved, policy), policy)


def take_rejection(actor: Actor, policy_id: UUID, reason: str) -> None:
    """Make a version a draft again whose approval was refused or expired. For the approval's subscriber."""
    with contextlib.suppress(NotFound):
        policy = access_policy(actor, policy_id, lock=True)
        if policy.status in (PolicyStatus.SUBMITTED, PolicyStatus.APPROVED):
            fire(policy.send_back)
            policy.save(update_fields=["status", "approved_by"])
            _tell(actor, policy_fact(PolicySentBack, policy), policy, words=reason)


def _tell(actor: Actor, fact: PolicyFact, policy: ReturnPolicy, *, words: str = "") -> None:
    publish(fact, subject=policy.as_subject(), actor=actor, policy_version=policy.label, words=words)
