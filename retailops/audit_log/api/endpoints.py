"""The audit log: a list, and the export of what it holds."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, Field
from rest_framework.request import Request

from retailops.accounts.endpoint import Answer, operation
from retailops.accounts.permissions import Permission
from retailops.audit_log.export import Bundle, export_log
from retailops.audit_log.pages import Row, log_page
from retailops.audit_log.query import AuditQuery, denials_of, events_of, plain_text
from retailops.audit_log.sending import sent
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.joining import sole_command
from retailops.lib.openapi import Operation
from retailops.lib.wire import Body, Query, Shape

VIEWS = "^(all|access|denied)$"


class LogQuery(Query):
    """Which rows."""

    person: str = Field("", max_length=200, description="Who acted: a key such as `user:…`, an id, a name, an e-mail.")
    about: str = Field("", max_length=200, description="What it is about: any id or number.")
    action: str = Field("", max_length=80, description="A type of event, or `denied`.")
    since: AwareDatetime | None = Field(None, description="Recorded then or later.")
    until: AwareDatetime | None = Field(None, description="Recorded before.")
    view: str = Field("all", pattern=VIEWS, description="all, access (changes of who may do what) or denied.")
    cursor: str = Field("", max_length=60, description="`next_cursor` of the page before.")
    limit: int = Field(50, ge=1, le=200)


class ExportBody(Body):
    """Which rows; the same as of the list."""

    person: str = Field("", max_length=200)
    about: str = Field("", max_length=200)
    action: str = Field("", max_length=80)
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    view: str = Field("all", pattern=VIEWS)


class LogRow(Shape):
    """What happened, or (action `denied`) what was refused, `count` times within the minute."""

    at: datetime
    actor: str
    action: str
    detail: str
    subject: str
    correlation_id: UUID | None
    number: str
    region: str
    brand: str
    count: int


class LogList(Shape):
    """One page, newest first."""

    results: list[LogRow]
    next_cursor: str


def _wanted(given: LogQuery | ExportBody) -> AuditQuery:
    person, about, action = map(plain_text, (given.person, given.about, given.action))
    return AuditQuery(person, about, action, given.since, given.until, given.view)


def _shape(row: Row) -> LogRow:
    return LogRow.build(
        at=row.at, actor=row.actor, action=row.action, detail=row.detail, number=row.number, region=row.region,
        subject=f"{row.subject_type}/{row.subject_id}" if row.subject_id else "", brand=row.brand, count=row.count,
        correlation_id=row.correlation_id,
    )  # fmt: skip


class AuditLog(CommandEndpoint):
    """Everything that happened, and everything that was refused."""

    @operation(
        id="listAuditLog", summary="The audit log", tag="Audit", permission=Permission.AUDIT_VIEW, query=LogQuery,
        answers={200: LogList},
    )  # fmt: skip
    def get(self, request: Request, query: LogQuery) -> LogList:
        """Within the own regions and brands; refused attempts are for who may see all of them."""
        wanted = _wanted(query)
        found = log_page(
            events_of(self.actor, wanted, Permission.AUDIT_VIEW), denials_of(self.actor, wanted, Permission.AUDIT_VIEW),
            after=query.cursor, size=query.limit,
        )  # fmt: skip
        return LogList.build(results=[_shape(row) for row in found.rows], next_cursor=found.older)


class AuditExports(CommandEndpoint):
    """Taking a part of the log out."""

    @operation(
        id="exportAuditLog", summary="Export the audit log", tag="Audit", permission=Permission.AUDIT_EXPORT,
        body=ExportBody, answers={200: None}, problems=(422,),
    )  # fmt: skip
    def post(self, request: Request, body: ExportBody) -> Answer:
        """A ZIP with the rows, a hash and a chain of each, and a manifest; that it was taken is an event."""
        return Answer(export_log(self.actor, _wanted(body)))

    def perform(self, spec: Operation, request: Request, call: Callable[[], Answer]) -> Any:
        """Answer the bundle, once its event is committed."""
        with sole_command(durable=True):
            bundle: Bundle = call().body
        return sent(bundle)
