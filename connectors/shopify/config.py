"""What an administrator sets for a Shopify connection; the form is generated from these schemas."""

from pydantic import BaseModel, ConfigDict, Field

from connectors.protocol import ConnectorConfig


class ShopifyConfig(ConnectorConfig):
    """Which shop, and what its orders belong to. The address is https://<shop>.myshopify.com."""

    channel: str = Field(
        "", title="Channel", description="Channel of its orders; empty: the connection's first channel."
    )
    region: str = Field(min_length=1, title="Region", description="Region of its orders, unless mapped.")
    brand: str = Field("", title="Brand")
    legal_entity: str = Field("", title="Legal entity", description="Whose ledger its sales are in.")
    default_location_id: str = Field(
        "", title="Location", description="Shopify's id of the place where goods are restocked, unless mapped."
    )
    gateway: str = Field(
        "stripe", title="Payment connection", description="Which connection refunds payments of gateways not mapped."
    )
    payment_attributes: dict[str, str] = Field(
        default={"payment_intent": "payment_intent", "charge": "charge"},
        title="Payment references",
        description="Our name of a gateway's reference → the order's note attribute that carries it.",
    )
    final_sale_property: str = Field(
        "_final_sale", title="Final-sale property", description="A line with this property cannot be returned."
    )


class ShopifyMapping(BaseModel):
    """Codes that differ; a table that misses a code says below what happens."""

    model_config = ConfigDict(extra="forbid")

    # Region by ISO country code of the shipping address; others take the connection's.
    regions: dict[str, str] = Field(default_factory=dict)
    # Legal entity by ISO country code; others take the connection's.
    legal_entities: dict[str, str] = Field(default_factory=dict)
    # Shopify's gateway name → the connection that refunds it; others keep their name.
    gateways: dict[str, str] = Field(default_factory=dict)
    # Our location code → Shopify's location id; others take the default.
    locations: dict[str, str] = Field(default_factory=dict)
    # Shopify's return reason → ours, before its published table; what a person says on the page of codes wins.
    return_reasons: dict[str, str] = Field(default_factory=dict)
    # Our decline reason → FINAL_SALE, RETURN_PERIOD_ENDED; others are OTHER, Shopify's own rest.
    decline_reasons: dict[str, str] = Field(
        default={
            "final_sale": "FINAL_SALE",
            "window": "RETURN_PERIOD_ENDED",
            "out_of_window": "RETURN_PERIOD_ENDED",
            "window_closed": "RETURN_PERIOD_ENDED",
        }
    )
