"""Execute, cancel, resume, and the second person's word on a whole plan."""

from uuid import UUID

from django.db import transaction
from django.db.models import Case, CharField, F, Q, Value, When
from django.db.models.functions import Concat, Trim

from retailops.accounts.actor import Actor
from retailops.cases.inputs import ApprovalIn
from retailops.cases.models import Approval, ApprovalStatus
from retailops.cases.services import bind, consume_approval, request_approval, void_approval
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, Invalid
from retailops.lib.money import Money
from retailops.replays.access import access_operation
from retailops.replays.events import OperationCanceled, OperationExecuted, OperationResumed
from retailops.replays.freezing import Selection
from retailops.replays.models import REPLAY, BulkItem, BulkOperation, BulkResult, BulkStage, BulkStatus
from retailops.replays.rules import Rules
from retailops.replays.services.doing import do_failed_again
from retailops.replays.services.planning import AGAIN, PLAN_KIND, plan_replay
from retailops.replays.telling import subject_of, tell
from retailops.replays.totals import money_of
from retailops.replays.working import nudge_after_commit

LIVE = (ApprovalStatus.REQUESTED, ApprovalStatus.APPROVED)


class PlanChanged(Conflict):
    """The plan is not the one that was looked at: its hash differs."""

    code, title = "plan-changed", "The plan has changed"


@transaction.atomic
def ask_plan_approval(actor: Actor, operation_id: UUID, hash: str, reason: str) -> Approval:
    """Ask a second person to agree to exactly this plan; asking twice is asking once.

    Raises PlanChanged for another hash, Conflict unless it is planned and needs a word, Invalid without a reason.
    """
    operation = _planned(actor, operation_id, hash)
    if not operation.needs_approval:
        raise Conflict("The plan needs nobody else's word.", present=operation.status)
    asked = {
        "rules": ["a replay of many above the limit for one person"],
        "hash": operation.hash,
        "total": operation.total,
        "money": operation.money,
    }
    return request_approval(
        actor,
        ApprovalIn(
            kind=PLAN_KIND, subject=subject_of(operation), payload=payload_of(operation), reason=reason,
            money=approved_money(operation), asked=asked,
        ),
    )  # fmt: skip


def payload_of(operation: BulkOperation) -> dict[str, object]:
    """Return what an approval of a plan is bound to beside the operation and its money: the hash over all of it."""
    return {"hash": operation.hash}


def approved_money(operation: BulkOperation) -> Money | None:
    """Return the plan's money where it is in one currency; the hash covers it in any case."""
    sums = money_of(operation)
    return sums[0] if len(sums) == 1 else None


def word_on_plan(operation: BulkOperation) -> Approval | None:
    """Return the approval of the plan as it is now: asked for or given, not used, not expired."""
    rows = Approval.objects.filter(kind=PLAN_KIND, subject_id=operation.id, status__in=LIVE, expires_at__gt=now())
    bound_to = bind(PLAN_KIND, operation.id, approved_money(operation), payload_of(operation))
    return rows.filter(bound_to=bound_to).first()


@transaction.atomic
def execute_plan(actor: Actor, operation_id: UUID, hash: str) -> BulkOperation:
    """Start the run of exactly the plan of that hash; a second click by the same person starts nothing more.

    Raises PlanChanged for another hash, Conflict unless it is planned, `approval-needed` where a second person has not
    agreed, Denied for whoever agreed to it.
    """
    operation = access_operation(actor, operation_id, act=True, replay=True, lock=True)
    if _is_repeated(operation, actor, hash):
        return operation
    _require_planned(operation, hash)
    if operation.needs_approval:
        _use_word(actor, operation)
    moment = now()
    operation.status, operation.executed_by, operation.executed_at = BulkStatus.RUNNING, actor.key, moment
    operation.executed_hash, operation.wave, operation.wave_began_at = operation.hash, 0, moment
    operation.counts_from = moment
    operation.save()
    _leave_out(operation)
    tell(OperationExecuted, operation, actor, approved_by=operation.approved_by)
    nudge_after_commit(operation.id)
    return operation


def _is_repeated(operation: BulkOperation, actor: Actor, hash: str) -> bool:
    same = (operation.executed_by, operation.executed_hash) == (actor.key, hash)
    return bool(operation.executed_at) and same and operation.status == BulkStatus.RUNNING


def _planned(actor: Actor, operation_id: UUID, hash: str) -> BulkOperation:
    operation = access_operation(actor, operation_id, act=True, replay=True, lock=True)
    _require_planned(operation, hash)
    return operation


