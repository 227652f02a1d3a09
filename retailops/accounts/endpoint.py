"""The base of every API address: who asks, whether they may, how much, and what the body says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, Protocol, TypeVar, cast

from django.http import HttpRequest, HttpResponse
from pydantic import BaseModel, TypeAdapter
from rest_framework.exceptions import NotAuthenticated, UnsupportedMediaType
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from retailops.accounts import openapi_security  # noqa: F401  # registers on import
from retailops.accounts.actor import Actor, require
from retailops.accounts.authentication import actor_of
from retailops.accounts.permissions import SCOPE_PERMISSIONS
from retailops.accounts.places import place_of
from retailops.lib.errors import Denied, NotFound
from retailops.lib.openapi import JSON, Operation
from retailops.lib.throttling import Quota, TooManyRequests, spend
from retailops.lib.wire import NUL, json_text, read_json, read_query

# Requests a minute of a signed-in person; clients have their own figure.
PERSON_REQUESTS_PER_MINUTE = 600
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Answer:
    """What a handler answers: the body, a status other than the usual one, headers."""

    body: Any
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


class _Handler(Protocol):
    operation: Operation

    def __call__(self, view: "Endpoint", request: Request, **path: Any) -> Any: ...


class AlwaysJson(BaseContentNegotiation):
    """There is one form of answer, so `Accept` is not weighed."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Return the only one."""
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        """Return the only one."""
        return renderers[0], renderers[0].media_type


def operation(
    *,
    id: str,
    summary: str,
    tag: str,
    permission: str,
    answers: Mapping[int, Any],
    body: Any = None,
    bodies: Mapping[str, Any] | None = None,
    query: Any = None,
    orderings: Sequence[str] = (),
    key: str = "",
    problems: tuple[int, ...] = (),
    text: str = "",
) -> Callable[[F], F]:
    """Declare a handler: it gets `body` and `query` as validated models and returns a model or an Answer.

    Its docstring describes it to clients, unless `text` does. `permission` is what the actor must hold anywhere at all;
    services and selectors check it for the object.
    """
    kinds = bodies or ({JSON: body} if body is not None else {})
    spec = Operation(
        id=id, summary=summary, tag=tag, answers=answers, permission=str(permission), query=query, orderings=orderings,
        bodies={media: TypeAdapter(shape) for media, shape in kinds.items()}, key=key, problems=problems,
        description=text,
        scopes=tuple(scope for scope, held in SCOPE_PERMISSIONS.items() if permission in held),
    )  # fmt: skip

    def declare(handler: F) -> F:
        return cast(F, _wired(spec, handler))

    return declare


def _wired(spec: Operation, handler: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(handler)
    def wired(view: "Endpoint", request: Request, **path: Any) -> HttpResponse:
        inputs = view.inputs(spec, request)
        return view.perform(spec, request, lambda: _as_answer(spec, handler(view, request, **path, **inputs)))

    described = spec.description or " ".join((handler.__doc__ or "").split())
    cast(_Handler, wired).operation = replace(spec, description=described)
    return wired


def _as_answer(spec: Operation, found: Any) -> Answer:
    usual = next(iter(spec.answers))
    if not isinstance(found, Answer):
        return Answer(found, usual)
    return found if found.status else replace(found, status=usual)


class Endpoint(APIView):
    """An address of the API. Subclasses declare handlers with `@operation`; nothing else answers.

    Order of refusals: 401, 429, 403, 405, then 415 and 400; each a problem document, each denial kept.
    """

    parser_classes = [JSONParser]
    renderer_classes = [JSONRenderer]
    content_negotiation_class = AlwaysJson
    permission_classes = []
    metadata_class = None
    actor: Actor
    quota: Quota | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Authenticate, count the request, and check that the actor holds the operation's permission somewhere."""
        if request.user is None:
            raise NotAuthenticated("Send `Authorization: Bearer <api key>`.")
        self.actor = actor_of(request)
        limit = getattr(request.user, "requests_per_minute", PERSON_REQUESTS_PER_MINUTE)
        self.quota = spend(self.actor.key, limit)
        if NUL in request.path:
            raise NotFound("There is nothing at this address.")
        spec = getattr(getattr(self, (request.method or "").lower(), None), "operation", None)
        if spec is not None and spec.permission:
            self._require_somewhere(request, spec.permission)

    def _require_somewhere(self, request: Request, permission: str) -> None:
        try:
            require(self.actor, permission)
        except Denied as refusal:
            refusal.region, refusal.brand = place_of(request.path)
            raise

    def inputs(self, spec: Operation, request: Request) -> dict[str, Any]:
        """Return the handler's `body` and `query` arguments. Raises Invalid and UnsupportedMediaType."""
        found: dict[str, Any] = {}
        known = self.filter_names() if spec.orderings else frozenset[str]()
        given = {name: value for name, value in _parameters(request, spec).items() if name not in known}
        if spec.query is not None:
            found["query"] = read_query(spec.query, given)
        elif given:
            read_query(NO_PARAMETERS, given)
        if spec.bodies:
            found["body"] = self.read_body(spec, _media(spec, request), request.body)
        return found

    def read_body(self, spec: Operation, media: str, raw: bytes) -> Any:
        """Return the validated body. Raises Invalid."""
        return read_json(spec.bodies[media], raw)

    def filter_names(self) -> frozenset[str]:
        """Return the names of the parameters that the list's filters read."""
        return frozenset()

    def perform(self, spec: Operation, request: Request, call: Callable[[], Answer]) -> HttpResponse:
        """Run the handler and write its answer."""
        return written(call())

    def finalize_response(self, request: HttpRequest, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the headers that tell the quota."""
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[arg-type]  # stubs want a Request
        if self.quota is not None:
            for name, value in self.quota.headers().items():
                response.headers[name] = value
        return response

    def handle_exception(self, exc: Exception) -> Any:
        """Answer the problem document of any exception."""
        if isinstance(exc, TooManyRequests):
            self.quota = None  # Its own headers say that nothing is left.
        return super().handle_exception(exc)


def _media(spec: Operation, request: Request) -> str:
    media = (request.content_type or "").partition(";")[0].strip().lower()
    if media not in spec.bodies:
        raise UnsupportedMediaType(media or "none", detail=f"Send one of: {', '.join(spec.bodies)}.")
    return media


def _parameters(request: Request, spec: Operation) -> dict[str, Any]:
    lists = _list_fields(spec.query)
    given = request._request.GET
    return {name: given.getlist(name) if name in lists else given[name] for name in given}


def _list_fields(query: Any) -> frozenset[str]:
    if query is None:
        return frozenset()
    return frozenset(name for name, info in query.model_fields.items() if "list" in str(info.annotation))


def written(answer: Answer) -> HttpResponse:
    """Return the HTTP response of an answer."""
    content = b"" if answer.body is None else json_text(answer.body)
    return HttpResponse(content, content_type=JSON, status=answer.status, headers=dict(answer.headers))


class _NoParameters(BaseModel):
    model_config = {"extra": "forbid"}


NO_PARAMETERS: Any = _NoParameters
