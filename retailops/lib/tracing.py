"""Trace context (W3C `traceparent`): taken from whoever calls us, given to whomever we call, and on every log line.

The trace id of work on a story is the story's correlation id, so that a trace found in another system leads here. Where
a caller brought a trace along it is theirs, from the event that the call made to the last request that follows from it.
Spans are kept only where an exporter is registered; without one, a span costs its ids.
"""

import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from uuid import UUID

import structlog

HEADER = "traceparent"
_FORM = re.compile(r"[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?:-.*)?")
SERVER, CLIENT, INTERNAL, PRODUCER, CONSUMER = 2, 3, 1, 4, 5


@dataclass
class Span:
    """A piece of work: ids in hexadecimal, times in nanoseconds since 1970. `parent` is "" at the root."""

    name: str
    trace_id: str
    span_id: str
    parent: str = ""
    kind: int = INTERNAL
    sampled: bool = True
    # Of a trace that a caller brought along: what is published within it bears it.
    kept: bool = False
    started: int = field(default_factory=time.time_ns)
    ended: int = 0
    failed: bool = False
    attributes: dict[str, str | int] = field(default_factory=dict)

    @property
    def traceparent(self) -> str:
        """Return the header that makes the called one's span a child of this one."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    @property
    def correlation_id(self) -> str:
        """Return the trace id as the UUID that log lines and events bear."""
        return str(UUID(self.trace_id))


_present: ContextVar[Span | None] = ContextVar("span", default=None)
_exporters: list[Callable[[Span], None]] = []


def export_to(exporter: Callable[[Span], None]) -> Callable[[], None]:
    """Have every sampled span given to the exporter when it ends; it must not wait. Return how to take it off again."""
    _exporters.append(exporter)
    return lambda: _exporters.remove(exporter)


def present() -> Span | None:
    """Return the span of the work that is being done."""
    return _present.get()


def kept() -> str | None:
    """Return the header that events bear: of the present span, where its trace is a caller's; else None."""
    span = _present.get()
    return span.traceparent if span and span.kept else None


def traceparent() -> str:
    """Return the header for a call that is made now; "" outside any span."""
    span = _present.get()
    return span.traceparent if span else ""


@contextmanager
def span(
    name: str,
    *,
    kind: int = INTERNAL,
    parent: str | None = "",
    trace: UUID | None = None,
    keep: bool = False,
    **attributes: str | int,
) -> Iterator[Span]:
    """Do the block as one span, with its correlation id on every log line.

    `parent` is a `traceparent` that came along; one that is damaged counts as none. `keep` says that it is a caller's,
    and events of the block bear it. `trace` makes the block part of that story, whoever asked for it, and is on its log
    lines even where the trace is a caller's. Else it belongs to the present span, or begins a trace.
    """
    made = _made(name, kind, parent or "", trace, keep=keep)
    made.attributes.update(attributes)
    token = _present.set(made)
    try:
        with structlog.contextvars.bound_contextvars(correlation_id=str(trace or made.correlation_id)):
            yield made
    except BaseException:
        made.failed = True
        raise
    finally:
        _present.reset(token)
        made.ended = time.time_ns()
        if made.sampled:
            for exporter in _exporters:
                exporter(made)


def _made(name: str, kind: int, parent: str, trace: UUID | None, *, keep: bool) -> Span:
    own = secrets.token_hex(8)
    found = _FORM.fullmatch(parent.strip().lower()) if parent else None
    if found and found["trace"].strip("0") and found["span"].strip("0") and not parent.startswith("ff"):
        sampled = bool(int(found["flags"], 16) & 1)
        return Span(name, found["trace"], own, found["span"], kind, sampled, keep)
    above = _present.get()
    if trace is not None and (above is None or above.trace_id != trace.hex):
        return Span(name, trace.hex, own, "", kind)
    if above is not None:
        return Span(name, above.trace_id, own, above.span_id, kind, above.sampled, above.kept)
    return Span(name, secrets.token_hex(16), own, "", kind)
