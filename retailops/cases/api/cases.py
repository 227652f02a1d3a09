"""Cases: list, one, assign, note, resolve, snooze."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints
from rest_framework.request import Request

from retailops.accounts.endpoint import operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.cases import selectors, services
from retailops.cases.access import access_case
from retailops.cases.api.filters import CaseFilter
from retailops.cases.api.shapes import (
    CaseDetail,
    CaseList,
    CaseShape,
    NoteShape,
    case_detail,
    case_shape,
    note_shape,
)
from retailops.cases.models import Case
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import Body

Reason = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
ORDERINGS = ("-id", "id", "-last_seen_at", "last_seen_at")


class AssignBody(Body):
    """Whose it is; null gives it to nobody."""

    owner: UUID | None


class NoteBody(Body):
    """What is to be remembered."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=5000, strip_whitespace=True)]


class ResolveBody(Body):
    """Why it is over, and what shows it."""

    reason: Reason
    evidence: dict[str, Any] = Field(min_length=1, examples=[{"ticket": "OPS-1234"}])


class SnoozeBody(Body):
    """Until when it may wait, and why."""

    until: AwareDatetime
    reason: Reason


class Cases(ListEndpoint):
    """Exceptions."""

    queryset = Case.objects.none()
    filterset_class = CaseFilter

    @operation(
        id="listCases", summary="Cases", tag="Cases", permission=Permission.CASES_VIEW, query=PageQuery,
        orderings=ORDERINGS, answers={200: CaseList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> CaseList:
        """The newest first; `status=open` are those that somebody must work."""
        page = self.page(selectors.cases_visible_to(self.actor), query)
        return CaseList.build(results=[case_shape(case) for case in page.rows], next_cursor=page.next_cursor)


class CaseEndpoint(CommandEndpoint):
    """One case."""

    @operation(
        id="getCase", summary="A case with evidence and notes", tag="Cases", permission=Permission.CASES_VIEW,
        answers={200: CaseDetail},
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> CaseDetail:
        """Cause, money at risk, clock, next action, evidence, and what people wrote."""
        return case_detail(access_case(self.actor, id))


class AssignCase(CommandEndpoint):
    """Giving a case to a person."""

    @operation(
        id="assignCase", summary="Assign a case", tag="Cases", permission=Permission.CASES_WORK, body=AssignBody,
        answers={200: CaseShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: AssignBody) -> CaseShape:
        """To a person, or to nobody."""
        return case_shape(services.assign_case(self.actor, id, body.owner))


class NoteCase(CommandEndpoint):
    """Writing on a case."""

    @operation(
        id="noteCase", summary="Write a note on a case", tag="Cases", permission=Permission.CASES_WORK, body=NoteBody,
        answers={201: NoteShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: NoteBody) -> NoteShape:
        """Notes are never changed; a resolved case takes them too."""
        return note_shape(services.note_case(self.actor, id, body.text))


class TakeBackCaseNote(CommandEndpoint):
    """Taking a note back."""

    @operation(
        id="takeBackCaseNote", summary="Take back a note on a case", tag="Cases", permission=Permission.CASES_WORK,
        answers={200: NoteShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, note_id: int) -> NoteShape:
        """By who wrote it, within 15 minutes: its words are shown to nobody any more, and whom it names is not
        called. That there was a note stays."""
        return note_shape(services.take_back_case_note(self.actor, id, note_id))


class ResolveCase(CommandEndpoint):
    """Ending a case."""

    @operation(
        id="resolveCase", summary="Resolve a case", tag="Cases", permission=Permission.CASES_WORK, body=ResolveBody,
        answers={200: CaseShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: ResolveBody) -> CaseShape:
        """With a reason and evidence. A return that waited only for its case closes by itself."""
        return case_shape(services.resolve_case(self.actor, id, body.reason, body.evidence))


class SnoozeCase(CommandEndpoint):
    """Putting a case off."""

    @operation(
        id="snoozeCase", summary="Put a case off", tag="Cases", permission=Permission.CASES_WORK, body=SnoozeBody,
        answers={200: CaseShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: SnoozeBody) -> CaseShape:
        """Out of sight until a time; a new occurrence brings it back."""
        return case_shape(services.snooze_case(self.actor, id, body.until, body.reason))
