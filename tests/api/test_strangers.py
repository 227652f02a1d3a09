"""A walk over every address of the API that names an object: to a client of another region it is not there.

Each call is made twice by a stranger who holds every scope: with the id of a real object and with one that nobody has.
Both must be the same 404 in the same words, and nothing may change.
"""

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings

from retailops.accounts.models import DeniedAttempt
from retailops.events.models import Event
from retailops.lib.ids import uuid7
from retailops.replays.freezing import Selection
from retailops.replays.services import do_to_many
from tests.api.answers import Reply
from tests.api.conftest import Api
from tests.inventory.test_by_hand import stock
from tests.workbench import world
from tests.workbench.counting import counts

pytestmark = pytest.mark.django_db
DOCUMENT = json.loads((settings.BASE_DIR / "docs" / "openapi.json").read_text())
METHODS = ("get", "post", "put", "patch", "delete")
# Not of a region: what holds everywhere is shown everywhere, and who may change it is tested with it.
EVERYWHERE = {"connections", "inbox-messages", "policies", "vocabularies", "suppliers", "subscriptions", "people"}
# Made where they are missing, so that the address names nothing yet; their own tests try another's.
MADE = {"/inventory/locations/{code}", "/inventory/state-maps/{source}", "/orders/{channel}/{external_id}"}
# No scope allows it: a person must.
PEOPLE_ALONE = {"reopenReturn"}
# Where the least body that the schema takes breaks a rule that no schema can say.
BODIES: dict[str, Any] = {
    "askForReplayPlan": {"hash": "0" * 64, "reason": "x"},
    "executeReplayPlan": {"hash": "0" * 64},
    "inspectReturn": {
        "reference": "x", "location": "x",
        "slices": [{"line_no": 1, "quantity": 1, "accepted": True, "disposition": "sellable"}],
    },
    "matchReturn": {"order": {"channel": "x", "external_id": "x"}, "lines": {"1": "x"}, "reason": "x"},
    "receiveTransfer": {"reference": "x", "complete": True, "lines": []},
    "tellReturn": {"system": "x", "status": "closed"},
    "receiveReturn": {"scan_id": "x", "location": "x", "lines": [{"line_no": 1, "quantity": 1}]},
    "redecideDisposition": {"disposition": "sellable", "accepted": True, "reason": "x"},
}  # fmt: skip


def worked(story: world.Story) -> UUID:
    """Return the operation of a command on the story's case."""
    selection = Selection(ids=[story.case.id])
    return do_to_many(world.SYSTEM, "note_cases", selection, "all alike", {"text": "hello"}).id


# A real object for each kind of address, by its first steps.
KNOWN: dict[str, Callable[[world.Story], object]] = {
    "settlements": lambda story: story.settled.file.pk,
    "api-clients": lambda story: story.till.id,
    "approvals": lambda story: story.approval.id,
    "assessments": lambda story: story.assessed.id,
    "case-groups": lambda story: story.case.group_id,
    "case-operations": lambda story: worked(story),
    "cases": lambda story: story.case.id,
    "claims": lambda story: story.claim.number,
    "credit-memos": lambda story: story.memo.id,
    "customers": lambda story: story.merge.winner_id,
    "deliveries": lambda story: story.delivery.id,
    "dispositions": lambda story: story.judged.id,
    "events": lambda story: Event.objects.filter(correlation_id=story.rma.correlation_id)[0].id,
    "evidence": lambda story: story.file.id,
    "exchanges": lambda story: story.swapped.id,
    "fraud-reviews": lambda story: story.review.id,
    "inventory/quarantine": lambda story: stock(story.stock.drift.location, "quarantine", 1).id,
    "inventory/drifts": lambda story: story.stock.drift.id,
    "inventory/transfers": lambda story: story.stock.transfer.id,
    "inventory/lots": lambda story: story.stock.lot.id,
    "inventory/serials": lambda story: story.stock.unit.id,
    "inventory/snapshots": lambda story: story.stock.drift.last_snapshot_id,
    "orders": lambda story: story.rma.order_id,
    "refunds": lambda story: story.waiting.id,
    "replay-plans": lambda story: story.plan.id,
    "returns": lambda story: story.rma.number,
    "store-batches": lambda story: story.batch.id,
    "stored-value": lambda story: story.account.id,
    "stored-value/entries": lambda story: story.account.entries.get().id,
    "trace": lambda story: story.rma.number,
}
NOBODY = {"returns": "RMA-1999-000001", "claims": "CLM-1999-000001", "trace": "RMA-1999-000001"}
MORE = {"line_no": "1", "receipt": str(uuid7()), "stray": "1", "note_id": "1", "grant_id": "1"}


