"""People and returns for tests of pages, made by the same commands that people and systems use."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.test import Client

from connectors.models import Connection
from connectors.services import create_connection
from inventory.models import Location
from reconciliation.models import Discrepancy
from retailops.accounts.actor import Actor
from retailops.accounts.models import RoleGrant, User
from retailops.cases.inputs import CaseIn
from retailops.cases.models import Approval, Case
from retailops.cases.services import ask_replay, open_case
from retailops.events.enums import DeliveryStatus, OutcomeClass
from retailops.events.kernel_events import DeliveryDead
from retailops.events.models import Attempt, Delivery
from retailops.events.publish import publish
from retailops.events.replay import facts_of, subject_of
from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from returns.inputs import InspectionIn, OrderIn, ReceiptIn, ReturnIn, read
from returns.inputs.truth import TruthIn
from returns.models import CustomerMerge, Order, Refund, Return, SourceOfTruth
from returns.services.inspecting import inspect_return
from returns.services.intake import request_return
from returns.services.merging import merge_customers
from returns.services.orders import capture_order
from returns.services.owning import own_field
from returns.services.receiving import receive_return

SYSTEM = Actor.system("test")
PASSWORD = "correct horse battery staple"


def person(role: str = "", *, regions: list[str] | None = None, name: str = "Robin Reed") -> User:
    """Return somebody who can sign in, with at most one role."""
    user = User.objects.create_user(f"{uuid7().hex}@shop.example", PASSWORD, name=name)
    if role:
        RoleGrant.objects.create(user=user, role=role, regions=regions or ["*"])
    return user


def signed_in(user: User) -> Client:
    """Return a browser without JavaScript in which the person is signed in."""
    client = Client()
    client.force_login(user)
    return client


def location(region: str = "GB") -> Location:
    """Return a warehouse of the region."""
    code = f"{region}-WH"
    return Location.objects.get_or_create(code=code, defaults={"name": f"{region} warehouse", "region": region})[0]


def order_in(region: str = "GB", **changes: Any) -> OrderIn:
    """Return an order of two jumpers and a mug, paid by card, shipped three days ago."""
    key = uuid7().hex[-10:]
    shipped = now() - timedelta(days=3)
    lines = [
        {"external_id": "l1", "sku": "JUMPER-M", "title": "Merino jumper", "quantity": 2, "unit_price": 4599,
         "shipped_quantity": 2, "shipped_at": shipped},
        {"external_id": "l2", "sku": "MUG", "title": "Ceramic mug", "quantity": 1, "unit_price": 1200,
         "shipped_quantity": 1, "shipped_at": shipped},
    ]  # fmt: skip
    payment = {
        "external_id": f"pay-{key}",
        "gateway": "stripe",
        "captured": 10398,
        "references": {"payment_intent": f"pi_{key}"},
    }
    data = {
        "channel": "shopify-uk", "external_id": f"gid-{key}", "number": f"ORD-{key}", "region": region,
        "brand": "north", "customer": buyer(key), "currency": "GBP",
        "placed_at": shipped - timedelta(days=1), "lines": lines,
        "payments": [payment],
    }  # fmt: skip
    return read(OrderIn, data | changes)


def buyer(key: str) -> dict[str, str]:
    """Return somebody who buys, as the shop tells of them."""
    return {
        "system": "shopify-uk", "external_id": f"c-{key}", "name": "Mina Okafor", "email": f"mina-{key}@example.com",
        "phone": "+44 7700 900145",
    }  # fmt: skip


def merged(region: str = "GB") -> CustomerMerge:
    """Return the merge of two customers who bought in the region."""
    first, second = (capture_order(actor=SYSTEM, order=order_in(region)).order.customer for _ in range(2))
    assert first is not None
    assert second is not None
    return merge_customers(actor=SYSTEM, winner_id=first.id, loser_id=second.id, reason="One person, two names")


def drifted(rma: Return) -> Discrepancy:
    """Return the discrepancy of a return's order whose shipping the ERP tells otherwise."""
    order = order_of(rma)
    told = order_in(order.region, external_id=order.external_id, number=order.number, customer=None)
    placed = {"placed_at": order.placed_at, "source": "erp", "shipping_charged": 495, "payments": []}
    capture_order(actor=SYSTEM, order=told.model_copy(update=placed))
    return Discrepancy.objects.get(order=order, field="shipping_charged")


def ruled() -> SourceOfTruth:
    """Return the rule that the shop's store is the ERP's to tell."""
    truth = read(TruthIn, {"object": "order", "field": "store", "system": "erp"})
    return own_field(actor=SYSTEM, truth=truth, reason="Stores are kept in the ERP")


def requested(region: str = "GB", *, quantity: int = 1, **changes: Any) -> Return:
    """Return a return of jumpers; the standard policy has authorized it."""
    location(region)
    order = capture_order(actor=SYSTEM, order=order_in(region)).order
    line = {"external_id": "l1", "quantity": quantity, "reason": "too_small"}
    asked = {"order": {"order_id": order.id}, "lines": [line], "tracking": f"TRACK{uuid7().hex[-8:]}"}
    rma = request_return(actor=SYSTEM, request=read(ReturnIn, asked | changes))
    rma.refresh_from_db()
    return rma


def order_of(rma: Return) -> Order:
    """Return the order that the return is of."""
    assert rma.order is not None
    return rma.order


