"""Endpoints that change something: one durable transaction a request, and `Idempotency-Key`."""

import contextlib
import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from retailops.accounts.endpoint import Answer, Endpoint, written
from retailops.events.idempotency import LONGEST_KEY, with_idempotency
from retailops.lib.errors import FieldError, Invalid
from retailops.lib.joining import sole_command
from retailops.lib.openapi import Operation


class CommandEndpoint(Endpoint):
    """An endpoint whose handlers run commands.

    With a key, the stored answer of the same request is given again; without one, the command just runs. Either way the
    command and its stored answer are committed together, or neither is.
    """

    def perform(self, spec: Operation, request: Request, call: Callable[[], Answer]) -> HttpResponse:
        """Run a command in its transaction. Reads pass straight through."""
        if request.method in {"GET", "HEAD"}:
            return written(call())
        key = self.key_of(spec, request)
        if key:
            return self._once(key, request, call)
        with sole_command(durable=True):
            answer = call()
        return written(answer)

    def key_of(self, spec: Operation, request: Request) -> str:
        """Return the request's key without quotes, or nothing. Raises Invalid for a bad or a missing one."""
        given = request.headers.get("Idempotency-Key")
        if given is None:
            if spec.key == "required":
                raise _bad_key("idempotency-key-missing", "This call needs an Idempotency-Key header.")
            return ""
        if not spec.key:
            return ""
        key = _unquoted(given.strip())
        if not key or len(key) > LONGEST_KEY:
            raise _bad_key("idempotency-key-invalid", f"Send 1 to {LONGEST_KEY} characters, quoted or bare.")
        return key

    def _once(self, key: str, request: Request, call: Callable[[], Answer]) -> HttpResponse:
        wanted = fingerprint_of(request.method or "", request.path, request.body)
        status, body, replayed = with_idempotency(self.actor, key, wanted, lambda: _plain(call()))
        if not replayed:
            return written(Answer(body, status))
        # A repeat creates nothing.
        return written(Answer(body, 200 if status == 201 else status, {"Idempotent-Replayed": "true"}))


def fingerprint_of(method: str, path: str, body: bytes) -> str:
    """Return the hash that tells one request from another; white space and the order of members do not matter."""
    with contextlib.suppress(ValueError):  # What is not JSON is told by its bytes.
        body = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(b"\x00".join([method.encode(), path.encode(), body])).hexdigest()


def _unquoted(key: str) -> str:
    quoted = len(key) >= 2 and key[0] == key[-1] == '"'
    return key[1:-1] if quoted else key


def _bad_key(code: str, detail: str) -> Invalid:
    return Invalid(detail, code=code, errors=[FieldError("Idempotency-Key", detail)])


def _plain(answer: Answer) -> tuple[int, Any]:
    return answer.status, answer.body
