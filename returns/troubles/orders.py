"""Trouble with orders."""

from collections.abc import Iterable

from retailops.accounts.actor import Actor
from returns.models import Order
from returns.troubles.opening import open_trouble


def order_differs(actor: Actor, order: Order, kept: Iterable[str]) -> None:
    """A newer version of an order changes what a return relies on."""
    changes = list(kept)
    open_trouble(
        actor,
        "order_differs",
        order.as_subject(),
        f"Order {order.number} changed after a return relied on it",
        "Compare with the channel; mend the return where it matters",
        detail="Not taken over: " + "; ".join(changes),
        evidence={"version": order.version, "kept": changes},
        cause="A newer version of an order changes what a return relies on",
    )
