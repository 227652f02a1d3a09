"""What passes between the HTTP server and a fake: one call in, one reply out, and the table of routes."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl

Json = dict[str, Any]


class BadRequest(Exception):
    """The control API was asked for something that makes no sense; answered as 400 with the message."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the vendor would see it; `path` is below the vendor's prefix."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    base_url: str
    request_id: str

    @property
    def mutates(self) -> bool:
        return self.method not in {"GET", "HEAD", "OPTIONS"}

    def param(self, name: str, default: str = "") -> str:
        return next((value for key, value in self.query if key == name), default)

    def form(self) -> list[tuple[str, str]]:
        """The pairs of an `application/x-www-form-urlencoded` body, in order."""
        return parse_qsl(self.body.decode(), keep_blank_values=True)

    def json(self) -> Any:
        """The parsed JSON body, `{}` for an empty one. Raises ValueError."""
        return json.loads(self.body) if self.body.strip() else {}


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; `body` None means no content."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        return b"" if self.body is None else json.dumps(self.body, separators=(",", ":")).encode()


Handler = Callable[..., Reply]


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    operation: str
    handler: Handler
    reads: bool


@dataclass(frozen=True, slots=True)
class Match:
    """The route that a call hit, with the values of its path's placeholders."""

    operation: str
    handler: Handler
    params: dict[str, str]
    reads: bool


class Router:
    """Method and path template (`/v1/refunds/{refund}`) → handler, first match wins."""

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def add(self, method: str, template: str, operation: str, handler: Handler, *, reads: bool | None = None) -> None:
        pattern = re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template) + "$")
        self.routes.append(Route(method, pattern, operation, handler, method == "GET" if reads is None else reads))

    def match(self, method: str, path: str) -> Match | None:
        for route in self.routes:
            if route.method == method and (hit := route.pattern.match(path)):
                return Match(route.operation, route.handler, hit.groupdict(), route.reads)
        return None

    def operations(self) -> list[str]:
        return sorted({route.operation for route in self.routes})


class Fake(Protocol):
    """One vendor. All methods are synchronous and run inside one store transaction."""

    name: str
    concurrency_limit: int | None

    def operations(self) -> list[str]:
        """The names that a fault's `operations` filter may use."""
        ...

    def classify(self, call: Call) -> tuple[str, bool]:
        """Operation name of a call, and whether it only reads."""
        ...

    def authorized(self, call: Call) -> bool: ...

    def refuse(self, status: int, *, retry_after_s: int | None = None) -> Reply:
        """The vendor's own shape of a refusal: 401, 429 or 500."""
        ...

    def busy_key(self, call: Call) -> str | None:
        """What a second call of the same kind must not overlap with; None where overlap is allowed."""
        ...

    def overlap(self) -> Reply:
        """The answer to a call whose busy key is taken."""
        ...

    def answer(self, call: Call, *, fails: bool, after_effect: bool) -> Reply:
        """Do the call. With `fails` answer the vendor's 500; with `after_effect` do the work first."""
        ...

    def books(self) -> Json: ...
