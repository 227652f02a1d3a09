"""Questions and requests to return."""

from typing import Annotated, Self

from pydantic import AwareDatetime, Field, StringConstraints
from pydantic import model_validator as validator

from returns.enums import Resolution, ReturnKind
from returns.inputs.base import Code, ExternalId, Input, Name, Slug, Text, Units
from returns.inputs.orders import OrderRef


class ReturnLineIn(Input):
    """Units of one order line, named by its external id, its number, or its sku where only one line has it."""

    external_id: Annotated[str, StringConstraints(max_length=120)] = ""
    line_no: Annotated[int, Field(gt=0, strict=True)] | None = None
    sku: Slug = ""
    quantity: Units
    resolution: Resolution = Resolution.REFUND
    reason: Code = ""
    # What shows a fault: addresses of photos, a report, a serial number. A warranty claim may need it.
    evidence: list[Annotated[str, StringConstraints(max_length=300)]] = Field(default_factory=list, max_length=20)

    @validator(mode="after")
    def _named(self) -> Self:
        if not (self.external_id or self.line_no or self.sku):
            raise ValueError("name the line by external_id, line_no or sku")
        return self


class EligibilityIn(Input):
    """May these units come back, and for how much? Without lines: every line of the order."""

    order: OrderRef
    kind: ReturnKind = ReturnKind.MAIL_IN
    lines: list[ReturnLineIn] = Field(default_factory=list, max_length=2000)
    at: AwareDatetime | None = None


class MarketplaceIn(Input):
    """What a marketplace calls the return, and until when it wants our answer."""

    name: Name
    return_id: ExternalId
    answer_by: AwareDatetime | None = None


class ReturnIn(Input):
    """A request to return. `external_id` is the id at `source` and makes the request happen once.

    `override_reason` lets staff go beyond policy; the rule broken is recorded with it.
    """

    order: OrderRef
    kind: ReturnKind = ReturnKind.MAIL_IN
    source: Name = "api"
    external_id: Annotated[str, StringConstraints(max_length=160)] = ""
    reason: Text = ""
    tracking: Annotated[str, StringConstraints(max_length=80)] = ""
    requested_at: AwareDatetime | None = None
    lines: list[ReturnLineIn] = Field(min_length=1, max_length=2000)
    override_reason: Text = ""
    # A term of `override_reason`, beside the words.
    override_code: Code = ""
    evidence: list[Text] = Field(default_factory=list, max_length=50)
    marketplace: MarketplaceIn | None = None

    @validator(mode="after")
    def _known_kind(self) -> Self:
        if self.kind == ReturnKind.BLIND:
            raise ValueError("a blind return has no order: record its receipt instead")
        if self.kind == ReturnKind.RETURN_TO_SENDER:
            raise ValueError("a carrier's return to sender is announced by its outbound tracking number instead")
        if self.marketplace and self.kind != ReturnKind.MARKETPLACE:
            raise ValueError("only a marketplace return has a marketplace's terms")
        return self
