"""Every page, in light, dark and on a phone: axe finds nothing, nothing sticks out or moves, none is heavy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from retailops.accounts.models import User
from retailops.workbench.dashboards.boards import BOARDS
from tests.browser.conftest import DESK, PHONE, Open
from tests.browser.watching import moves, too_heavy, watch_shifts
from tests.dashboards import histories
from tests.sla import promising
from tests.workbench import connected, world
from tests.workbench.drafted_policy import policy_draft

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# WCAG 2.2 AA, and what axe calls best practice.
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
# Of all that axe tells, what it finds wrong: the rest is many times as much, and nobody reads it.
AXE, VIOLATIONS = Axe(), "async (options) => (await axe.run(document, options)).violations"
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": DESK},
    "dark": {"color_scheme": "dark", "viewport": DESK},
    "phone": {"color_scheme": "light", "viewport": PHONE, "has_touch": True},
}


def _home(_: world.Story) -> dict[str, str]:
    """Home and the map of screens."""
    return {
        "today": "/",
        "screens": "/screens/",
    }


def _returns(story: world.Story) -> dict[str, str]:
    """What a return begins with, shows and asks."""
    number = story.rma.number
    refund = story.failed.id
    return {
        "returns": "/returns/",
        "returns-empty": "/returns/?q=nothing",
        "return": f"/returns/{number}/",
        "receive": f"/returns/{number}/do/receive/",
        "inspect": f"/returns/{number}/do/inspect/",
        "refund": f"/returns/{number}/do/refund/",
        "cancel": f"/returns/{number}/do/cancel/",
        "reverse-receipt": f"/returns/{number}/receipts/{story.rma.receipts.get().id}/reverse/",
        "return-failed": f"/returns/{story.failed.rma.number}/",
        "refund-again": f"/returns/{story.failed.rma.number}/refunds/{refund}/again/",
        "new-return": "/returns/new/",
        "new-return-nothing": "/returns/new/?q=nothing",
        "request-return": f"/returns/new/{story.rma.order_id}/",
        "blind": "/returns/new/parcel/",
        "undelivered": "/returns/new/undelivered/",
        "label": f"/returns/{number}/do/label/",
        "correct": f"/returns/{story.judged.inspection.rma.number}/verdicts/{story.judged.id}/",
        "store-batches": "/returns/store-batches/",
        "store-batch": f"/returns/store-batches/{story.batch.id}/",
        "refund-why": f"/returns/{story.failed.rma.number}/refunds/{refund}/why/",
        "refund-observed": f"/returns/{story.failed.rma.number}/refunds/{refund}/observed/",
        "return-came-back": f"/returns/{story.memo.rma.number}/",
        "memo-reversed": f"/returns/{story.memo.rma.number}/memos/{story.memo.id}/reversed/",
    }


def _stored_value(story: world.Story) -> dict[str, str]:
    """Stored value."""
    number = story.rma.number
    return {
        "stored": "/stored-value/",
        "stored-empty": "/stored-value/?q=nothing",
        "stored-account": f"/stored-value/{story.account.id}/",
        "stored-code": f"/stored-value/{story.account.id}/code/",
        "stored-void": f"/stored-value/{story.account.id}/void/",
        "stored-take-back": f"/stored-value/entries/{story.account.entries.get().id}/void/",
        "stored-give": f"/stored-value/give/{number}/",
        "stored-verdict": f"/stored-value/gifts/{story.gift.id}/approve/",
    }


def _exchanges(story: world.Story) -> dict[str, str]:
    """Exchanges."""
    number = story.rma.number
    return {
        "exchange": f"/returns/{story.swapped.rma.number}/",
        "exchange-propose": f"/returns/{number}/do/exchange/",
        **{
            f"exchange-{step}": f"/returns/{story.swapped.rma.number}/exchanges/{story.swapped.id}/{step}/"
            for step in ("pay", "release", "ship", "convert", "cancel")
        },
    }


def _orders_and_customers(story: world.Story) -> dict[str, str]:
    """Orders, customers and what systems tell differently."""
    return {
        "order": f"/orders/{story.rma.order_id}/",
        "customers": "/customers/",
        "customers-nobody": "/customers/?q=nobody",
        "customer": f"/customers/{story.merge.winner_id}/",
        "customer-merged": f"/customers/{story.merge.loser_id}/",
        "customer-merge": f"/customers/{story.merge.winner_id}/merge/{story.rma.customer_id}/",
        "customer-unmerge": f"/customers/{story.merge.winner_id}/unmerge/{story.merge.id}/",
        "customer-erase": f"/customers/{story.merge.winner_id}/erase/",
        "customer-hold": f"/customers/{story.merge.winner_id}/hold/",
        "discrepancies": "/discrepancies/",
        "discrepancies-none": "/discrepancies/?q=nothing",
        "discrepancy": f"/discrepancies/{story.discrepancy.id}/",
        "discrepancy-leave": f"/discrepancies/{story.discrepancy.id}/do/leave/",
        "truth": "/discrepancies/truth/",
        "truth-own": "/discrepancies/truth/own/",
        "truth-remove": f"/discrepancies/truth/{story.truth.pk}/remove/",
    }


def _reconciliation(story: world.Story) -> dict[str, str]:
    """Settlement files, their lines, matches, and money that differs."""
    matched = story.settled.match.allocations.earliest("item_id").item_id
    return {
        "reconciliation": "/reconciliation/",
        "settlement-files": "/reconciliation/files/",
        "settlement-file": f"/reconciliation/files/{story.settled.file.pk}/",
        "settlement-upload": "/reconciliation/files/upload/",
        "settlement-line": f"/reconciliation/items/{story.settled.line.pk}/",
        "settlement-matched": f"/reconciliation/items/{matched}/",
        "settlement-match": f"/reconciliation/items/{story.settled.line.pk}/match/{story.settled.wanted.pk}/",
        "settlement-undo": f"/reconciliation/matches/{story.settled.match.pk}/undo/",
        "money-discrepancy": f"/discrepancies/{story.settled.discrepancy.pk}/",
    }


def _operations(story: world.Story) -> dict[str, str]:
    """What people mend: traces, deliveries, cases, approvals."""
    delivery = story.delivery.id
    case = story.case.id
    return {
        "search": "/trace/",
        "search-nothing": "/trace/?q=nothing",
        "trace": f"/trace/{story.rma.correlation_id}/",
        "deliveries": "/deliveries/",
        "delivery": f"/deliveries/{delivery}/",
        "discard": f"/deliveries/{delivery}/discard/",
        "supersede": f"/deliveries/{delivery}/supersede/",
        "edit": f"/deliveries/{delivery}/edit/",
        "lane": f"/deliveries/{delivery}/lane/",
        "ask-replay": f"/deliveries/{delivery}/ask/",
        "replay": f"/deliveries/{delivery}/replay/",
        "request": f"/deliveries/{delivery}/request/",
        "exceptions": "/exceptions/",
        "exceptions-by-connection": "/exceptions/?by=connection",
        "exceptions-nothing": "/exceptions/?q=clas:odd",
        "exception": f"/exceptions/{story.cause.id}/",
        **{f"exception-{step}": f"/exceptions/{story.cause.id}/do/{step}/" for step in ("ignore", "resolve", "tags")},
        "rules": f"/exceptions/rules/?of={story.rule.id}",
        "rule-add": "/exceptions/rules/add/assign/",
        "cases": "/cases/",
        "cases-columns": "/cases/?tab=any&cols=rma,error,amount,verdict,lane,owner,due,age",
        "cases-nothing": "/cases/?q=amount>lots",
        "cases-note": f"/cases/several/note/?case={case}",
        "cases-none": "/cases/several/send/",
        "view-save": "/cases/views/?q=owner:me",
        "case": f"/cases/{case}/",
        "resolve": f"/cases/{case}/resolve/",
        "assign": f"/cases/{case}/assign/",
        "snooze": f"/cases/{case}/do/snooze/",
        "escalate": f"/cases/{case}/do/escalate/",
        **{f"plan-{step}": f"/operations/{story.plan.id}/do/{step}/" for step in ("start", "ask", "rules", "cancel")},
        "again": f"/deliveries/again/?id={delivery}",
        "again-all": "/deliveries/again/?all=1&state=dead",
        "operations": "/operations/",
        "operation": f"/operations/{story.plan.id}/",
        "plan-word": f"/operations/{story.plan.id}/word/approve/",
        "approvals": "/approvals/",
        "approve-replay": f"/approvals/{story.approval.id}/approve/",
    }


def _stock(story: world.Story) -> dict[str, str]:
    """Stock."""
    return {
        "stock": "/stock/",
        "stock-rows": "/stock/rows/",
        "stock-rows-none": "/stock/rows/?q=nothing",
        "stock-moves": "/stock/moves/",
        "stock-quarantine": "/stock/quarantine/",
        "stock-sku": "/stock/sku/JUMPER-M/",
        "stock-maps": "/stock/maps/",
        "stock-map": "/stock/maps/wms/",
        "stock-map-change": "/stock/maps/wms/change/",
        "stock-map-verdict": f"/stock/maps/changes/{story.stock.change.id}/approve/",
        "stock-transfers": "/stock/transfers/",
        "stock-transfers-none": "/stock/transfers/?tab=ended",
        "stock-transfer": f"/stock/transfers/{story.stock.transfer.id}/",
        "stock-transfer-send": "/stock/transfers/send/?sku=SERUM",
        "stock-transfer-receive": f"/stock/transfers/{story.stock.transfer.id}/receive/",
        "stock-transfer-cancel": f"/stock/transfers/{story.stock.transfer.id}/cancel/",
        "stock-lots": "/stock/lots/?expiry=expired",
        "stock-lots-none": "/stock/lots/?sku=nothing",
        "stock-lot": f"/stock/lots/{story.stock.lot.id}/",
        "stock-lot-date": f"/stock/lots/{story.stock.lot.id}/date/",
        "stock-serials": "/stock/serials/",
        "stock-serial": f"/stock/serials/{story.stock.unit.id}/",
        "stock-move": "/stock/move/?sku=JUMPER-M",
        "stock-count": "/stock/count/?sku=JUMPER-M",
        "stock-differences": "/stock/differences/",
        "stock-difference": f"/stock/differences/{story.stock.drift.id}/",
        "stock-accept": f"/stock/differences/{story.stock.drift.id}/do/accept/",
        "stock-snapshot": f"/stock/snapshots/{story.stock.drift.last_snapshot_id}/",
        "stock-locations": "/stock/locations/",
        "stock-location": f"/stock/locations/{story.stock.drift.location.code}/",
        "stock-verdict": f"/stock/adjustments/{story.stock.adjustment.id}/approve/",
    }


def _second_person(story: world.Story) -> dict[str, str]:
    """What a second person sees."""
    return {
        "approval": f"/approvals/{story.waiting.approval_id}/",
        "approval-limits": "/approvals/limits/",
        "approve-refund": f"/returns/{story.waiting.rma.number}/refunds/{story.waiting.id}/approve/",
        "override-refund": f"/returns/{story.waiting.rma.number}/refunds/{story.waiting.id}/override/",
        "cancel-refund": f"/returns/{story.waiting.rma.number}/refunds/{story.waiting.id}/cancel/",
        "return-charged-back": f"/returns/{story.waiting.rma.number}/",
        "evidence-add": f"/evidence/refund/{story.waiting.id}/add/",
    }


def _claims(story: world.Story) -> dict[str, str]:
    """Claims, fraud reviews and warranty."""
    return {
        "claims": "/claims/",
        "claims-empty": "/claims/?q=nothing",
        "suppliers": "/claims/suppliers/",
        "suppliers-empty": "/claims/suppliers/?q=nothing",
        "supplier": f"/claims/suppliers/of/{story.claim.supplier.code}/",
        "supplier-add": "/claims/suppliers/add/",
        "supplier-terms": f"/claims/suppliers/of/{story.claim.supplier.code}/terms/",
        "supplier-sku": f"/claims/suppliers/of/{story.claim.supplier.code}/sku/?sku=JUMPER-M",
        "claim": f"/claims/{story.claim.number}/",
        "claim-send": f"/claims/{story.claim.number}/do/send/",
        "claim-ask": f"/claims/{story.claim.number}/do/ask/",
        "claim-credit": f"/claims/{story.claim.number}/do/credit/",
        "claim-draft": f"/claims/draft/{story.part.id}/",
        "claimed-return": f"/returns/{story.part.line.rma.number}/",
        "fraud": "/fraud-reviews/",
        "fraud-none": "/fraud-reviews/?view=blocked",
        "fraud-review": f"/fraud-reviews/{story.review.id}/",
        "fraud-clear": f"/fraud-reviews/{story.review.id}/clear/",
        "held-return": f"/returns/{story.review.rma.number}/",
        "warranty": f"/returns/{story.assessed.rma.number}/",
        "warranty-accept": f"/returns/{story.assessed.rma.number}/warranty/{story.assessed.id}/accept/",
    }


def _settings(story: world.Story) -> dict[str, str]:
    """Connections, policies and vocabularies."""
    return {
        "connections": "/connections/",
        "connection": "/connections/stripe/",
        "pause": "/connections/stripe/pause/",
        "codes": "/connections/stripe/codes/",
        "check": f"/returns/check/?order={world.order_of(story.rma).number}",
        "check-nothing": "/returns/check/?order=nothing",
        "policies": "/policies/",
        "policy": "/policies/standard/1/",
        "policy-draft": f"/policies/standard/{policy_draft().version}/",
        "policy-edit": f"/policies/standard/{policy_draft().version}/edit/",
        "policy-impact": f"/policies/standard/{policy_draft().version}/impact/",
        "policy-submit": f"/policies/standard/{policy_draft().version}/do/submit/",
        "policy-new": "/policies/new/",
        "vocabularies": "/policies/codes/",
        "term": "/policies/codes/customer_reason/defective/",
        "term-new": "/policies/codes/customer_reason/new/",
    }


def _access(story: world.Story) -> dict[str, str]:
    """People, API clients and the own profile."""
    person, client = story.colleague.id, story.till.id
    return {
        "people": "/people/",
        "people-none": "/people/?q=nobody",
        "person": f"/people/{person}/",
        "person-invite": "/people/invite/",
        "person-grant": f"/people/{person}/grant/",
        "person-revoke": f"/people/{person}/grants/{story.colleague.grants.get().pk}/revoke/",
        "person-deactivate": f"/people/{person}/do/deactivate/",
        "second-factor-rule": "/people/second-factor/",
        "clients": "/api-clients/",
        "clients-none": "/api-clients/?q=nobody",
        "client": f"/api-clients/{client}/",
        "client-new": "/api-clients/new/",
        "client-change": f"/api-clients/{client}/change/",
        "client-rotate": f"/api-clients/{client}/rotate/",
        "client-revoke": f"/api-clients/{client}/revoke/",
        "profile": "/accounts/profile/",
        "audit": "/audit/",
        "audit-denied": "/audit/?view=denied",
        "audit-export": "/audit/export/?view=access",
    }


def _dashboards(story: world.Story) -> dict[str, str]:
    """Every dashboard, rows behind figures, and a board on which nothing is."""
    histories.history(story.connection)
    return {
        **{f"dashboard-{key}": f"/dashboards/{key}/?range=30&compare=1" for key in BOARDS},
        "dashboard-empty": "/dashboards/overview/?channel=nothing",
        "dashboard-returns": "/dashboards/figures/refund_cycle/?range=30",
        "dashboard-deliveries": "/dashboards/figures/stopped/",
        "dashboard-cases": "/dashboards/figures/to_resolve/",
        "dashboard-orders": "/dashboards/figures/ingestion/",
    }


def _connections(story: world.Story) -> dict[str, str]:
    """Connections: added, edited, compared, mapped; what they told."""
    erp = connected.ledger()
    trial, message = connected.trial(erp), connected.message(story.connection)
    hook = connected.subscription().endpoint.id
    return {
        "connection-choose": "/connections/new/",
        "connection-new": "/connections/new/netsuite/",
        "connection-erp": "/connections/erp/",
        "connection-edit": "/connections/erp/edit/",
        "connection-versions": "/connections/erp/versions/?from=1&to=2",
        "connection-restore": "/connections/erp/versions/2/restore/",
        "connection-secret": "/connections/stripe/secrets/webhook_secret/",
        "connection-mute": "/connections/stripe/mute/",
        "connection-retire": "/connections/erp/retire/",
        "connection-mapping": "/connections/erp/mapping/",
        "connection-mapping-json": "/connections/erp/mapping/?as=json",
        "connection-mapping-none": "/connections/stripe/mapping/",
        "connection-trial": f"/connections/erp/mapping/trials/{trial.id}/",
        "connection-inbox": "/connections/stripe/inbox/",
        "connection-inbox-empty": "/connections/erp/inbox/",
        "connection-message": f"/connections/stripe/inbox/{message.id}/",
        "subscriptions": "/connections/subscriptions/",
        "subscription": f"/connections/subscriptions/{hook}/",
        "subscription-new": "/connections/subscriptions/new/",
        "subscription-edit": f"/connections/subscriptions/{hook}/edit/",
        "subscription-rotate": f"/connections/subscriptions/{hook}/rotate/",
        "subscription-disable": f"/connections/subscriptions/{hook}/disable/",
        "connection-set-aside": f"/connections/stripe/inbox/{message.id}/set-aside/",
    }


def _promises(_: world.Story) -> dict[str, str]:
    """Promises, their clocks, business hours and alerts."""
    promising.scenery()
    return {
        "sla": "/sla/",
        "sla-policy": "/sla/refund_cycle/1/",
        "sla-draft": "/sla/inspection_demo/2/",
        "sla-preview": "/sla/inspection_demo/2/preview/",
        "sla-new": "/sla/decision/1/new/",
        "sla-edit": "/sla/inspection_demo/2/edit/",
        "sla-activate": "/sla/inspection_demo/2/do/activate/",
        "sla-clocks": "/sla/clocks/?tab=late",
        "sla-hours": "/sla/hours/",
        "sla-hours-edit": "/sla/hours/weekdays/",
        "alerts": "/alerts/",
        "alerts-settings": "/alerts/settings/",
        "alert-rule": "/alerts/settings/rules/new/",
        "alert-channel": "/alerts/settings/channels/new/",
        "alert-mute": "/alerts/settings/mute/",
    }


def _account(_: world.Story) -> dict[str, str]:
    """The own account, and what is missing."""
    return {
        "password": "/accounts/password/change/",
        "two-factor": "/accounts/mfa/",
        "sign-out": "/accounts/logout/",
        "missing": "/returns/RMA-0000-000000/",
    }


# Pages of one part of the workbench, by a name for their pictures.
Area = Callable[[world.Story], dict[str, str]]
AREAS: tuple[Area, ...] = (
    _home,
    _returns,
    _stored_value,
    _exchanges,
    _orders_and_customers,
    _reconciliation,
    _operations,
    _stock,
    _second_person,
    _claims,
    _settings,
    _access,
    _dashboards,
    _connections,
    _promises,
    _account,
)


@pytest.mark.parametrize("area", AREAS, ids=lambda area: area.__name__.strip("_"))
def test_every_page_is_accessible_and_fits(
    open_as: Open, admin: User, story: world.Story, screenshots: Path | None, area: Area
) -> None:
    """Each page is opened once and looked at in every look: the elements are the same, colors and widths are not."""
    page = open_as(admin, "/", viewport=DESK, reduced_motion="reduce")
    watch_shifts(page)
    faults = {}
    for name, path in area(story).items():
        page.set_viewport_size(LOOKS["light"]["viewport"])
        page.emulate_media(color_scheme="light")
        answer = page.goto(path)
        found = [] if answer and answer.status == (404 if name == "missing" else 200) else [f"answered {answer}"]
        found += [*too_heavy(page), *moves(page)]
        for look, check in CHECKS.items():
            page.set_viewport_size(LOOKS[look]["viewport"])
            page.emulate_media(color_scheme=LOOKS[look]["color_scheme"])
            found += [f"{look}: {fault}" for fault in check(page)]
            if screenshots:
                page.wait_for_load_state("networkidle")
                picture(page, screenshots / f"{name}-{look}.png")
        if found:
            faults[name] = found
    assert faults == {}


def faults_of(page: Page, **narrowed: Any) -> list[str]:
    """Return what axe finds on the page; `narrowed` names the rules where not all of them are of interest."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.axe_script)
    return [
        f"{fault['id']}: {fault['help']} {[node['html'][:160] for node in fault['nodes'][:3]]}"
        for fault in page.evaluate(VIOLATIONS, RULES | narrowed)
    ]


