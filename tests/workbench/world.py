"""People and returns for tests of pages, made by the same commands that people and systems use."""

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db import transaction
from django.test import Client

from connectors.models import Connection
from connectors.services import create_connection
from inventory.enums import Disposition
from inventory.inputs import AdjustmentIn, SnapshotIn, SnapshotRowIn, StateMapIn
from inventory.models import Location, Lot, SerialUnit, StateMapChange, StockAdjustment, StockDrift, StockTransfer
from inventory.services import MoveIn, adjust_stock, move_stock, put_state_map, send_transfer, take_snapshot
from inventory.services.comparing import compare_snapshot
from inventory.transfer_inputs import TransferIn
from reconciliation.models import Discrepancy
from retailops.accounts.actor import Actor
from retailops.accounts.api_keys import issue_api_key
from retailops.accounts.models import ApiClient, RoleGrant, User
from retailops.cases.evidence import Upload, add_evidence
from retailops.cases.inputs import CaseIn, RuleIn, ViewIn
from retailops.cases.models import Approval, Case, CaseGroup, CaseRule, EvidenceFile, SavedView
from retailops.cases.services import (
    approve,
    ask_replay,
    make_rule,
    note_group,
    open_case,
    resolve_case,
    save_view,
    set_due,
    tag_group,
)
from retailops.events.enums import DeliveryStatus, OutcomeClass
from retailops.events.kernel_events import DeliveryDead
from retailops.events.models import Attempt, Delivery
from retailops.events.publish import publish
from retailops.events.replay import facts_of, subject_of
from retailops.lib.clock import now
from retailops.lib.ids import uuid7
from retailops.lib.money import Money
from retailops.replays.freezing import Selection
from retailops.replays.models import BulkOperation
from retailops.replays.services import ask_plan_approval, plan_replay
from retailops.replays.working import advance
from returns.inputs import InspectionIn, OrderIn, ReceiptIn, RefundProposalIn, ReturnIn, read
from returns.inputs.chargebacks import ChargebackIn
from returns.inputs.claims import ClaimIn, SupplierIn, SupplierSkuIn
from returns.inputs.exchanges import ExchangeIn
from returns.inputs.store import StoreBatchIn
from returns.inputs.stored_value import GiftIn
from returns.inputs.truth import TruthIn
from returns.models import (
    CreditMemo,
    CustomerMerge,
    DispositionSlice,
    Exchange,
    FraudReview,
    Order,
    Refund,
    Return,
    ReturnPolicy,
    SourceOfTruth,
    StoreBatch,
    StoredAccount,
    SupplierClaim,
    WarrantyAssessment,
)
from returns.services import refund_outcomes
from returns.services.chargebacks import record_chargeback
from returns.services.claim_drafting import draft_claim
from returns.services.credit_memos import record_credit_memo
from returns.services.exchanges import propose_exchange
from returns.services.giving_value import give_stored_value
from returns.services.inspecting import inspect_return
from returns.services.intake import request_return
from returns.services.merging import merge_customers
from returns.services.orders import capture_order
from returns.services.owning import own_field
from returns.services.receiving import receive_return
from returns.services.refunds import propose_refund
from returns.services.store_batches import receive_store_batch
from returns.services.suppliers import put_supplier, put_supplier_skus
from tests.workbench.pictures import picture
from tests.workbench.settled_story import SettledStory, settled

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


def requested(region: str = "GB", *, quantity: int = 1, brand: str = "north", **changes: Any) -> Return:
    """Return a return of jumpers; the standard policy has authorized it."""
    location(region)
    order = capture_order(actor=SYSTEM, order=order_in(region, brand=brand)).order
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


def came_back() -> Return:
    """Return a return whose refund was paid and posted, and whose money then came back."""
    refund = inspected(received()).refunds.get()
    refund_outcomes.settle_refund(actor=SYSTEM, refund_id=refund.id, external_reference=f"re_{uuid7()}")
    memo = CreditMemo.objects.get(refund=refund)
    record_credit_memo(actor=SYSTEM, memo_id=memo.id, external_reference="CM-20417")
    refund_outcomes.reverse_refund(actor=SYSTEM, refund_id=refund.id, code="account_closed")
    refund.rma.refresh_from_db()
    return refund.rma


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


def picture_of(kind: str, subject_id: UUID, name: str = "seam-torn.png") -> EvidenceFile:
    """Return a picture that was kept with the thing."""
    return add_evidence(actor=SYSTEM, subject_type=kind, subject_id=subject_id, upload=Upload(name, picture()))


