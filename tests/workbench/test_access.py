"""Nobody sees or does on a page what the role, region or brand does not allow; every address is walked."""

from collections.abc import Callable
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse

from connectors.web import endpoint_urls
from connectors.web import urls as connection_urls
from inventory.web import urls as stock_urls
from reconciliation.web import settlement_urls
from reconciliation.web import urls as discrepancy_urls
from retailops import urls as composition
from retailops.accounts.models import DeniedAttempt
from retailops.audit_log.web import urls as audit_urls
from retailops.lib.ids import uuid7
from retailops.people.web import account_urls, client_urls
from retailops.people.web import urls as people_urls
from retailops.workbench import urls as workbench_urls
from retailops.workbench.dashboards import urls as dashboard_urls
from retailops.workbench.exceptions.bulk import BULK
from retailops.workbench.exceptions.group_steps import STEPS
from retailops.workbench.sla import alert_urls
from retailops.workbench.sla import urls as sla_urls
from returns.models import Return
from returns.web import claim_urls, customer_urls, fraud_urls, order_urls, policy_urls, stored_urls
from returns.web import urls as return_urls
from tests.workbench import connected, world
from tests.workbench.counting import counts

pytestmark = pytest.mark.django_db

MODULES = (
    workbench_urls,
    return_urls,
    connection_urls,
    policy_urls,
    stock_urls,
    claim_urls,
    fraud_urls,
    stored_urls,
    order_urls,
    customer_urls,
    discrepancy_urls,
    settlement_urls,
    people_urls,
    client_urls,
    account_urls,
    dashboard_urls,
    endpoint_urls,
    sla_urls,
    alert_urls,
    audit_urls,
)
# Not ours: the API (tests/api walks it), webhooks, sign-in, and what the machinery asks for.
OTHERS = {"retailops.api", "allauth.account.urls", "allauth.mfa.urls", "retailops.runtime.urls"}
OPEN_TO_ALL = {"workbench:home", "workbench:screens", "account:profile", "account:email"}
# The own account: what is sent to it is about oneself.
OWN = {"account:profile", "account:email"}
# An empty form of the own profile is refused; the address of the own e-mail leads back to the profile.
OWN_REFUSED = {302, 422}
# These lists are open to a person of another region; they are empty for it.
LISTS = {
    "audit:list",
    "workbench:cases",
    "workbench:exceptions",
    "workbench:case_newcomers",
    "workbench:query_words",
    "workbench:case_export",
    "workbench:case_bulk",
    "workbench:view_save",
    "workbench:rules",
    "workbench:rule_add",
    "workbench:dead",
    "workbench:search",
    "workbench:approvals",
    "workbench:limits",
    "workbench:again",
    "workbench:operations",
    "returns:list",
    "returns:export",
    "returns:check",
    "stock:overview",
    "stock:balances",
    "stock:balances_export",
    "stock:moves",
    "stock:quarantine",
    "stock:quarantine_export",
    "stock:maps",
    "stock:map",
    "stock:transfers",
    "stock:transfer_send",
    "stock:lots",
    "stock:serials",
    "stock:drifts",
    "stock:locations",
    "stock:shift",
    "stock:count",
    "stock:location_add",
    "returns:new",
    "returns:blind",
    "returns:sender",
    "returns:batches",
    "claims:list",
    "claims:suppliers",
    "claims:supplier",
    "fraud:list",
    "stored:list",
    "customers:list",
    "discrepancies:list",
    "discrepancies:truth",
    "settlements:overview",
    "settlements:files",
    "dashboards:home",
    "dashboards:board",
    "dashboards:rows",
    "dashboards:rows_export",
    "sla:clocks",
    "alerts:list",
}
# Of the whole house: changed by who may do so everywhere, so by nobody of one region alone.
RULES = {
    "discrepancies:own",
    "discrepancies:disown",
    "settlements:upload",
    "claims:supplier_add",
    "claims:supplier_edit",
    "claims:supplier_sku",
    "audit:export",
    "stock:map_change",
}
# Who may do what is seen by administrators alone.
ADMINISTRATORS = ("people", "clients")
# Not of a region: what applies everywhere is shown everywhere (who may change it: test_policies_pages.py).
EVERYWHERE = ("connections", "policies", "subscriptions", "sla", "alerts")
# These are about no object: they offer the places of the person's own regions, and refuse an empty form.
FORMS = {
    "workbench:again",
    "workbench:view_save",
    "workbench:rule_add",
    "stock:shift",
    "stock:count",
    "stock:location_add",
    "stock:transfer_send",
    "returns:blind",
    "returns:sender",
}


