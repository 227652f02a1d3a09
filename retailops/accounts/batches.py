"""Batches: each item is read, done and answered by itself; one bad item never stops the others."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError
from rest_framework.request import Request

from retailops.lib.errors import Denied, DomainError, Invalid
from retailops.lib.openapi import Problem
from retailops.lib.problem import document, record_denial
from retailops.lib.wire import Shape, as_invalid, refuse_nul


class ItemResult(Shape):
    """What became of one item. 201: done now; 200: it was there already; else `problem` says why not."""

    index: int = Field(description="Its place in the batch, from 0.")
    status: int
    id: UUID | None
    problem: Problem | None


class BatchResult(Shape):
    """One result for each item, in the order of the batch. The whole batch may be sent again."""

    results: list[ItemResult]


def read_batch(raw: bytes, whole: "TypeAdapter[Any]", item: "TypeAdapter[Any]", member: str = "") -> list[Any]:
    """Return one model or Invalid for each item of a JSON array (or of the object's `member`).

    All of it is read at once; only where that fails item by item. Raises Invalid when the frame itself is wrong.
    """
    refuse_nul(raw)
    depth = 1 if member else 0
    try:
        found = whole.validate_json(raw, strict=True)
    except ValidationError as refused:
        if any(len(fault["loc"]) <= depth or fault["loc"][:depth] != (member,)[:depth] for fault in refused.errors()):
            raise as_invalid(refused) from refused
        document_items = json.loads(raw)
        return [_item(each, item) for each in (document_items[member] if member else document_items)]
    return list(getattr(found, member)) if member else list(found)


def _item(value: Any, item: "TypeAdapter[Any]") -> Any:
    try:
        return item.validate_json(json.dumps(value), strict=True)
    except ValidationError as refused:
        return as_invalid(refused)


def done(index: int, id: UUID, *, created: bool) -> dict[str, Any]:
    """Return the result of an item that is there now, as plain values: a model for each would cost a tenth of all."""
    return {"index": index, "status": 201 if created else 200, "id": id, "problem": None}


def refused(index: int, error: DomainError) -> dict[str, Any]:
    """Return the result of an item that was refused."""
    return {"index": index, "status": error.status, "id": None, "problem": document(error)}


def keep_denials(request: Request, errors: Sequence[DomainError]) -> None:
    """Keep that items were denied: one record for the batch, with how many there were."""
    denied = [error for error in errors if isinstance(error, Denied)]
    if denied:
        more = f" (and {len(denied) - 1} more items)" if len(denied) > 1 else ""
        places = [place for error in denied for place in error.places]
        record_denial(request, denied[0].detail + more, places)


def single(outcome: Any) -> Any:
    """Return the only outcome of a batch of one. Raises it where it is a refusal."""
    if isinstance(outcome, DomainError | Invalid):
        raise outcome
    return outcome