def _require_planned(operation: BulkOperation, hash: str) -> None:
    if operation.status != BulkStatus.PLANNED:
        raise Conflict(f"It is {operation.status}, so it cannot be started.", present=operation.status)
    if operation.hash != hash:
        raise PlanChanged("The plan has changed since it was looked at: look at it again.", hash=operation.hash)
    if not BulkItem.objects.filter(operation=operation, acts=True).exists():
        raise Conflict("Nothing in the plan can be done now.", present=operation.status)


def _use_word(actor: Actor, operation: BulkOperation) -> None:
    word = consume_approval(
        actor,
        kind=PLAN_KIND,
        subject_id=operation.id,
        money=approved_money(operation),
        payload=payload_of(operation),
    )
    if word.decided_by == actor.key:
        raise Denied("Who agreed to a plan does not start it: who asked does, or somebody else.")
    operation.approval_id, operation.approved_by = word.id, word.decided_by


def _leave_out(operation: BulkOperation) -> None:
    """Give each item that the run does nothing about its result at once, with the reason."""
    rest = BulkItem.objects.filter(operation=operation, acts=False)
    done = Q(verdict="already_done")
    result = Case(When(done, then=Value(BulkResult.ALREADY_DONE)), default=Value(BulkResult.LEFT_OUT))
    detail = Trim(Concat(F("why"), Value(" "), F("what_to_do"), output_field=CharField()))
    rest.update(stage=BulkStage.DONE, done_at=now(), result=result, detail=detail)


@transaction.atomic
def cancel_operation(actor: Actor, operation_id: UUID, reason: str) -> BulkOperation:
    """End an operation: what was not begun is not done; what was released goes its way, and its result is told.

    Raises Conflict where it has ended, Invalid without a reason.
    """
    if not reason.strip():
        raise Invalid("Say why: a reason is required.", pointer="/reason")
    operation = access_operation(actor, operation_id, act=True, lock=True)
    if operation.status in {BulkStatus.CANCELED, BulkStatus.FINISHED}:
        raise Conflict(f"It is {operation.status}: there is nothing to cancel.", present=operation.status)
    open_items = BulkItem.objects.filter(operation=operation).exclude(stage__in=[BulkStage.RELEASED, BulkStage.DONE])
    # Locked in one order, against a worker that releases them one by one.
    ids = list(open_items.order_by("id").select_for_update().values_list("id", flat=True))
    BulkItem.objects.filter(pk__in=ids).update(
        stage=BulkStage.DONE, done_at=now(), result=BulkResult.CANCELED, detail=reason.strip()
    )
    operation.status, operation.ended_at, operation.ended_by = BulkStatus.CANCELED, now(), actor.key
    operation.ended_reason = reason.strip()[:300]
    operation.save()
    void_approval(actor, kind=PLAN_KIND, subject_id=operation.id, reason="the plan was canceled")
    tell(OperationCanceled, operation, actor, reason=reason)
    return operation


@transaction.atomic
def resume_operation(actor: Actor, operation_id: UUID, reason: str) -> BulkOperation:
    """Have a stopped run go on with what it did not begin; of an ended one, take up what failed in a new operation.

    A replay's new one is a plan to look at; any other begins at once. Return the operation that is to be looked at.
    Raises Conflict where nothing is left to do, Invalid without a reason, Denied for whoever agreed to the plan.
    """
    if not reason.strip():
        raise Invalid("Say why: a reason is required.", pointer="/reason")
    operation = access_operation(actor, operation_id, act=True, lock=True)
    left = BulkItem.objects.filter(operation=operation, stage=BulkStage.JUDGED)
    if operation.status == BulkStatus.STOPPED and left.exists():
        return _go_on(actor, operation, reason)
    if not operation.ended:
        raise Conflict(f"It is {operation.status}: it goes on by itself.", present=operation.status)
    if operation.kind != REPLAY:
        return do_failed_again(actor, operation, reason, AGAIN)
    failed = BulkItem.objects.filter(operation=operation, result__in=AGAIN)
    if not failed.exists():
        raise Conflict("Nothing failed that could be taken up again.", present=operation.status)
    selection = Selection(
        ids=list(failed.values_list("subject_id", flat=True)), filter={"failed_of": str(operation.id)}
    )
    return plan_replay(actor, selection, reason, rules=Rules.read(operation.rules), resumes=operation.id)


def _go_on(actor: Actor, operation: BulkOperation, reason: str) -> BulkOperation:
    if operation.approved_by == actor.key:
        raise Denied("Who agreed to a plan does not run it: who asked does, or somebody else.")
    moment = now()
    operation.status, operation.executed_by = BulkStatus.RUNNING, actor.key
    operation.wave_began_at = operation.counts_from = moment
    operation.ended_at, operation.ended_by, operation.ended_reason = None, "", ""
    operation.save()
    tell(OperationResumed, operation, actor, reason=reason)
    nudge_after_commit(operation.id)
    return operation