def refund_that_waits(*, requester: Actor = SYSTEM, amount: int = 6000) -> Refund:
    """Return a refund above what policy gives, which waits for a second person, with a file and a lost dispute."""
    rma = received()
    payment = order_of(rma).payments.get()
    ask = {"amount": amount, "reason": "The seam tore on the first day", "reason_code": "merchant_fault"}
    refund = propose_refund(actor=requester, return_id=rma.id, proposal=read(RefundProposalIn, ask))[0]
    picture_of("refund", refund.id)
    told = {"external_id": "dp_1Q2w3E", "status": "lost", "amount": 1200, "currency": "GBP", "told_at": now()}
    told |= {"reason": "product_not_received"}
    record_chargeback(actor=SYSTEM, payment_id=payment.id, told=read(ChargebackIn, told))
    return Refund.objects.select_related("rma", "approval").get(pk=refund.pk)


@dataclass(frozen=True)
class StockStory:
    """A difference with another system's count, to be settled, and a counted one that waits for a second person."""

    drift: StockDrift
    adjustment: StockAdjustment
    lot: Lot
    unit: SerialUnit
    transfer: StockTransfer
    change: StateMapChange


def counted(region: str = "GB") -> StockStory:
    """Return what two counts of the region's warehouse and one by hand made of it."""
    place = location(region).code
    put_state_map(actor=SYSTEM, source="wms", told=StateMapIn(states={"ON_HAND": Disposition.SELLABLE}))
    for _ in range(2):
        rows = [SnapshotRowIn(sku="JUMPER-M", state="ON_HAND", quantity=40)]
        told = SnapshotIn(source="wms", reference=f"{uuid7()}", location=place, as_of=now(), rows=rows)
        compare_snapshot(take_snapshot(actor=SYSTEM, snapshot=told).id)
    found = AdjustmentIn(
        reference=f"{uuid7()}", sku="MUG", location=place, disposition=Disposition.SELLABLE, change=2,
        reason="Counted on Monday",
    )  # fmt: skip
    waiting = adjust_stock(actor=Actor.system("colleague"), adjustment=found)
    came = MoveIn(f"in:{uuid7()}", "SERUM", 1, "external", "sellable", place, "adjustment", uuid7(), uuid7())
    yesterday = (now() - timedelta(days=1)).date()
    move_stock(actor=SYSTEM, moves=[replace(came, serials=("SR-100",), lot="L2026-04", lot_expires_on=yesterday)])
    lot, unit = Lot.objects.get(sku="SERUM"), SerialUnit.objects.get(sku="SERUM")
    shop = {"name": f"{region} shop", "region": region, "kind": "store"}
    other = Location.objects.get_or_create(code=f"{region}-SHOP", defaults=shop)[0].code
    line = {"sku": "SERUM", "quantity": 1, "serials": ["SR-100"], "lot": "L2026-04"}
    sent = {"reference": f"{uuid7()}", "source": place, "target": other, "reason": "Evening van", "lines": [line]}
    transfer = send_transfer(actor=SYSTEM, transfer=TransferIn.model_validate(sent))
    meant = StateMapIn(states={"ON_HAND": Disposition.QUARANTINE, "HOLD": Disposition.QUARANTINE})
    put_state_map(actor=Actor.system("colleague"), source="wms", told=meant, reason="On hand is not yet checked there")
    change = StateMapChange.objects.get(source="wms")
    drift = StockDrift.objects.get(location__code=place, sku="JUMPER-M")
    return StockStory(drift, waiting, lot, unit, transfer, change)


def worked_cause(rma: Return) -> CaseGroup:
    """Return a cause of the return's region that was mended once and came back: two currencies, one case late."""
    for number, (amount, currency) in enumerate([(4599, "GBP"), (4599, "GBP"), (12_900, "EUR")]):
        told = CaseIn(
            kind="delivery.dead", queue="business", title=f"Stripe refused refund {number + 1}: the charge is disputed",
            group_title="Stripe refuses refunds: the charge is disputed", fingerprint="disputed",
            subject=rma.as_subject(), versions=(1, number + 1),
            dedupe_key=f"test:{uuid7()}", money=Money(amount, currency), connection="stripe", system="stripe",
            operation="refund.create", failure_class="business", failure_code="charge_disputed",
        )  # fmt: skip
        case = open_case(SYSTEM, told)
        set_due({case.id: now() + timedelta(hours=number - 1) if number < 2 else None})
        if not number:
            resolve_case(SYSTEM, case.id, "The dispute was won; sent again", {"reference": "OPS-88"})
    tag_group(SYSTEM, case.group_id, ["disputes", "bank holiday"])
    note_group(SYSTEM, case.group_id, "The bank answers on Monday.")
    return case.group


