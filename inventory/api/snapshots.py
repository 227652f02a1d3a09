"""What other systems count: snapshots in, comparisons and differences out."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from django_filters import rest_framework as filters
from pydantic import Field, StringConstraints
from rest_framework.request import Request

from inventory.enums import Disposition
from inventory.inputs import SnapshotIn, StateMapIn
from inventory.models import DriftClass, DriftStatus, Snapshot, StateMap, StockDrift
from inventory.selectors import drifts_visible_to, snapshot_visible_to, state_maps_in_force
from inventory.services import accept_theirs, ask_recount, explain_drift, put_state_map, take_snapshot
from inventory.services.drifts import access_drift
from inventory.services.state_maps import waiting_change
from retailops.accounts.actor import Actor
from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import Body, MoneyShape, Shape

VIEW, WRITE = Permission.INVENTORY_VIEW, Permission.INVENTORY_WRITE
DIFFERENCES_SHOWN = 1000


class SnapshotShape(Shape):
    """A snapshot as it was taken in; `compared_at` is null while its instant settles or its source has no state map."""

    id: UUID
    source: str
    reference: str
    location: str
    as_of: datetime
    complete: bool
    row_count: int
    compared_at: datetime | None
    state_map_version: int | None
    sku_count: int
    differing_count: int = Field(description="Skus with a difference that nothing in flight explains.")
    unmapped: list[str] = Field(description="States that have no meaning here; what stands in them is left out.")


class DifferenceShape(Shape):
    """Where theirs and ours differ. `unexplained` is theirs less ours, less what was decided and not acknowledged."""

    sku: str
    disposition: Disposition
    theirs: int
    ours: int
    coming: int
    leaving: int
    unexplained: int


class ComparedSnapshotShape(SnapshotShape):
    """A snapshot with its differences, the largest first, at most 1,000."""

    differences: list[DifferenceShape]


class WaitingMapShape(Shape):
    """A change of a map that waits for a second person (`/approvals`)."""

    states: dict[str, str]
    based_on: int
    reason: str
    requested_by: str
    requested_at: datetime


class StateMapShape(Shape):
    """The version of a source's state map that holds now, and the change that waits."""

    source: str
    version: int
    states: dict[str, str]
    waiting: WaitingMapShape | None


class StateMapList(Shape):
    """The map in force of each source, by its name."""

    results: list[StateMapShape]


class StateMapBody(StateMapIn):
    """What a source's states mean. A change of a meaning needs its reason."""

    reason: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)] = ""
    based_on: int | None = Field(None, ge=0, description="The version that this changes; another one by now is 409.")


class DriftShape(Shape):
    """A difference of one sku at one location with one source, as long as it lasts."""

    id: UUID
    source: str
    location: str
    sku: str
    kind: DriftClass
    status: DriftStatus
    seen: int = Field(description="Snapshots in a row that show it.")
    units: int
    net: int = Field(description="Their total less ours.")
    value: MoneyShape | None
    explanation: str
    opened_at: datetime
    raised_at: datetime | None
    ended_at: datetime | None


class DriftList(Shape):
    """One page."""

    results: list[DriftShape]
    next_cursor: str


