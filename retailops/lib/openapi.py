"""OpenAPI 3.1 out of declared operations: the pydantic models that read and write the wire are its schemas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from drf_spectacular.extensions import OpenApiFilterExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from uritemplate import variables

from retailops.lib.problem import CONTENT_TYPE
from retailops.lib.wire import Query

JSON = "application/json"
REF = "#/components/schemas/{model}"
STATUS_TEXT = {
    200: "Done, or already done before.",
    201: "Created.",
    202: "Accepted.",
    400: "The request is malformed or a field is wrong.",
    401: "The API key is missing, unknown, expired or revoked.",
    403: "The key lacks the scope.",
    404: "There is no such object, or it is not yours to see.",
    409: "In conflict with the present state, or still running.",
    413: "The body is too large.",
    415: "The body's media type is not one that the call reads.",
    422: "A rule of the business refuses it, or the idempotency key belongs to another body.",
    429: "The client's quota is used up; see `Retry-After`.",
    503: "Away for the moment; repeat as `Retry-After` says.",
}
KEY_TEXT = (
    "Makes the call safe to repeat: the same key with the same body answers the stored response with "
    "`Idempotent-Replayed: true`. Quoted or bare, at most 255 characters, kept for 30 days."
)


class ProblemFault(BaseModel):
    """One fault: a JSON pointer into the body, `?name` for a parameter, or a header's name."""

    pointer: str
    detail: str


class Problem(BaseModel):
    """RFC 9457 problem document. Further members depend on the type; `/api/problems` lists the types."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["/api/problems#invalid"])
    title: str
    status: int
    detail: str
    errors: list[ProblemFault] | None = Field(None, description="What is wrong with each field.")


@dataclass(frozen=True)
class Operation:
    """One method of one address: what it reads, answers and demands. Serves validation and documentation alike.

    `answers` maps a status to the model of its body (the first is the usual one); `bodies` maps media types to what is
    read; `key` says whether an Idempotency-Key is "required", "optional" or not heard ("").
    """

    id: str
    summary: str
    tag: str
    answers: Mapping[int, Any]
    permission: str = ""
    bodies: Mapping[str, TypeAdapter[Any]] = field(default_factory=dict)
    query: type[Query] | None = None
    orderings: Sequence[str] = ()
    key: str = ""
    description: str = ""
    problems: tuple[int, ...] = ()
    scopes: tuple[str, ...] = ()

    @property
    def statuses(self) -> list[int]:
        """Return the problem statuses that it may answer."""
        found = {400, 401, 403, 429, 503, *self.problems}
        if self.bodies:
            found |= {413, 415}
        if self.key:
            found |= {409, 422}
        return sorted(found)


class ApiSchema(AutoSchema):
    """Describes an Endpoint's operation; what else there is (plain DRF views) is left out."""

    def is_excluded(self) -> bool:
        """Leave out what declares no operation."""
        return self._declared() is None

    def _declared(self) -> Operation | None:
        handler = getattr(self.view, self.method.lower(), None)
        found: Operation | None = getattr(handler, "operation", None)
        return found

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any
    ) -> dict[str, Any] | None:
        """Return the operation object of one method of one path."""
        self.registry, self.path, self.path_regex = registry, path, path_regex
        self.path_prefix, self.method = path_prefix, method.upper()
        operation = self._declared()
        if operation is None:
            return None
        described: dict[str, Any] = {
            "operationId": operation.id,
            "summary": operation.summary,
            "description": operation.description,
            "tags": [operation.tag],
            "parameters": self._parameters(operation),
            "security": self._security(operation),
            "responses": self._responses(operation),
        }
        if operation.bodies:
            described["requestBody"] = {"required": True, "content": self._content(operation.bodies)}
        return described

    def _security(self, operation: Operation) -> list[dict[str, list[str]]]:
        self.get_auth()  # registers the security schemes
        schemes: list[dict[str, list[str]]] = [{"ApiKey": list(operation.scopes)}]
        return [*schemes, {"Session": []}] if self.method == "GET" else schemes

    def _parameters(self, operation: Operation) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._resolve_path_parameters(variables(self.path))  # type: ignore[no-untyped-call]  # spectacular is partly typed
        for backend in getattr(self.view, "filter_backends", ()) if operation.orderings else ():
            extension: Any = OpenApiFilterExtension.get_match(backend())
            found += extension.get_schema_operation_parameters(self)
        if operation.query:
            found += self._query_parameters(operation)
        if operation.key:
            found.append(_key_parameter(required=operation.key == "required"))
        return found

    def _query_parameters(self, operation: Operation) -> list[dict[str, Any]]:
        assert operation.query is not None  # noqa: S101  # the caller asked
        schema = self._schema(TypeAdapter(operation.query), "validation", inline=True)
        required = set(schema.get("required", ()))
        return [
            _query_parameter(name, dict(shape), name in required, operation.orderings)
            for name, shape in schema["properties"].items()
        ]

    def _content(self, bodies: Mapping[str, TypeAdapter[Any]]) -> dict[str, Any]:
        return {media: {"schema": self._schema(adapter, "validation")} for media, adapter in bodies.items()}

    def _responses(self, operation: Operation) -> dict[str, Any]:
        found: dict[str, Any] = {
            str(status): self._answer(status, shape, operation) for status, shape in operation.answers.items()
        }
        statuses = operation.statuses
        if variables(self.path):
            statuses = sorted({*statuses, 404})
        for status in statuses:
            found[str(status)] = self._problem(status)
        return found

    def _answer(self, status: int, shape: Any, operation: Operation) -> dict[str, Any]:
        answer: dict[str, Any] = {"description": STATUS_TEXT[status]}
        if shape is not None:
            schema = self._schema(TypeAdapter(shape), "serialization")
            answer["content"] = {JSON: {"schema": schema}}
        if operation.key and status == min(operation.answers):
            replayed = {"description": "Present on a stored answer.", "schema": {"type": "string", "const": "true"}}
            answer["headers"] = {"Idempotent-Replayed": replayed}
        return answer

    def _problem(self, status: int) -> dict[str, Any]:
        name = f"Problem{status}"
        schema = self._schema(TypeAdapter(Problem), "serialization")
        response = {"description": STATUS_TEXT[status], "content": {CONTENT_TYPE: {"schema": schema}}}
        component = _component(name, ResolvedComponent.RESPONSE, response)
        self.registry.register_on_missing(component)
        return {"$ref": f"#/components/responses/{name}"}

    def _schema(self, adapter: TypeAdapter[Any], mode: Any, *, inline: bool = False) -> dict[str, Any]:
        """Register the models of a schema as components and return the reference; `inline`: the schema itself."""
        schema: dict[str, Any] = _renamed(adapter.json_schema(ref_template=REF, mode=mode))
        for name, definition in schema.pop("$defs", {}).items():
            self._register(name, definition)
        if inline or "title" not in schema or schema.get("type") != "object":
            return schema
        self._register(schema["title"], schema)
        return {"$ref": REF.format(model=schema["title"])}

    def _register(self, name: str, schema: dict[str, Any]) -> None:
        component = _component(name, ResolvedComponent.SCHEMA, schema)
        if component in self.registry and self.registry[component].schema != schema:
            raise ValueError(f"two models on the wire are called {name}: rename one")
        self.registry.register_on_missing(component)


