"""Drafts: saved, changed, submitted, discarded."""

from typing import Annotated

from pydantic import Field, StringConstraints
from rest_framework.request import Request

from retailops.accounts.endpoint import operation
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.wire import Body
from returns.api.addresses import ReturnCommand
from returns.api.bodies import AuthorizationBody, Version
from returns.api.shapes import ReturnShape, return_shape
from returns.inputs import ReturnLineIn
from returns.inputs.drafts import DraftIn
from returns.services import drafts

REQUEST = Permission.RETURNS_REQUEST
SAW = Field(None, description="The `version` that was seen; another one is 409.")
Text = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]


class DraftLinesBody(Body):
    """The lines of a draft, all of them."""

    lines: list[ReturnLineIn] = Field(max_length=2000)
    reason: Text | None = None
    expected_version: Version | None = SAW


class SubmitBody(Body):
    """Asking for what the draft describes."""

    override_reason: Text = ""
    expected_version: Version | None = SAW


class Drafts(CommandEndpoint):
    """Drafts."""

    @operation(
        id="saveDraft", summary="Save a draft of a return", tag="Returns", permission=REQUEST, body=DraftIn,
        answers={201: ReturnShape}, key="required", problems=(404, 422),
    )  # fmt: skip
    def post(self, request: Request, body: DraftIn) -> ReturnShape:
        """A draft takes no units and nobody outside is told of it; policy judges it when it is submitted."""
        return return_shape(drafts.save_draft(actor=self.actor, draft=body))


class DraftLines(ReturnCommand):
    """The lines of a draft."""

    @operation(
        id="changeDraft", summary="Replace the lines of a draft", tag="Returns", permission=REQUEST,
        body=DraftLinesBody, answers={200: ReturnShape}, key="optional", problems=(404, 409, 422),
    )  # fmt: skip
    def put(self, request: Request, id: str, body: DraftLinesBody) -> ReturnShape:
        """Lines are added and removed by giving all of them anew."""
        changed = drafts.change_draft(
            actor=self.actor,
            return_id=self.return_id(id),
            lines=body.lines,
            reason=body.reason,
            expected_version=body.expected_version,
        )
        return return_shape(changed)


class SubmitDraft(ReturnCommand):
    """Submitting."""

    @operation(
        id="submitDraft", summary="Ask for the return that a draft describes", tag="Returns", permission=REQUEST,
        body=SubmitBody, answers={200: ReturnShape}, key="optional", problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, id: str, body: SubmitBody) -> ReturnShape:
        """Judged by policy now, as a request is: authorized at once, sent to review, or refused (422)."""
        done = drafts.submit_draft(
            actor=self.actor,
            return_id=self.return_id(id),
            override_reason=body.override_reason,
            expected_version=body.expected_version,
        )
        return return_shape(done)


class DiscardDraft(ReturnCommand):
    """Giving up."""

    @operation(
        id="discardDraft", summary="Give a draft up", tag="Returns", permission=REQUEST, body=AuthorizationBody,
        answers={200: ReturnShape}, key="optional", problems=(404, 409),
    )  # fmt: skip
    def post(self, request: Request, id: str, body: AuthorizationBody) -> ReturnShape:
        """It stays to be read, as canceled."""
        done = drafts.discard_draft(
            actor=self.actor,
            return_id=self.return_id(id),
            reason=body.reason,
            expected_version=body.expected_version,
        )
        return return_shape(done)
