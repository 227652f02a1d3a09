"""Shapes on the wire: strict pydantic models, and their faults as JSON pointers."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self, TypeVar, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from retailops.lib.errors import FieldError, Invalid
from retailops.lib.money import Money

T = TypeVar("T")
NUL = "\x00"


class Shape(BaseModel):
    """What an answer consists of. Built from attributes; frozen."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    @classmethod
    def build(cls, **fields: Any) -> Self:
        """Return the shape of our own values, unchecked: tests hold every answer against its schema."""
        return cast(Self, cls.model_construct(**fields))


class Body(BaseModel):
    """What a request may contain. Fields that are not declared are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Query(BaseModel):
    """Parameters after the `?`. Those that are not declared are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MoneyShape(Shape):
    """An amount in minor units of an ISO 4217 currency: `{"amount": 1999, "currency": "GBP"}` is £19.99."""

    amount: int = Field(description="Minor units: pence, cents, yen.", examples=[1999])
    currency: str = Field(description="ISO 4217 code.", pattern="^[A-Z]{3}$", examples=["GBP"])

    @classmethod
    def of(cls, amount: int, currency: str) -> "MoneyShape":
        """Return the shape of an amount in minor units."""
        return cls.build(amount=amount, currency=currency)

    @classmethod
    def from_money(cls, money: Money) -> "MoneyShape":
        """Return the shape of a Money."""
        return cls.of(money.amount, money.currency)

    @classmethod
    def maybe(cls, amount: int | None, currency: str) -> "MoneyShape | None":
        """Return the shape, or None where there is no amount."""
        return None if amount is None else cls.of(amount, currency)


class MoneyIn(Body):
    """An amount in minor units of an ISO 4217 currency: `{"amount": 1999, "currency": "GBP"}` is £19.99."""

    amount: int = Field(ge=0, le=10**15, description="Minor units: pence, cents, yen.", examples=[1999])
    currency: str = Field(description="ISO 4217 code.", pattern="^[A-Z]{3}$", examples=["GBP"])


def in_minor_units(value: Any, currency: str, place: str = "") -> Any:
    """Return a dumped body with each `{"amount", "currency"}` as its integer.

    Raises Invalid, with a pointer to each amount that is in another currency.
    """
    faults: list[FieldError] = []
    plain = _minor(value, currency, place, faults)
    if faults:
        raise Invalid("See `errors` for each field.", errors=faults)
    return plain


def _minor(value: Any, currency: str, place: str, faults: list[FieldError]) -> Any:
    if isinstance(value, list):
        return [_minor(item, currency, f"{place}/{index}", faults) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"amount", "currency"}:
        if value["currency"] != currency:
            faults.append(FieldError(f"{place}/currency", f"Must be {currency}, the currency of the whole."))
        return value["amount"]
    return {key: _minor(item, currency, f"{place}/{key}", faults) for key, item in value.items()}


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_utc)]


def read_json(shape: "TypeAdapter[T]", raw: bytes) -> T:
    """Return the body that the JSON text spells.

    Raises Invalid: code `malformed-json` where it is no JSON, else with a pointer to each fault. Types are strict:
    "1" is not 1. A NUL character is refused, because PostgreSQL cannot store it.
    """
    refuse_nul(raw)
    try:
        return shape.validate_json(raw, strict=True)
    except ValidationError as invalid:
        raise as_invalid(invalid) from invalid


def read_query(shape: type[Query], values: Mapping[str, Any]) -> Any:
    """Return the parameters that these strings spell. Raises Invalid; a pointer is `?` and the parameter's name."""
    try:
        return shape.model_validate(values)
    except ValidationError as invalid:
        raise _invalid(invalid, lambda loc: "?" + ".".join(map(str, loc[:1])), "parameter") from invalid


def json_text(body: Any) -> bytes:
    """Return the JSON text of a pydantic model (without detour over Python objects) or of plain values."""
    if isinstance(body, BaseModel):
        return body.__pydantic_serializer__.to_json(body, warnings=False)
    return _ANYTHING.dump_json(body, warnings=False)


_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)


def refuse_nul(raw: bytes) -> None:
    """Raise Invalid, naming where, when a string of the JSON text holds a NUL character."""
    if b"\\u0000" not in raw:
        return
    try:
        document = json.loads(raw)
    except ValueError:
        return  # The reader says better what is wrong.
    faults = [FieldError(place or "/", "Must not contain a NUL character.") for place in _nul_places("", document)]
    if faults:
        raise Invalid("See `errors` for each field.", errors=faults)


def _nul_places(place: str, value: Any) -> Iterable[str]:
    if isinstance(value, str) and NUL in value:
        yield place
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for key, inner in pairs:
        if isinstance(key, str) and NUL in key:
            yield place or "/"
        else:
            yield from _nul_places(f"{place}/{escaped(key)}", inner)


def as_invalid(invalid: ValidationError) -> Invalid:
    """Return pydantic's faults as an Invalid with a JSON pointer (RFC 6901) to each."""
    return _invalid(invalid, pointer, "field")


def _invalid(invalid: ValidationError, place: Any, noun: str) -> Invalid:
    found = invalid.errors(include_url=False, include_input=False, include_context=False)
    if found[0]["type"] == "json_invalid":
        return Invalid(f"The body is not JSON: {found[0]['msg']}.", code="malformed-json")
    unknown = [str(fault["loc"][-1]) for fault in found if fault["type"] == "extra_forbidden"]
    faults = [FieldError(place(fault["loc"]), _detail(fault["type"], fault["msg"], noun)) for fault in found[:50]]
    detail = f"Unknown {noun}: {', '.join(unknown)}." if unknown else f"See `errors` for each {noun}."
    return Invalid(detail, errors=faults)


def pointer(location: Iterable[Any]) -> str:
    """Return a JSON pointer (RFC 6901) to a location: ("lines", 0, "sku") → "/lines/0/sku"."""
    return "".join(f"/{escaped(step)}" for step in location) or "/"


def escaped(step: Any) -> str:
    """Return one step of a JSON pointer with `~` and `/` escaped."""
    return str(step).replace("~", "~0").replace("/", "~1")


def _detail(kind: str, message: str, noun: str) -> str:
    if kind == "extra_forbidden":
        return f"Unknown {noun}."
    return message.removeprefix("Value error, ").rstrip(".") + "."
