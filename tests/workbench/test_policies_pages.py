"""Pages of policies and of what codes mean, as people use them."""

from typing import Any

import pytest
from django.test import Client

from connectors.meanings import UnmappedCode, hold
from connectors.models import InboxKind, InboxMessage
from retailops.accounts.models import User
from retailops.cases.models import Case
from returns.models import ReturnPolicy, Term
from tests.workbench import world
from tests.workbench.drafted_policy import policy_draft

pytestmark = pytest.mark.django_db


def form_of(client: Client, path: str) -> dict[str, Any]:
    """Return what the editor's form would send as it is shown."""
    shown = client.get(path)
    assert shown.status_code == 200
    form = shown.context["form"]
    found: dict[str, Any] = {}
    for field in form:
        value = field.value()
        if value is None or value is False:
            continue
        found[field.html_name] = "on" if value is True else field.field.prepare_value(value)
    return found


@pytest.fixture
def author() -> User:
    return world.person("manager")


@pytest.fixture
def checker() -> User:
    return world.person("administrator")


def test_a_version_is_written_agreed_to_and_put_in_force(author: User, checker: User) -> None:
    writer, reader = world.signed_in(author), world.signed_in(checker)
    begun = writer.post("/policies/new/", {"name": "standard"})
    assert (begun.status_code, begun["Location"]) == (303, "/policies/standard/2/edit/")
    form = form_of(writer, "/policies/standard/2/edit/")
    sent = form | {
        "window_days": "45", "amount__auto_approve_limit__GBP": "99.50", "amount__keep_it_below__EUR": "7",
        "restocking_fee__percent": "12.5", "restocking_fee__waived_reasons": ["defective"],
        "restocking_fee__waive_merchant_fault": "on", "amount__approval_limits__ops_lead__USD": "no limit",
    }  # fmt: skip
    assert writer.post("/policies/standard/2/edit/", sent).status_code == 303
    page = writer.get("/policies/standard/2/").content.decode()
    for text in ("30 days", "45 days", "12.5 %; not for: defective, whatever is our fault", "99.50 GBP", "7.00 EUR"):
        assert text in page, text
    assert writer.post("/policies/standard/2/do/submit/", {"reason": "summer"}).status_code == 303
    assert "You wrote it" not in reader.get("/policies/standard/2/").content.decode()
    assert writer.post("/policies/standard/2/do/approve/", {"reason": "mine"}).status_code == 403
    assert "45 days" in reader.get("/policies/standard/2/do/approve/").content.decode()
    assert "standard@2" in reader.get("/approvals/").content.decode()
    assert reader.post("/policies/standard/2/do/approve/", {"reason": "seen"}).status_code == 303
    assert writer.post("/policies/standard/2/do/activate/", {}).status_code == 303
    policy = ReturnPolicy.objects.get(name="standard", version=2)
    assert policy.status == "active"
    before = ReturnPolicy.objects.get(name="standard", version=1).rules
    assert policy.rules["approval_limits"]["ops_lead"] == before["approval_limits"]["ops_lead"] | {"USD": None}
    assert policy.rules["auto_approve_limit"] == before["auto_approve_limit"] | {"GBP": 9950}
    assert policy.rules["final_sale_categories"] == ["gift_card", "clearance"]
    assert "Followed by a newer one" in writer.get("/policies/").content.decode()


def test_the_form_as_it_is_shown_changes_nothing(author: User) -> None:
    client = world.signed_in(author)
    client.post("/policies/new/", {"name": "standard"})
    before = ReturnPolicy.objects.get(version=2).rules
    assert client.post("/policies/standard/2/edit/", form_of(client, "/policies/standard/2/edit/")).status_code == 303
    assert ReturnPolicy.objects.get(version=2).rules == before


