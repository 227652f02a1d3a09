"""Who owns a field."""

from typing import Self

from pydantic import model_validator as validator

from returns.inputs.base import Input, Name, Slug
from returns.models import TruthObject
from returns.truth import FIELDS


class TruthIn(Input):
    """One field of one object, for one channel or for all (empty), and the system that owns it."""

    object: TruthObject
    field: Name
    channel: Slug = ""
    system: Name

    @validator(mode="after")
    def _known(self) -> Self:
        if self.field not in FIELDS[self.object]:
            raise ValueError(f"{self.object.label} has no field {self.field}; one of {', '.join(FIELDS[self.object])}")
        return self
