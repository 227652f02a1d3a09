"""Commands on many cases: look, begin, watch, cancel, resume."""

from uuid import UUID

from rest_framework.request import Request

from retailops.accounts.endpoint import operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.pagination import PageQuery
from retailops.replays import services
from retailops.replays.access import access_operation, operations_visible_to
from retailops.replays.api.case_shapes import (
    COMMANDS,
    KINDS,
    CaseItemList,
    CaseLookBody,
    CaseLookShape,
    CaseOperationBody,
    CaseOperationDetail,
    CaseOperationList,
    CaseOperationShape,
    case_item_shape,
    operation_detail,
    operation_shape,
)
from retailops.replays.api.filters import CaseItemFilter, PlanFilter
from retailops.replays.api.shapes import PlanReasonBody
from retailops.replays.models import BulkItem, BulkOperation
from retailops.replays.working import nudge_after_commit

P = Permission
TAG = "Case operations"


class LookAtCases(CommandEndpoint):
    """Looking before something is done."""

    @operation(
        id="lookAtCases", summary="What a selection of cases is now", tag=TAG, permission=P.CASES_WORK,
        body=CaseLookBody, answers={200: CaseLookShape},
    )  # fmt: skip
    def post(self, request: Request, body: CaseLookBody) -> CaseLookShape:
        """How many cases a command would get, and the hash over them. Nothing is written."""
        look = services.look_at_many(self.actor, KINDS[body.command], body.chosen())
        return CaseLookShape.build(
            total=look.total, selection=look.selection, as_of=look.as_of, newcomers=look.newcomers
        )


class CaseOperations(ListEndpoint, CommandEndpoint):
    """Commands on many cases."""

    queryset = BulkOperation.objects.none()
    filterset_class = PlanFilter

    @operation(
        id="listCaseOperations", summary="Commands on many cases", tag=TAG, permission=P.CASES_VIEW, query=PageQuery,
        orderings=("-id", "id"), answers={200: CaseOperationList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> CaseOperationList:
        """The newest first; those that reach into regions or brands beyond yours are not shown."""
        page = self.page(operations_visible_to(self.actor).filter(kind__in=list(COMMANDS)), query)
        shown = [operation_shape(each) for each in page.rows]
        return CaseOperationList.build(results=shown, next_cursor=page.next_cursor)

    @operation(
        id="beginCaseOperation", summary="Do one thing with many cases", tag=TAG, permission=P.CASES_WORK,
        body=CaseOperationBody, answers={202: CaseOperationShape}, problems=(409,), key="optional",
    )  # fmt: skip
    def post(self, request: Request, body: CaseOperationBody) -> CaseOperationShape:
        """Freezes the cases as they are now and begins: each gets the single case's own command, and its own result.
        With `selection`, other cases than were looked at are 409 `selection-changed`, and nothing is done."""
        begun = services.do_to_many(
            self.actor, KINDS[body.command], body.chosen(), body.reason, body.given(), seen=body.selection or ""
        )
        nudge_after_commit(begun.id)
        return operation_shape(begun)


class CaseOperationEndpoint(CommandEndpoint):
    """One operation."""

    @operation(
        id="getCaseOperation", summary="A command on many cases, with its figures", tag=TAG, permission=P.CASES_VIEW,
        answers={200: CaseOperationDetail},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> CaseOperationDetail:
        """How far it is, and how many cases had which result."""
        return operation_detail(access_operation(self.actor, id, kinds=COMMANDS))


class CaseOperationItems(ListEndpoint):
    """The cases of an operation."""

    queryset = BulkItem.objects.none()
    filterset_class = CaseItemFilter

    @operation(
        id="listCaseOperationItems", summary="Cases of an operation", tag=TAG, permission=P.CASES_VIEW,
        query=PageQuery, orderings=("position", "-position"), answers={200: CaseItemList},
    )  # fmt: skip
    def get(self, request: Request, id: UUID, query: PageQuery) -> CaseItemList:
        """In the order in which they are worked; `result=refused` are those that could not be, with the reason."""
        found = access_operation(self.actor, id, kinds=COMMANDS)
        page = self.page(BulkItem.objects.filter(operation=found), query)
        return CaseItemList.build(results=[case_item_shape(each) for each in page.rows], next_cursor=page.next_cursor)


class CancelCaseOperation(CommandEndpoint):
    """Ending an operation."""

    @operation(
        id="cancelCaseOperation", summary="End a command on many cases", tag=TAG, permission=P.CASES_WORK,
        body=PlanReasonBody, answers={200: CaseOperationShape}, problems=(409,), key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: PlanReasonBody) -> CaseOperationShape:
        """What was not begun is not done; what is done stays."""
        access_operation(self.actor, id, kinds=COMMANDS)
        return operation_shape(services.cancel_operation(self.actor, id, body.reason))


class ResumeCaseOperation(CommandEndpoint):
    """Going on."""

    @operation(
        id="resumeCaseOperation", summary="Go on, or take up what was not done", tag=TAG, permission=P.CASES_WORK,
        body=PlanReasonBody, answers={200: CaseOperationShape}, problems=(409,), key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: PlanReasonBody) -> CaseOperationShape:
        """A stopped one goes on. Of an ended one, what was refused or not begun is taken up by a new operation: its
        `id` differs, and it names the old one as `resumes`."""
        access_operation(self.actor, id, kinds=COMMANDS)
        resumed = services.resume_operation(self.actor, id, body.reason)
        nudge_after_commit(resumed.id)
        return operation_shape(resumed)
