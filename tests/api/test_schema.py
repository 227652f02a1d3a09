"""The committed documents are those that the code makes, and the API answers as they say."""

import json
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from openapi_schema_validator import OAS31Validator

from retailops.api_docs import openapi_json
from tests.api.conftest import Api

DOCS = settings.BASE_DIR / "docs"
HINT = "run `make schema` and commit docs/"


@pytest.fixture(scope="module")
def openapi() -> Any:
    """Return the OpenAPI document."""
    return json.loads(openapi_json())


def test_the_committed_openapi_is_the_generated_one(openapi: Any) -> None:
    assert json.loads((DOCS / "openapi.json").read_text()) == openapi, HINT


def test_the_committed_asyncapi_is_the_generated_one() -> None:
    # In a process of its own: other tests of this one may have declared events of their own.
    command = [sys.executable, "manage.py", "asyncapi"]
    made = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, check=True)
    assert json.loads((DOCS / "asyncapi.json").read_text()) == json.loads(made.stdout), HINT


def test_it_is_openapi_3_1_with_sound_schemas(openapi: Any) -> None:
    assert openapi["openapi"] == "3.1.0"
    for schema in openapi["components"]["schemas"].values():
        OAS31Validator.check_schema(schema)


def test_every_operation_is_described(openapi: Any) -> None:
    seen = set()
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["description"], where
            assert operation["security"][0]["ApiKey"] or operation["operationId"] == "reopenReturn", where
            assert {"400", "401", "403", "429"} <= operation["responses"].keys(), where
            seen.add(operation["operationId"])
    assert len(seen) == sum(len(methods) for methods in openapi["paths"].values())


def test_bodies_refuse_what_they_do_not_name(openapi: Any) -> None:
    """Every object that a request may hold says `additionalProperties: false`, or that it takes any."""
    schemas = openapi["components"]["schemas"]
    for methods in openapi["paths"].values():
        for operation in methods.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                for schema in _objects(content["schema"], schemas, set()):
                    assert "additionalProperties" in schema, schema.get("title")


def _objects(schema: Any, schemas: Any, seen: set[str]) -> Any:
    if isinstance(schema, list):
        for item in schema:
            yield from _objects(item, schemas, seen)
    if not isinstance(schema, dict):
        return
    name = schema.get("$ref", "").rpartition("/")[2]
    if name and name not in seen:
        seen.add(name)
        yield from _objects(schemas[name], schemas, seen)
    if schema.get("type") == "object":
        yield schema
    for value in schema.values():
        yield from _objects(value, schemas, seen)


def test_the_document_is_open(anonymous: Api, db: None, openapi: Any) -> None:
    reply = anonymous.get("/openapi.json")
    assert reply.status == 200
    assert reply.json == openapi
