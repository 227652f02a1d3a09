"""Commands on many cases as the API shows and takes them."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from retailops.cases.models import Case, CaseQueue, CaseStatus
from retailops.lib.errors import FieldError, Invalid
from retailops.lib.wire import Body, MoneyShape, Shape
from retailops.replays import case_commands as kinds
from retailops.replays.api.shapes import PlanPartShape, Reason, part_shape
from retailops.replays.freezing import MOST_ITEMS, Selection
from retailops.replays.models import BulkItem, BulkOperation, BulkResult, BulkStage, BulkStatus
from retailops.replays.selectors import figures_of

Text = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=5000, strip_whitespace=True)]


class CaseCommand(StrEnum):
    """What is done with each case. (`end` is begun by resolving a group with its cases.)"""

    ASSIGN = "assign"
    ACKNOWLEDGE = "acknowledge"
    SNOOZE = "snooze"
    RESOLVE = "resolve"
    NOTE = "note"
    END = "end"


KINDS: Mapping[CaseCommand, str] = {
    CaseCommand.ASSIGN: kinds.ASSIGN, CaseCommand.ACKNOWLEDGE: kinds.ACKNOWLEDGE, CaseCommand.SNOOZE: kinds.IGNORE,
    CaseCommand.RESOLVE: kinds.RESOLVE, CaseCommand.NOTE: kinds.NOTE, CaseCommand.END: kinds.END,
}  # fmt: skip
COMMANDS = {kind: command for command, kind in KINDS.items()}


class CasesFilterBody(Body):
    """Which cases are meant: all that match each of these; open ones unless another status is named."""

    status: CaseStatus = CaseStatus.OPEN
    queue: CaseQueue | None = None
    kind: Text | None = None
    group: UUID | None = None
    owner: UUID | None = None
    connection: Text | None = None
    operation: Text | None = None
    failure_class: Text | None = None
    region: Text | None = None
    brand: Text | None = None
    channel: Text | None = None
    as_of: AwareDatetime | None = Field(None, description="What came later is left out; default: now.")

    def selection(self) -> Selection:
        """Return all cases that match."""
        given = self.model_dump(mode="json", exclude_none=True, exclude={"as_of"})
        return Selection(rows=Case.objects.filter(**given), filter=given, cut_off=self.as_of)


class CasesBody(Body):
    """Which cases are meant: `ids`, or `filter`."""

    ids: list[UUID] | None = Field(None, min_length=1, max_length=MOST_ITEMS)
    filter: CasesFilterBody | None = None

    def chosen(self) -> Selection:
        """Return the selection. Raises Invalid unless one of the two is given."""
        if (self.ids is None) == (self.filter is None):
            raise Invalid("Give `ids` or `filter`.", errors=[FieldError("/ids", "Give either this or `filter`.")])
        return self.filter.selection() if self.filter else Selection(ids=self.ids or ())


class CaseOperationBody(CasesBody):
    """What is to be done with which cases, and why. Of the others, give what the command takes.

    `selection` is what a look at the filter answered: with a filter it is required, for nobody acts on what they did
    not see.
    """

    command: CaseCommand
    reason: Reason
    selection: str | None = Field(None, pattern="^[0-9a-f]{64}$", description="Of the look at the same selection.")
    owner: UUID | None = Field(None, description="`assign`: to whom; null: to nobody.")
    until: AwareDatetime | None = Field(None, description="`snooze`: until when.")
    evidence: dict[str, Any] | None = Field(None, description="`resolve`: what shows it.")
    text: Note | None = Field(None, description="`note`: what is written.")

    def given(self) -> dict[str, Any]:
        """Return what the command takes, as an operation keeps it. Raises Invalid for what is missing."""
        if self.command == CaseCommand.END:
            detail = "Resolve the group with its cases for that."
            raise Invalid(detail, errors=[FieldError("/command", detail)])
        if self.filter is not None and self.selection is None:
            raise Invalid("Look at the filter first.", errors=[FieldError("/selection", "is required with `filter`")])
        wanted = {CaseCommand.SNOOZE: "until", CaseCommand.RESOLVE: "evidence", CaseCommand.NOTE: "text"}
        name = wanted.get(self.command)
        if name and not getattr(self, name):
            raise Invalid(f"Give `{name}`.", errors=[FieldError(f"/{name}", f"is required to {self.command}")])
        return self._told(name)

    def _told(self, name: str | None) -> dict[str, Any]:
        if self.command == CaseCommand.ASSIGN:
            return {"owner": str(self.owner) if self.owner else ""}
        value = getattr(self, name) if name else None
        more = {name: value.isoformat() if isinstance(value, datetime) else value} if name else {}
        return {"reason": self.reason, **more}


class CaseLookBody(CasesBody):
    """Which cases are looked at, for which command."""

    command: CaseCommand


class CaseLookShape(Shape):
    """What a selection is now. Send `selection`, and the filter with this `as_of`, to act on exactly these."""

    total: int
    selection: str
    as_of: datetime
    newcomers: int = Field(description="What matches, but came after `as_of`.")


class CaseOperationShape(Shape):
    """A command on many cases, frozen when it began."""

    id: UUID
    command: CaseCommand
    status: BulkStatus
    reason: str
    filter: dict[str, Any]
    given: dict[str, Any]
    as_of: datetime
    newcomers: int
    total: int
    requested_by: str
    requested_at: datetime
    ended_at: datetime | None
    ended_reason: str
    resumes: UUID | None


class CaseOperationDetail(CaseOperationShape):
    """The same with how far it is, and what came of its cases."""

    done: int
    results: list[PlanPartShape]


class CaseOperationList(Shape):
    """One page of operations."""

    results: list[CaseOperationShape]
    next_cursor: str


class CaseItemShape(Shape):
    """One case of an operation: as it was frozen, and what became of it (null while nothing did)."""

    id: int
    position: int
    case_id: UUID
    status: str = Field(description="Of the case, when it was frozen.")
    amount: MoneyShape | None
    stage: BulkStage
    result: BulkResult | None
    detail: str
    done_at: datetime | None


class CaseItemList(Shape):
    """One page of items."""

    results: list[CaseItemShape]
    next_cursor: str


def _fields(operation: BulkOperation) -> dict[str, Any]:
    return {
        "id": operation.id, "command": COMMANDS[operation.kind], "status": operation.status,
        "reason": operation.reason, "filter": operation.filter, "given": operation.given, "as_of": operation.cut_off,
        "newcomers": operation.newcomers, "total": operation.total, "requested_by": operation.requested_by,
        "requested_at": operation.requested_at, "ended_at": operation.ended_at,
        "ended_reason": operation.ended_reason, "resumes": operation.resumes_id,
    }  # fmt: skip


def operation_shape(operation: BulkOperation) -> CaseOperationShape:
    """Return one operation without its figures."""
    return CaseOperationShape.build(**_fields(operation))


def operation_detail(operation: BulkOperation) -> CaseOperationDetail:
    """Return one operation with its figures."""
    figures = figures_of(operation)
    results = [part_shape(part) for part in figures.results]
    return CaseOperationDetail.build(**_fields(operation), done=figures.done, results=results)


def case_item_shape(item: BulkItem) -> CaseItemShape:
    """Return one item."""
    return CaseItemShape.build(
        id=item.id, position=item.position, case_id=item.subject_id, status=item.status,
        amount=MoneyShape.maybe(item.amount, item.currency), stage=item.stage, result=item.result or None,
        detail=item.detail, done_at=item.done_at,
    )  # fmt: skip