@dataclass(frozen=True)
class Story:
    """One return in GB with everything that a page can show of it."""

    rma: Return
    connection: Connection
    delivery: Delivery
    case: Case
    approval: Approval
    file: EvidenceFile

    @cached_property
    def cause(self) -> CaseGroup:
        """A cause that came back, with several cases, notes, tags and a memory; made where a test asks for it."""
        return worked_cause(self.rma)

    @cached_property
    def rule(self) -> CaseRule:
        """A rule of the region that gives cases to a person; made where a test asks for it."""
        somebody = person("ops_agent", name="Ruth Rule")
        return make_rule(SYSTEM, RuleIn("assign", region="GB", system="netsuite", owner=somebody.id))

    @cached_property
    def view(self) -> SavedView:
        """A view that somebody keeps for themselves; made where a test asks for it."""
        return save_view(person("ops_agent", name="Vera View").actor(), ViewIn("Mine and late", "q=owner%3Ame"))

    @cached_property
    def waiting(self) -> Refund:
        """Another return's refund beyond policy that waits, with evidence, beside a lost dispute."""
        return refund_that_waits()

    @cached_property
    def merge(self) -> CustomerMerge:
        """Two customers of the region who became one; made where a test asks for it."""
        return merged()

    @cached_property
    def discrepancy(self) -> Discrepancy:
        """What another system tells otherwise of the return's order; made where a test asks for it."""
        return drifted(self.rma)

    @cached_property
    def settled(self) -> SettledStory:
        """A settlement file of the region with what became of it; made where a test asks for it."""
        return settled()

    @cached_property
    def truth(self) -> SourceOfTruth:
        """A rule which system owns a field; made where a test asks for it."""
        return ruled()

    @cached_property
    def failed(self) -> Refund:
        """Another return's refund that the gateway refused; made where a test asks for it."""
        return failed_refund(self.connection)[0]

    @cached_property
    def memo(self) -> CreditMemo:
        """The posted memo of a refund that came back, on another return; made where a test asks for it."""
        return came_back().credit_memos.get()

    @cached_property
    def stock(self) -> StockStory:
        """What stands otherwise than booked; made where a test asks for it."""
        return counted()

    @cached_property
    def batch(self) -> StoreBatch:
        """What an offline till of the region handed in: one return that fits and one of an unknown order."""
        return handed_in(order_of(self.rma).number)

    @cached_property
    def judged(self) -> DispositionSlice:
        """A verdict on goods of another return of the region."""
        return DispositionSlice.objects.filter(inspection__rma=inspected(received())).get()

    @cached_property
    def claim(self) -> SupplierClaim:
        """A draft above the limit, for a mug of a return in GB that waits for its supplier."""
        rma = received()
        slices = [{"line_no": 1, "quantity": 1, "accepted": True, "disposition": "return_to_vendor"}]
        told = {"reference": f"inspection-{uuid7()}", "location": location("GB").code, "slices": slices}
        made = inspect_return(actor=SYSTEM, return_id=rma.id, inspection=read(InspectionIn, told))
        terms = SupplierIn(name="Highland Wool", restocking_basis_points=1000, approval_above={"GBP": 1000})
        put_supplier(actor=SYSTEM, code="highland", supplier=terms)
        costs = [SupplierSkuIn(sku="JUMPER-M", unit_cost=1850, currency="GBP", supplier_sku="HW-17")]
        put_supplier_skus(actor=SYSTEM, code="highland", skus=costs)
        line = {"slice_id": made.slices.get().id}
        return draft_claim(actor=SYSTEM, claim=read(ClaimIn, {"lines": [line], "reason": "seam torn"}))

    @cached_property
    def part(self) -> DispositionSlice:
        """The verdict that the claim is for."""
        part = self.claim.lines.get().slice
        assert part
        return part

    @cached_property
    def review(self) -> FraudReview:
        """A return in GB that waits because it is worth too much."""
        standard = ReturnPolicy.objects.get(name="standard", version=1)
        fields = {"rules": standard.rules | {"fraud": {"value_above": {"*": 0}}}, "brand": "held"}
        ReturnPolicy.objects.create(name=f"held-{uuid7().hex[:8]}", status="active", **fields)
        return requested(brand="held").fraud_reviews.get()

    @cached_property
    def assessed(self) -> WarrantyAssessment:
        """A jumper in GB that came back under warranty and waits for its verdict."""
        line = {"external_id": "l1", "quantity": 1, "resolution": "repair", "reason": "broken", "evidence": ["photo"]}
        return arrive(requested(kind="warranty", lines=[line])).assessments.get()

    @cached_property
    def account(self) -> StoredAccount:
        """A gift card that the customer of the return was given; made where a test asks for it."""
        key = str(uuid7())
        gift = GiftIn(kind="gift_card", order_id=order_of(self.rma).id, amount=500, reason="late parcel", key=key)
        waiting = give_stored_value(actor=Actor.system("colleague"), gift=gift)
        assert waiting.approval is not None
        approve(person("finance_approver").actor(), waiting.approval.id, "fine")
        waiting.account.refresh_from_db()
        return waiting.account

    @cached_property
    def gift(self) -> Approval:
        """Another gift that waits for a second person; made where a test asks for it."""
        key = str(uuid7())
        gift = GiftIn(order_id=order_of(self.rma).id, amount=2500, reason="the parcel was late twice", key=key)
        found = give_stored_value(actor=Actor.system("colleague"), gift=gift).approval
        assert found is not None
        return found

    @cached_property
    def swapped(self) -> Exchange:
        """Another return's exchange that waits for its payment; made where a test asks for it."""
        return exchange_awaiting_payment()

    @cached_property
    def colleague(self) -> User:
        """Return somebody who has a role."""
        return person("ops_agent", name="Kim Colleague")

    @cached_property
    def till(self) -> ApiClient:
        """Return another system with a key."""
        return issue_api_key("till-london", ["returns:read"], regions=["GB"])[0]

    @cached_property
    def plan(self) -> BulkOperation:
        """A plan to send a large refund again, which waits for a second person; made where a test asks for it."""
        return planned(stopped(self.rma, self.connection, amount=1_500_000, lane_key=f"plan-{self.rma.id}"))

    @classmethod
    def told(cls) -> "Story":
        """Make the story."""
        connection = stripe()
        rma = received("GB")
        delivery = stopped(rma, connection)
        asked = ask_replay(actor=Actor.system("colleague"), delivery_id=delivery.id, reason="The dispute was won.")
        story = cls(rma, connection, delivery, case_about(rma), asked, picture_of("return", rma.id))
        rma.refresh_from_db()
        return story


