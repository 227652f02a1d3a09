"""Plan: freeze a selection, form its verdicts, change how it will run."""

from uuid import UUID

from django.db import transaction
from django.db.models import Q

from retailops.accounts.actor import Actor
from retailops.cases.services import void_approval
from retailops.events.verdicts import VerdictKind
from retailops.lib.errors import Conflict, FieldError, Invalid
from retailops.replays.access import access_operation
from retailops.replays.events import OperationChanged, OperationRequested
from retailops.replays.freezing import Selection, enter, freeze
from retailops.replays.hashing import hash_of
from retailops.replays.models import BulkItem, BulkOperation, BulkResult, BulkStage, BulkStatus
from retailops.replays.rules import Rules, require_sound
from retailops.replays.telling import tell
from retailops.replays.totals import LEFT_OUT, settle_totals
from retailops.replays.working import nudge_after_commit

PLAN_KIND = "replay_plan"
# What is worth another plan: it was to be sent, and did not get through.
AGAIN = (BulkResult.FAILED, BulkResult.RETRYING, BulkResult.REFUSED, BulkResult.CHANGED, BulkResult.CANCELED)


@transaction.atomic
def plan_replay(
    actor: Actor, selection: Selection, reason: str, *, rules: Rules | None = None, resumes: UUID | None = None
) -> BulkOperation:
    """Freeze the selected deliveries as they are now; the verdicts follow in the background.

    Nothing is sent until the plan is executed with its hash. Raises Invalid without a reason, for rules that cannot be,
    and where nothing or too much is selected; NotFound, Denied as the selection's deliveries do.
    """
    _require_reason(reason)
    rules = rules or Rules()
    require_sound(rules)
    frozen = freeze(actor, selection)
    operation = BulkOperation.objects.create(
        reason=reason.strip()[:300],
        filter=dict(selection.filter),
        cut_off=frozen.cut_off,
        newcomers=frozen.newcomers,
        total=len(frozen.rows),
        regions=sorted({row[1] for row in frozen.rows}),
        brands=sorted({row[2] for row in frozen.rows}),
        rules=rules.as_dict(),
        requested_by=actor.key,
        resumes_id=resumes,
    )
    enter(operation, frozen.rows)
    tell(OperationRequested, operation, actor)
    nudge_after_commit(operation.id)
    return operation


@transaction.atomic
def change_rules(actor: Actor, operation_id: UUID, rules: Rules) -> BulkOperation:
    """Change how a planned replay will run: its hash changes and an approval of it is void. Raises Conflict."""
    require_sound(rules)
    operation = _planned(actor, operation_id)
    if operation.rules == rules.as_dict():
        return operation
    operation.rules = rules.as_dict()
    return _changed(actor, operation, "how it runs was changed")


@transaction.atomic
def leave_out_above_limit(actor: Actor, operation_id: UUID) -> BulkOperation:
    """Take what needs a second person out of the plan, and what waits for it; the rest may run at once.

    Raises Conflict unless it is planned and holds such items.
    """
    operation = _planned(actor, operation_id)
    items = BulkItem.objects.filter(operation=operation, acts=True)
    above = Q(verdict=VerdictKind.NEEDS_APPROVAL) | Q(next_verdict=VerdictKind.NEEDS_APPROVAL)
    if not items.filter(above).update(next_verdict=LEFT_OUT):
        raise Conflict("Nothing in the plan is above the limit.", present=operation.status)
    BulkItem.objects.filter(operation=operation).update(acts=False, sends=False)
    settle_totals(operation)
    return _changed(actor, operation, "what is above the limit was left out")


@transaction.atomic
def plan_again(actor: Actor, operation_id: UUID) -> BulkOperation:
    """Form the verdicts of the same frozen deliveries anew; an approval of the old ones is void. Raises Conflict."""
    operation = _planned(actor, operation_id)
    BulkItem.objects.filter(operation=operation).update(
        stage=BulkStage.NEW, verdict="", next_verdict="", why="", what_to_do="", after_id=None, acts=False, sends=False,
    )  # fmt: skip
    operation.status, operation.planned_at, operation.hash = BulkStatus.PLANNING, None, ""
    operation.money, operation.needs_approval = {}, False
    operation.save()
    _void(actor, operation, "the verdicts are formed anew")
    tell(OperationChanged, operation, actor, reason="verdicts anew")
    nudge_after_commit(operation.id)
    return operation


def _planned(actor: Actor, operation_id: UUID) -> BulkOperation:
    operation = access_operation(actor, operation_id, act=True, replay=True, lock=True)
    if operation.status != BulkStatus.PLANNED:
        raise Conflict(f"It is {operation.status}: only a plan that waits is changed.", present=operation.status)
    return operation


def _changed(actor: Actor, operation: BulkOperation, why: str) -> BulkOperation:
    operation.hash = hash_of(operation)
    operation.save()
    _void(actor, operation, why)
    tell(OperationChanged, operation, actor, reason=why)
    return operation


def _void(actor: Actor, operation: BulkOperation, why: str) -> None:
    void_approval(actor, kind=PLAN_KIND, subject_id=operation.id, reason=why)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid("Say why: a reason is required.", errors=[FieldError("/reason", "must not be empty")])
