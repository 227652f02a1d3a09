"""Promises before they count: drafted from another version, edited, given up."""

from typing import Any, TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max
from pydantic import TypeAdapter, ValidationError

from retailops.accounts.actor import Actor, require
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, FieldError, Invalid
from retailops.lib.fsm import fire
from retailops.sla.access import MANAGE, access_policy
from retailops.sla.book import MOVES
from retailops.sla.events import SlaPolicyDrafted, SlaPolicyEdited, SlaPolicyFact, SlaPolicyRetired
from retailops.sla.inputs import Name, PolicyDraftIn
from retailops.sla.models import SCOPE, PolicyStatus, SlaCalendar, SlaPolicy
from retailops.sla.move_choices import faults_of

_CONTENT = (
    "title", "subject_type", "target_seconds", "warn_seconds", "calendar_id", "severity", "opens_case", *SCOPE,
    *(field for _, field in MOVES),
)  # fmt: skip
Fact = TypeVar("Fact", bound=SlaPolicyFact)
_NAME: TypeAdapter[str] = TypeAdapter(Name)


@transaction.atomic
def draft_policy(*, actor: Actor, based_on: UUID, name: str = "") -> SlaPolicy:
    """Begin the next version as a copy of another, under its name or a new one (another promise by the same events).

    Raises NotFound, Denied, Invalid (the name), Conflict (a draft of that name and scope is begun).
    """
    base = access_policy(actor, based_on, MANAGE)
    draft = copied(base, _checked_name(name or base.name, base), actor)
    _save_new(draft)
    publish(policy_fact(SlaPolicyDrafted, draft), subject=draft.as_subject(), actor=actor)
    return draft


def copied(base: SlaPolicy, name: str, actor: Actor) -> SlaPolicy:
    """Return the next version of a name (not yet written) with the content of another."""
    last = SlaPolicy.objects.filter(name=name).aggregate(last=Max("version"))["last"] or 0
    content = {field: getattr(base, field) for field in _CONTENT}
    return SlaPolicy(name=name, version=last + 1, based_on=base.label, created_by=actor.key, **content)


def _checked_name(name: str, base: SlaPolicy) -> str:
    try:
        _NAME.validate_python(name)
    except ValidationError as fault:
        detail = "Small letters, digits and underscores, beginning with a letter."
        raise Invalid(detail, errors=[FieldError("/name", detail)]) from fault
    other = SlaPolicy.objects.filter(name=name).exclude(subject_type=base.subject_type).first()
    if other is not None:
        raise Conflict(f"{name} is about a {other.subject_type}: choose another name.", code="other-subject")
    return name


def _save_new(draft: SlaPolicy) -> None:
    try:
        with transaction.atomic():
            draft.save(force_insert=True)
    except IntegrityError as twin:
        detail = "A new version for that scope is begun already: go on with that one."
        raise Conflict(detail, code="draft-exists") from twin


@transaction.atomic
def edit_draft(*, actor: Actor, policy_id: UUID, draft: PolicyDraftIn, revision: int | None = None) -> SlaPolicy:
    """Replace a draft's content; moves that are not given stay.

    Raises NotFound, Denied (also where it would hold from then on), Conflict (stale, in force, or another draft has
    that scope), Invalid (no such calendar; moves by events that do not tell of such things).
    """
    policy = access_policy(actor, policy_id, MANAGE, lock=True, revision=revision)
    require(actor, MANAGE, region=draft.region, brand=draft.brand)
    _only_drafts(policy)
    _require_moves(policy, draft)
    for field, value in _content(draft).items():
        setattr(policy, field, value)
    policy.calendar = _calendar(draft.calendar)
    policy.revision += 1
    try:
        with transaction.atomic():
            policy.save()
    except IntegrityError as twin:
        raise Conflict("Another draft of this promise has that scope.", code="draft-exists") from twin
    publish(policy_fact(SlaPolicyEdited, policy), subject=policy.as_subject(), actor=actor)
    return policy


def _require_moves(policy: SlaPolicy, draft: PolicyDraftIn) -> None:
    given = {field: getattr(draft, field) for _, field in MOVES}
    if not policy.starts and any(given.values()):
        raise Invalid("It is measured from a delivery's making to its arrival: no event moves it.")
    if policy.starts and (faults := faults_of(policy.subject_type, given)):
        raise Invalid("See `errors` for each field.", errors=faults)


def _content(draft: PolicyDraftIn) -> dict[str, Any]:
    given = draft.model_dump(mode="json", exclude={"calendar"})
    moves = {field for _, field in MOVES}
    return {field: value for field, value in given.items() if field not in moves or value is not None}


def _calendar(label: str | None) -> SlaCalendar | None:
    if not label:
        return None
    name, _, version = label.rpartition("@")
    found = SlaCalendar.objects.filter(name=name, version=int(version) if version.isdecimal() else 0).first()
    if found is None:
        raise Invalid("There is no such calendar.", errors=[FieldError("/calendar", f"No calendar is called {label}.")])
    return found


def _only_drafts(policy: SlaPolicy) -> None:
    if policy.status != PolicyStatus.DRAFT:
        detail = f"{policy.label} is not a draft: begin a new version."
        raise Conflict(detail, code="not-a-draft", present=policy.status)


@transaction.atomic
def discard_draft(*, actor: Actor, policy_id: UUID, reason: str) -> SlaPolicy:
    """Give a draft up. Raises NotFound, Denied, Conflict (not a draft), Invalid (no reason)."""
    policy = access_policy(actor, policy_id, MANAGE, lock=True)
    _only_drafts(policy)
    if not reason.strip():
        raise Invalid("Say why: a reason is needed.", errors=[FieldError("/reason", "must not be empty")])
    fire(policy.give_up)
    policy.reason = reason.strip()[:300]
    policy.save(update_fields=["status", "reason"])
    fact = policy_fact(SlaPolicyRetired, policy)
    publish(fact, subject=policy.as_subject(), actor=actor, words=policy.reason)
    return policy


def policy_fact(kind: type[Fact], policy: SlaPolicy, **more: Any) -> Fact:
    """Return what is told of a version."""
    return kind(
        policy_id=str(policy.id),
        name=policy.name,
        version=policy.version,
        channel=policy.channel,
        region=policy.region,
        brand=policy.brand,
        connection=policy.connection,
        **more,
    )