def routes() -> list[tuple[str, URLPattern]]:
    return [
        (f"{module.app_name}:{pattern.name}", pattern)
        for module in MODULES
        for pattern in module.urlpatterns
        if isinstance(pattern, URLPattern)
    ]


def composed(patterns: Any) -> set[str]:
    """Return the modules of addresses that the product is composed of."""
    found: set[str] = set()
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            module: Any = pattern.urlconf_module
            found |= composed(module) if isinstance(module, list) else {module.__name__}
    return found


def test_every_module_of_addresses_is_walked() -> None:
    assert composed(composition.urlpatterns) - OTHERS == {module.__name__ for module in MODULES}


def test_every_part_of_an_address_is_known() -> None:
    """Name each address that the walk cannot fill in: a new one must be added to KNOWN."""
    unknown = [
        (name, part)
        for name, pattern in routes()
        for part in pattern.pattern.regex.groupindex
        if f"{name.split(':')[0]}:{part}" not in KNOWN and part not in KNOWN
    ]
    assert unknown == []


ROUTES = routes()
# One story is told for all addresses of a module: none of the persons below may change it.
PLACES = {module.__name__: [each for each in ROUTES if each[1] in module.urlpatterns] for module in MODULES}


@pytest.fixture
def story() -> world.Story:
    return world.Story.told()


