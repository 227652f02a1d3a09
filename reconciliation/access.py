"""Discrepancies, settlement files, items and matches within a person's scope."""

from uuid import UUID

from django.db.models import QuerySet

from reconciliation.models import Discrepancy, DiscrepancyStatus, ImportFile, Item, Match
from retailops.accounts.actor import Actor, require, scope_q
from retailops.accounts.permissions import Permission
from retailops.lib.errors import Conflict, hidden

VIEW = Permission.DISCREPANCIES_VIEW
SEE = Permission.SETTLEMENTS_VIEW
IMPORT = Permission.SETTLEMENTS_IMPORT
MATCH = Permission.SETTLEMENTS_MATCH


def discrepancies_visible_to(actor: Actor) -> QuerySet[Discrepancy]:
    """Return the discrepancies in the actor's regions and brands, with their orders."""
    return Discrepancy.objects.select_related("order", "item").filter(scope_q(actor, VIEW))


def access_discrepancy(
    actor: Actor, discrepancy_id: UUID, permission: Permission = VIEW, *, lock: bool = False
) -> Discrepancy:
    """Return the discrepancy with its order. Raises NotFound, Denied; with `lock`, Conflict unless it is open."""
    rows = Discrepancy.objects.select_related("order", "item")
    if lock:
        rows = rows.select_for_update(no_key=True, of=("self",))
    found = rows.filter(pk=discrepancy_id).first()
    if found is None:
        raise hidden()
    require(actor, permission, region=found.region, brand=found.brand, view=VIEW)
    if lock and found.status != DiscrepancyStatus.OPEN:
        raise Conflict("It is settled already.", present=str(found.status))
    return found


def files_visible_to(actor: Actor) -> QuerySet[ImportFile]:
    """Return the settlement files of the actor's regions and brands; one of all of them is for who sees all."""
    return ImportFile.objects.select_related("source").filter(scope_q(actor, SEE))


def access_file(actor: Actor, file_id: UUID) -> ImportFile:
    """Return the file with its source. Raises NotFound, Denied."""
    require(actor, SEE)
    found = files_visible_to(actor).filter(pk=file_id).first()
    if found is None:
        raise hidden()
    return found


def items_visible_to(actor: Actor) -> QuerySet[Item]:
    """Return the items of the actor's regions and brands, with their sources and files."""
    return Item.objects.select_related("source", "file").filter(scope_q(actor, SEE))


def access_item(actor: Actor, item_id: int, permission: Permission = SEE) -> Item:
    """Return the item with its source and file. Raises NotFound, Denied."""
    found = Item.objects.select_related("source", "file").filter(pk=item_id).first()
    if found is None:
        raise hidden()
    require(actor, permission, region=found.region, brand=found.brand, view=SEE)
    return found


def matches_visible_to(actor: Actor) -> QuerySet[Match]:
    """Return the matches of the actor's regions and brands."""
    return Match.objects.filter(scope_q(actor, SEE))


def access_match(actor: Actor, match_id: UUID, permission: Permission = SEE) -> Match:
    """Return the match. Raises NotFound, Denied."""
    found = Match.objects.filter(pk=match_id).first()
    if found is None:
        raise hidden()
    require(actor, permission, region=found.region, brand=found.brand, view=SEE)
    return found
