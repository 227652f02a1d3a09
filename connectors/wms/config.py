"""What an administrator sets for a warehouse connection; the form is generated from these schemas."""

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.protocol import ConnectorConfig

# The contract's own vocabulary is the canonical one, so that most connections need no table at all.
PLACEABLE = (
    "sellable",
    "quarantine",
    "damaged",
    "refurbish",
    "repair",
    "return_to_vendor",
    "liquidate",
    "recycle",
    "donate",
    "scrap",
    "return_to_customer",
)


def same_names() -> dict[str, str]:
    """Default table of dispositions: each is called the same on both sides."""
    return {name: name for name in PLACEABLE}


class WmsConfig(ConnectorConfig):
    """Where the warehouse is (the address without `/v1`) and which place stands for returns nobody assigned to one."""

    default_location: str = Field(
        "DC-1", title="Default location", description="Our location code for returns that name none."
    )
    region: str = Field(min_length=1, max_length=32, title="Region", description="Of parcels that nobody announced.")
    currency: str = Field(pattern="^[A-Z]{3}$", title="Currency", description="Of parcels that nobody announced.")
    brand: str = Field("", title="Brand", description="Of parcels that nobody announced.")
    legal_entity: str = Field("", title="Legal entity", description="Of parcels that nobody announced.")
    rejected_dispositions: list[str] = Field(
        default=["return_to_customer"],
        title="Dispositions that reject",
        description="Units inspected with one of these are rejected: the customer gets no money for them.",
    )
    takes_transfers: bool = Field(
        default=False,
        title="Takes transfers",
        description="It is told of stock that our books bring from place to place, and of what is called off.",
    )


class WmsMapping(BaseModel):
    """Names that differ between us and the warehouse; ours on the left. A missing name is an error, no guess."""

    model_config = ConfigDict(extra="forbid")

    dispositions: dict[str, str] = Field(
        default_factory=same_names, description="Ours = the warehouse's. One that is missing is an error."
    )
    locations: dict[str, str] = Field(
        default_factory=dict, description="Ours = the warehouse's. The same where not listed."
    )

    @field_validator("dispositions", "locations")
    @classmethod
    def _reversible(cls, table: dict[str, str]) -> dict[str, str]:
        if len(set(table.values())) != len(table):
            raise ValueError("two of our names have the same name at the warehouse: an answer could not be told apart")
        return table
