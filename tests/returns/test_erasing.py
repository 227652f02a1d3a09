"""The right to be forgotten: nothing of the person is found anywhere, and the books are as they were."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from connectors.erasing import forget_what_came_since
from connectors.models import InboxMessage
from retailops.accounts.permissions import Permission as P
from retailops.cases.models import Case
from retailops.cases.services import note_case
from retailops.events.models import Attempt, Delivery, Destination, Event
from retailops.lib.clock import now
from retailops.lib.erasing import erasing
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound
from retailops.lib.ids import uuid7
from returns.models import Customer, CustomerErasure, CustomerIdentity, Order, Refund, Return
from returns.services import decisions
from returns.services.erasing import erase_customer, erase_expired, hold_customer
from returns.services.merging import merge_customers
from tests.factories import SYSTEM, actor_with, ensure_policy, make_inspected_return, make_return
from tests.personal_data import places_of
from tests.returns.proofs import prove
from tests.returns.test_customers import bought, owner_of, person
from tests.returns.test_merging import customer_of
from tests.workbench.world import case_about, stripe

pytestmark = pytest.mark.django_db

NAME, EMAIL, PHONE, STREET = "Zebulon Quixworth", "zeb.quix@example.com", "07700 900123", "17 Marmalade Row"
STRINGS = ("Zebulon", "Quixworth", "zeb.quix", "7700900123", "900123", "ZQ-LOYAL", "Zéb", "Marmalade")


def zebulon(system: str = "shopify-uk", **fields: Any) -> dict[str, Any]:
    """Return the person who will be forgotten."""
    known = {"name": NAME, "email": EMAIL, "email_verified": True, "phone": PHONE, "phone_verified": True}
    return person(system, **(known | {"loyalty_id": "ZQ-LOYAL"} | fields))


def erase(order: Order, **fields: Any) -> Customer:
    """Erase who bought the order."""
    return erase_customer(**{"actor": SYSTEM, "customer_id": order.customer_id, "reference": "DSR-17", **fields})


def message(body: object, status: str, order: Order | None = None) -> InboxMessage:
    """Return a stored message of that state."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return InboxMessage.objects.create(
        connection=CONNECTION[0], kind="webhook", message_id=str(uuid7()), body=content, body_hash="x", verified=True,
        status=status, done_at=now() if status == "done" else None,
        correlation_id=order.correlation_id if order else None,
        error=f"refused: {EMAIL} is unknown" if status == "dead" else "",
    )  # fmt: skip


CONNECTION: list[Any] = []


@pytest.fixture(autouse=True)
def _connection() -> None:
    CONNECTION[:] = [stripe()]


def books() -> dict[str, list[tuple[Any, ...]]]:
    """Return every amount, state and key of orders, returns, refunds and stock."""
    tables = ("returns_orderline", "returns_payment", "returns_returnline", "returns_refundcomponent",
              "returns_creditmemo", "inventory_stockmove", "returns_receipt")  # fmt: skip
    found = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')  # noqa: S608  # names above
            found[table] = cursor.fetchall()
    found["orders"] = list(Order.objects.order_by("id").values_list("id", "number", "customer", "shipping_charged"))
    found["returns"] = list(Return.objects.order_by("id").values_list("id", "status", "money", "stock", "customer"))
    found["refunds"] = list(Refund.objects.order_by("id").values_list("id", "status", "amount", "payment"))
    return found