def test_what_is_held_and_what_is_stored_is_edited_too(author: User) -> None:
    client = world.signed_in(author)
    client.post("/policies/new/", {"name": "standard"})
    address = "/policies/standard/2/edit/"
    sent = form_of(client, address) | {
        "stored_value__bonus_percent": "5", "stored_value__store_credit_days": "365",
        "stored_value__gift_card_days": "",
        "fraud__kinds": ["blind"], "fraud__returns_above__count": "4", "fraud__returns_above__days": "",
        "fraud__return_rate_above__percent": "", "fraud__return_rate_above__days": "30",
        "fraud__refund_before_goods": "on", "fraud__review_hours": "24", "amount__fraud__value_above__GBP": "500",
        "amount__fraud__refund_above__EUR": "70.50", "amount__stored_value__gift_limit__GBP": "no limit",
    }  # fmt: skip
    assert client.post(address, sent).status_code == 303
    rules = ReturnPolicy.objects.get(version=2).rules
    stored, fraud = rules["stored_value"], rules["fraud"]
    assert (float(stored["bonus_percent"]), stored["store_credit_days"], stored["gift_card_days"]) == (5, 365, None)
    assert stored["gift_limit"] == {"GBP": None}
    assert (fraud["kinds"], fraud["returns_above"]) == (["blind"], {"count": 4, "days": 90})
    assert (fraud["return_rate_above"], fraud["refund_before_goods"], fraud["review_hours"]) == (None, True, 24)
    assert (fraud["value_above"], fraud["refund_above"]) == ({"GBP": 50_000}, {"EUR": 7050})
    cleared = form_of(client, address) | {"fraud__returns_above__count": "", "amount__fraud__value_above__GBP": ""}
    assert client.post(address, cleared).status_code == 303
    fraud = ReturnPolicy.objects.get(version=2).rules["fraud"]
    assert (fraud["returns_above"], fraud["value_above"]) == (None, {})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fraud__review_hours": "0"}, "greater than or equal to 1"),
        ({"stored_value__store_credit_days": "0"}, "greater than or equal to 1"),
        ({"stored_value__bonus_percent": "101"}, "less than or equal to 100"),
        ({"window_days": "13", "region": "DE"}, "gives customers 14 days"),
        ({"window_days": "-1"}, "greater than or equal to 0"),
        ({"amount__auto_approve_limit__GBP": "12.345"}, "at most 2 decimals"),
        ({"amount__keep_it_below__GBP": "no limit"}, "at most 2 decimals"),
        ({"resolutions": []}, ""),
    ],
    ids=["hours", "days", "bonus", "law", "negative", "decimals", "unlimited", "none-offered"],
)
def test_what_cannot_be_is_told_at_the_field(author: User, change: dict[str, Any], words: str) -> None:
    client = world.signed_in(author)
    client.post("/policies/new/", {"name": "standard"})
    answer = client.post("/policies/standard/2/edit/", form_of(client, "/policies/standard/2/edit/") | change)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert ReturnPolicy.objects.get(version=2).revision == 1


def test_a_stale_editor_overwrites_nothing(author: User) -> None:
    client = world.signed_in(author)
    client.post("/policies/new/", {"name": "standard"})
    form = form_of(client, "/policies/standard/2/edit/")
    assert client.post("/policies/standard/2/edit/", form | {"window_days": "40"}).status_code == 303
    assert client.post("/policies/standard/2/edit/", form | {"window_days": "50"}).status_code == 409
    assert ReturnPolicy.objects.get(version=2).rules["window_days"] == 40


def test_who_only_looks_is_offered_nothing(checker: User) -> None:
    policy_draft()
    looker = world.signed_in(world.person("ops_agent"))
    page = looker.get("/policies/standard/2/").content.decode()
    assert "/policies/standard/2/do/" not in page
    assert "/policies/standard/2/edit/" not in page
    for path in ("edit/", "do/submit/", "do/retire/"):
        assert looker.post(f"/policies/standard/2/{path}", {"reason": "x"}).status_code == 403
    stranger = world.signed_in(world.person("administrator", regions=["FR"]))
    assert stranger.get("/policies/standard/2/").status_code == 200
    assert stranger.post("/policies/standard/2/do/submit/", {"reason": "x"}).status_code == 403
    assert stranger.post("/policies/codes/condition/new/", {"code": "x", "label": "X"}).status_code == 403
    assert ReturnPolicy.objects.get(version=2).status == "draft"