def _public(name: str) -> str:
    """Return a model's name on the wire: how we call our classes is nobody's business."""
    return name.removesuffix("Shape")


def _renamed(value: Any) -> Any:
    if isinstance(value, list):
        return [_renamed(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _renamed(item) for key, item in value.items()}
    for key in ("$ref", "title"):
        if isinstance(found.get(key), str):
            found[key] = _public(found[key])
    if isinstance(found.get("$defs"), dict):
        found["$defs"] = {_public(name): item for name, item in found["$defs"].items()}
    return found


def _component(name: str, kind: str, schema: dict[str, Any]) -> ResolvedComponent:
    return ResolvedComponent(name=name, type=kind, object=name, schema=schema)  # type: ignore[no-untyped-call]  # untyped


def _query_parameter(name: str, shape: dict[str, Any], required: bool, orderings: Sequence[str]) -> dict[str, Any]:
    description = shape.pop("description", "")
    shape.pop("title", None)
    if "anyOf" in shape and shape.get("default", ...) is None:
        shape = next(choice for choice in shape["anyOf"] if choice != {"type": "null"})
    if name == "ordering" and orderings:
        shape = {"type": "string", "enum": list(orderings), "default": orderings[0]}
    found = {"name": name, "in": "query", "required": required, "schema": shape, "description": description}
    return {key: value for key, value in found.items() if value not in ("", False)}


def _key_parameter(*, required: bool) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": 255}
    found = {"name": "Idempotency-Key", "in": "header", "schema": schema, "description": KEY_TEXT}
    return found | {"required": True} if required else found