# What a part of an address may be, by its name, or by "app:name" where an app has its own; made where it is asked for.
KNOWN: dict[str, Callable[[world.Story], list[Any]]] = {
    "number": lambda story: [story.rma.number],
    "correlation_id": lambda story: [story.rma.correlation_id],
    "delivery_id": lambda story: [story.delivery.id],
    "case_id": lambda story: [story.case.id],
    "note_id": lambda story: [1],
    "operation_id": lambda story: [story.plan.id],
    "plan_step": lambda story: ["start", "cancel"],
    "group_id": lambda story: [story.case.group_id],
    "group_step": lambda story: list(STEPS),
    "bulk": lambda story: list(BULK),
    "rule_kind": lambda story: ["group", "assign", "escalate"],
    "rule_id": lambda story: [story.rule.id],
    "rule_step": lambda story: ["up", "remove"],
    "view_id": lambda story: [story.view.id],
    "name": lambda story: [story.connection.name],
    "policies:name": lambda story: ["standard"],
    "version": lambda story: [1],
    "vocabulary": lambda story: ["condition"],
    "code": lambda story: ["used"],
    "stock:code": lambda story: [story.stock.drift.location.code],
    "refund_id": lambda story: [uuid7()],
    "receipt_id": lambda story: [story.rma.receipts.get().id],
    "order_id": lambda story: [story.rma.order_id],
    "verdict": lambda story: ["approve"],
    "verb": lambda story: ["retire"],
    "step": lambda story: ["snooze"],
    "stock:step": lambda story: ["recount"],
    "sku": lambda story: ["JUMPER-M"],
    "drift_id": lambda story: [story.stock.drift.id],
    "snapshot_id": lambda story: [story.stock.drift.last_snapshot_id],
    "change_id": lambda story: [story.stock.change.id],
    "source": lambda story: ["wms"],
    "transfer_id": lambda story: [story.stock.transfer.id],
    "lot_id": lambda story: [story.stock.lot.id],
    "unit_id": lambda story: [story.stock.unit.id],
    "adjustment_id": lambda story: [story.stock.adjustment.id],
    "approval_id": lambda story: [story.approval.id],
    "stored:approval_id": lambda story: [story.gift.id],
    "account_id": lambda story: [story.account.id],
    "entry_id": lambda story: [story.account.entries.get().id],
    "kind": lambda story: ["return"],
    "subject_id": lambda story: [story.rma.id],
    "file_id": lambda story: [story.file.id],
    "batch_id": lambda story: [story.batch.id],
    "slice_id": lambda story: [story.judged.id],
    "claims:slice_id": lambda story: [story.part.id],
    "claim_number": lambda story: [story.claim.number],
    "supplier_code": lambda story: [story.claim.supplier.code],
    "claim_key": lambda story: ["send", "close"],
    "review_id": lambda story: [story.review.id],
    "review_verdict": lambda story: ["clear"],
    "assessment_id": lambda story: [story.assessed.id],
    "warranty_step": lambda story: ["accept"],
    "exchange_id": lambda story: [uuid7()],
    "memo_id": lambda story: [uuid7()],
    "customer_id": lambda story: [story.merge.winner_id],
    "other_id": lambda story: [story.rma.customer_id],
    "merge_id": lambda story: [story.merge.id],
    "discrepancy_id": lambda story: [story.discrepancy.id],
    "settlements:file_id": lambda story: [story.settled.file.pk],
    "item_id": lambda story: [story.settled.line.pk],
    "settlements:other_id": lambda story: [story.settled.wanted.pk],
    "match_id": lambda story: [story.settled.match.pk],
    "repair": lambda story: ["leave"],
    "truth_id": lambda story: [story.truth.pk],
    "person_id": lambda story: [story.colleague.id],
    "grant_id": lambda story: [story.colleague.grants.get().pk],
    "person_verb": lambda story: ["deactivate", "reactivate", "reset", "invite"],
    "client_id": lambda story: [story.till.id],
    "connections:number": lambda story: [1],
    "vendor": lambda story: ["stripe"],
    "secret": lambda story: ["api_key"],
    "endpoint_id": lambda story: [connected.subscription().endpoint.id],
    "trial_id": lambda story: [uuid7()],
    "message_id": lambda story: [uuid7()],
    "board": lambda story: ["overview", "integration"],
    "figure": lambda story: ["open", "stopped", "open_cases"],
    "key": lambda story: ["lost_answer"],
    "returns:key": lambda story: ["receive", "cancel", "exchange"],
    "policies:key": lambda story: ["submit", "retire"],
    "sla:name": lambda story: ["refund_cycle"],
    "calendar": lambda story: ["weekdays"],
    "promise_step": lambda story: ["activate", "retire"],
    "alert_id": lambda story: [uuid7()],
    "alerts:rule_id": lambda story: [uuid7()],
    "channel_id": lambda story: [uuid7()],
    "mute_id": lambda story: [uuid7()],
}


def addresses(story: world.Story, pattern: URLPattern, name: str) -> list[str]:
    """Return the addresses of a pattern that belong to the story, and make what they name."""
    app, taken = name.split(":")[0], pattern.pattern.regex.groupindex
    values = {part: (KNOWN.get(f"{app}:{part}") or KNOWN[part])(story) for part in taken}
    if "assessment_id" in taken:
        values["number"] = [story.assessed.rma.number]
    if app == "stock":
        assert story.stock.drift.status == "raised"
    return [reverse(name, kwargs=dict(zip(values, chosen, strict=True))) for chosen in product(*values.values())]


def within(story: world.Story, place: str) -> list[tuple[str, str]]:
    """Return every address of a module, with the name of its pattern; all that they name is made."""
    return [(name, address) for name, pattern in PLACES[place] for address in addresses(story, pattern, name)]


