"""Settings of a Stripe connection."""

from pydantic import Field

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
