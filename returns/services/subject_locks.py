"""How the subject of each kind of approval is locked, in the one order: payment, return, then what stands alone."""

from collections.abc import Callable
from uuid import UUID

from django.db.models import Model, QuerySet

from retailops.cases.services import register_subject_lock
from returns.models import Payment, Refund, Return, ReturnPolicy, StoredAccount, SupplierClaim
from returns.services import claim_closing, claim_sending, giving_value, policy_drafts, submitting


def register() -> None:
    """Register the lock of every kind of approval that returns ask for."""
    register_subject_lock(submitting.APPROVAL_KIND, lock_refund)
    register_subject_lock(policy_drafts.APPROVAL_KIND, lock_policy)
    register_subject_lock(giving_value.GIFT_KIND, _row_of(StoredAccount.objects.all()))
    for kind in (claim_sending.APPROVAL_KIND, claim_closing.WRITE_OFF_KIND):
        register_subject_lock(kind, _row_of(SupplierClaim.objects.all()))


def lock_refund(refund_id: UUID) -> None:
    """Lock the refund's payment and return, as every command on its money does."""
    found = Refund.objects.filter(pk=refund_id).values_list("payment_id", "rma_id").first()
    if found is not None:
        _row_of(Payment.objects.all())(found[0])
        _row_of(Return.objects.all())(found[1])


def lock_policy(policy_id: UUID) -> None:
    """Lock all versions of the policy's name, as its commands do."""
    names = ReturnPolicy.objects.filter(pk=policy_id).values("name")
    list(ReturnPolicy.objects.select_for_update(no_key=True).filter(name__in=names).order_by("id"))


def _row_of(rows: "QuerySet[Model]") -> Callable[[UUID], object]:
    return lambda id: list(rows.select_for_update(no_key=True).filter(pk=id).values_list("pk"))
