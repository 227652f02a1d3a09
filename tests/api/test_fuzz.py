"""Generated requests over the whole OpenAPI: no fault of ours, and every answer as the document says."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.conf import settings as django_settings
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from retailops.cases.models import Case
from retailops.cases.services import open_case
from retailops.events.models import Event
from tests.api.conftest import Api, MakeApi
from tests.factories import ensure_policy, make_inspection, make_receipt, make_return

load_all_checks()
DOCUMENT = django_settings.BASE_DIR / "docs" / "openapi.json"
# The coverage phase would send thousands of requests: bounded fuzzing finds the same kinds of fault.
SCHEMA = schemathesis.openapi.from_path(
    DOCUMENT, config=schemathesis.Config.from_dict({"phases": {"coverage": {"enabled": False}}})
)
SCHEMA.app = get_wsgi_application()
BOUNDED = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
# What a schema cannot say (an order must exist, a policy must allow it) is refused although the shape is right.
UNSAID = [positive_data_acceptance]
# A batch answers 200 and says of each item what is wrong with it.
BATCHES = {"/api/v1/events", "/api/v1/orders/batch"}


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """Keep a request from closing the connection that the test's transaction lives on, as Django's own client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def fuzzer(make_api: MakeApi) -> Api:
    """Return a client with every scope and no quota."""
    from retailops.accounts.permissions import SCOPE_PERMISSIONS

    return make_api(*SCOPE_PERMISSIONS, requests_per_minute=0)


@pytest.fixture
def objects(db: None) -> dict[str, str]:
    """Return ids of real objects by the first step of the address."""
    from retailops.accounts.actor import Actor
    from retailops.cases.inputs import CaseIn

    ensure_policy(auto_approve_limit={"*": 0})
    rma = make_return(quantities={1: 3})
    make_receipt(rma, {1: 2})
    make_inspection(rma, [{"line_no": 1, "quantity": 1, "accepted": True, "disposition": "sellable"}])
    refund = rma.refunds.get()
    case: Case = open_case(
        Actor.system("test"), CaseIn(kind="x", queue="business", title="x", dedupe_key="x", subject=rma.as_subject())
    )
    return {
        "returns": rma.number,
        "refunds": str(refund.id),
        "approvals": str(refund.approval_id),
        "cases": str(case.id),
        "events": str(Event.objects.filter(subject_id=rma.id).order_by("position")[0].id),
        "orders": str(rma.order_id),
        "trace": rma.number,
    }


def check(case: Any, api: Api, *, replaced: bool = False) -> None:
    """Send it with the key and hold the answer against the document; `replaced`: a wrong address was made right."""
    batch = case.method == "POST" and case.path in BATCHES
    excluded = [*UNSAID, negative_data_rejection] if batch or replaced else UNSAID
    before = transaction.savepoint()
    try:
        case.call_and_validate(headers={"Authorization": f"Bearer {api.key}"}, excluded_checks=excluded)
    finally:
        transaction.savepoint_rollback(before)


@SCHEMA.parametrize()
@BOUNDED
def test_generated_requests(case: Any, fuzzer: Api) -> None:
    check(case, fuzzer)


@SCHEMA.include(path_regex=r"/(returns|refunds|approvals|cases|events|orders|trace)/\{").parametrize()
@BOUNDED
def test_generated_requests_on_real_objects(case: Any, fuzzer: Api, objects: dict[str, str]) -> None:
    family = case.path.split("/")[3]
    for name in ("id", "any_id"):
        if name in case.path_parameters:
            case.path_parameters[name] = objects[family]
    if "line_no" in case.path_parameters:
        case.path_parameters["line_no"] = 1
    check(case, fuzzer, replaced=True)