def bright(page: Page) -> list[str]:
    """Look at everything, in light colors on a desk."""
    return [*faults_of(page), *too_wide(page)]


def dark(page: Page) -> list[str]:
    """Look at what depends on the colors."""
    return faults_of(page, runOnly={"type": "rule", "values": ["color-contrast", "link-in-text-block"]})


def picture(page: Page, path: Path) -> None:
    """Take a picture; hiding the caret would need an inline style, which our pages refuse."""
    page.screenshot(path=path, caret="initial")


def too_wide(page: Page) -> list[str]:
    """Tell whether the page is wider than the window."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{wide} px too wide"] if wide > 0 else []


CHECKS = {"light": bright, "dark": dark, "phone": too_wide}


@pytest.mark.parametrize("look", LOOKS)
def test_the_sign_in_page_is_accessible_and_fits(open_as: Open, look: str, screenshots: Path | None) -> None:
    page = open_as(None, "/accounts/login/", **LOOKS[look])
    if screenshots:
        picture(page, screenshots / f"sign-in-{look}.png")
    assert [*faults_of(page), *too_wide(page)] == []


@pytest.mark.parametrize("look", ["light", "dark"])
def test_open_dialogs_are_accessible(open_as: Open, admin: User, story: world.Story, look: str) -> None:
    page = open_as(admin, f"/returns/{story.rma.number}/", **LOOKS[look])
    for key, dialog in {"?": "#keys", "Control+k": "#palette"}.items():
        page.keyboard.press(key)
        page.locator(dialog).wait_for()
        assert faults_of(page) == [], dialog
        page.keyboard.press("Escape")
    page.get_by_role("link", name="Inspect", exact=True).first.click()
    page.locator("#sheet[open] form").wait_for()
    assert faults_of(page) == []
