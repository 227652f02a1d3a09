"""What published drift means: a discrepancy for each field, until the system says the same. Runs in the publishing
transaction, which holds the order's lock."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from reconciliation.models import OF_ORDERS, Discrepancy, Resolution
from reconciliation.order_truth import anchor_of
from reconciliation.services.settling import open_discrepancy, open_ones, settle
from retailops.accounts.actor import Actor
from retailops.lib.clock import now
from retailops.lib.ids import parse_uuid
from returns.models import Order

DETECTION = Actor.system("reconciliation")


def take_drift(order_id: UUID, system: str, differences: list[Mapping[str, Any]]) -> None:
    """Open or renew a discrepancy for each difference; those of this system that it no longer tells have ended."""
    take_differences(Order.objects.get(pk=order_id), system, differences)


def take_differences(
    order: Order, system: str, differences: Sequence[Mapping[str, Any]], *, said: Collection[str] | None = None
) -> None:
    """Open or renew a discrepancy for each difference; of the others those have ended about which the system said
    something: `said` are their anchors, None: everything."""
    known = {found.anchor: found for found in _open_of(order.id, system=system)}
    for told in differences:
        fresh = _discrepancy(order, system, told)
        before = known.pop(fresh.anchor, None)
        if before is None:
            open_discrepancy(DETECTION, fresh)
        else:
            _renew(before, fresh)
    for found in known.values():
        if said is None or found.anchor in said:
            _agreed(found)


def take_agreement(order_id: UUID, system: str) -> None:
    """End what was open with this system about the order: it says the same now."""
    for found in _open_of(order_id, system=system):
        _agreed(found)


def agree_since(order_id: UUID, channel: str, version: int) -> None:
    """End what the channel told otherwise in an earlier version and not in this one."""
    for found in _open_of(order_id, system=channel, order_version__lt=version):
        _agreed(found)


def _open_of(order_id: UUID, **which: Any) -> list[Discrepancy]:
    """Return what is open of the order itself: what is told of its returns ends by tellings of those."""
    return open_ones(order=order_id, object__in=OF_ORDERS, **which)


def _discrepancy(order: Order, system: str, told: Mapping[str, Any]) -> Discrepancy:
    owned_by_them = told["owner"] == system
    return Discrepancy(
        anchor=anchor_of(order, told["object"], told["external_id"], told["field"], system),
        order=order,
        object=told["object"],
        object_id=parse_uuid(told["object_id"]),
        external_id=told["external_id"],
        field=told["field"],
        ours=told["ours"],
        theirs=told["theirs"],
        owner=told["owner"],
        system=system,
        order_version=order.version,
        amount=told["amount"],
        currency=order.currency,
        region=order.region,
        brand=order.brand,
        channel=order.channel,
        suggestion=Resolution.TOOK_THEIRS if owned_by_them else Resolution.TOLD_OURS,
    )


def _renew(found: Discrepancy, told: Discrepancy) -> None:
    found.ours, found.theirs, found.amount, found.owner = told.ours, told.theirs, told.amount, told.owner
    found.order_version, found.suggestion = told.order_version, told.suggestion
    found.occurrences += 1
    found.last_seen_at = now()
    found.save()


def _agreed(found: Discrepancy) -> None:
    settle(
        DETECTION,
        found,
        Resolution.AGREED,
        "They say the same now.",
        {"order_version": found.order.version if found.order else 0},
    )
