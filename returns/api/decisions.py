"""POST /returns/{id}/authorize · decline · cancel · reinstate · reopen · close."""

from collections.abc import Callable
from typing import Any

from rest_framework.request import Request

from retailops.accounts.endpoint import operation
from retailops.accounts.permissions import Permission
from returns.api.addresses import ReturnCommand
from returns.api.bodies import AuthorizationBody, CodedDecisionBody, DecisionBody
from returns.api.shapes import ReturnShape, return_shape
from returns.models import Return
from returns.services import decisions

TEXTS = {
    "authorize": "Allow the goods to come back. From `requested` or `in_review`.",
    "decline": "Refuse the return. From `requested` or `in_review`.",
    "cancel": "Give it up. Refused (409) once anything was received or money is on its way.",
    "reinstate": "Make an expired or declined return alive again.",
    "reopen": "Open a closed return again. Needs a permission of its own.",
    "close": "Close it. Refused (409), naming what is left, unless nothing is left to do.",
}
CODED = ("decline", "cancel")
BODIES: dict[str, Any] = {"authorize": AuthorizationBody, **dict.fromkeys(CODED, CodedDecisionBody)}


def decision(verb: str, command: Callable[..., Return], permission: Permission) -> type[ReturnCommand]:
    """Return the endpoint of one decision."""

    class Decision(ReturnCommand):
        @operation(
            id=f"{verb}Return", summary=f"{verb.capitalize()} a return", tag="Returns", permission=permission,
            body=BODIES.get(verb, DecisionBody), answers={200: ReturnShape},
            key="optional", text=TEXTS[verb],
        )  # fmt: skip
        def post(self, request: Request, id: str, body: Any) -> ReturnShape:
            rma = command(
                actor=self.actor,
                return_id=self.return_id(id),
                reason=body.reason,
                expected_version=body.expected_version,
                **({"code": body.reason_code} if verb in CODED else {}),
            )
            return return_shape(rma)

    Decision.__name__ = f"{verb.capitalize()}Return"
    return Decision


DECISIONS: dict[str, type[ReturnCommand]] = {
    "authorize": decision("authorize", decisions.authorize_return, Permission.RETURNS_DECIDE),
    "decline": decision("decline", decisions.decline_return, Permission.RETURNS_DECIDE),
    "cancel": decision("cancel", decisions.cancel_return, Permission.RETURNS_DECIDE),
    "reinstate": decision("reinstate", decisions.reinstate_return, Permission.RETURNS_DECIDE),
    "reopen": decision("reopen", decisions.reopen_return, Permission.RETURNS_REOPEN),
    "close": decision("close", decisions.close_return, Permission.RETURNS_DECIDE),
}
