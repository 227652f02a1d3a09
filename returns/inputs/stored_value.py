"""Stored value as people give it and channels redeem it."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints
from pydantic import model_validator as validator

from returns.enums import StoredKind
from returns.inputs.base import MAX_AMOUNT, Currency, ExternalId, Input

Positive = Annotated[int, Field(gt=0, le=MAX_AMOUNT, strict=True)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class GiftIn(Input):
    """Value that a person gives the customer of an order, without a return. `key` makes it happen once."""

    kind: StoredKind = StoredKind.STORE_CREDIT
    order_id: UUID
    amount: Positive
    reason: Reason
    key: ExternalId


class RedemptionIn(Input):
    """A payment out of an account, named by its id or by a gift card's code. `reference` makes it happen once: the
    order's payment bears the same id, so that a refund finds its way back."""

    account_id: UUID | None = None
    code: Annotated[str, StringConstraints(max_length=40)] = ""
    amount: Positive
    currency: Currency
    reference: ExternalId

    @validator(mode="after")
    def _named(self) -> Self:
        if (self.account_id is None) == (not self.code):
            raise ValueError("name the account by account_id, or by code")
        return self
