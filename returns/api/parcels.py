"""Parcels on the way back: kinds, labels, scans, drop-offs, what carriers bring back undelivered."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from rest_framework.request import Request

from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.wire import MoneyIn, MoneyShape, Shape, in_minor_units
from returns import selectors
from returns.api.addresses import ReturnCommand
from returns.api.shapes import ReturnShape, return_shape
from returns.enums import RefundTiming, ReturnKind
from returns.inputs import read
from returns.inputs.parcels import DropOffIn, LabelIn, ReturnToSenderIn, ScanIn
from returns.kinds import TRAITS
from returns.models import Parcel
from returns.services.carrier_returns import return_to_sender
from returns.services.parcels import record_label, scan_parcel, take_drop_off

RECEIVE, REQUEST, VIEW = Permission.RETURNS_RECEIVE, Permission.RETURNS_REQUEST, Permission.RETURNS_VIEW


class KindShape(Shape):
    """What a kind of return is expected to do; whatever is not said here follows policy."""

    kind: ReturnKind
    name: str
    meaning: str
    requestable: bool = Field(description="POST /returns takes it; the others begin with goods that come.")
    by_parcel: bool
    label: bool
    drop_off_code: bool
    at_till: bool
    expires: bool
    undelivered: bool
    refund_timing: RefundTiming | None


class KindList(Shape):
    """Every kind."""

    results: list[KindShape]


class ScanShape(Shape):
    """What a carrier or partner said of a parcel."""

    what: str
    place: str
    scanned_at: datetime


class ParcelShape(Shape):
    """One parcel of a return."""

    id: UUID
    return_id: UUID
    tracking: str
    carrier: str
    label_url: str
    label_cost: MoneyShape | None
    in_transit_at: datetime | None
    arrived: bool = Field(description="A receipt names it.")
    scans: list[ScanShape]


class ParcelList(Shape):
    """The parcels of a return, and the code that its customer shows at a drop-off point."""

    results: list[ParcelShape]
    drop_off_code: str


class LabelBody(LabelIn):
    """A label for the way back."""

    cost: MoneyIn | None = Field(None, description="What it costs us.")  # type: ignore[assignment]  # money on the wire, minor units inside


def parcel_shape(parcel: Parcel, arrived: set[str]) -> ParcelShape:
    """Return one parcel with its scans; `arrived` are the numbers that receipts name."""
    return ParcelShape.build(
        id=parcel.id, return_id=parcel.rma_id, tracking=parcel.tracking, carrier=parcel.carrier,
        label_url=parcel.label_url, label_cost=MoneyShape.maybe(parcel.label_cost, parcel.rma.currency),
        in_transit_at=parcel.in_transit_at, arrived=parcel.tracking in arrived,
        scans=[
            ScanShape.build(what=scan.what, place=scan.place, scanned_at=scan.scanned_at)
            for scan in parcel.scans.all()
        ],
    )  # fmt: skip


class ReturnKinds(Endpoint):
    """Kinds of returns."""

    @operation(
        id="listReturnKinds", summary="Kinds of returns", tag="Returns", permission=VIEW, answers={200: KindList}
    )
    def get(self, request: Request) -> KindList:
        """What each kind is expected to do."""
        rows = [
            KindShape.build(
                kind=kind, name=str(kind.label), meaning=traits.meaning, requestable=traits.requestable,
                by_parcel=traits.by_parcel, label=traits.label, drop_off_code=traits.drop_off_code,
                at_till=traits.at_till, expires=traits.expires, undelivered=traits.undelivered,
                refund_timing=traits.refund_timing,
            )
            for kind, traits in TRAITS.items()
        ]  # fmt: skip
        return KindList.build(results=rows)


class Parcels(ReturnCommand):
    """The parcels of a return."""

    @operation(
        id="listParcels", summary="The parcels of a return", tag="Goods", permission=VIEW, answers={200: ParcelList}
    )
    def get(self, request: Request, id: str) -> Any:
        """With their scans, and the drop-off code where there is one."""
        rma = selectors.return_detail(self.actor, id)
        arrived = selectors.parcels_that_arrived(rma)
        rows = rma.parcels.select_related("rma").prefetch_related("scans")
        code = getattr(rma, "drop_off", None)
        return ParcelList.build(
            results=[parcel_shape(parcel, arrived) for parcel in rows], drop_off_code=code.token if code else ""
        )

    @operation(
        id="recordLabel", summary="A label was made", tag="Goods", permission=REQUEST, body=LabelBody,
        answers={201: ParcelShape}, key="optional", problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, id: str, body: LabelBody) -> ParcelShape:
        """One label for each parcel. The same tracking number again answers the parcel that is there."""
        rma = selectors.return_detail(self.actor, id)
        plain = in_minor_units(body.model_dump(mode="json"), rma.currency)
        parcel = record_label(actor=self.actor, return_id=rma.id, label=read(LabelIn, plain))
        return parcel_shape(parcel, set())


class Scans(ReturnCommand):
    """What carriers say."""

    @operation(
        id="scanParcel", summary="A carrier scanned a parcel", tag="Goods", permission=RECEIVE, body=ScanIn,
        answers={200: ReturnShape}, key="optional", problems=(404, 422),
    )  # fmt: skip
    def post(self, request: Request, id: str, body: ScanIn) -> ReturnShape:
        """The first scan sets the return in transit; where policy refunds on scan, the refund goes now."""
        return return_shape(scan_parcel(actor=self.actor, return_id=self.return_id(id), scan=body))


class DropOffs(CommandEndpoint):
    """Goods handed over at drop-off points."""

    @operation(
        id="takeDropOff", summary="Goods were handed over at a drop-off point", tag="Goods", permission=RECEIVE,
        body=DropOffIn, answers={200: ReturnShape}, key="optional", problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, body: DropOffIn) -> ReturnShape:
        """Against the code that the customer shows. The same code again from the same partner changes nothing."""
        return return_shape(take_drop_off(actor=self.actor, drop_off=body))


class ReturnsToSender(CommandEndpoint):
    """Parcels that were never delivered."""

    @operation(
        id="returnToSender", summary="A carrier brings a parcel back", tag="Goods", permission=RECEIVE,
        body=ReturnToSenderIn, answers={201: ReturnShape}, key="optional", problems=(404, 422),
    )  # fmt: skip
    def post(self, request: Request, body: ReturnToSenderIn) -> ReturnShape:
        """Named by its outbound tracking number. Opens a return that is authorized and in transit; no fees, and the
        shipping is given back with the goods. The same notice again answers the return that is there."""
        return return_shape(return_to_sender(actor=self.actor, notice=body))
