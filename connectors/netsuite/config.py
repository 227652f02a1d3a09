"""What an administrator sets for a NetSuite connection; the form is generated from these schemas."""

from pydantic import BaseModel, ConfigDict, Field

from connectors.protocol import ConnectorConfig


class NetSuiteConfig(ConnectorConfig):
    """Client and what the documents are booked on; ids are NetSuite's internal ids.

    The address is https://<account>.suitetalk.api.netsuite.com, without `/services`.
    """

    client_id: str = Field(min_length=1, title="Client id", description="Of the integration record.")
    certificate_id: str = Field(
        "", title="Certificate id", description="Of the client-credentials mapping; needed with a private key."
    )
    customer_id: str = Field(
        min_length=1, title="Customer", description="Who is credited: the customer that web sales are booked on."
    )
    goods_item_id: str = Field(
        min_length=1, title="Item for goods", description="Booked for goods whose own item is not known."
    )
    adjustment_item_id: str = Field(
        min_length=1,
        title="Item for the rest",
        description="Booked for shipping, duty and fees, so that the memo's total is the money that moved.",
    )
    subsidiary_id: str = Field("", title="Subsidiary", description="For legal entities that are not in the mapping.")
    sync_return_authorizations: bool = Field(
        False, title="Create return authorizations", description="Post a return authorization for every return."
    )


class NetSuiteMapping(BaseModel):
    """Our names → NetSuite's internal ids."""

    model_config = ConfigDict(extra="forbid")

    subsidiaries: dict[str, str] = Field(default_factory=dict, description="Our legal entity = NetSuite's id.")
    customers: dict[str, str] = Field(
        default_factory=dict, description="Our legal entity = NetSuite's id, where they differ."
    )
    currencies: dict[str, str] = Field(
        default_factory=dict, description="ISO code = NetSuite's id. None: the customer's own currency."
    )
    items: dict[str, str] = Field(default_factory=dict, description="Our sku = NetSuite's id.")
