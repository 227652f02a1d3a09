"""What marketplaces tell of money that they move by themselves."""

from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from returns.inputs.base import MAX_AMOUNT, Currency, Input
from returns.inputs.orders import OrderRef


class ObservedRefundIn(Input):
    """A refund that a marketplace made. `external_id` is its id there; `payment` names one where there are several."""

    order: OrderRef
    payment: Annotated[str, StringConstraints(max_length=120)] = ""
    external_id: Annotated[str, StringConstraints(min_length=1, max_length=160)]
    amount: Annotated[int, Field(gt=0, le=MAX_AMOUNT, strict=True)]
    currency: Currency
    observed_at: AwareDatetime