def life() -> tuple[Order, Return]:
    """Return an order and a return of the person, who is told of in every place that takes text."""
    order = bought(zebulon())
    rma = make_return(order, {2: 1})
    decisions.cancel_return(actor=SYSTEM, return_id=rma.id, reason=f"{NAME} rang from {PHONE}")
    done = make_inspected_return(order, {1: 2})
    refund = done.refunds.get()
    Refund.objects.filter(pk=refund.pk).update(failure_message=f"No account of {EMAIL.upper()}")
    case = case_about(done)
    note_case(SYSTEM, case.id, f"Called Zebulon Quixworth at +44 7700 900 123, of {STREET} and mail {EMAIL}.")
    Case.objects.filter(pk=case.pk).update(
        evidence={"caller": {"mail": EMAIL, "phone": 447700900123}, "Zebulon Quixworth": 1}
    )
    event = Event.objects.filter(correlation_id=order.correlation_id).first()
    assert event is not None
    delivery = Delivery.objects.create(
        event=event, destination=Destination.objects.create(kind="connection", name=str(uuid7()), system="x"),
        operation="x", lane_key="x", effect_key=str(uuid7()), deadline_at=now(), failure_message=f"who is {NAME}?",
    )  # fmt: skip
    Attempt.objects.create(
        delivery=delivery, attempt_no=1, fence=1, trigger="auto", outcome="business", message=f"no {EMAIL}",
        request={"note": f"for {NAME}"}, response={"said": [EMAIL, 5]}, started_at=now(),
    )  # fmt: skip
    return order, done


def test_nothing_of_the_person_is_found_anywhere_and_the_books_are_unchanged() -> None:
    order, _ = life()
    other = bought(person(email="other@example.com", name="Otto Brandt", phone="07700 900999"))
    shipping = {"address1": STREET, "city": "Marmaladeville", "country_code": "GB", "name": NAME}
    told = {"id": 1, "name": "#1001", "email": EMAIL, "shipping_address": shipping}
    done, dead = message(told, "done", order), message(told, "dead")
    pending = message(f"mail={EMAIL.replace('@', '%40')}&phone=07700+900123".encode(), "pending")
    strange = message(told | {"email": "other@example.com", "shipping_address": {}}, "done", other)
    before, at = books(), customer_of(order)
    assert len(places_of(*STRINGS)) > 12
    erase(order)
    left = [place for place in places_of(*STRINGS) if not place.startswith("connectors_inboxmessage.body")]
    assert left == []
    assert books() == before
    for each in (done, dead, pending, strange):
        each.refresh_from_db()
    assert bytes(done.body) == b""
    kept = json.loads(bytes(dead.body))
    assert (kept["name"], kept["email"], kept["shipping_address"]["country_code"]) == ("#1001", "[erased]", "GB")
    assert STREET not in str(kept)
    assert b"other@example.com" in bytes(strange.body)
    assert places_of(*STRINGS) == []
    for each in (dead, pending):
        each.delete()
    assert customer_of(other).email == "other@example.com"
    assert Event.objects.filter(type="customer.erased", subject_id=at.id).count() == 1
    prove()


def test_the_proof_counts_by_table_and_names_the_request() -> None:
    order, _ = life()
    erase(order)
    proof = CustomerErasure.objects.get(customer=order.customer)
    assert (proof.reference, proof.actor) == ("DSR-17", SYSTEM.key)
    assert proof.counts["returns_customer"] == 1
    assert {"returns_customerclaim", "returns_survivor", "cases_casenote", "events_attempt", "returns_refund"} <= set(
        proof.counts
    )


def test_twice_is_once() -> None:
    order = bought(zebulon())
    first, second = erase(order), erase(order)
    assert first.erased_at == second.erased_at
    assert Event.objects.filter(type="customer.erased").count() == CustomerErasure.objects.count() == 1


def test_all_that_was_merged_into_it_goes_with_it() -> None:
    keeps, goes = bought(person(name="Zeb Quixworth Jr")), bought(zebulon())
    ids: dict[str, Any] = {"winner_id": customer_of(keeps).id, "loser_id": customer_of(goes).id}
    merge_customers(actor=SYSTEM, reason=f"{NAME} said so", **ids)
    with pytest.raises(Conflict, match="erase the customer that it is now"):
        erase(keeps, customer_id=ids["loser_id"])
    erase(keeps)
    assert places_of(*STRINGS) == []
    assert Customer.objects.filter(erased_at__isnull=False).count() == 2
    prove()


def test_a_legal_hold_forbids_it_with_its_reason() -> None:
    order = bought(zebulon())
    hold_customer(actor=SYSTEM, customer_id=customer_of(order).id, reason="Claim 4411 in court")
    with pytest.raises(Conflict, match="Claim 4411") as refused:
        erase(order)
    assert refused.value.code == "legal-hold"
    assert customer_of(order).email == EMAIL
    hold_customer(actor=SYSTEM, customer_id=customer_of(order).id, reason="")
    assert erase(order).erased_at is not None


