"""What the commands of policies take."""

from typing import Annotated, Self

from pydantic import AwareDatetime, StringConstraints
from pydantic import model_validator as validator

from returns.inputs.base import Input
from returns.policy import Rules

PolicyName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,29}$")]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class PolicyScopeIn(Input):
    """What a policy is for; an empty field is any."""

    channel: Annotated[str, StringConstraints(max_length=64)] = ""
    region: Annotated[str, StringConstraints(max_length=32)] = ""
    brand: Annotated[str, StringConstraints(max_length=64)] = ""
    category: Annotated[str, StringConstraints(max_length=64)] = ""
    customer_group: Annotated[str, StringConstraints(max_length=40)] = ""


class PolicyDraftIn(Input):
    """The content of a draft: what a second person agrees to, whole.

    Without `effective_from` it starts when it is activated. With `effective_to` it is temporary: the version before it
    goes on beside it and applies again after that. `rules.canary_share` is the share that it starts with.
    """

    scope: PolicyScopeIn = PolicyScopeIn()
    rules: Rules = Rules()
    effective_from: AwareDatetime | None = None
    effective_to: AwareDatetime | None = None

    @validator(mode="after")
    def _ordered(self) -> Self:
        if self.effective_from and self.effective_to and self.effective_to <= self.effective_from:
            raise ValueError("it must end after it starts")
        return self
