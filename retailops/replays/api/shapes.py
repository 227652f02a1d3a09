"""Replay plans as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from retailops.events.enums import OutcomeClass
from retailops.events.models import Delivery
from retailops.events.verdicts import VerdictKind
from retailops.lib.wire import Body, MoneyShape, Shape
from retailops.replays.freezing import MOST_ITEMS, Selection
from retailops.replays.models import BulkItem, BulkOperation, BulkResult, BulkStage, BulkStatus
from retailops.replays.rules import FASTEST, LARGEST_WAVE, MOST_WAVES, Rules
from retailops.replays.selectors import Part, figures_of

Reason = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Wave = Annotated[int, Field(ge=1, le=LARGEST_WAVE)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=120)]


class PlanRulesBody(Body):
    """How the run goes: canary waves, each of which must get through; then the rate; and when it stops by itself."""

    canary: list[Wave] = Field([1, 10], max_length=MOST_WAVES, description="Sizes of the waves; empty: none.")
    rate: float = Field(20, ge=0.1, le=FASTEST, description="Deliveries a second after the canary.")
    stop_percent: int = Field(20, ge=1, le=100, description="Stops where so many of the last 50 tries failed.")
    stop_after: int = Field(10, ge=1, le=1000, description="After the canary it stops no sooner than so many tries.")
    as_was: bool = Field(
        False, description="Requests as their last try was rendered; else anew, with the mapping in force."
    )

    def rules(self) -> Rules:
        """Return the run's rules."""
        return Rules(tuple(self.canary), self.rate, self.stop_percent, self.stop_after, self.as_was)


class PlanFilterBody(Body):
    """Which stopped and doubtful deliveries are meant: all that match each of these."""

    destination: Text | None = Field(None, description="Name of the connection.")
    system: Text | None = None
    operation: Text | None = None
    failure_class: OutcomeClass | None = None
    failure_code: Text | None = None
    fingerprint: Text | None = None
    as_of: AwareDatetime | None = Field(None, description="What came later is left out; default: now.")

    def selection(self) -> Selection:
        """Return all deliveries that match."""
        names = {"destination": "destination__name", "system": "destination__system"}
        given = self.model_dump(mode="json", exclude_none=True, exclude={"as_of"})
        rows = Delivery.objects.filter(**{names.get(name, name): value for name, value in given.items()})
        return Selection(rows=rows, filter=given, cut_off=self.as_of)


class ReplayPlanBody(Body):
    """Which deliveries are to be sent again, and why: `ids`, or `filter`."""

    reason: Reason
    ids: list[UUID] | None = Field(None, min_length=1, max_length=MOST_ITEMS)
    filter: PlanFilterBody | None = None
    rules: PlanRulesBody = PlanRulesBody()


class PlanExecuteBody(Body):
    """Which plan is meant: the hash that the plan had when it was looked at."""

    hash: str = Field(pattern="^[0-9a-f]{64}$")


class PlanAskBody(PlanExecuteBody):
    """Why a second person should agree to the plan of this hash."""

    reason: Reason


class PlanReasonBody(Body):
    """Why."""

    reason: Reason


class PlanPartShape(Shape):
    """How many items have one verdict (or result), and their money."""

    key: str
    count: int
    sends: int = Field(description="How many of them the run sends.")
    money: list[MoneyShape]


class ReplayPlanShape(Shape):
    """A replay of many. `hash` is over all that is frozen; it is "" until each item has its verdict."""

    id: UUID
    status: BulkStatus
    reason: str
    filter: dict[str, Any]
    as_of: datetime
    newcomers: int = Field(description="What matched when it was frozen, but came after `as_of`: not in the plan.")
    total: int
    rules: dict[str, Any]
    hash: str
    money: list[MoneyShape] = Field(description="What the run is to send, one sum a currency.")
    needs_approval: bool
    approved_by: str
    requested_by: str
    requested_at: datetime
    executed_by: str
    executed_at: datetime | None
    ended_at: datetime | None
    ended_reason: str
    resumes: UUID | None


class ReplayPlanDetail(ReplayPlanShape):
    """A plan with its figures by verdict and by result."""

    judged: int
    done: int
    verdicts: list[PlanPartShape]
    results: list[PlanPartShape]


class ReplayPlanList(Shape):
    """One page of plans."""

    results: list[ReplayPlanShape]
    next_cursor: str


class PlanItemShape(Shape):
    """One delivery of a plan: how it was frozen, the verdict, and what became of it ("" while nothing did)."""

    id: int
    position: int
    delivery_id: UUID
    status: str = Field(description="Of the delivery, when the verdict was formed.")
    amount: MoneyShape | None
    stage: BulkStage
    verdict: VerdictKind | None
    why: str
    what_to_do: str
    evidence: dict[str, Any]
    after: UUID | None = Field(description="What it waits for in its lane.")
    sends: bool
    result: BulkResult | None
    detail: str
    done_at: datetime | None


class PlanItemList(Shape):
    """One page of a plan's items."""

    results: list[PlanItemShape]
    next_cursor: str


def plan_fields(plan: BulkOperation) -> dict[str, Any]:
    """Return the members of ReplayPlanShape."""
    return {
        "id": plan.id, "status": plan.status, "reason": plan.reason, "filter": plan.filter, "as_of": plan.cut_off,
        "newcomers": plan.newcomers, "total": plan.total, "rules": plan.rules, "hash": plan.hash,
        "money": [MoneyShape.of(amount, currency) for currency, amount in sorted(plan.money.items())],
        "needs_approval": plan.needs_approval, "approved_by": plan.approved_by, "requested_by": plan.requested_by,
        "requested_at": plan.requested_at, "executed_by": plan.executed_by, "executed_at": plan.executed_at,
        "ended_at": plan.ended_at, "ended_reason": plan.ended_reason, "resumes": plan.resumes_id,
    }  # fmt: skip


def plan_shape(plan: BulkOperation) -> ReplayPlanShape:
    """Return one plan without its figures."""
    return ReplayPlanShape.build(**plan_fields(plan))


def plan_detail(plan: BulkOperation) -> ReplayPlanDetail:
    """Return one plan with its figures."""
    figures = figures_of(plan)
    return ReplayPlanDetail.build(
        **plan_fields(plan),
        judged=figures.judged,
        done=figures.done,
        verdicts=[part_shape(part) for part in figures.verdicts],
        results=[part_shape(part) for part in figures.results],
    )


def part_shape(part: Part) -> PlanPartShape:
    """Return the figures of one verdict, or of one result."""
    money = [MoneyShape.from_money(each) for each in part.money]
    return PlanPartShape.build(key=part.key, count=part.count, sends=part.sends, money=money)


def item_shape(item: BulkItem) -> PlanItemShape:
    """Return one item."""
    return PlanItemShape.build(
        id=item.id, position=item.position, delivery_id=item.subject_id, status=item.status,
        amount=MoneyShape.maybe(item.amount, item.currency), stage=item.stage, verdict=item.verdict or None,
        why=item.why, what_to_do=item.what_to_do, evidence=item.evidence, after=item.after_id, sends=item.sends,
        result=item.result or None, detail=item.detail, done_at=item.done_at,
    )  # fmt: skip