def body_of(answer: Any) -> str:
    """Return what was answered, streamed or not."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return str(content.decode())


def received(region: str = "GB", *, quantity: int = 1) -> Return:
    """Return a return whose goods have arrived and wait for inspection."""
    return arrive(requested(region, quantity=quantity))


def arrive(rma: Return) -> Return:
    """Have all goods of the return arrive."""
    lines = [{"line_no": line.line_no, "quantity": line.authorized} for line in rma.lines.all()]
    receipt = {"scan_id": f"scan-{uuid7()}", "location": location(rma.region).code, "lines": lines}
    receive_return(actor=SYSTEM, return_id=rma.id, receipt=read(ReceiptIn, receipt))
    rma.refresh_from_db()
    return rma


def inspected(rma: Return) -> Return:
    """Have all goods of the return accepted; by policy the refund follows."""
    slices = [
        {"line_no": line.line_no, "quantity": line.received, "accepted": True, "disposition": "sellable"}
        for line in rma.lines.all()
    ]
    inspection = {"reference": f"inspection-{uuid7()}", "location": location(rma.region).code, "slices": slices}
    inspect_return(actor=SYSTEM, return_id=rma.id, inspection=read(InspectionIn, inspection))
    rma.refresh_from_db()
    return rma


def failed_refund(connection: Connection, *, code: str = "resource_missing") -> tuple[Refund, Delivery]:
    """Return a refund that the gateway refused, and its stopped delivery with its case, as the engine leaves them."""
    refund = inspected(received()).refunds.get()
    delivery = Delivery.objects.get(effect_key=refund.effect_key, destination=connection.destination)
    Delivery.objects.filter(pk=delivery.pk).update(
        status=DeliveryStatus.DEAD, failure_class=OutcomeClass.BUSINESS, failure_code=code,
        failure_message="No such payment.", attempt_no=1, first_sent_at=now(), finished_at=now(),
    )  # fmt: skip
    delivery = Delivery.objects.select_related("event", "destination").get(pk=delivery.pk)
    with transaction.atomic():
        publish(DeliveryDead(**facts_of(delivery)), subject=subject_of(delivery), actor=SYSTEM)
    refund.refresh_from_db()
    return refund, delivery


def stripe(**limits: Any) -> Connection:
    """Return the connection named stripe; nothing listens at its address."""
    return create_connection(
        actor=SYSTEM,
        vendor="stripe",
        name="stripe",
        label="Stripe",
        config={"base_url": "http://127.0.0.1:9/stripe"},
        secrets={"api_key": "sk_test_x", "webhook_secret": "whsec_x"},
        limits=limits,
    )


def stopped(rma: Return, connection: Connection, **fields: Any) -> Delivery:
    """Return a delivery of the return that the other system refused, with its one attempt."""
    event = rma_event(rma)
    moment = now() - timedelta(minutes=5)
    defaults: dict[str, Any] = {
        "event": event, "destination": connection.destination, "operation": "refund.create", "lane_key": str(rma.id),
        "effect_key": f"refund:{uuid7()}:1", "attempt_no": 1, "repeat_safe": False, "amount": 4599, "currency": "GBP",
        "deadline_at": moment + timedelta(days=2), "first_sent_at": moment, "finished_at": moment,
        "status": DeliveryStatus.DEAD, "failure_class": OutcomeClass.BUSINESS, "failure_code": "charge_disputed",
        "failure_message": "The charge is disputed.",
    }  # fmt: skip
    delivery = Delivery.objects.create(**(defaults | fields))
    request = {
        "method": "POST",
        "url": "https://api.stripe.example/v1/refunds",
        "headers": {},
        "body": {"amount": "4599"},
    }
    Attempt.objects.create(
        delivery=delivery, attempt_no=1, fence=1, trigger="auto", outcome=OutcomeClass.BUSINESS, code="charge_disputed",
        message="The charge is disputed.", http_status=400, request=request, response={"status": 400, "body": {}},
        started_at=moment, duration_ms=120,
    )  # fmt: skip
    return delivery


def rma_event(rma: Return) -> Any:
    """Return the latest event of the return."""
    from retailops.events.models import Event

    return Event.objects.filter(correlation_id=rma.correlation_id).order_by("-position").first()


def case_about(rma: Return, title: str = "Another item came back") -> Case:
    """Return an open case about the return."""
    told = CaseIn(
        kind="wrong_item", queue="business", title=title, dedupe_key=f"test:{uuid7()}", subject=rma.as_subject(),
        detail="The parcel holds a mug.", next_action="Ask the customer.",
    )  # fmt: skip
    return open_case(SYSTEM, told)


@dataclass(frozen=True)
class Story:
    """One return in GB with everything that a page can show of it."""

    rma: Return
    connection: Connection
    delivery: Delivery
    case: Case
    approval: Approval
    merge: CustomerMerge
    discrepancy: Discrepancy
    truth: SourceOfTruth

    @cached_property
    def failed(self) -> Refund:
        """Another return's refund that the gateway refused; made where a test asks for it."""
        return failed_refund(self.connection)[0]

    @classmethod
    def told(cls) -> "Story":
        """Make the story."""
        connection = stripe()
        rma = received("GB")
        delivery = stopped(rma, connection)
        asked = ask_replay(actor=Actor.system("colleague"), delivery_id=delivery.id, reason="The dispute was won.")
        story = cls(rma, connection, delivery, case_about(rma), asked, merged(), drifted(rma), ruled())
        rma.refresh_from_db()
        return story


def counts() -> dict[str, int]:
    """Return the number of rows of every table that a command could write to."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = 'public' AND c.relkind = 'r' "
            "AND c.relname ~ '^(returns|events|cases|inventory|connectors|reconciliation)_'"
        )
        names = [name for (name,) in cursor.fetchall()]
        found = {}
        for name in names:
            cursor.execute(f'SELECT count(*) FROM "{name}"')  # noqa: S608  # names come from the catalog
            found[name] = cursor.fetchone()[0]
    return found