@pytest.mark.parametrize("reference", ["", "for Zebulon Quixworth", f"of {EMAIL}"], ids=["none", "name", "mail"])
def test_the_reference_tells_a_request_and_no_person(reference: str) -> None:
    order = bought(zebulon())
    with pytest.raises(Invalid):
        erase(order, reference=reference)
    assert customer_of(order).email == EMAIL


def test_what_is_told_of_an_erased_person_later_is_not_kept() -> None:
    told = zebulon(external_id=EMAIL)
    order = bought(told)
    erase(order)
    assert CustomerIdentity.objects.get(customer=order.customer).external_id.startswith("erased:")
    later = bought(told)
    assert later.customer_id == order.customer_id
    assert places_of(*STRINGS) == []
    since = message({"email": EMAIL}, "done", later)
    assert forget_what_came_since() == 1
    since.refresh_from_db()
    assert bytes(since.body) == b""


def test_a_new_name_of_an_erased_person_is_a_new_customer() -> None:
    order = bought(zebulon())
    erase(order)
    assert bought(zebulon("till")).customer_id != order.customer_id


def test_a_short_name_is_taken_out_of_its_own_stories_alone() -> None:
    mine, theirs = bought(person(name="Ida")), bought(person(name="Ida Brandt"))
    for order in (mine, theirs):
        rma = make_return(order, {1: 1})
        decisions.cancel_return(actor=SYSTEM, return_id=rma.id, reason="Ida called, from Idaho")
    erase(mine)
    reasons = dict(Return.objects.values_list("order_id", "decision_reason"))
    assert reasons == {mine.id: "[erased] called, from Idaho", theirs.id: "Ida called, from Idaho"}
    assert customer_of(theirs).name == "Ida Brandt"


def test_append_only_lets_nothing_but_erasing_through() -> None:
    bought(person())
    event = Event.objects.first()
    assert event is not None
    for change in ({"type": "other"}, {"type": "[erased]"}, {"reason_code": "x"}):
        with pytest.raises(Exception, match="append-only"), transaction.atomic():
            Event.objects.filter(pk=event.pk).update(**change)
    with pytest.raises(Exception, match="append-only"), transaction.atomic(), erasing():
        Event.objects.filter(pk=event.pk).update(reason_code="[erased]", occurred_at=now())


def test_three_persons() -> None:
    order = bought(zebulon(), region="uk")
    viewer = actor_with(P.CUSTOMERS_VIEW, regions=["uk"])
    elsewhere = actor_with(P.CUSTOMERS_VIEW, P.CUSTOMERS_MANAGE, regions=["fr"])
    for actor, refusal in ((viewer, Denied), (elsewhere, NotFound), (actor_with(regions=["uk"]), NotFound)):
        with pytest.raises(refusal):
            erase(order, actor=actor)
        with pytest.raises(refusal):
            hold_customer(actor=actor, customer_id=customer_of(order).id, reason="x")
    assert customer_of(order).email == EMAIL
    erase(order, actor=actor_with(P.CUSTOMERS_VIEW, P.CUSTOMERS_MANAGE, regions=["uk"]))


def test_retention_is_by_region_and_the_longest_counts(settings: Any) -> None:
    settings.CUSTOMER_RETENTION_DAYS = {"uk": 100, "fr": 400}
    ensure_policy()
    old, young = now() - timedelta(days=200), now() - timedelta(days=5)
    gone, both, elsewhere, held, open_one = person(), person(), person(), person(), person()
    bought(gone, placed_at=old)
    bought(both, placed_at=old)
    bought(both, placed_at=old, region="fr")
    bought(elsewhere, placed_at=old, region="de")
    hold_customer(actor=SYSTEM, customer_id=customer_of(bought(held, placed_at=old)).id, reason="court")
    make_return(bought(open_one, placed_at=old), {1: 1}, requested_at=old + timedelta(days=5))
    bought(person(), placed_at=young)
    assert erase_expired() == 1
    assert owner_of(gone).erased_at is not None
    assert CustomerErasure.objects.get().reference == "retention"
    assert erase_expired() == 0
