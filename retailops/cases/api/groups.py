"""Groups of cases: list, one, and what is done with a cause as a whole."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from pydantic import AwareDatetime, Field, StringConstraints
from rest_framework.request import Request

from retailops.accounts.actor import Actor
from retailops.accounts.endpoint import operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.cases import services
from retailops.cases.access import access_group
from retailops.cases.api.cases import AssignBody, NoteBody, Reason
from retailops.cases.api.shapes import NoteShape, note_shape
from retailops.cases.group_figures import NONE, Figures, figures_of, groups_visible_to, open_in_scope
from retailops.cases.inputs import IgnoreIn, InVersion
from retailops.cases.models import CaseGroup, CaseQueue, GroupState
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.money import Money
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import Body, MoneyIn, MoneyShape, Shape

VIEW, WORK = Permission.CASES_VIEW, Permission.CASES_WORK
ORDERINGS = ("-last_seen_at", "last_seen_at", "-id", "id")


class GroupReasonBody(Body):
    """Why."""

    reason: Reason


class IgnoreBody(GroupReasonBody):
    """Until whichever comes first: a time, so many occurrences more, cases worth so much more."""

    until: AwareDatetime | None = None
    count: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    amount: MoneyIn | None = None


class TagsBody(Body):
    """All tags of the group, in place of those that it has."""

    tags: list[Annotated[str, StringConstraints(max_length=40)]] = Field(max_length=20, examples=[["bank-holiday"]])


class ResolveGroupBody(GroupReasonBody):
    """Why the cause is mended, what shows it, and in which versions of the connection."""

    evidence: dict[str, Any] = Field(min_length=1, examples=[{"ticket": "OPS-1234"}])
    in_version: InVersion = InVersion.ANY
    end_cases: bool = Field(
        False, description="End its open cases too, by a case operation; else each ends as its delivery gets through."
    )


class GroupShape(Shape):
    """Cases of one cause. The figures count open cases that the caller may see."""

    id: UUID
    title: str
    kind: str
    queue: CaseQueue
    connection: str
    system: str
    operation: str
    failure_class: str
    failure_code: str
    state: GroupState
    state_reason: str
    state_at: datetime
    ignored_until: datetime | None
    resolved_config_version: int | None
    resolved_mapping_version: int | None
    owner_id: UUID | None
    tags: list[str]
    first_seen_at: datetime
    last_seen_at: datetime
    open_cases: int
    returns_affected: int
    customers_waiting: int
    oldest_at: datetime | None
    due_at: datetime | None
    at_risk: list[MoneyShape]


class GroupList(Shape):
    """One page of groups."""

    results: list[GroupShape]
    next_cursor: str


class EndingShape(Shape):
    """How the group was mended once; `came_back_at` is empty while that holds.

    `operation_id` is the case operation that ends its cases with it, if that was wished and there were any.
    """

    at: datetime
    by: str
    reason: str
    evidence: dict[str, Any]
    operation_id: UUID | None
    came_back_at: datetime | None


class GroupDetail(GroupShape):
    """A group with its notes and its memory, oldest first."""

    notes: list[NoteShape]
    endings: list[EndingShape]


class GroupFilter(filters.FilterSet):
    """Filters of groups."""

    state = filters.ChoiceFilter(choices=GroupState.choices)
    queue = filters.ChoiceFilter(choices=CaseQueue.choices)
    connection = filters.CharFilter()
    operation = filters.CharFilter()
    failure_class = filters.CharFilter()
    owner = filters.UUIDFilter(field_name="owner_id")
    tag = filters.CharFilter(method="by_tag")

    class Meta:
        model = CaseGroup
        fields: tuple[str, ...] = ()

    def by_tag(self, rows: "QuerySet[CaseGroup]", name: str, value: str) -> "QuerySet[CaseGroup]":
        """Narrow to groups with the tag."""
        return rows.filter(tags__contains=[value])


PLAIN = (
    "id", "title", "kind", "queue", "connection", "system", "operation", "failure_class", "failure_code", "state",
    "state_reason", "state_at", "ignored_until", "resolved_config_version", "resolved_mapping_version", "owner_id",
    "tags", "first_seen_at", "last_seen_at",
)  # fmt: skip


def _fields(group: CaseGroup, found: Figures) -> dict[str, Any]:
    return {name: getattr(group, name) for name in PLAIN} | {
        "open_cases": found.open, "returns_affected": found.returns, "customers_waiting": found.customers,
        "oldest_at": found.oldest_at, "due_at": found.due_at,
        "at_risk": [MoneyShape.maybe(each.amount, each.currency) for each in found.money],
    }  # fmt: skip


def _shape(actor: Actor, group: CaseGroup) -> GroupShape:
    found = figures_of(open_in_scope(actor), "group", [group.id])
    return GroupShape.build(**_fields(group, found.get(group.id, NONE)))


class Groups(ListEndpoint):
    """Causes."""

    queryset = CaseGroup.objects.none()
    filterset_class = GroupFilter

    @operation(
        id="listCaseGroups", summary="Groups of cases", tag="Cases", permission=VIEW, query=PageQuery,
        orderings=ORDERINGS, answers={200: GroupList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> GroupList:
        """One for each cause, that seen last first, with what it means for returns, customers and money."""
        page = self.page(groups_visible_to(self.actor), query)
        found = figures_of(open_in_scope(self.actor), "group", [group.id for group in page.rows])
        shown = [GroupShape.build(**_fields(group, found.get(group.id, NONE))) for group in page.rows]
        return GroupList.build(results=shown, next_cursor=page.next_cursor)


class GroupEndpoint(CommandEndpoint):
    """One group."""

    @operation(
        id="getCaseGroup", summary="A group with notes and memory", tag="Cases", permission=VIEW,
        answers={200: GroupDetail},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> GroupDetail:
        """State, figures, what people wrote, and how it was mended before."""
        group = access_group(self.actor, id)
        found = figures_of(open_in_scope(self.actor), "group", [group.id]).get(group.id, NONE)
        notes = [note_shape(note) for note in group.notes.order_by("at", "id")]
        endings = [EndingShape.model_validate(each) for each in group.endings.order_by("at", "id")]
        return GroupDetail.build(**_fields(group, found), notes=notes, endings=endings)


class AcknowledgeGroup(CommandEndpoint):
    """Knowing of a cause."""

    @operation(
        id="acknowledgeCaseGroup", summary="Acknowledge a group", tag="Cases", permission=WORK, body=GroupReasonBody,
        answers={200: GroupShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: GroupReasonBody) -> GroupShape:
        """Somebody knows of it and deals with it; new cases do not change that."""
        return _shape(self.actor, services.acknowledge_group(self.actor, id, body.reason))


class IgnoreGroup(CommandEndpoint):
    """Putting a cause out of sight."""

    @operation(
        id="ignoreCaseGroup", summary="Ignore a group until something", tag="Cases", permission=WORK,
        body=IgnoreBody, answers={200: GroupShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: IgnoreBody) -> GroupShape:
        """Until a time, a number of occurrences or an amount, whichever comes first; then it comes back by itself."""
        money = Money(body.amount.amount, body.amount.currency) if body.amount else None
        until = IgnoreIn(body.until, body.count, money)
        return _shape(self.actor, services.ignore_group(self.actor, id, until, body.reason))


class TakeUpGroup(CommandEndpoint):
    """Working a cause again."""

    @operation(
        id="takeUpCaseGroup", summary="Take a group up again", tag="Cases", permission=WORK, body=GroupReasonBody,
        answers={200: GroupShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: GroupReasonBody) -> GroupShape:
        """One that was acknowledged or ignored is ongoing again."""
        return _shape(self.actor, services.take_up_group(self.actor, id, body.reason))


class AssignGroup(CommandEndpoint):
    """Answering for a cause."""

    @operation(
        id="assignCaseGroup", summary="Assign a group", tag="Cases", permission=WORK, body=AssignBody,
        answers={200: GroupShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: AssignBody) -> GroupShape:
        """To a person, or to nobody. Its cases without an owner of their own count as that person's."""
        return _shape(self.actor, services.assign_group(self.actor, id, body.owner))


