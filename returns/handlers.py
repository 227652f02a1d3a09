"""Subscribers: what deliveries, cases and approvals mean for returns, in the publishing transaction."""

from typing import Any
from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.cases.models import Approval
from retailops.events.catalog import subscribe
from retailops.events.enums import OutcomeClass
from retailops.events.models import Event
from retailops.events.verdicts import register_void_check
from retailops.lib.ids import parse_uuid
from returns import claim_handlers, events, sweeps  # noqa: F401  # the app's events register on import
from returns.approvers import approver
from returns.models import Exchange, Refund, Return
from returns.services import (
    credit_memos,
    exchange_progress,
    exchange_shipping,
    giving_value,
    placing,
    policy_drafts,
    refund_outcomes,
    refunds,
    subject_locks,
    submitting,
)
from returns.services.closing import finish
from returns.services.exchange_voiding import why_many_not_shipped_again, why_not_shipped_again
from returns.services.posting import OPERATION as PLACE
from returns.services.replacing import why_many_void, why_void

ENGINE = Actor.system("engine")


def register() -> None:
    """Register the subscribers and the sweeps."""
    subscribe("delivery.in_doubt", delivery_in_doubt)
    subscribe("delivery.dead", delivery_dead)
    subscribe("approval.approved", approval_given)
    subscribe("approval.approved", gift_approved)
    subscribe("approval.refused", approval_refused)
    subscribe("approval.expired", approval_refused)
    for name in ("case.opened", "case.resolved", "case.reopened"):
        subscribe(name, cases_changed)
    for name in ("inventory.reservation_broken", "inventory.reservation_expired"):
        subscribe(name, held_stock_lost)
    register_void_check(why_void, many=why_many_void)
    register_void_check(why_not_shipped_again, many=why_many_not_shipped_again)
    sweeps.register()
    subject_locks.register()
    claim_handlers.register()


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
    elif data["operation"] == exchange_progress.OPERATION and refused and (id := _id_after("ship:", data)):
        exchange_shipping.fail_exchange_shipment(actor=ENGINE, exchange_id=id, failure=failure)


def held_stock_lost(event: Event) -> None:
    """Goods that were held for an exchange are gone. Whoever holds its return at this moment is not waited for, because
    this command holds the stock: the sweep comes back to it."""
    if event.subject_type != "exchange":
        return
    exchange = Exchange.objects.filter(pk=event.subject_id).first()
    rows = Return.objects.select_for_update(no_key=True, skip_locked=True)
    rma = rows.filter(pk=exchange.rma_id).first() if exchange else None
    if exchange is not None and rma is not None:
        exchange.refresh_from_db()
        exchange.rma = rma
        exchange_progress.lose_stock(exchange, event.words)
        finish(ENGINE, rma)


def approval_given(event: Event) -> None:
    """A second person agreed: a refund goes to the gateway, a policy version may be activated."""
    if refund_id := _approved_refund(event):
        refunds.take_approval(approver(event.actor), refund_id)
    elif policy_id := _approved_policy(event):
        policy_drafts.take_agreement(approver(event.actor), policy_id)


def gift_approved(event: Event) -> None:
    """A second person agreed that a customer is given value: it is booked."""
    if event.data["kind"] == giving_value.GIFT_KIND:
        giving_value.take_gift(approver(event.actor), UUID(event.data["approval_id"]))


def approval_refused(event: Event) -> None:
    """A second person refused, or nobody answered in time: the refund is denied, the policy version a draft again."""
    refund_id, policy_id = _approved_refund(event), _approved_policy(event)
    if refund_id or policy_id:
        approval = Approval.objects.get(pk=event.data["approval_id"])
        why = approval.decision_reason or str(approval.status)
        if refund_id:
            refunds.take_refusal(ENGINE, refund_id, why)
        elif policy_id:
            policy_drafts.take_rejection(ENGINE, policy_id, why)


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
    if subject_type == "exchange":
        return Exchange.objects.filter(pk=subject_id).values_list("rma_id", flat=True).first()
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


def _approved_policy(event: Event) -> UUID | None:
    return parse_uuid(event.data["subject_id"]) if event.data["kind"] == policy_drafts.APPROVAL_KIND else None
