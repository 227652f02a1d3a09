"""Quarantine that lasts longer than its location allows: one case a location, ended when nothing is overdue."""

from collections import defaultdict

from django.db import transaction

from inventory.ageing import Layer, quarantine_layers
from inventory.models import Location
from retailops.accounts.actor import Actor
from retailops.cases.inputs import CaseIn
from retailops.cases.models import Case, CaseQueue, CaseStatus
from retailops.cases.services import open_case, resolve_troubles
from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.money import Money

KIND = "quarantine_overdue"
SWEEP = Actor.system("sweep")


def watch_quarantine() -> int:
    """Open, keep and end the cases of overdue quarantine; return how many locations have one. A sweep."""
    places = list(Location.objects.order_by("code"))
    overdue: dict[str, list[Layer]] = defaultdict(list)
    for layer in quarantine_layers(place.id for place in places):
        if layer.overdue:
            overdue[layer.location].append(layer)
    open_keys = set(Case.objects.filter(kind=KIND, status=CaseStatus.OPEN).values_list("dedupe_key", flat=True))
    for place in places:
        _keep(place, overdue.get(place.code, []), _key(place) in open_keys)
    return len(overdue)


@transaction.atomic
def _keep(place: Location, layers: list[Layer], is_open: bool) -> None:
    if not layers and is_open:
        evidence = {"location": place.code, "looked_at": now().isoformat()}
        resolve_troubles(SWEEP, _key(place), "Nothing stands in quarantine too long any more", evidence)
    elif layers and not is_open:  # an open case needs no second opening every ten minutes
        open_case(SWEEP, _case(place, layers))


def _key(place: Location) -> str:
    return f"{KIND}:{place.code}"


def _case(place: Location, layers: list[Layer]) -> CaseIn:
    units = sum(layer.units for layer in layers)
    oldest = max(layer.days for layer in layers)
    return CaseIn(
        kind=KIND,
        queue=CaseQueue.BUSINESS,
        title=f"{units} units stand in quarantine at {place.name} for more than {place.quarantine_days} days",
        dedupe_key=_key(place),
        subject=Subject("location", place.id, place.id, str(place.id), place.region),
        detail=f"The oldest stands there for {oldest} days; {len({layer.sku for layer in layers})} skus.",
        next_action="Look at the goods and give each its place: sell, mend, send back or get rid of it",
        group_title="Goods stand in quarantine too long",
        money=_worth(place, layers),
        evidence={"location": place.code, "units": units, "oldest_days": oldest},
    )


def _worth(place: Location, layers: list[Layer]) -> Money | None:
    known = [layer.value for layer in layers if layer.value is not None]
    return Money(sum(known), place.currency) if known and place.currency else None
