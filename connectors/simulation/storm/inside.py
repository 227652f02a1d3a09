"""What customers, carriers and the warehouse's people do in a storm."""

from collections.abc import Iterator
from functools import partial
from random import Random

from connectors.simulation.storm.ground import CAMERA, Ground
from connectors.simulation.storm.outside import Act
from connectors.simulation.trading import ACTOR
from inventory.enums import DECIDABLE, Disposition
from retailops.lib.clock import now
from returns.enums import ReturnKind, ReturnStatus
from returns.inputs import InspectionIn, ReceiptIn, ReceiptLineIn, SliceIn
from returns.inputs.parcels import DropOffIn, LabelIn, ScanIn
from returns.kinds import TRAITS
from returns.models import DropOffCode, Return, ReturnLine
from returns.services import decisions, parcels, quantities, transit
from returns.services.arriving import awaited
from returns.services.correcting import reverse_receipt
from returns.services.extra_units import accept_over_receipt
from returns.services.inspecting import inspect_return
from returns.services.naming import waiting_numbers
from returns.services.receiving import receive_return
from returns.sweeps import SWEEP

S = ReturnStatus
REJECTED_TO = sorted(DECIDABLE - {Disposition.SELLABLE})


NEVER_COMES = 0.07


def acts(rma: Return, dice: Random, ground: Ground, step: int, *, floor: bool = True) -> Iterator[Act]:
    """Yield what happens next to the goods of a return; `step` makes ids of arrivals and verdicts differ.

    Without `floor` others receive and judge them.
    """
    lines = list(rma.lines.select_related("order_line").order_by("line_no"))
    location = ground.store if TRAITS[ReturnKind(rma.kind)].at_till else ground.warehouse_of(rma.region)
    if rma.status in (S.REQUESTED, S.IN_REVIEW):
        yield _decided(rma, dice)
    elif step == 0 and TRAITS[ReturnKind(rma.kind)].expires and dice.random() < NEVER_COMES:
        yield partial(_expired, rma)
    elif rma.status in (S.EXPIRED, S.DECLINED, S.CANCELED, S.CLOSED):
        yield from _after_the_end(rma, lines, dice, location, step)
    else:
        yield from _on_its_way(rma, lines, dice)
        if floor:
            yield from _on_the_floor(rma, lines, dice, location, step)


def _decided(rma: Return, dice: Random) -> Act:
    verb = dice.choices((decisions.authorize_return, decisions.decline_return, decisions.cancel_return), (90, 7, 3))[0]
    return partial(verb, actor=ACTOR, return_id=rma.id, reason="decided in the storm")


def _on_its_way(rma: Return, lines: list[ReturnLine], dice: Random) -> Iterator[Act]:
    if TRAITS[ReturnKind(rma.kind)].by_parcel and rma.in_transit_at is None and dice.random() < 0.6:
        yield from _scanned(rma, dice)
    if dice.random() < 0.01:
        yield partial(decisions.cancel_return, actor=ACTOR, return_id=rma.id, reason="changed their mind")


def _on_the_floor(rma: Return, lines: list[ReturnLine], dice: Random, location: str, step: int) -> Iterator[Act]:
    waiting = [line for line in lines if line.received > line.inspected]
    if waiting and rma.kind != ReturnKind.WARRANTY:
        yield _inspected(rma, waiting, dice, location, step)
    coming = [line for line in lines if awaited(line) > 0]
    if coming:
        yield from _arrives(rma, coming, dice, location, step)


def _expired(rma: Return) -> None:
    """The weeks pass, and nothing comes: the clock alone is moved, the sweep's own command does the rest."""
    Return.objects.filter(pk=rma.pk, expires_at__gt=now()).update(expires_at=now())
    decisions.expire_return(actor=SWEEP, return_id=rma.id)


def _scanned(rma: Return, dice: Random) -> Iterator[Act]:
    """The customer hands the parcel over; a carrier's word may come twice."""
    code = DropOffCode.objects.filter(rma=rma, used_at=None).first()
    if code is not None:
        drop_off = DropOffIn(code=code.token, partner=dice.choice(("kiosk", "post")))
        yield partial(parcels.take_drop_off, actor=ACTOR, drop_off=drop_off)
        return
    tracking = rma.tracking or f"L-{rma.id.hex[-12:]}"
    if not rma.tracking or dice.random() < 0.3:
        yield partial(
            parcels.record_label,
            actor=ACTOR,
            return_id=rma.id,
            label=LabelIn(tracking=tracking, carrier="DHL", cost=350),
        )
    if dice.random() < 0.5:
        scan = ScanIn(tracking=tracking, scanned_at=now())
        yield partial(parcels.scan_parcel, actor=ACTOR, return_id=rma.id, scan=scan)
    else:
        yield partial(transit.mark_in_transit, actor=ACTOR, return_id=rma.id, tracking=tracking, scanned_at=now())


