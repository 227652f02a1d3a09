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

    regions: dict[str, str] = Field(
        default_factory=dict,
        description="ISO country of the shipping address = our region. Others take the connection's.",
    )
    legal_entities: dict[str, str] = Field(
        default_factory=dict, description="ISO country = our legal entity. Others take the connection's."
    )
    gateways: dict[str, str] = Field(
        default_factory=dict, description="Shopify's gateway = the connection that refunds it. Others keep their name."
    )
    locations: dict[str, str] = Field(
        default_factory=dict, description="Our location = Shopify's location id. Others take the default."
    )
    return_reasons: dict[str, str] = Field(
        default_factory=dict,
        description="Shopify's reason = ours, before its published table. What is said under Codes wins.",
    )
    decline_reasons: dict[str, str] = Field(
        description="Our reason = FINAL_SALE or RETURN_PERIOD_ENDED. Others are OTHER, Shopify's own rest.",
        default={
            "final_sale": "FINAL_SALE",
            "window": "RETURN_PERIOD_ENDED",
            "out_of_window": "RETURN_PERIOD_ENDED",
            "window_closed": "RETURN_PERIOD_ENDED",
        },
    )
