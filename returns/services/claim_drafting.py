"""Draft claims: set units aside for one supplier, each at most once, and say what they are worth to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, Sum

from inventory.enums import Disposition
from inventory.models import Location, StockBalance
from inventory.selectors import location_of
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, FieldError, Unprocessable, hidden
from retailops.lib.ids import uuid7
from returns.enums import ClaimStatus, DispositionStatus, Remedy
from returns.events.claims import ClaimDrafted
from returns.inputs.claims import ClaimIn, ClaimLineIn
from returns.models import ClaimLine, DispositionSlice, Return, Supplier, SupplierClaim, SupplierSku, WarrantyAssessment
from returns.policy import Fee
from returns.services.claim_telling import claim_fact, line_facts

D = Disposition
# What may leave for the supplier, and what it may be asked to credit without the goods.
GOES_OUT = frozenset({D.RETURN_TO_VENDOR, D.DAMAGED, D.QUARANTINE})
CLAIMABLE = GOES_OUT | {D.REPAIR, D.REFURBISH, D.LIQUIDATE, D.RECYCLE, D.DONATE, D.SCRAP}


@dataclass(frozen=True)
class _Part:
    """Units to be claimed, with where they stand and whose they are."""

    sku: str
    location: Location
    disposition: str
    quantity: int
    unit_cost: int | None
    region: str
    brand: str
    part: DispositionSlice | None = None


@transaction.atomic
def draft_claim(*, actor: Actor, claim: ClaimIn) -> SupplierClaim:
    """Set units aside for a claim on their supplier; the same reference again returns the claim that is there.

    All units are one supplier's, in one currency, region and brand. Publishes `claim.drafted`.

    Raises NotFound, Denied, Conflict (units claimed already, the reference is another claim's), Unprocessable with a
    pointer for each line that its terms or its state refuse.
    """
    parts = _read(claim.lines)
    region, brand = _one_scope(parts)
    require(actor, Permission.CLAIMS_WORK, region=region, brand=brand, view=Permission.CLAIMS_VIEW)
    if claim.reference and (known := SupplierClaim.objects.filter(reference=claim.reference).first()):
        return _same(known, parts)
    supplier, costs = _supplier(parts, claim.supplier)
    _check_currency(claim.lines, next(iter(costs.values())).currency)
    send_back = _sending_back(supplier, parts, claim.send_back)
    _check_terms(supplier, parts, send_back)
    _check_free(parts)
    return _write(actor, claim, supplier, send_back, _priced(parts, costs), costs)


def _read(lines: Sequence[ClaimLineIn]) -> list[_Part]:
    slices = _locked_slices([each.slice_id for each in lines if each.slice_id])
    return [_of_slice(slices[each.slice_id], each) if each.slice_id else _of_stock(each) for each in lines]


def _locked_slices(ids: Sequence[UUID]) -> dict[UUID, DispositionSlice]:
    """Return the verdicts, their returns locked in order of id: whoever takes a verdict back holds the same lock."""
    owners = set(DispositionSlice.objects.filter(pk__in=ids).values_list("line__rma_id", flat=True))
    list(Return.objects.select_for_update(no_key=True).filter(pk__in=owners).order_by("id").values_list("pk"))
    rows = DispositionSlice.objects.filter(pk__in=ids).select_related("line__rma", "inspection__location")
    found = {row.id: row for row in rows}
    if len(found) < len(set(ids)):
        raise hidden()
    return found


def _of_slice(part: DispositionSlice, told: ClaimLineIn) -> _Part:
    rma = part.line.rma
    quantity = told.quantity if told.quantity is not None else part.quantity - claimed_of(part)
    where = part.inspection.location
    return _Part(part.line.sku, where, _where_now(part), quantity, told.unit_cost, rma.region, rma.brand, part)


def _where_now(part: DispositionSlice) -> str:
    """Return where the verdict's units stand: those that could not be repaired are damaged by now."""
    given_up = part.disposition == D.REPAIR and WarrantyAssessment.objects.filter(slice=part).exclude(
        remedy=Remedy.REPAIR
    )
    return str(D.DAMAGED if given_up else part.disposition)


def _of_stock(told: ClaimLineIn) -> _Part:
    where = location_of(told.location)
    return _Part(told.sku, where, str(told.disposition), told.quantity or 0, told.unit_cost, where.region, "")


def claimed_of(part: DispositionSlice) -> int:
    """Return how many units of the verdict are claimed."""
    return int(ClaimLine.objects.filter(slice=part, live=True).aggregate(sum=Sum("quantity"))["sum"] or 0)


def _one_scope(parts: Sequence[_Part]) -> tuple[str, str]:
    scopes = {(part.region, part.brand) for part in parts}
    if len(scopes) > 1:
        raise Unprocessable("A claim gathers units of one region and brand.", code="mixed-claim")
    return scopes.pop()


def _same(known: SupplierClaim, parts: Sequence[_Part]) -> SupplierClaim:
    there = set(known.lines.values_list("sku", "slice_id"))
    if there != {(part.sku, part.part.id if part.part else None) for part in parts}:
        raise Conflict("This reference is of a claim for other units.", code="reference-reused")
    return known


def _supplier(parts: Sequence[_Part], code: str) -> tuple[Supplier, dict[str, SupplierSku]]:
    rows = SupplierSku.objects.filter(sku__in={part.sku for part in parts}).select_related("supplier")
    costs = {row.sku: row for row in rows}
    unknown = [
        FieldError(f"/lines/{index}", f"no supplier of {part.sku} is known")
        for index, part in enumerate(parts)
        if part.sku not in costs or (code and costs[part.sku].supplier.code != code)
    ]
    if unknown:
        raise Unprocessable("Not every unit comes from that supplier.", code="unknown-supplier", errors=unknown)
    if len({(row.supplier_id, row.currency) for row in costs.values()}) > 1:
        raise Unprocessable("A claim is on one supplier, in one currency.", code="mixed-claim")
    return next(iter(costs.values())).supplier, costs


def _check_currency(lines: Sequence[ClaimLineIn], currency: str) -> None:
    faults = [
        FieldError(f"/lines/{index}/unit_cost/currency", f"must be {currency}, the supplier's")
        for index, line in enumerate(lines)
        if line.unit_cost is not None and line.currency not in (None, currency)
    ]
    if faults:
        raise Unprocessable("A cost is in another currency than the supplier's.", code="other-currency", errors=faults)


def _sending_back(supplier: Supplier, parts: Sequence[_Part], wanted: bool | None) -> bool:
    if wanted is None:
        return supplier.takes_back and all(part.disposition in GOES_OUT for part in parts)
    if wanted and not supplier.takes_back:
        raise Unprocessable(f"{supplier.name} takes no goods back.", code="not-taken-back")
    return wanted


def _check_terms(supplier: Supplier, parts: Sequence[_Part], send_back: bool) -> None:
    faults = [
        FieldError(f"/lines/{index}", fault)
        for index, part in enumerate(parts)
        if (fault := _why_not(supplier, part, send_back))
    ]
    if faults:
        raise Unprocessable("These units cannot be claimed; see errors.", code="not-claimable", errors=faults)


def _why_not(supplier: Supplier, part: _Part, send_back: bool) -> str:
    if part.disposition not in (GOES_OUT if send_back else CLAIMABLE):
        return f"units in {part.disposition} are not claimed{' with the goods' if send_back else ''}"
    if part.part is None:
        return "" if send_back else "stock is claimed by sending it back"
    if part.part.status == DispositionStatus.REVERSED:
        return "the verdict was taken back"
    until = window_end(supplier, part.part)
    return f"it could be claimed until {until:%Y-%m-%d}" if until and until < now() else ""


def window_end(supplier: Supplier, part: DispositionSlice) -> datetime | None:
    """Return the instant after which the supplier takes no claim; None where it sets no limit."""
    if not supplier.claim_window_days:
        return None
    return part.inspection.inspected_at + timedelta(days=supplier.claim_window_days)


def _check_free(parts: Sequence[_Part]) -> None:
    """Raise Conflict where units are claimed already: of a verdict by its own count, of stock by what stands there."""
    wanted: dict[UUID, int] = {}
    for part in parts:
        if part.part is not None:
            wanted[part.part.id] = wanted.get(part.part.id, 0) + part.quantity
            left = part.part.quantity - claimed_of(part.part)
            if part.quantity <= 0 or wanted[part.part.id] > left:
                raise Conflict(f"{left} units of this verdict on {part.sku} are not claimed yet.", code="claimed")
    places = {(part.sku, part.location.id, part.disposition) for part in parts if part.part is None}
    for sku, location, disposition in sorted(places, key=str):
        asked = sum(p.quantity for p in parts if (p.sku, p.location.id, p.disposition) == (sku, location, disposition))
        left = _unclaimed_stock(sku, location, disposition)
        if asked > left:
            raise Conflict(f"{left} units of {sku} in {disposition} there are not claimed yet.", code="claimed")


def _unclaimed_stock(sku: str, location: UUID, disposition: str) -> int:
    """Return the units that stand there less those that claims still hold there; the balance is locked.

    Units credited without the goods stay counted: they are never claimed a second time as stock.
    """
    place = {"sku": sku, "location_id": location, "disposition": disposition}
    balance = StockBalance.objects.select_for_update().filter(**place).first()
    waiting = Q(claim__status__in=[ClaimStatus.DRAFT, ClaimStatus.PENDING_APPROVAL]) | Q(claim__send_back=False)
    held = ClaimLine.objects.filter(waiting, live=True, **place).aggregate(sum=Sum("quantity"))["sum"] or 0
    return max(0, (balance.quantity if balance else 0) - held)


def _priced(parts: Sequence[_Part], costs: dict[str, SupplierSku]) -> list[ClaimLine]:
    return [
        ClaimLine(
            line_no=number,
            slice=part.part,
            sku=part.sku,
            location=part.location,
            disposition=part.disposition,
            quantity=part.quantity,
            unit_cost=costs[part.sku].unit_cost if part.unit_cost is None else part.unit_cost,
        )
        for number, part in enumerate(parts, start=1)
    ]


def _write(
    actor: Actor,
    told: ClaimIn,
    supplier: Supplier,
    send_back: bool,
    lines: Sequence[ClaimLine],
    costs: dict[str, SupplierSku],
) -> SupplierClaim:
    value = sum(line.value for line in lines)
    deduction = Fee(percent=supplier.restocking_percent).share_of(value) if send_back else 0
    returns = {line.slice.line.rma for line in lines if line.slice}
    rma = returns.pop() if len(returns) == 1 and all(line.slice for line in lines) else None
    some = rma or next((line.slice.line.rma for line in lines if line.slice), None)
    claim = SupplierClaim.objects.create(
        supplier=supplier,
        rma=rma,
        correlation_id=rma.correlation_id if rma else uuid7(),
        region=some.region if some else lines[0].location.region,
        brand=some.brand if some else "",
        channel=rma.channel if rma else "",
        reference=told.reference,
        send_back=send_back,
        currency=costs[lines[0].sku].currency,
        value=value,
        deduction=deduction,
        claimed=value - deduction,
        reason=told.reason,
        requested_by=actor.key,
    )
    for line in lines:
        line.claim = claim
    ClaimLine.objects.bulk_create(lines)
    fact = claim_fact(ClaimDrafted, claim, lines=line_facts(lines))
    publish(fact, subject=claim.as_subject(), actor=actor, words=told.reason)
    return claim
