"""What all of Shopify's outgoing messages share."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from connectors.failures import VendorFailure
from connectors.protocol import Candidate
from connectors.shopify.mapping import Unmapped
from retailops.events.enums import OutcomeClass
from retailops.events.models import Event

# How long a key is trusted to be known; past it the refund or the line is looked up before anything is sent.
KEY_MEMORY = timedelta(hours=24)


def asked_here(event: Event, candidate: Candidate) -> bool:
    """Tell whether the return was asked for in this shop, so that the shop has a return to decide on."""
    return event.data.get("source") == candidate.name and bool(event.data.get("external_id"))


@contextmanager
def contract() -> Iterator[None]:
    """Turn Unmapped into a contract failure: dead, and a case for whoever keeps the mapping."""
    try:
        yield
    except Unmapped as error:
        raise VendorFailure(OutcomeClass.CONTRACT, "unmapped", str(error)) from error
