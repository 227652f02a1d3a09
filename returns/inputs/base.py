"""What all inputs share: the base, common fields, and how untrusted data is read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from retailops.lib.errors import FieldError, Invalid


class Input(BaseModel):
    """Base of all inputs."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


Model = TypeVar("Model", bound=BaseModel)
MAX_AMOUNT = 10**15
MAX_UNITS = 1_000_000
Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT, strict=True)]
Units = Annotated[int, Field(gt=0, le=MAX_UNITS, strict=True)]
Count = Annotated[int, Field(ge=0, le=MAX_UNITS, strict=True)]
Slug = Annotated[str, StringConstraints(max_length=64)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Code = Annotated[str, StringConstraints(max_length=64)]
Serials = Annotated[list[Annotated[str, StringConstraints(min_length=1, max_length=120)]], Field(max_length=2000)]
Text = Annotated[str, StringConstraints(max_length=200)]


def read(model: type[Model], data: object) -> Model:
    """Return the input that the data spells. Raises Invalid with one pointer for each fault."""
    try:
        return model.model_validate(data)
    except ValidationError as refused:
        raise invalid(refused) from None


def read_json(model: type[Model], body: bytes | str) -> Model:
    """Return the input that the JSON text spells. Raises Invalid with one pointer for each fault."""
    try:
        return model.model_validate_json(body)
    except ValidationError as refused:
        raise invalid(refused) from None


def invalid(refused: ValidationError) -> Invalid:
    """Say pydantic's refusal as the domain error, with JSON pointers."""
    faults = [
        FieldError("".join(f"/{step}" for step in fault["loc"]) or "/", _plain(fault)) for fault in refused.errors()
    ]
    return Invalid("The input is not valid; see errors.", errors=faults)


def _plain(fault: Mapping[str, Any]) -> str:
    message = str(fault["msg"])
    return message.removeprefix("Value error, ")


Moment = datetime