def _arrives(rma: Return, coming: list[ReturnLine], dice: Random, location: str, step: int) -> Iterator[Act]:
    chance = dice.random()
    line = dice.choice(coming)
    units = dice.randint(1, awaited(line))
    if chance < 0.04:
        command = dice.choice((quantities.declare_missing, quantities.keep_units, quantities.cancel_remaining))
        yield partial(
            command, actor=ACTOR, return_id=rma.id, line_no=line.line_no, quantity=units, reason="said in the storm"
        )
        return
    parcel = _parcel(coming, dice, chance)
    receipt = ReceiptIn(scan_id=f"storm:{rma.id}:{step}", location=location, lines=parcel)
    arrive = partial(receive_return, actor=ACTOR, return_id=rma.id, receipt=receipt)
    yield arrive
    if dice.random() < 0.1:
        yield arrive
    if dice.random() < 0.02:
        yield partial(
            reverse_receipt, actor=ACTOR, return_id=rma.id, scan_id=receipt.scan_id, reason="scanned by mistake"
        )


def _parcel(coming: list[ReturnLine], dice: Random, chance: float) -> list[ReceiptLineIn]:
    """Return what is in it: mostly all that is awaited, sometimes less, more, or something else."""
    if chance < 0.08:
        return [ReceiptLineIn(sku="NOT-THAT-ONE", quantity=1)]
    less, more = chance < 0.3, chance > 0.96
    return [
        _units(line, dice.randint(1, awaited(line)) if less else awaited(line) + (1 if more else 0), dice)
        for line in (coming[:1] if less else coming)
    ]


def _units(line: ReturnLine, quantity: int, dice: Random) -> ReceiptLineIn:
    """Return what is read of the units of a line: their numbers, where they have some, and now and then wrongly."""
    numbers: list[str] = []
    if line.sku == CAMERA.sku and dice.random() < 0.7:
        numbers = [f"{line.id.hex[:10]}-{unit}" for unit in range(quantity)]
    return ReceiptLineIn(line_no=line.line_no, quantity=quantity, serials=numbers)


def _inspected(rma: Return, waiting: list[ReturnLine], dice: Random, location: str, step: int) -> Act:
    slices = [part for line in waiting for part in _verdicts(line, dice)]
    inspection = InspectionIn(reference=f"storm:{rma.id}:{step}", location=location, slices=slices)
    return partial(inspect_return, actor=ACTOR, return_id=rma.id, inspection=inspection)


def _verdicts(line: ReturnLine, dice: Random) -> Iterator[SliceIn]:
    left = line.received - line.inspected
    bad = dice.randint(0, left) if dice.random() < 0.15 else 0
    numbers = waiting_numbers([line]).get(line.line_no, [])
    if left - bad:
        to = Disposition.SELLABLE if dice.random() < 0.8 else Disposition.REFURBISH
        good = numbers[: left - bad]
        yield SliceIn(
            line_no=line.line_no, quantity=left - bad, accepted=True, condition="A", disposition=to, serials=good
        )
    if bad:
        to = dice.choice(REJECTED_TO)
        yield SliceIn(
            line_no=line.line_no,
            quantity=bad,
            accepted=False,
            condition="D",
            disposition=to,
            serials=numbers[left - bad :][:bad],
        )


def _after_the_end(rma: Return, lines: list[ReturnLine], dice: Random, location: str, step: int) -> Iterator[Act]:
    chance = dice.random()
    if chance < 0.03:
        parcel = [ReceiptLineIn(line_no=lines[0].line_no, quantity=1)]
        receipt = ReceiptIn(scan_id=f"storm:{rma.id}:{step}", location=location, lines=parcel)
        yield partial(receive_return, actor=ACTOR, return_id=rma.id, receipt=receipt)
    elif chance < 0.05 and rma.status == S.CLOSED:
        yield partial(decisions.reopen_return, actor=ACTOR, return_id=rma.id, reason="asked again")
    elif chance < 0.1 and rma.status in (S.EXPIRED, S.DECLINED):
        yield partial(decisions.reinstate_return, actor=ACTOR, return_id=rma.id, reason="asked again")
    elif chance < 0.12 and lines:
        yield partial(
            accept_over_receipt, actor=ACTOR, return_id=rma.id, line_no=lines[0].line_no, quantity=1, reason="kind"
        )
