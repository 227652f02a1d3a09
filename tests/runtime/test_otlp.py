"""Spans reach a collector that is configured; one that is away holds nothing up."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import UUID

import pytest

from connectors.outbound_http import new_client
from retailops.lib import tracing
from retailops.lib.ids import uuid7
from retailops.runtime import otlp
from retailops.runtime.otlp import Exporter

NOBODY = "http://127.0.0.1:9"


class Collector(BaseHTTPRequestHandler):
    """Keeps what it is sent."""

    taken: list[tuple[str, dict[str, str], dict[str, Any]]] = []

    def do_POST(self) -> None:
        """Take one request."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append((self.path, dict(self.headers), json.loads(body)))
        self.send_response(200)
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[str]:
    """The address of a collector."""
    Collector.taken = []
    server = HTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def exporters(monkeypatch: pytest.MonkeyPatch) -> None:
    """No exporter but those of the test, and none sends by itself."""
    monkeypatch.setattr(tracing, "_exporters", [])
    monkeypatch.setattr(Exporter, "_begin", lambda self: None)


def test_nothing_is_exported_unless_it_is_configured(exporters: None) -> None:
    assert otlp.configure({}) is None
    assert tracing._exporters == []


def test_spans_are_told_with_their_parents_and_the_story(exporters: None, collector: str) -> None:
    exporter = otlp.configure(
        {"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_EXPORTER_OTLP_HEADERS": "x-team=returns"}
    )
    assert exporter is not None
    story = uuid7()
    with (
        pytest.raises(ZeroDivisionError),
        tracing.span("outer", trace=story, attempt=3) as outer,
        tracing.span("inner", kind=tracing.CLIENT, connection="stripe") as inner,
    ):
        raise ZeroDivisionError
    assert exporter.flush() == 2
    [(path, headers, body)] = Collector.taken
    assert (path, headers["x-team"]) == ("/v1/traces", "returns")
    first, second = body["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert (first["name"], first["kind"], first["status"]) == ("inner", 3, {"code": 2})
    assert (first["traceId"], first["parentSpanId"]) == (story.hex, outer.span_id)
    assert (second["spanId"], second["parentSpanId"]) == (outer.span_id, "")
    assert second["attributes"] == [{"key": "attempt", "value": {"intValue": "3"}}]
    assert int(first["endTimeUnixNano"]) >= int(first["startTimeUnixNano"])
    assert inner.correlation_id == str(story)


def test_what_is_not_sampled_stays_here(exporters: None, collector: str) -> None:
    exporter = otlp.configure({"OTEL_EXPORTER_OTLP_ENDPOINT": collector})
    assert exporter is not None
    with tracing.span("quiet", parent=f"00-{'a' * 32}-{'b' * 16}-00") as span:
        assert span.traceparent.endswith("-00")
    assert exporter.flush() == 0


def test_a_collector_that_is_away_drops_the_oldest_and_raises_nothing(exporters: None) -> None:
    exporter = otlp.configure({"OTEL_EXPORTER_OTLP_ENDPOINT": NOBODY})
    assert exporter is not None
    for number in range(otlp.KEPT + 5):
        with tracing.span(f"work {number}"):
            pass
    assert len(exporter.waiting) == otlp.KEPT
    assert exporter.waiting[0].name == "work 5"
    assert exporter.flush() == 0
    assert len(exporter.waiting) == otlp.KEPT - otlp.BATCH


def test_calls_to_vendors_carry_the_story(collector: str) -> None:
    story = uuid7()
    with new_client() as client, tracing.span("refund.create", kind=tracing.CLIENT, trace=story) as span:
        client.post(f"{collector}/refunds", json={})
    with new_client() as client:
        client.post(f"{collector}/refunds", json={})
    assert "traceparent" not in Collector.taken[1][1]
    assert Collector.taken[0][1]["traceparent"] == span.traceparent
    assert UUID(span.traceparent.split("-")[1]) == story
