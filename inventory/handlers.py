"""Subscribers: what a second person's word means for stock, in the publishing transaction."""

from uuid import UUID

from inventory.services.adjusting import APPROVAL_KIND, take_approval, take_refusal
from inventory.services.state_maps import APPROVAL_KIND as MAP_KIND
from inventory.services.state_maps import take_map_approval, take_map_refusal
from inventory.transfer_voiding import why_many_not_brought, why_not_brought
from retailops.accounts.actor import Actor
from retailops.events.catalog import subscribe
from retailops.events.models import Event
from retailops.events.verdicts import register_void_check

# Who agreed may not be allowed to move stock; the word is the permission.
WORD = Actor.system("approval")


def register() -> None:
    """Register the subscribers, and what makes a delivery void."""
    subscribe("approval.approved", approval_given)
    for name in ("approval.refused", "approval.expired"):
        subscribe(name, approval_refused)
    register_void_check(why_not_brought, many=why_many_not_brought)


def approval_given(event: Event) -> None:
    """approval.approved → the adjustment is booked, the map in force."""
    if event.data["kind"] == APPROVAL_KIND:
        take_approval(WORD, UUID(event.data["subject_id"]))
    if event.data["kind"] == MAP_KIND:
        take_map_approval(WORD, UUID(event.data["subject_id"]))


def approval_refused(event: Event) -> None:
    """approval.refused, approval.expired → the adjustment, or the change of a map, is given up."""
    if event.data["kind"] == APPROVAL_KIND:
        take_refusal(UUID(event.data["subject_id"]))
    if event.data["kind"] == MAP_KIND:
        take_map_refusal(UUID(event.data["subject_id"]))
