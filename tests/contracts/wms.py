"""Requests, answers and webhooks held against `connectors/wms/contract.json`; empty lists mean conformity."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

CONTRACT = Path(__file__).resolve().parents[2] / "connectors" / "wms" / "contract.json"
Json = dict[str, Any]


@cache
def contract() -> Json:
    document: Json = json.loads(CONTRACT.read_text())
    return document


def wms_request_errors(method: str, path: str, body: Any) -> list[str]:
    """Complaints about a request below `/wms`."""
    operation = _operation(method, path)
    if operation is None:
        return [f"{method} {path} is not in the contract"]
    if "requestBody" not in operation:
        return [] if body is None else ["no body is expected"]
    return _complaints(operation["requestBody"]["content"]["application/json"]["schema"], body)


def wms_response_errors(method: str, path: str, status: int, body: Any) -> list[str]:
    operation = _operation(method, path)
    if operation is None:
        return [f"{method} {path} is not in the contract"]
    answer = operation["responses"].get(str(status))
    if answer is None:
        return [f"{status} is not in the contract for {method} {path}"]
    return _complaints(next(iter(answer["content"].values()))["schema"], body)


def wms_webhook_errors(body: Json) -> list[str]:
    hook = contract()["webhooks"].get(body.get("type"))
    if hook is None:
        return [f"webhook {body.get('type')} is not in the contract"]
    return _complaints(hook["post"]["requestBody"]["content"]["application/json"]["schema"], body)


def _operation(method: str, path: str) -> Json | None:
    for template, item in contract()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path.partition("?")[0]) and method.lower() in item:
            found: Json = item[method.lower()]
            return found
    return None


def _complaints(schema: Json, value: Any) -> list[str]:
    whole = {**schema, "components": contract()["components"]}
    found = Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(value)
    return [f"{'.'.join(map(str, error.absolute_path)) or 'body'}: {error.message[:300]}" for error in found]