def planned(*deliveries: Delivery) -> BulkOperation:
    """Return the judged plan of these deliveries, made by an agent; above the limit it is asked for."""
    actor = person("ops_agent", name="Mia Moss").actor()
    made = plan_replay(actor, Selection(ids=[each.id for each in deliveries]), "The gateway is back")
    advance(made.id, seconds=10)
    made.refresh_from_db()
    if made.needs_approval:
        ask_plan_approval(actor, made.id, made.hash, "The bank confirmed it")
    return made


def store(region: str = "GB") -> Location:
    """Return a store of the region."""
    defaults = {"name": f"{region} high street", "region": region, "kind": "store"}
    return Location.objects.get_or_create(code=f"{region}-ST", defaults=defaults)[0]


def handed_in(number: str) -> StoreBatch:
    """Return a batch of an offline till: a mug of the order, and one of an order that nobody knows."""
    moment = (now() - timedelta(hours=2)).isoformat()
    items = [
        {
            "id": uuid7().hex[-10:], "happened_at": moment, "order_number": named,
            "lines": [{"sku": "MUG", "quantity": 1}],
            "refunds": [{"reference": uuid7().hex[-10:], "amount": 1200, "paid_at": moment}],
        }
        for named in (number, "NOT-OURS")
    ]  # fmt: skip
    told = {
        "store": store().code, "reference": f"till-{uuid7().hex[-6:]}", "region": "GB", "brand": "north",
        "currency": "GBP", "items": items,
    }  # fmt: skip
    return receive_store_batch(actor=SYSTEM, batch=read(StoreBatchIn, told))[0]


def exchange_awaiting_payment() -> Exchange:
    """Return an exchange of a jumper for a dearer one, whose goods are held and whose balance is owed."""
    policy = ReturnPolicy.objects.filter(name="standard").latest("version")
    rules = policy.rules | {"resolutions": ["refund", "exchange", "replacement", "store_credit", "none"]}
    ReturnPolicy.objects.create(
        name="standard", version=policy.version + 1, status="active", rules=rules, effective_from=policy.effective_from
    )
    line = {"external_id": "l1", "quantity": 1, "reason": "too_small", "resolution": "exchange"}
    rma = requested(lines=[line], kind="exchange")
    place = location("GB").code
    new = MoveIn(f"in:{uuid7()}", "JUMPER-L", 2, "external", "sellable", place, "adjustment", uuid7(), uuid7())
    move_stock(actor=SYSTEM, moves=[new])
    taxes = [{"code": "VAT20", "amount": 850, "included": True}]
    wanted = {"line_no": 1, "quantity": 1, "wanted_sku": "JUMPER-L", "wanted_title": "Merino jumper, large",
              "unit_price": 5099, "taxes": taxes}  # fmt: skip
    proposal = read(ExchangeIn, {"lines": [wanted], "reserve": True})
    return propose_exchange(actor=SYSTEM, return_id=rma.id, proposal=proposal)
