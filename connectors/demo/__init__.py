"""The demo: connections to the sandbox, rules and shelves of a made-up retailer, and situations to try things on."""

from connectors.demo.connections import CHANNEL, DEMO, connections_without_sandbox, ensure_connections

__all__ = ["CHANNEL", "DEMO", "connections_without_sandbox", "ensure_connections"]
