"""Prometheus figures, read from PostgreSQL when they are asked for: true for the whole installation, not one process.

Only open work is counted, over partial indexes: the cost follows what waits, not what was ever done.
"""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Count, F, Min, Q, Sum
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from connectors.models import InboxMessage, InboxStatus
from retailops.cases.models import Case, CaseStatus
from retailops.events.enums import OPEN_STATUSES, CircuitState, DeliveryStatus, DestinationKind
from retailops.events.models import Attempt, Delivery, Destination, Heartbeat
from retailops.lib.clock import now
from retailops.lib.ids import uuid7_at
from retailops.sla.models import ClockState, SlaClock
from retailops.workbench.dashboards.figures import Percentiles

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# What is told as a rate or a latency is of the last five minutes, found by the primary key, whose ids carry their time.
WINDOW = timedelta(minutes=5)
QUANTILES = ("0.5", "0.95", "0.99")
CIRCUIT_NUMBER: dict[str, int] = {CircuitState.CLOSED: 0, CircuitState.HALF_OPEN: 1, CircuitState.OPEN: 2}


def exposition() -> bytes:
    """Return all figures in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(EngineCollector())
    return generate_latest(registry)


class EngineCollector(Collector):
    """The engine's and the cases' figures; one query for each family."""

    def describe(self) -> list[GaugeMetricFamily]:
        """Say that nothing is to be collected at registration."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the families."""
        yield open_deliveries()
        yield oldest_due_age()
        yield from attempts()
        yield inbox()
        yield in_doubt_amount()
        yield from destinations()
        yield open_cases()
        yield from promises()
        yield sweep_age()


def open_deliveries() -> GaugeMetricFamily:
    """Deliveries that are not finished, by destination and status."""
    family = GaugeMetricFamily(
        "retailops_deliveries", "Deliveries that are not finished", labels=["destination", "status"]
    )
    rows = Delivery.objects.filter(status__in=OPEN_STATUSES).values_list("destination__name", "status")
    for name, status, count in rows.annotate(count=Count("pk")).order_by():
        family.add_metric([name, status], count)
    return family


def oldest_due_age() -> GaugeMetricFamily:
    """Seconds that the oldest due delivery of each destination has been waiting beyond its time."""
    family = GaugeMetricFamily(
        "retailops_oldest_due_age_seconds", "Wait of the oldest due delivery beyond its time", labels=["destination"]
    )
    due = Delivery.objects.filter(status=DeliveryStatus.READY, next_attempt_at__lte=now())
    for name, oldest in due.values_list("destination__name").annotate(oldest=Min("next_attempt_at")).order_by():
        family.add_metric([name], (now() - oldest).total_seconds())
    return family


def attempts() -> Iterator[GaugeMetricFamily]:
    """Attempts of the last five minutes at other systems: how many a second by outcome, and how long they took."""
    rate = GaugeMetricFamily(
        "retailops_attempts_per_second",
        "Attempts of the last five minutes, a second",
        labels=["destination", "outcome"],
    )
    took = GaugeMetricFamily(
        "retailops_attempt_seconds",
        "Time that attempts of the last five minutes took",
        labels=["destination", "quantile"],
    )
    outside = ~Q(delivery__destination__kind=DestinationKind.HANDLER)
    rows = Attempt.objects.filter(outside, pk__gte=uuid7_at(now() - WINDOW)).order_by()
    named = rows.values(name=F("delivery__destination__name"))
    for row in named.annotate(outcome_of=F("outcome")).values("name", "outcome_of").annotate(n=Count("pk")):
        rate.add_metric([row["name"], row["outcome_of"]], row["n"] / WINDOW.total_seconds())
    for destination, found in named.annotate(found=Percentiles("duration_ms")).values_list("name", "found"):
        for quantile, milliseconds in zip(QUANTILES, found, strict=True):
            took.add_metric([destination, quantile], milliseconds / 1000)
    yield rate
    yield took


def inbox() -> GaugeMetricFamily:
    """Messages from outside that are stored and not dealt with, by connection and status."""
    family = GaugeMetricFamily(
        "retailops_inbox_messages", "Stored messages that are not dealt with", labels=["connection", "status"]
    )
    rows = InboxMessage.objects.exclude(status=InboxStatus.DONE).values_list("connection__name", "status")
    for name, status, count in rows.annotate(count=Count("pk")).order_by():
        family.add_metric([name, status], count)
    return family


def promises() -> Iterator[GaugeMetricFamily]:
    """Clocks that run: in time and late, by promise; and how many will be late within the hour."""
    family = GaugeMetricFamily("retailops_sla_clocks", "Clocks that run, by promise", labels=["promise", "state"])
    soon = GaugeMetricFamily("retailops_sla_due_soon", "Clocks in time that run out within an hour", labels=["promise"])
    rows = SlaClock.objects.filter(state__in=[ClockState.RUNNING, ClockState.PAUSED]).values("name").order_by()
    late, hour = Q(breached_at__isnull=False), now() + timedelta(hours=1)
    due = Q(breached_at__isnull=True, state=ClockState.RUNNING, due_at__lt=hour)
    counted = rows.annotate(late=Count("pk", filter=late), due=Count("pk", filter=due), count=Count("pk"))
    for row in counted:
        family.add_metric([row["name"], "late"], row["late"])
        family.add_metric([row["name"], "in_time"], row["count"] - row["late"])
        soon.add_metric([row["name"]], row["due"])
    yield family
    yield soon


def in_doubt_amount() -> GaugeMetricFamily:
    """Money whose outcome is not known, in minor units."""
    family = GaugeMetricFamily(
        "retailops_in_doubt_minor_units", "Money whose outcome is not known", labels=["destination", "currency"]
    )
    doubtful = Delivery.objects.filter(status=DeliveryStatus.IN_DOUBT, amount__isnull=False)
    rows = doubtful.values_list("destination__name", "currency").annotate(total=Sum("amount")).order_by()
    for name, currency, total in rows:
        family.add_metric([name, currency], total)
    return family


def destinations() -> Iterator[GaugeMetricFamily]:
    """Circuit and pause of each destination in use."""
    circuit = GaugeMetricFamily("retailops_circuit", "0 closed, 1 half-open, 2 open", labels=["destination"])
    paused = GaugeMetricFamily("retailops_paused", "1 while sending is held", labels=["destination"])
    for destination in Destination.objects.filter(retired_at__isnull=True):
        circuit.add_metric([destination.name], CIRCUIT_NUMBER[destination.circuit])
        paused.add_metric([destination.name], int(destination.paused))
    yield circuit
    yield paused


def open_cases() -> GaugeMetricFamily:
    """Open cases by the queue that owns them."""
    family = GaugeMetricFamily("retailops_open_cases", "Open exception cases", labels=["queue"])
    rows = Case.objects.filter(status=CaseStatus.OPEN).values_list("queue").annotate(count=Count("pk")).order_by()
    for queue, count in rows:
        family.add_metric([queue], count)
    return family


def sweep_age() -> GaugeMetricFamily:
    """Seconds since each part of the engine last did its work."""
    family = GaugeMetricFamily("retailops_heartbeat_age_seconds", "Time since the last work", labels=["name"])
    for beat in Heartbeat.objects.all():
        family.add_metric([beat.name], (now() - beat.at).total_seconds())
    return family
