"""A person matches two items, or takes a match apart: by adding, never by changing."""

from uuid import UUID

from django.db import IntegrityError, connection, transaction

from reconciliation.access import MATCH, access_item, access_match
from reconciliation.matching.found import Found
from reconciliation.matching.recording import record, record_reversal
from reconciliation.models import Item, Match, OpenItem, Side, Stage
from reconciliation.services.raising import end_matched
from retailops.accounts.actor import Actor
from retailops.lib.errors import Conflict, FieldError, Invalid
from retailops.lib.money import Money

_LOCK = "SELECT pg_advisory_xact_lock(7304112, hashtext(%s))"


@transaction.atomic
def match_by_hand(*, actor: Actor, item_id: int, other_id: int, reason: str) -> Match:
    """Match an expected with an actual item of the same amount; their discrepancies end. Tells `settlement.matched`.

    Raises NotFound, Denied, Invalid without a reason, and Conflict where the two cannot be matched.
    """
    item, other = access_item(actor, item_id, MATCH), access_item(actor, other_id, MATCH)
    _require(reason)
    _lock(item.lane)
    if why := why_not_matched(item, other):
        raise Conflict(why, code="not-matchable")
    [id] = record(actor, item.lane, [Found(Stage.HAND, (item.pk, other.pk), reason=reason.strip()[:200])])
    end_matched(actor, item.lane)
    return Match.objects.get(pk=id)


@transaction.atomic
def undo_match(*, actor: Actor, match_id: UUID, reason: str) -> Match:
    """Take a match apart by one that reverses it; its items are open again, and are not matched so by rule any more.

    Tells `settlement.unmatched`. Raises NotFound, Denied, Invalid without a reason, Conflict if it is undone already.
    """
    match = access_match(actor, match_id, MATCH)
    _require(reason)
    _lock(match.lane)
    if why := why_not_undone(match):
        raise Conflict(why, code="not-undoable")
    items = list(match.allocations.order_by("item_id").values_list("item_id", flat=True))
    try:
        with transaction.atomic():
            id = record_reversal(actor, match, items, reason.strip()[:200])
    except IntegrityError as late:
        raise Conflict("It was taken apart in the meantime.", code="not-undoable") from late
    return Match.objects.get(pk=id)


def why_not_matched(item: Item, other: Item) -> str:
    """Say why two items cannot be matched by hand; "" where they can."""
    if {item.side, other.side} != {str(Side.EXPECTED), str(Side.ACTUAL)}:
        return "One must be expected, and the other have come."
    if item.lane != other.lane:
        return "They are not of the same kind."
    whole = {each.item_id: each.remaining for each in OpenItem.objects.filter(item__in=(item, other))}
    if whole != {item.pk: item.amount, other.pk: other.amount}:
        return "One of them is matched already."
    if item.compared != other.compared:
        return f"The amounts differ: {Money(*item.compared)} and {Money(*other.compared)}."
    return ""


def why_not_undone(match: Match) -> str:
    """Say why a match cannot be taken apart; "" where it can."""
    if match.stage == Stage.REVERSAL:
        return "It takes another match apart itself; match the items again instead."
    if Match.objects.filter(reverses=match).exists():
        return "It was taken apart already."
    return ""


def _lock(lane: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [lane])


def _require(reason: str) -> None:
    if not reason.strip():
        raise Invalid("Say why.", errors=[FieldError("/reason", "must not be empty")])
