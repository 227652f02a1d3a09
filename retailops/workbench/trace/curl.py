"""A kept request as a curl command, to try by hand. What was redacted stays redacted; credentials are never in it."""

import json
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode


def as_curl(request: Mapping[str, Any] | None) -> str:
    """Return the command, one argument a line; nothing for a request that was not kept."""
    if not request or "url" not in request:
        return ""
    parts = [f"curl -X {shlex.quote(str(request.get('method', 'GET')))} {shlex.quote(str(request['url']))}"]
    headers: Mapping[str, Any] = request.get("headers") or {}
    parts += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in headers.items()]
    if (body := request.get("body")) is not None:
        parts.append(f"--data-raw {shlex.quote(_text(body, headers))}")
    return " \\\n  ".join(parts)


def _text(body: object, headers: Mapping[str, Any]) -> str:
    if isinstance(body, str):
        return body
    if isinstance(body, Mapping) and "x-www-form-urlencoded" in str(headers.get("content-type", "")):
        return urlencode(body)
    return json.dumps(body, ensure_ascii=False)
