"""Bodies of commands that the inputs of the services do not already spell."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from retailops.lib.errors import FieldError, Invalid
from retailops.lib.wire import Body, MoneyIn
from returns.inputs import Code, RefundProposalIn, Units

Reason = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]


class DecisionBody(Body):
    """A decision on a return, with its reason."""

    reason: Reason
    expected_version: Version | None = Field(
        None, description="The `version` that the decision was made upon; another one is 409 with the difference."
    )


class CodedDecisionBody(DecisionBody):
    """A decision with its reason, and the term of a vocabulary that the reason falls under."""

    reason_code: Code = Field(
        "", description="A code of the vocabulary `decline_reason` or `cancel_reason`; an unknown one is 400."
    )


class AuthorizationBody(Body):
    """An authorization; the reason may be left out where policy needs none."""

    reason: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)] = ""
    expected_version: Version | None = Field(
        None, description="The `version` that the decision was made upon; another one is 409 with the difference."
    )


class QuantityBody(Body):
    """Units of one line, and why."""

    quantity: Units
    reason: Reason


class RefundProposalBody(RefundProposalIn):
    """A refund that a person shapes; what is left out follows policy. An empty object is the refund by policy."""

    amount: MoneyIn | None = Field(None, description="The whole refund.")  # type: ignore[assignment]  # money on the wire, minor units inside


def proposal_in(body: RefundProposalBody, currency: str) -> RefundProposalIn | None:
    """Return the service's input; None for an empty body, which means "by policy".

    Raises Invalid for an amount in another currency than the return's.
    """
    given: dict[str, Any] = body.model_dump(exclude_unset=True, exclude={"amount"})
    if body.amount is not None:
        if body.amount.currency != currency:
            fault = FieldError("/amount/currency", f"Must be {currency}, the return's currency.")
            raise Invalid("See `errors` for each field.", errors=[fault])
        given["amount"] = body.amount.amount
    return RefundProposalIn.model_validate(given) if given else None
