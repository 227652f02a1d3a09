"""Gives spans to an OpenTelemetry collector (OTLP over HTTP, JSON), where one is configured.

`OTEL_EXPORTER_OTLP_ENDPOINT` names it, `OTEL_EXPORTER_OTLP_HEADERS` (`name=value,…`) and `OTEL_SERVICE_NAME` are read
as by other programs. Work never waits for it: spans go from memory in the background, and what a collector that is
away cannot take is dropped, oldest first. Names and attributes carry routes and ids, no values that people entered.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import structlog

from retailops.lib.tracing import Span, export_to

log = structlog.get_logger(__name__)
KEPT, BATCH, EVERY = 4096, 512, 2.0  # spans, spans, seconds
TIMEOUT = 5.0  # seconds


class Exporter:
    """One process's way to the collector. A thread does not survive a fork: each process begins its own."""

    def __init__(self, endpoint: str, headers: Mapping[str, str], service: str) -> None:
        self.url = f"{endpoint.rstrip('/')}/v1/traces"
        self.service = service
        self.client = httpx.Client(headers=dict(headers), timeout=TIMEOUT, trust_env=False)
        self.waiting: deque[Span] = deque(maxlen=KEPT)
        self.process = 0
        self.lock = threading.Lock()

    def __call__(self, span: Span) -> None:
        """Take a span that ended."""
        self.waiting.append(span)
        if self.process != os.getpid():
            self._begin()

    def _begin(self) -> None:
        with self.lock:
            if self.process != os.getpid():
                self.process = os.getpid()
                threading.Thread(target=self._run, name="otlp", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(EVERY)
            self.flush()

    def flush(self) -> int:
        """Send what waits; return how many spans were taken. A batch that is refused is dropped."""
        taken = 0
        while batch := [self.waiting.popleft() for _ in range(min(BATCH, len(self.waiting)))]:
            try:
                self.client.post(self.url, json=document(batch, self.service)).raise_for_status()
            except httpx.HTTPError as error:
                log.warning("otlp.refused", spans=len(batch), error=type(error).__name__)
                break
            taken += len(batch)
        return taken


def document(spans: Sequence[Span], service: str) -> dict[str, Any]:
    """Return the spans as an OTLP/JSON request."""
    resource = {"attributes": [_attribute("service.name", service)]}
    told = {"scope": {"name": "retailops"}, "spans": [_span(each) for each in spans]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [told]}]}


def _span(span: Span) -> dict[str, Any]:
    return {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "parentSpanId": span.parent,
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": str(span.started),
        "endTimeUnixNano": str(span.ended),
        "attributes": [_attribute(name, value) for name, value in span.attributes.items()],
        "status": {"code": 2} if span.failed else {},
    }


def _attribute(name: str, value: str | int) -> dict[str, Any]:
    # Integers are strings in OTLP's JSON.
    told = {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}
    return {"key": name, "value": told}


def configure(environment: Mapping[str, str]) -> Exporter | None:
    """Register the exporter that the environment names; None where it names none."""
    endpoint = environment.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")
    if not endpoint:
        return None
    pairs = [pair.partition("=") for pair in environment.get("OTEL_EXPORTER_OTLP_HEADERS", "").split(",") if pair]
    headers = {name.strip(): value.strip() for name, _, value in pairs}
    exporter = Exporter(endpoint, headers, environment.get("OTEL_SERVICE_NAME", "retailops"))
    export_to(exporter)
    return exporter