def test_the_impact_is_shown_with_examples_that_open(author: User) -> None:
    rma = world.requested(quantity=2)
    draft = policy_draft()
    page = world.signed_in(author).get(f"/policies/standard/{draft.version}/impact/").content.decode()
    assert f'href="/returns/{rma.number}/"' in page
    assert "Another fee" in page
    assert "0.00 GBP → 12.20 GBP" in page


def test_an_order_is_asked_about() -> None:
    order = world.order_of(world.requested(quantity=1))
    client = world.signed_in(world.person("ops_agent"))
    page = client.get("/returns/check/", {"order": order.number}).content.decode()
    for text in ("JUMPER-M", "1 of 2", "45.99", "MUG", "12.00", "standard@1"):
        assert text in page, text
    assert "No order bears" in client.get("/returns/check/", {"order": "nope"}).content.decode()
    stranger = world.signed_in(world.person("ops_agent", regions=["FR"]))
    assert "No order bears" in stranger.get("/returns/check/", {"order": order.number}).content.decode()


def test_the_return_says_why() -> None:
    rma = world.requested(quantity=1)
    page = world.signed_in(world.person("ops_agent")).get(f"/returns/{rma.number}/").content.decode()
    for text in ("Decided by policy standard@1", "open until", "1 asked for, 2 could still come back, worth 45.99 GBP"):
        assert text in page, text


def test_terms_are_added_changed_and_retired(author: User) -> None:
    client = world.signed_in(author)
    new = {"code": "moths", "label": "Eaten by moths", "merchant_fault": "on"}
    assert client.post("/policies/codes/customer_reason/new/", new).status_code == 303
    term = Term.objects.get(code="moths")
    assert (term.merchant_fault, term.active, term.since) == (True, True, 2)
    assert client.post("/policies/codes/customer_reason/new/", new).status_code == 422
    assert client.post("/policies/codes/customer_reason/moths/", {"label": "Moths"}).status_code == 303
    assert client.post("/policies/codes/customer_reason/moths/retire/").status_code == 303
    assert client.post("/policies/codes/customer_reason/moths/retire/").status_code == 409
    term.refresh_from_db()
    assert (term.label, term.active, term.retired_in, term.merchant_fault) == ("Moths", False, 4, False)
    assert "retired (4)" in client.get("/policies/codes/").content.decode()


def test_a_code_is_given_its_meaning_on_the_connections_page() -> None:
    connection = world.stripe()
    message = InboxMessage.objects.create(
        connection=connection, kind=InboxKind.WEBHOOK, message_id="m1", topic="x", body=b"{}", body_hash="h"
    )
    hold(message, UnmappedCode("customer_reason", "R-17"))
    client = world.signed_in(world.person("connector_admin"))
    assert "No meaning yet" in client.get("/connections/stripe/codes/").content.decode()
    case = Case.objects.get(kind="code_unmapped")
    assert "/connections/stripe/codes/" in client.get(f"/cases/{case.id}/").content.decode()
    asked = {"vocabulary": "customer_reason", "code": "R-17"}
    assert client.get("/connections/stripe/codes/map/", asked).status_code == 200
    assert client.post("/connections/stripe/codes/map/", asked | {"term": "gone"}).status_code == 422
    assert client.post("/connections/stripe/codes/map/", asked | {"term": "too_small"}).status_code == 303
    assert "Too small" in client.get("/connections/stripe/codes/").content.decode()
    case.refresh_from_db()
    assert case.status == "resolved"
    looker = world.signed_in(world.person("ops_agent"))
    assert looker.post("/connections/stripe/codes/map/", asked | {"term": "other"}).status_code == 403
