"""Subscribers: what deliveries, cases and approvals mean for returns, in the publishing transaction."""

from typing import Any
from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.accounts.models import User
from retailops.cases.models import Approval
from retailops.events.catalog import subscribe
from retailops.events.enums import OutcomeClass
from retailops.events.models import Event
from retailops.events.verdicts import register_void_check
from retailops.lib.ids import parse_uuid
from returns import events, sweeps  # noqa: F401  # the app's events register on import
from returns.models import Refund, Return
from returns.services import credit_memos, placing, refund_outcomes, refunds, submitting
from returns.services.closing import finish
from returns.services.posting import OPERATION as PLACE
from returns.services.replacing import why_void

ENGINE = Actor.system("engine")


def register() -> None:
    """Register the subscribers and the sweeps."""
    subscribe("delivery.in_doubt", delivery_in_doubt)
    subscribe("delivery.dead", delivery_dead)
    subscribe("approval.approved", approval_given)
    subscribe("approval.refused", approval_refused)
    subscribe("approval.expired", approval_refused)
    for name in ("case.opened", "case.resolved", "case.reopened"):
        subscribe(name, cases_changed)
    register_void_check(why_void)
    sweeps.register()


def delivery_in_doubt(event: Event) -> None:
    """A refund was sent and no answer came: its money stays reserved until it is looked up."""
    refund_id = _refund_of(event.data)
    if refund_id:
        refund_outcomes.mark_refund_unknown(
            actor=ENGINE, refund_id=refund_id, code=event.data["failure_code"], message=event.data["failure_message"]
        )


def delivery_dead(event: Event) -> None:
    """A delivery stopped: what it was for failed, where the refusal is definitive; else its own case says so."""
    data = event.data
    refused = data["failure_class"] == OutcomeClass.BUSINESS
    failure = f"{data['failure_code']} {data['failure_message']}".strip()
    if (refund_id := _refund_of(data)) and refused:
        refund_outcomes.fail_refund(
            actor=ENGINE, refund_id=refund_id, code=data["failure_code"], message=data["failure_message"]
        )
    elif data["operation"] == credit_memos.OPERATION and (memo_id := _id_after("memo:", data)):
        credit_memos.reject_credit_memo(actor=ENGINE, memo_id=memo_id, failure=failure)
    elif data["operation"] == PLACE and (slice_id := _id_after("place:", data)):
        placing.record_disposition_failed(actor=ENGINE, slice_id=slice_id, failure=failure)


def approval_given(event: Event) -> None:
    """A second person agreed to a refund: it goes to the gateway."""
    if refund_id := _approved_refund(event):
        refunds.take_approval(_person(event.actor), refund_id)


def approval_refused(event: Event) -> None:
    """A second person refused, or nobody answered in time: the refund is denied and its money free."""
    if refund_id := _approved_refund(event):
        approval = Approval.objects.get(pk=event.data["approval_id"])
        refunds.take_refusal(ENGINE, refund_id, approval.decision_reason or str(approval.status))


def cases_changed(event: Event) -> None:
    """The count of open cases of a return is a facet; the last one resolved may let it close."""
    return_id = _return_of(event.subject_type, event.subject_id)
    rma = Return.objects.select_for_update(no_key=True).filter(pk=return_id).first() if return_id else None
    if rma is not None:
        finish(ENGINE, rma)


def _return_of(subject_type: str, subject_id: UUID) -> UUID | None:
    if subject_type == "return":
        return subject_id
    if subject_type == "refund":
        return Refund.objects.filter(pk=subject_id).values_list("rma_id", flat=True).first()
    return None


def _refund_of(data: dict[str, Any]) -> UUID | None:
    """Return the refund whose present leg the delivery carried; an earlier leg's fate says nothing of it."""
    if data["operation"] != submitting.OPERATION:
        return None
    _, refund_id, leg = f"{data['effect_key']}::".split(":")[:3]
    key = parse_uuid(refund_id)
    found = Refund.objects.filter(pk=key, leg=int(leg or 0)) if key else Refund.objects.none()
    return key if found.exists() else None


def _id_after(prefix: str, data: dict[str, Any]) -> UUID | None:
    return parse_uuid(str(data["effect_key"]).removeprefix(prefix))


def _approved_refund(event: Event) -> UUID | None:
    return parse_uuid(event.data["subject_id"]) if event.data["kind"] == submitting.APPROVAL_KIND else None


def _person(key: str) -> Actor:
    """Return the approver with the roles held now; only people hold roles, and so limits."""
    kind, _, identity = key.partition(":")
    id = parse_uuid(identity) if kind == "user" else None
    person = User.objects.filter(pk=id).first() if id else None
    return person.actor() if person else Actor(kind, identity, key)
