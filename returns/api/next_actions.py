"""What a caller may do next with a return: what its state and the caller's permissions allow."""

from django_fsm import can_proceed

from retailops.accounts.actor import Actor, can
from retailops.accounts.permissions import Permission
from returns.enums import ReturnKind, ReturnStatus
from returns.models import Return, ReturnLine
from returns.services.holding import pending

DECISIONS = {
    "authorize": ("authorize", Permission.RETURNS_DECIDE),
    "decline": ("decline", Permission.RETURNS_DECIDE),
    "cancel": ("cancel", Permission.RETURNS_DECIDE),
    "reinstate": ("reinstate", Permission.RETURNS_DECIDE),
    "close": ("close", Permission.RETURNS_DECIDE),
    "reopen": ("reopen", Permission.RETURNS_REOPEN),
}


def next_actions(actor: Actor, rma: Return) -> list[str]:
    """Return the names of the commands, as their addresses spell them. A command checks all of its rules itself."""
    wanted = {verb: permission for verb, (step, permission) in DECISIONS.items() if can_proceed(getattr(rma, step))}
    if rma.status == ReturnStatus.IN_REVIEW and pending(rma):
        wanted.pop("authorize", None)
    if rma.status in {ReturnStatus.AUTHORIZED, ReturnStatus.EXPIRED, ReturnStatus.DECLINED}:
        wanted["receipts"] = Permission.RETURNS_RECEIVE
    lines = list(rma.lines.all())
    if rma.kind != ReturnKind.WARRANTY and any(line.received > line.inspected for line in lines):
        wanted["inspections"] = Permission.RETURNS_INSPECT
    if rma.status == ReturnStatus.AUTHORIZED and any(_expected(line) for line in lines):
        wanted["missing"] = Permission.RETURNS_RECEIVE
        wanted |= dict.fromkeys(("keep", "cancel-remaining"), Permission.RETURNS_DECIDE)
    if rma.status == ReturnStatus.AUTHORIZED:
        wanted["refunds"] = Permission.REFUNDS_PROPOSE
        wanted["exchanges"] = Permission.RETURNS_DECIDE
    return [verb for verb, permission in wanted.items() if can(actor, permission, region=rma.region, brand=rma.brand)]


def _expected(line: ReturnLine) -> bool:
    return line.authorized > line.received + line.missing + line.kept + line.canceled