@pytest.mark.parametrize("place", PLACES)
def test_nobody_gets_in_without_signing_in(story: world.Story, place: str) -> None:
    client = Client()
    for _, address in within(story, place):
        for answer in (client.get(address), client.post(address)):
            assert answer.status_code == 302, address
            assert answer["Location"].startswith("/accounts/login/?next="), address


@pytest.mark.parametrize("place", PLACES)
def test_a_person_without_a_role_sees_and_does_nothing(story: world.Story, place: str) -> None:
    client = world.signed_in(world.person())
    found = within(story, place)
    before = counts()
    for name, address in found:
        shown = client.get(address)
        assert shown.status_code in ({200, 302} if name in OPEN_TO_ALL else {403, 404, 405}), address
        sent = client.post(address, {"reason": "because", "text": "x", "on": "1", "evidence": "y", "wake": "hour"})
        assert sent.status_code in (OWN_REFUSED if name in OWN else {403, 404, 405}), address
        for told in (shown.content.decode(), sent.content.decode()):
            assert story.rma.number not in told or story.rma.number in address, address
            assert story.case.title not in told, address
    assert counts() == before


@pytest.mark.parametrize("place", PLACES)
def test_a_person_of_another_region_does_not_learn_of_it(story: world.Story, place: str) -> None:
    client = world.signed_in(world.person("ops_lead", regions=["FR"]))
    found = [(name, address) for name, address in within(story, place) if name.split(":")[0] not in EVERYWHERE]
    before = counts()
    for name, address in found:
        shown = client.get(address)
        if name in OWN:
            continue
        forbidden = name in RULES or name.split(":")[0] in ADMINISTRATORS
        expected = {200} if name in OPEN_TO_ALL | LISTS else {403, 405} if forbidden else {404, 405}
        assert shown.status_code in expected, address
        body = world.body_of(shown)
        assert story.case.title not in body, address
        assert str(story.delivery.id) not in body, address
        assert story.rma.number not in body or story.rma.number in address, address
        sent = client.post(address, {"reason": "because", "text": "x", "evidence": "y"})
        refused = {403, 405} if forbidden else {422} if name in FORMS else {404, 405}
        assert sent.status_code in refused, address
    assert counts() == before


def test_an_auditor_reads_everything_and_changes_nothing(story: world.Story) -> None:
    client = world.signed_in(world.person("auditor"))
    page = client.get(f"/returns/{story.rma.number}/").content.decode()
    assert "Inspect" not in _actions(page)
    before = counts()
    refused = client.post(f"/returns/{story.rma.number}/do/inspect/", {"reason": "x"})
    assert refused.status_code == 403
    assert counts() == before


def _actions(page: str) -> str:
    start = page.index('class="page-actions act"')
    return page[start : page.index("</details>", start)] if "</details>" in page[start : start + 4000] else ""


def test_a_denied_attempt_is_recorded(story: world.Story) -> None:
    auditor = world.person("auditor")
    world.signed_in(auditor).post(f"/returns/{story.rma.number}/do/cancel/", {"reason": "x"})
    attempt = DeniedAttempt.objects.get(actor=f"user:{auditor.id}")
    assert (attempt.method, attempt.path) == ("POST", f"/returns/{story.rma.number}/do/cancel/")


def test_each_region_sees_its_own_returns(story: world.Story) -> None:
    french: Return = world.requested("FR")
    page = world.signed_in(world.person("ops_agent", regions=["FR"])).get("/returns/").content.decode()
    assert french.number in page
    assert story.rma.number not in page


def test_the_search_tells_no_stranger_that_an_id_exists(story: world.Story) -> None:
    stranger = world.signed_in(world.person("ops_agent", regions=["FR"]))
    ids: list[UUID | str] = [story.rma.number, story.rma.tracking, story.delivery.id, story.rma.correlation_id]
    for id in ids:
        assert "Nothing bears this id" in stranger.get("/trace/", {"q": str(id)}).content.decode()
