"""What deliveries that died or are in doubt mean for refunds, memos and dispositions."""

from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.events.catalog import Subject
from retailops.events.kernel_events import DeliveryDead, DeliveryInDoubt
from retailops.events.publish import publish
from retailops.lib.ids import uuid7
from returns.models import DispositionSlice, Refund
from returns.services import refund_outcomes
from returns.services.posting import BY_US
from tests.factories import SYSTEM, fresh, make_inspected_return, make_inspection, make_receipt, make_return
from tests.returns.proofs import prove

pytestmark = pytest.mark.django_db
ENGINE = Actor.system("engine")


def tell(shape: Any, operation: str, effect_key: str, failure_class: str = "business") -> None:
    """Publish a delivery event as the engine does."""
    fact = shape(
        delivery_id=str(uuid7()), destination_id=str(uuid7()), destination="d", system="s", operation=operation,
        effect_key=effect_key, event_id=str(uuid7()), subject_type="other", subject_id=str(uuid7()),
        failure_class=failure_class, failure_code="refused", failure_message="No such charge",
    )  # fmt: skip
    with transaction.atomic():
        publish(fact, subject=Subject("other", uuid7(), uuid7(), "lane"), actor=ENGINE)


def a_refund() -> Refund:
    """Return a refund that is being sent."""
    return make_inspected_return(quantities={1: 1}).refunds.get()


@pytest.mark.parametrize(
    ("shape", "failure_class", "status"),
    [
        (DeliveryInDoubt, "in_doubt", "unknown"),
        (DeliveryDead, "business", "failed"),
        (DeliveryDead, "transient", "submitting"),
        (DeliveryDead, "contract", "submitting"),
    ],
)
def test_a_refund_fails_only_when_definitively_refused(shape: Any, failure_class: str, status: str) -> None:
    refund = a_refund()
    tell(shape, "refund.create", refund.effect_key, failure_class)
    refund.refresh_from_db()
    assert refund.status == status
    if status == "failed":
        assert (refund.failure_code, refund.failure_message) == ("refused", "No such charge")
    prove()


def test_the_fate_of_another_leg_or_of_nothing_says_nothing() -> None:
    refund = a_refund()
    for key in (f"refund:{refund.id}:2", f"refund:{UUID(int=1)}:1", "refund:nonsense", ""):
        tell(DeliveryDead, "refund.create", key)
    tell(DeliveryDead, "refund.record", refund.effect_key)
    refund.refresh_from_db()
    assert refund.status == "submitting"


def test_a_refused_memo_is_rejected() -> None:
    refund = a_refund()
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=refund.id, external_reference="re_1")
    memo = refund.rma.credit_memos.get()
    tell(DeliveryDead, "credit_memo.post", memo.effect_key, "contract")
    memo.refresh_from_db()
    assert (memo.status, memo.failure) == ("rejected", "refused No such charge")
    assert fresh(refund.rma).erp == "rejected"
    prove()


def test_a_refused_placement_is_recorded_and_a_posted_one_stays() -> None:
    rma = make_return(quantities={1: 1})
    make_receipt(rma)
    make_inspection(rma)
    part = DispositionSlice.objects.get(line__rma=rma)
    tell(DeliveryDead, "stock.place", f"place:{part.id}")
    part.refresh_from_db()
    assert (part.status, part.external_reference) == ("posted", BY_US)
