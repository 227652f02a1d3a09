"""Take one value of another system over into an order, where no return or refund relies on what is here."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models, transaction

from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Unprocessable
from returns.access import access_order
from returns.events.drift import OrderCorrected
from returns.models import Order, OrderLine, Payment, TruthObject
from returns.services.comparing import RELIED_ON_FROM, Row, lines_relied_on, take_value
from returns.services.superseding import reserved
from returns.truth import FIELDS

RELIED_ON = "A return relies on it: what it was judged by stays. End the return first, or leave it and say why."


@transaction.atomic
def correct_order(
    *, actor: Actor, order_id: UUID, kind: str, object_id: UUID | None, name: str, value: str, system: str
) -> Order:
    """Set one field of an order, a line or a payment to what a system told (as text). Publishes `order.corrected`.

    Raises NotFound, Denied, Conflict where something relies on it, Unprocessable for a value that does not fit.
    """
    order = access_order(actor, order_id, Permission.DISCREPANCIES_RESOLVE, lock=True)
    if why := why_not_taken(order, kind, object_id, name):
        raise Conflict(why, code="relied-on")
    row = _row(order, kind, object_id, lock=True)
    assert row is not None  # noqa: S101  # why_not_taken looked
    take_value(row, name, _read(row, name, value))
    if isinstance(row, Payment) and row.captured - row.charged_back < reserved(row):
        raise Conflict("More than that is refunded or reserved of the payment already.", code="relied-on")
    row.save()
    order.refresh_from_db()
    order.updated_at = now()
    order.save(update_fields=["updated_at"])
    fact = OrderCorrected(str(order.id), order.number, kind, str(row.id), name, system)
    publish(fact, subject=order.as_subject(), actor=actor)
    return order


def why_not_taken(order: Order, kind: str, object_id: UUID | None, name: str) -> str:
    """Say why the field cannot be set; "" where it can."""
    if name not in FIELDS.get(kind, ()):
        return "It is not here at all: have its channel tell the order again."
    row = _row(order, kind, object_id)
    if row is None:
        return "What it is about is not here any more."
    relied_on = lines_relied_on(order)
    if kind == TruthObject.ORDER and relied_on and name in RELIED_ON_FROM:
        return RELIED_ON
    if kind == TruthObject.ORDER_LINE and row.id in relied_on:
        return RELIED_ON
    if isinstance(row, Payment) and name != "captured" and row.refunds.exists():
        return "A refund goes by it already."
    return ""


def _row(order: Order, kind: str, object_id: UUID | None, *, lock: bool = False) -> Row | None:
    models_of: dict[str, type[OrderLine] | type[Payment]] = {
        TruthObject.ORDER_LINE: OrderLine,
        TruthObject.PAYMENT: Payment,
    }
    if kind == TruthObject.ORDER:
        return order
    rows: Any = models_of[kind]._default_manager.filter(order=order, pk=str(object_id))
    found: Row | None = (rows.select_for_update(no_key=True) if lock else rows).first()
    return found


def _read(row: Row, name: str, text: str) -> Any:
    """Return the value that `comparing.as_text` wrote."""
    column = row._meta.get_field(name)
    try:
        if isinstance(column, models.DateTimeField):
            return datetime.fromisoformat(text)
        if isinstance(column, models.JSONField | models.BooleanField):
            return json.loads(text)
        value = int(text) if isinstance(column, models.IntegerField) else text
        return column.clean(value, row) if isinstance(column, models.Field) else value
    except (ValueError, ValidationError) as wrong:
        raise Unprocessable(f"“{text[:60]}” is no {name.replace('_', ' ')}.", code="not-fitting") from wrong
