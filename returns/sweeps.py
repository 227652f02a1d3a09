"""Regular work: expire what nobody sent and value that lapsed, open cases for what is overdue: goods that were paid or
exchanged in advance, exchanges whose held goods are gone, marketplaces that keep silent."""

from datetime import timedelta

import structlog

from retailops.accounts.actor import Actor
from retailops.events.sweeps import register_sweep
from retailops.lib.clock import now
from retailops.lib.errors import Conflict
from returns import flow
from returns.enums import RefundStatus, ReturnStatus, StoredStatus
from returns.models import Exchange, MarketplaceReturn, Refund, Return, StoredAccount
from returns.services.decisions import expire_return
from returns.services.erasing import erase_expired
from returns.services.exchange_chasing import chase_exchange, look_after_stock, without_stock
from returns.services.exposure import chase_advance
from returns.services.marketplaces import warn_of_deadline
from returns.services.silence import chase_silence, silent_refunds
from returns.services.voiding import expire_account

log = structlog.get_logger(__name__)

BATCH = 200
# So long before a marketplace's deadline a person is asked to decide.
MARKETPLACE_WARNING = timedelta(hours=24)
UNDECIDED = (ReturnStatus.REQUESTED, ReturnStatus.IN_REVIEW)
SWEEP = Actor.system("sweep")


def register() -> None:
    """Register the sweeps."""
    register_sweep("returns.expiry", expire_overdue, every=60)
    register_sweep("returns.exposure", chase_overdue, every=300)
    register_sweep("returns.exchange_exposure", chase_overdue_exchanges, every=300)
    register_sweep("returns.exchange_stock", look_for_lost_stock, every=30)
    register_sweep("returns.stored_value", lapse_overdue, every=300)
    register_sweep("returns.flow", flow.fold, every=60)
    register_sweep("returns.marketplaces", ask_after_silence, every=3600)
    register_sweep("customers.retention", erase_expired, every=3600)
    register_sweep("returns.marketplace_deadlines", warn_marketplaces, every=300)


def expire_overdue() -> int:
    """Expire returns whose deadline passed and of which nothing came; each in its own transaction."""
    due = Return.objects.filter(status=ReturnStatus.AUTHORIZED, logistics="none", expires_at__lte=now())
    done = 0
    due = due.filter(in_transit_at=None, money="none").exclude(lines__kept__gt=0)
    for return_id in due.values_list("id", flat=True)[:BATCH]:
        try:
            expire_return(actor=SWEEP, return_id=return_id)
            done += 1
        except Conflict as refused:  # something came of it in the meantime
            log.info("return.not_expired", return_id=str(return_id), reason=refused.detail)
    return done


def chase_overdue() -> int:
    """Open a recovery case for each advance refund whose goods did not come in time."""
    due = Refund.objects.filter(exposure_due_at__lte=now(), status=RefundStatus.SUCCEEDED)
    ids = list(due.values_list("id", flat=True)[:BATCH])
    for refund_id in ids:
        chase_advance(SWEEP, refund_id)
    return len(ids)


def chase_overdue_exchanges() -> int:
    """Open a recovery case for each exchange that went in advance and whose goods did not come in time."""
    ids = list(Exchange.objects.filter(exposure_due_at__lte=now()).values_list("id", flat=True)[:BATCH])
    for exchange_id in ids:
        chase_exchange(SWEEP, exchange_id)
    return len(ids)


def look_for_lost_stock() -> int:
    """Tell exchanges whose held goods are gone, where that could not be told at once; each in its own transaction."""
    ids = without_stock()[:BATCH]
    return sum(look_after_stock(SWEEP, exchange_id) for exchange_id in ids)


def lapse_overdue() -> int:
    """Write off stored value whose time is over; each account in its own transaction."""
    due = StoredAccount.objects.filter(status=StoredStatus.ACTIVE, expires_at__lte=now())
    ids = list(due.values_list("id", flat=True)[:BATCH])
    for account_id in ids:
        expire_account(SWEEP, account_id)
    return len(ids)


def ask_after_silence() -> int:
    """Open a case for each refund of which a marketplace has not told for as long as policy waits."""
    ids = silent_refunds(BATCH)
    for refund_id in ids:
        chase_silence(SWEEP, refund_id)
    return len(ids)


def warn_marketplaces() -> int:
    """Open a case for each return that a marketplace wants decided soon; its deadline is looked at once."""
    near = now() + MARKETPLACE_WARNING
    waiting = MarketplaceReturn.objects.filter(answer_by__lte=near, warned_at=None, rma__status__in=UNDECIDED)
    ids = list(waiting.values_list("rma_id", flat=True)[:BATCH])
    for return_id in ids:
        warn_of_deadline(SWEEP, return_id)
    return len(ids)
