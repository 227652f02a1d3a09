"""What the commands of vocabularies take."""

from typing import Annotated

from pydantic import Field, StrictBool, StringConstraints

from returns.inputs.base import Input

TermCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]{0,39}$")]


class TermIn(Input):
    """A term as people see it; without `sort` it keeps its place, a new one comes last."""

    label: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    merchant_fault: StrictBool = False
    sort: Annotated[int, Field(ge=0, le=100_000)] | None = None
