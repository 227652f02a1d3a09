"""A mapping file: which column means what, and what a document or a code says of its lines."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from retailops.lib.errors import FieldError, Invalid

MAPPINGS = Path(__file__).parent / "mappings"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileFormat(_Part):
    """How the file is written; `auto` reads gzip by its first bytes."""

    delimiter: str = ","
    encoding: str = "utf-8"
    compression: Literal["auto", "none"] = "auto"


class Columns(_Part):
    """Names of the columns; a file may lack the optional ones."""

    document: str
    sku: str
    quantity: str
    unit_price: str
    title: str | None = None
    customer: str | None = None
    country: str | None = None


class Dates(_Part):
    """Either a column with ISO 8601 times, or a period over which documents are spaced in file order."""

    column: str | None = None
    start: datetime = datetime(2010, 12, 1, tzinfo=UTC)
    days: int = Field(30, gt=0)


class Documents(_Part):
    """What a document's number says of it."""

    return_prefix: str
    negative_elsewhere: Literal["stock_adjustment", "case"] = "stock_adjustment"


class NotGoods(StrEnum):
    """Kinds of lines that no warehouse ever sees."""

    POSTAGE = "postage"
    DISCOUNT = "discount"
    FEE = "fee"
    COMMISSION = "commission"
    MANUAL = "manual"


class NotGoodsRule(_Part):
    """A pattern over the whole code, case ignored."""

    pattern: str
    kind: NotGoods

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern, ready to match a code from end to end."""
        return re.compile(self.pattern, re.IGNORECASE)


class RegionRule(_Part):
    """Countries of a region; no countries means every other."""

    region: str
    countries: list[str] = []


class OrderDefaults(_Part):
    """What the file does not say of its orders."""

    channel: str
    brand: str = ""
    legal_entity: str = ""
    currency: str = Field(min_length=3, max_length=3)
    customer_system: str
    gateway: str
    tender: str = "card"
    regions: list[RegionRule]


class Stock(_Part):
    """The location, set up by the import where it is missing, of adjustments and blind receipts."""

    location: str = Field(max_length=40)
    name: str = ""
    region: str = ""


class ReturnDefaults(_Part):
    """How return lines are taken."""

    kind: str = "mail_in"
    reason: str = "unspecified"
    match: list[Literal["customer", "sku"]] = ["customer", "sku"]


class Mapping(_Part):
    """A whole mapping file."""

    name: str
    version: int = 1
    file: FileFormat = FileFormat()
    columns: Columns
    dates: Dates = Dates()
    documents: Documents
    not_goods: list[NotGoodsRule] = []
    order: OrderDefaults
    stock: Stock
    returns: ReturnDefaults = ReturnDefaults()

    def not_goods_kind(self, sku: str) -> NotGoods | None:
        """Return what a code stands for when it is not goods."""
        return next((rule.kind for rule in self.not_goods if rule.compiled.fullmatch(sku)), None)

    def region(self, country: str) -> str:
        """Return the region of a country: the rule that names it, else the rule that names none."""
        named = next((rule.region for rule in self.order.regions if country in rule.countries), None)
        return named or next((rule.region for rule in self.order.regions if not rule.countries), "")


def load_mapping(name: str) -> Mapping:
    """Return a mapping by the name of a shipped one, or by the path of a YAML file.

    Raises Invalid naming each wrong field, or the mappings that there are.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else MAPPINGS / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in MAPPINGS.glob("*.yaml")))
        raise Invalid(f"There is no mapping {name!r}. Give a YAML file's path, or one of: {known}.")
    try:
        return Mapping.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as wrong:
        faults = [FieldError("/" + "/".join(map(str, e["loc"])), e["msg"]) for e in wrong.errors()]
        raise Invalid(f"The mapping {path.name} is not valid.", errors=faults) from wrong
