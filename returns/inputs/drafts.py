"""Returns that are not asked for yet."""

from typing import Self

from pydantic import Field
from pydantic import model_validator as validator

from returns.enums import ReturnKind
from returns.inputs.base import Input, Text
from returns.inputs.orders import OrderRef
from returns.inputs.requests import ReturnLineIn
from returns.kinds import TRAITS


class DraftIn(Input):
    """A draft of a return of an order; its lines may still be missing."""

    order: OrderRef
    kind: ReturnKind = ReturnKind.MAIL_IN
    reason: Text = ""
    lines: list[ReturnLineIn] = Field(default_factory=list, max_length=2000)

    @validator(mode="after")
    def _requestable(self) -> Self:
        if not TRAITS[self.kind].requestable:
            raise ValueError("a return of this kind is not asked for: it begins with a parcel that comes")
        return self