class TagGroup(CommandEndpoint):
    """Tags of a cause."""

    @operation(
        id="tagCaseGroup", summary="Tag a group", tag="Cases", permission=WORK, body=TagsBody,
        answers={200: GroupShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: TagsBody) -> GroupShape:
        """All its tags, in lower case; an empty list takes them away."""
        return _shape(self.actor, services.tag_group(self.actor, id, body.tags))


class NoteGroup(CommandEndpoint):
    """Writing on a cause."""

    @operation(
        id="noteCaseGroup", summary="Write a note on a group", tag="Cases", permission=WORK, body=NoteBody,
        answers={201: NoteShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: NoteBody) -> NoteShape:
        """Whom it names with @ (name, or e-mail address before its @) finds it on the first page."""
        return note_shape(services.note_group(self.actor, id, body.text))


class TakeBackGroupNote(CommandEndpoint):
    """Taking a note back."""

    @operation(
        id="takeBackCaseGroupNote", summary="Take back a note on a group", tag="Cases", permission=WORK,
        answers={200: NoteShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, note_id: int) -> NoteShape:
        """By who wrote it, within 15 minutes; as of a note on a case."""
        return note_shape(services.take_back_group_note(self.actor, id, note_id))


class ResolveGroup(CommandEndpoint):
    """Ending a cause."""

    @operation(
        id="resolveCaseGroup", summary="Resolve a group", tag="Cases", permission=WORK, body=ResolveGroupBody,
        answers={200: GroupShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: ResolveGroupBody) -> GroupShape:
        """The cause is mended, in versions of its connection if you say so. Seen again by those or later ones, it has
        regressed."""
        group = services.resolve_group(
            self.actor, id, body.reason, body.evidence, in_version=body.in_version, end_cases=body.end_cases
        )
        return _shape(self.actor, group)
