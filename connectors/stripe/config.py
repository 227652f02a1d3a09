"""Settings of a Stripe connection, and the names that its payments have elsewhere."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from connectors.protocol import ConnectorConfig


class StripeConfig(ConnectorConfig):
    """One Stripe account. The secrets (`api_key`, `webhook_secret`) are kept apart."""

    base_url: str = Field(
        "https://api.stripe.com", title="Base address", pattern=r"^https?://[^\s]+$", description="Without /v1"
    )
    account: str = Field("", title="Connected account", pattern=r"^(acct_\w+)?$", description="Stripe Connect only")
    tolerance_seconds: int = Field(
        300, title="Webhook age", ge=30, le=3600, description="How old a signed webhook may be, in seconds"
    )


class StripeMapping(BaseModel):
    """Names under which channels tell a payment's Stripe ids, beside Stripe's own (`charge`, `payment_intent`)."""

    model_config = ConfigDict(extra="forbid")

    references: dict[str, Literal["charge", "payment_intent"]] = Field(
        default_factory=dict,
        title="Payment references",
        description="A channel's name of a reference → what it is at Stripe: charge or payment_intent.",
    )
