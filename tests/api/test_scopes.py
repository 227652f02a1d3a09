"""A walk over every operation of the API: who has no scope gets nowhere, and every attempt is kept."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver

from retailops import api as composition
from retailops.accounts.models import DeniedAttempt
from retailops.lib.ids import uuid7
from retailops.lib.openapi import Operation
from tests.api.conftest import Api

VALUES = {"uuid": str(uuid7()), "str": "RMA-2026-000001", "path": "any/id", "int": "1"}
OPEN = {"openapi", "asyncapi", "event-schema"}


def views(patterns: list[Any], prefix: str = "/") -> Iterator[tuple[str, Any]]:
    """Yield each address, filled in, with its view class."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from views(pattern.url_patterns, prefix)
        elif isinstance(pattern, URLPattern) and hasattr(pattern.callback, "cls"):
            path = str(pattern.pattern)
            for name, converter in pattern.pattern.converters.items():
                kind = type(converter).__name__.removesuffix("Converter").replace("String", "Str").lower()
                path = path.replace(f"<{kind}:{name}>", VALUES[kind])
            yield prefix + path, pattern.callback.cls


def operations() -> list[Any]:
    """Return every (method, address, operation)."""
    found = []
    for path, view in views(composition.urlpatterns):
        for method in ("get", "post", "put", "patch", "delete"):
            spec = getattr(getattr(view, method, None), "operation", None)
            if isinstance(spec, Operation):
                found.append(pytest.param(method, path, spec, id=spec.id))
    return found


OPERATIONS = operations()


def call(api: Api, method: str, path: str) -> Any:
    """Call it with an empty body."""
    body: dict[str, Any] = {} if method == "get" else {"data": {}, "content_type": "application/json"}
    return api._send(method, path, **body)


def test_the_walk_meets_them_all() -> None:
    ids = [param.values[2].id for param in OPERATIONS]
    assert len(ids) == len(set(ids)) >= 45


@pytest.mark.parametrize(("method", "path", "spec"), OPERATIONS)
def test_without_a_scope_there_is_no_way(powerless: Api, method: str, path: str, spec: Operation) -> None:
    reply = call(powerless, method, path)
    assert reply.problem(403, "denied")["permission"] == spec.permission
    kept = DeniedAttempt.objects.get()
    assert (kept.actor, kept.method, kept.path) == (powerless.actor.key, method.upper(), f"/api/v1{path}")


@pytest.mark.parametrize(("method", "path", "spec"), OPERATIONS)
def test_without_a_key_there_is_no_way(anonymous: Api, db: None, method: str, path: str, spec: Operation) -> None:
    call(anonymous, method, path).problem(401, "not-authenticated")


@pytest.mark.parametrize(("method", "path", "spec"), [each for each in OPERATIONS if each.values[0] != "get"])
def test_a_browser_session_only_reads(anonymous: Api, db: None, method: str, path: str, spec: Operation) -> None:
    from tests.factories import make_user

    anonymous.http.force_login(make_user("administrator"))
    call(anonymous, method, path).problem(401, "not-authenticated")


def test_a_browser_session_reads(anonymous: Api, db: None) -> None:
    from tests.factories import make_user

    anonymous.http.force_login(make_user("ops_agent"))
    assert anonymous.get("/returns").ok()["results"] == []
    anonymous.http.force_login(make_user("ops_agent", regions=["uk"]))
    anonymous.get("/connections").ok()


@pytest.mark.parametrize(("method", "path", "spec"), OPERATIONS)
def test_every_operation_names_a_permission_and_scopes(method: str, path: str, spec: Operation) -> None:
    assert spec.permission
    assert spec.scopes or spec.permission == "returns.reopen"
    assert spec.description
