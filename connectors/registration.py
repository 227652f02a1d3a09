"""Composition of the connectors: which vendors there are, and what the kernel is given. Only this module knows them."""

from connectors import audits, events, wording  # noqa: F401 - the events are declared on import
from connectors.alerts.routing import route_alerts
from connectors.alerts.transport import AlertTransport
from connectors.erasing import addresses, forget_person, forget_what_came_since
from connectors.inbox_worker import process_due
from connectors.late_word import ask_for_outcomes
from connectors.meanings import SAY_WHAT_IT_MEANS, wake
from connectors.netsuite.connector import CONNECTOR as NETSUITE
from connectors.own_reads import forget_reads, read_again
from connectors.registry import register_connector
from connectors.repair_takers import takes
from connectors.retention import forget_bodies
from connectors.routing import STAMP
from connectors.routing import route as route_events
from connectors.selectors import muted_until, versions_of
from connectors.shopify.connector import CONNECTOR as SHOPIFY
from connectors.steps import step_of
from connectors.stripe.connector import CONNECTOR as STRIPE
from connectors.transport import ConnectionTransport
from connectors.unrouted import send_unrouted
from connectors.webhooks_out.transport import WebhookTransport
from connectors.wms.connector import CONNECTOR as WMS
from reconciliation.repairs import register_taker
from retailops.cases.actions import register_actions
from retailops.events.catalog import route, subscribe
from retailops.events.enums import DestinationKind
from retailops.events.sweeps import register_sweep
from retailops.events.transport import register_transport
from retailops.events.verdicts import register_versions
from retailops.sla.alerts.connections import register_holder
from returns.person import Store, register_store
from returns.rounding import register_steps


def register() -> None:
    """Register the vendors, routes, transports, sweeps and audits."""
    for connector in (NETSUITE, SHOPIFY, STRIPE, WMS):
        register_connector(connector)
    register_transport(DestinationKind.CONNECTION, ConnectionTransport())
    register_transport(DestinationKind.WEBHOOK, WebhookTransport())
    register_versions(DestinationKind.CONNECTION, versions_of)
    register_transport(DestinationKind.ALERT, AlertTransport())
    register_holder(muted_until)
    register_steps(step_of)
    register_sweep("inbox", process_due)
    register_sweep("inbox bodies", forget_bodies, every=3600)
    register_sweep("inbox bodies of erased customers", forget_what_came_since, every=3600)
    register_store("inbox bodies", Store(forget=forget_person, tells=addresses))
    register_sweep("unrouted", send_unrouted, every=30)
    register_sweep("late word", ask_for_outcomes, every=300)
    register_sweep("own reads", read_again, every=300)
    register_sweep("own reads that ended", forget_reads, every=3600)
    route(route_events, stamp=STAMP)
    route(route_alerts)
    subscribe("vocabulary.code_mapped", wake)
    register_actions("code_unmapped", SAY_WHAT_IT_MEANS)
    register_taker(takes)
    audits.register()
    wording.register()
