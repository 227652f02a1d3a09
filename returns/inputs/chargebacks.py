"""What a gateway says of a dispute."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from returns.inputs.base import MAX_AMOUNT, Currency, ExternalId, Input


class ChargebackIn(Input):
    """A dispute as its gateway tells it. `external_id` is the gateway's own, `told_at` when it said so.

    `opened`: the bank took the money and the dispute runs; `won`: it is ours again; `lost`: it stays with the customer.
    """

    external_id: ExternalId
    status: Literal["opened", "won", "lost"]
    amount: Annotated[int, Field(gt=0, le=MAX_AMOUNT, strict=True)]
    currency: Currency
    told_at: AwareDatetime
    reason: Annotated[str, StringConstraints(max_length=80)] = ""
    answer_by: AwareDatetime | None = None
