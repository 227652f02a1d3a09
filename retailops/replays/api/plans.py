"""Replay plans: freeze, look, execute by hash, cancel, resume."""

from uuid import UUID

from rest_framework.request import Request

from retailops.accounts.endpoint import operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.errors import FieldError, Invalid
from retailops.lib.pagination import PageQuery
from retailops.replays import services
from retailops.replays.access import access_operation, operations_visible_to
from retailops.replays.api.filters import ItemFilter, PlanFilter
from retailops.replays.api.shapes import (
    PlanAskBody,
    PlanExecuteBody,
    PlanItemList,
    PlanReasonBody,
    ReplayPlanBody,
    ReplayPlanDetail,
    ReplayPlanList,
    ReplayPlanShape,
    item_shape,
    plan_detail,
    plan_shape,
)
from retailops.replays.freezing import Selection
from retailops.replays.models import REPLAY, BulkItem, BulkOperation

P = Permission
TAG = "Replay plans"


class Plans(ListEndpoint, CommandEndpoint):
    """Replays of many."""

    queryset = BulkOperation.objects.none()
    filterset_class = PlanFilter

    @operation(
        id="listReplayPlans", summary="Replay plans", tag=TAG, permission=P.DELIVERIES_VIEW, query=PageQuery,
        orderings=("-id", "id"), answers={200: ReplayPlanList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> ReplayPlanList:
        """The newest first; those that reach into regions or brands beyond yours are not shown."""
        page = self.page(operations_visible_to(self.actor).filter(kind=REPLAY), query)
        return ReplayPlanList.build(results=[plan_shape(each) for each in page.rows], next_cursor=page.next_cursor)

    @operation(
        id="planReplay", summary="Plan to send many deliveries again", tag=TAG, permission=P.DELIVERIES_REPLAY,
        body=ReplayPlanBody, answers={202: ReplayPlanShape}, problems=(404,), key="optional",
    )  # fmt: skip
    def post(self, request: Request, body: ReplayPlanBody) -> ReplayPlanShape:
        """Freezes the deliveries as they are now. The verdicts follow: ask for the plan until it is `planned`. Nothing
        is sent until it is executed with its `hash`."""
        return plan_shape(services.plan_replay(self.actor, _selection(body), body.reason, rules=body.rules.rules()))


def _selection(body: ReplayPlanBody) -> Selection:
    if (body.ids is None) == (body.filter is None):
        raise Invalid("Give `ids` or `filter`.", errors=[FieldError("/ids", "Give either this or `filter`.")])
    return body.filter.selection() if body.filter else Selection(ids=body.ids or ())


class PlanEndpoint(CommandEndpoint):
    """One plan."""

    @operation(
        id="getReplayPlan", summary="A plan with its figures", tag=TAG, permission=P.DELIVERIES_VIEW,
        answers={200: ReplayPlanDetail},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> ReplayPlanDetail:
        """Counts and money by verdict and by result, how far it is, and why it stopped."""
        return plan_detail(access_operation(self.actor, id, replay=True))


class PlanItems(ListEndpoint):
    """The items of a plan."""

    queryset = BulkItem.objects.none()
    filterset_class = ItemFilter

    @operation(
        id="listReplayPlanItems", summary="Items of a plan", tag=TAG, permission=P.DELIVERIES_VIEW, query=PageQuery,
        orderings=("position", "-position"), answers={200: PlanItemList},
    )  # fmt: skip
    def get(self, request: Request, id: UUID, query: PageQuery) -> PlanItemList:
        """In the order in which they are sent; `result=failed` are those that failed again."""
        plan = access_operation(self.actor, id, replay=True)
        page = self.page(BulkItem.objects.filter(operation=plan), query)
        return PlanItemList.build(results=[item_shape(each) for each in page.rows], next_cursor=page.next_cursor)


class ExecutePlan(CommandEndpoint):
    """Starting a plan."""

    @operation(
        id="executeReplayPlan", summary="Start exactly this plan", tag=TAG, permission=P.DELIVERIES_REPLAY,
        body=PlanExecuteBody, answers={200: ReplayPlanShape}, problems=(409,), key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: PlanExecuteBody) -> ReplayPlanShape:
        """With the `hash` that was looked at: another plan is 409 `plan-changed`; `approval-needed` where a second
        person has not agreed. Starting it twice is starting it once."""
        return plan_shape(services.execute_plan(self.actor, id, body.hash))


class AskForPlan(CommandEndpoint):
    """Asking a second person."""

    @operation(
        id="askForReplayPlan", summary="Ask a second person to agree", tag=TAG, permission=P.DELIVERIES_REPLAY,
        body=PlanAskBody, answers={200: ReplayPlanShape}, problems=(409,), key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: PlanAskBody) -> ReplayPlanShape:
        """Where `needs_approval`. The word is bound to the hash: it is void once the plan changes."""
        services.ask_plan_approval(self.actor, id, body.hash, body.reason)
        return plan_shape(access_operation(self.actor, id, replay=True))


class CancelPlan(CommandEndpoint):
    """Ending a plan or its run."""

    @operation(
        id="cancelReplayPlan", summary="End a plan or its run", tag=TAG, permission=P.DELIVERIES_REPLAY,
        body=PlanReasonBody, answers={200: ReplayPlanShape}, problems=(409,), key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: PlanReasonBody) -> ReplayPlanShape:
        """What was not begun is not done; what was released goes its way, and its result is told."""
        return plan_shape(services.cancel_operation(self.actor, id, body.reason))


class ResumePlan(CommandEndpoint):
    """Going on."""

    @operation(
        id="resumeReplayPlan", summary="Go on, or plan what failed anew", tag=TAG, permission=P.DELIVERIES_REPLAY,
        body=PlanReasonBody, answers={200: ReplayPlanShape}, problems=(409,), key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: PlanReasonBody) -> ReplayPlanShape:
        """A stopped run goes on with what it did not begin. Of an ended one, what failed becomes a new plan: its `id`
        differs, and it names the old one as `resumes`."""
        return plan_shape(services.resume_operation(self.actor, id, body.reason))