def kind_of(path: str) -> str:
    """Return the steps of the address before its first parameter."""
    return path.split("/{")[0].removeprefix("/")


def walked() -> list[tuple[str, str, dict[str, Any]]]:
    """Return every (method, address, operation) that names an object of a region."""
    found = []
    for full, methods in DOCUMENT["paths"].items():
        path = full.removeprefix("/api/v1")
        if "{" in path and path not in MADE and path.split("/")[1] not in EVERYWHERE:
            found += [(method, path, methods[method]) for method in METHODS if method in methods]
    return [each for each in found if each[2]["operationId"] not in PEOPLE_ALONE]


WALKED = walked()


def test_every_kind_of_address_is_known() -> None:
    """Name each kind of address that the walk cannot fill in: a new one must be added to KNOWN."""
    assert {kind_of(path) for _, path, _ in WALKED} - set(KNOWN) == set()
    assert len(WALKED) > 70


def body_of(operation: dict[str, Any]) -> Any:
    """Return the least body that the operation's schema takes, or nothing where it takes none."""
    if operation["operationId"] in BODIES:
        return BODIES[operation["operationId"]]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return least(content["schema"]) if content else None


def least(schema: dict[str, Any]) -> Any:
    """Return the least value of the schema: required members alone, an example where there is one."""
    if "$ref" in schema:
        return least(DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    for word in ("examples", "enum"):
        if schema.get(word):
            return schema[word][0]
    if "const" in schema:
        return schema["const"]
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return least(next(each for each in schema[word] if each.get("type") != "null"))
    return _of_type(schema)


def _of_type(schema: dict[str, Any]) -> Any:
    if schema.get("type") == "object":
        members = schema.get("properties", {})
        return {name: least(members[name]) for name in schema.get("required", ())}
    if schema.get("type") == "array":
        return [least(schema["items"]) for _ in range(schema.get("minItems", 0))]
    if schema.get("type") in ("integer", "number"):
        return max(schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1)
    return True if schema.get("type") == "boolean" else _text(schema)


def _text(schema: dict[str, Any]) -> str:
    if schema.get("format") == "uuid":
        return str(uuid7())
    if schema.get("format") in ("date-time", "date"):
        return "2030-01-01T00:00:00Z"[: 10 if schema["format"] == "date" else None]
    return "x" * int(max(1, schema.get("minLength", 1)))


def call(api: Api, method: str, path: str, operation: dict[str, Any], id: object) -> tuple[int, str, str]:
    """Return the status, the type of the problem and its words."""
    stem = path.split("/{")[0]
    address = re.sub(r"\{([^}]*)\}", lambda found: MORE[found[1]], re.sub(r"^/\{[^}]*\}", f"/{id}", path[len(stem) :]))
    sent: dict[str, Any] = {} if method == "get" else {"data": body_of(operation), "content_type": "application/json"}
    reply = api._send(method, stem + address, headers={"Idempotency-Key": str(uuid7())}, **sent)
    assert story_free(reply), reply.response.content
    if reply.status < 400:
        return reply.status, "", str(reply.response.content)
    return reply.status, str(reply.json["type"]), str(reply.json["detail"])


def story_free(reply: Reply) -> bool:
    """Tell whether the answer names nothing of the story."""
    return b"north" not in reply.response.content and b"JUMPER" not in reply.response.content


def test_what_is_elsewhere_is_as_if_it_were_not(stranger: Api) -> None:
    story = world.Story.told()
    real = {kind: find(story) for kind, find in KNOWN.items()}
    before, faults = counts(), {}
    for method, path, operation in WALKED:
        kind = kind_of(path)
        found = call(stranger, method, path, operation, real[kind])
        nobody = call(stranger, method, path, operation, NOBODY.get(kind, uuid7()))
        if found[:2] != (404, "/api/problems#not-found") or nobody != found:
            faults[operation["operationId"]] = (found, nobody)
    assert faults == {}
    # A refusal may be stored under its key; nothing else may be.
    assert {**counts(), "events_idempotencyrecord": 0} == {**before, "events_idempotencyrecord": 0}
    assert not DeniedAttempt.objects.filter(actor=stranger.actor.key).exists()
