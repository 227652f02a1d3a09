"""One case for each sku and location that other systems count otherwise; one for all where a whole snapshot differs."""

from django.db.models import QuerySet

from inventory.models import DriftClass, DriftStatus, Location, Snapshot, StockDrift
from inventory.owners import owner_of_quantities
from retailops.accounts.actor import Actor
from retailops.cases.inputs import CaseIn
from retailops.cases.models import Case, CaseQueue, CaseStatus
from retailops.cases.services import open_case, resolve_troubles
from retailops.events.catalog import Subject
from retailops.lib.money import Money

# More than so many at once have one cause, and one case.
CASES_AT_ONCE = 50
KIND, MANY = "stock_drift", "stock_drift_many"
NEXT = {
    DriftClass.TIMING: "Wait for the next snapshot: moves of these minutes may explain it",
    DriftClass.MAPPING: "Compare the states: the same units are booked elsewhere here",
    DriftClass.LOSS: "Have it counted again; accept their count if the units are gone",
    DriftClass.UNKNOWN: "Have it counted again; accept their count if the units are there",
}


def drift_key(location: Location, sku: str) -> str:
    """Return what the trouble of a sku at a location is called, whichever system counts it."""
    return f"{KIND}:{location.code}:{sku}"


def keep_cases(actor: Actor, snapshot: Snapshot) -> None:
    """Open the cases of what is raised and seen in the snapshot; end those of what is not raised any more.

    A difference that somebody explained has no case as long as it stays the same.
    """
    place = snapshot.location
    open_drifts = StockDrift.objects.filter(location=place, status=DriftStatus.RAISED).exclude(explained_by__gt="")
    seen = list(open_drifts.filter(source=snapshot.source, last_snapshot=snapshot).select_related("location"))
    many = f"{MANY}:{place.code}:{snapshot.source}"[:200]
    evidence = {"snapshot": str(snapshot.id), "source": snapshot.source}
    if len(seen) > CASES_AT_ONCE:
        open_case(actor, _many(snapshot, many, seen))
    else:
        resolve_troubles(actor, many, "A later snapshot differs in few skus or none", evidence)
        for drift in seen:
            open_case(actor, _case(drift))
    _end_settled(actor, place, open_drifts, evidence)


def _end_settled(actor: Actor, place: Location, raised: QuerySet[StockDrift], evidence: dict[str, str]) -> None:
    prefix = f"{KIND}:{place.code}:"
    still = {drift_key(place, sku) for sku in raised.values_list("sku", flat=True)}
    rows = Case.objects.filter(kind=KIND, status=CaseStatus.OPEN, dedupe_key__startswith=prefix)
    for key in rows.order_by("id").values_list("dedupe_key", flat=True):
        if key not in still:
            resolve_troubles(actor, key, "A later snapshot agrees", evidence)


def _case(drift: StockDrift) -> CaseIn:
    direction = "fewer" if drift.net < 0 else "more"
    what = f"{abs(drift.net)} {direction}" if drift.net else f"{drift.units} in other states"
    return CaseIn(
        kind=KIND,
        queue=CaseQueue.BUSINESS,
        title=f"{drift.sku} at {drift.location.code}: {drift.source} counts {what} than we have"
        if drift.net
        else f"{drift.sku} at {drift.location.code}: {drift.source} counts {what}",
        dedupe_key=drift_key(drift.location, drift.sku),
        subject=drift.as_subject(),
        detail=f"Seen in {drift.seen} snapshots in a row. Likely: {drift.get_kind_display().lower()}.",
        next_action=_next(drift),
        group_title="Another system counts other stock than we have",
        system=drift.source[:40],
        money=None if drift.value is None else Money(drift.value, drift.currency),
        evidence={"drift": str(drift.id), "units": drift.units, "net": drift.net, "class": str(drift.kind)},
    )


def _next(drift: StockDrift) -> str:
    """Return what to do by the likely cause; where the counting system owns quantities, its count should hold."""
    if drift.source == owner_of_quantities() and drift.kind in (DriftClass.LOSS, DriftClass.UNKNOWN):
        return f"{drift.source} owns quantities: accept its count, or have it counted again if you doubt it"
    return NEXT[DriftClass(drift.kind)]


def _many(snapshot: Snapshot, key: str, seen: list[StockDrift]) -> CaseIn:
    return CaseIn(
        kind=MANY,
        queue=CaseQueue.BUSINESS,
        title=f"{len(seen)} skus at {snapshot.location.code}: {snapshot.source} counts otherwise than we do",
        dedupe_key=key,
        subject=Subject("snapshot", snapshot.id, snapshot.id, str(snapshot.id), snapshot.location.region),
        detail="So many at once have one cause: a wrong state map, the wrong location, or a feed that stopped.",
        next_action="Look at the snapshot, its location and its state map first",
        group_title="A whole snapshot differs from our stock",
        system=snapshot.source[:40],
        evidence={"snapshot": str(snapshot.id), "skus": len(seen)},
    )