class SettleBody(Body):
    """Why."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=150, strip_whitespace=True)]


def _snapshot_fields(row: Snapshot) -> dict[str, Any]:
    same = (
        "id", "source", "reference", "as_of", "complete", "row_count", "compared_at", "sku_count", "differing_count",
        "unmapped",
    )  # fmt: skip
    version = row.state_map.version if row.state_map else None
    return {name: getattr(row, name) for name in same} | {
        "location": row.location.code,
        "state_map_version": version,
    }


def drift_shape(drift: StockDrift) -> DriftShape:
    """Return one difference (location loaded)."""
    same = (
        "id", "source", "sku", "seen", "units", "net", "explanation", "opened_at", "raised_at", "ended_at",
    )  # fmt: skip
    fields: dict[str, Any] = {name: getattr(drift, name) for name in same}
    return DriftShape.build(
        **fields, location=drift.location.code, kind=str(drift.kind), status=str(drift.status),
        value=MoneyShape.maybe(drift.value, drift.currency),
    )  # fmt: skip


class Snapshots(CommandEndpoint):
    """Stock as other systems have it."""

    @operation(
        id="takeSnapshot", summary="Stock of a location as another system has it", tag="Inventory", permission=WRITE,
        body=SnapshotIn, answers={201: SnapshotShape}, key="optional", problems=(404, 409),
    )  # fmt: skip
    def post(self, request: Request, body: SnapshotIn) -> SnapshotShape:
        """Up to 50,000 rows, compared with our balances as of the instant. The same `source` and `reference` answer the
        one that is there; with other content it is 409. Moves nothing: differences are settled by people."""
        return SnapshotShape.build(**_snapshot_fields(take_snapshot(actor=self.actor, snapshot=body)))


class SnapshotEndpoint(Endpoint):
    """One snapshot."""

    @operation(
        id="getSnapshot", summary="A snapshot and how it differs", tag="Inventory", permission=VIEW,
        answers={200: ComparedSnapshotShape}, problems=(404,),
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> ComparedSnapshotShape:
        """What was kept when it was compared."""
        row = snapshot_visible_to(self.actor, id)
        shown = list(row.differences.order_by("-unexplained", "sku", "disposition"))
        shown.sort(key=lambda each: -abs(each.unexplained))
        parts = [
            DifferenceShape.build(**{name: getattr(each, name) for name in DifferenceShape.model_fields})
            for each in shown[:DIFFERENCES_SHOWN]
        ]
        return ComparedSnapshotShape.build(**_snapshot_fields(row), differences=parts)


def state_map_shape(row: StateMap) -> StateMapShape:
    """Return a map in force."""
    change = waiting_change(row.source)
    same = ("states", "based_on", "reason", "requested_by", "requested_at")
    waiting = WaitingMapShape.build(**{name: getattr(change, name) for name in same}) if change else None
    return StateMapShape.build(source=row.source, version=row.version, states=row.states, waiting=waiting)


class StateMaps(Endpoint):
    """What the states of sources mean."""

    @operation(
        id="listStateMaps", summary="What other systems' stock states mean", tag="Inventory", permission=VIEW,
        answers={200: StateMapList},
    )  # fmt: skip
    def get(self, request: Request) -> StateMapList:
        """The version in force of each source."""
        return StateMapList.build(results=[state_map_shape(row) for row in state_maps_in_force()])


class StateMapEndpoint(CommandEndpoint):
    """What the states of one source mean."""

    @operation(
        id="putStateMap", summary="Say what a source's stock states mean", tag="Inventory",
        permission=Permission.INVENTORY_MANAGE, body=StateMapBody, answers={200: StateMapShape}, key="optional",
        problems=(409,),
    )  # fmt: skip
    def put(self, request: Request, source: str, body: StateMapBody) -> StateMapShape:
        """`null` means "not our stock". Meanings of states that had none count at once, as a new version; a meaning
        that changes or goes waits for a second person, and the answer shows the version that still holds."""
        told = StateMapIn.model_validate({"states": body.states})
        made = put_state_map(actor=self.actor, source=source, told=told, reason=body.reason, based_on=body.based_on)
        return state_map_shape(made)


class DriftFilter(filters.FilterSet):
    """Filters of differences."""

    status = filters.MultipleChoiceFilter(choices=DriftStatus.choices)
    kind = filters.MultipleChoiceFilter(choices=DriftClass.choices)
    source = filters.CharFilter()
    sku = filters.CharFilter()
    location = filters.CharFilter(field_name="location__code")

    class Meta:
        model = StockDrift
        fields: ClassVar[list[str]] = []


class Drifts(ListEndpoint):
    """Differences of the caller's regions."""

    queryset = StockDrift.objects.none()
    filterset_class = DriftFilter

    @operation(
        id="listDrifts", summary="Differences with other systems' stock", tag="Inventory", permission=VIEW,
        query=PageQuery, orderings=("-id", "id"), answers={200: DriftList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> DriftList:
        """`status=raised` are those that a person must settle."""
        page = self.page(drifts_visible_to(self.actor), query)
        return DriftList.build(results=[drift_shape(drift) for drift in page.rows], next_cursor=page.next_cursor)


def settling(verb: str, id: str, summary: str, text: str, command: Callable[[Actor, UUID, str], object]) -> Any:
    """Return the endpoint of one way to settle a difference."""

    class Settle(CommandEndpoint):
        @operation(
            id=id, summary=summary, tag="Inventory", permission=WRITE, body=SettleBody, answers={200: DriftShape},
            key="required", problems=(404, 409, 422), text=text,
        )  # fmt: skip
        def post(self, request: Request, id: UUID, body: SettleBody) -> DriftShape:
            command(self.actor, id, body.reason)
            return drift_shape(access_drift(self.actor, id, VIEW))

    Settle.__name__ = verb.title()
    return Settle


SETTLING: dict[str, Any] = {
    "accept": settling(
        "accept", "acceptDrift", "Take their count over",
        "Our books become theirs by adjustments; those above the location's limit wait for a second person. The "
        "difference ends when a later snapshot agrees.",
        lambda actor, id, reason: accept_theirs(actor=actor, drift_id=id, reason=reason),
    ),
    "recount": settling(
        "recount", "askRecount", "Have it counted again", "Tells `inventory.recount_asked` to whoever holds the stock.",
        lambda actor, id, reason: ask_recount(actor=actor, drift_id=id, reason=reason),
    ),
    "explain": settling(
        "explain", "explainDrift", "Say why it is there", "Its case ends, and comes back when the difference changes.",
        lambda actor, id, reason: explain_drift(actor=actor, drift_id=id, explanation=reason),
    ),
}  # fmt: skip
