"""Let exchanges follow the goods: stop what can never be earned, release what may go, settle what came and went.

Commands that change what came, was judged or was given up call `follow_exchanges` before they refund by policy: units
of an exchange are never also refunded.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from inventory.enums import ReservationStatus
from inventory.services import keep_for_good, let_go
from retailops.accounts.actor import Actor
from retailops.cases.models import Case, CaseStatus
from retailops.events.models import Delivery
from retailops.events.prepared import Prepared
from retailops.lib.clock import now
from retailops.lib.fsm import fire
from returns.allocation import count, merge
from returns.enums import (
    CLAIMING_EXCHANGES,
    PENDING_EXCHANGES,
    ExchangeStatus,
    Resolution,
    ReturnKind,
    ReturnStatus,
)
from returns.events import ExchangeCanceled, ExchangeReleased, ExchangeStockLost
from returns.exchange_terms import SENT, Standing, come, standing_of, units_by_line, why_not_released
from returns.models import Exchange, ExchangeLine, Return, ReturnLine
from returns.promises import promised_otherwise
from returns.refund_terms import earned_units, hoped_for
from returns.serial_doubts import in_doubt
from returns.services.closing import end_trouble
from returns.services.exchange_settling import settle
from returns.services.exchange_telling import end_troubles, tell
from returns.troubles import exchanges as troubles
from returns.troubles.warranty import replacement_due

POLICY = Actor.system("policy")
OPERATION = "exchange.ship"
X = ExchangeStatus
SWAPPED = (Resolution.EXCHANGE, Resolution.REPLACEMENT)


_SWAPPED = Prepared(
    lambda rma: ReturnLine.objects.filter(rma_id=rma, resolution__in=SWAPPED).order_by().values_list("id")
)
_CLAIMING = Prepared(
    lambda rma: Exchange.objects.filter(rma_id=rma, status__in=CLAIMING_EXCHANGES).order_by().values_list("id")
)


def follow_exchanges(rma: Return) -> None:
    """Bring the exchanges of the locked return (payments locked, lines saved) to where its goods are now."""
    if not _SWAPPED.all(rma.id) and not _CLAIMING.all(rma.id):
        return
    rows = rma.exchanges.filter(status__in=CLAIMING_EXCHANGES).prefetch_related("lines").order_by("id")
    exchanges = list(rows)
    for exchange in exchanges:
        exchange.rma = rma
    standing = standing_of(rma)
    saved = _weigh(standing, exchanges)
    for exchange in exchanges:
        if exchange.status == X.RESERVED and standing.rules.exchange_goes_by_itself:
            _release_if_ready(exchange)
        elif exchange.status == X.SHIPPED and exchange.settled_at is None:
            _settle_if_earned(exchange)
    # Last: the end of a case may close the return, which must not happen before what came is settled.
    for exchange in saved:
        end_troubles(POLICY, exchange, "Its units may be accepted after all.", "exchange_recovery")
    _ask_for_missing(rma)


def _weigh(standing: Standing, exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Deal out the units that still may be accepted: to refunds and what was sent, then to the others in turn.

    Those that get too few are stopped, or become a case where they were sent; returns the sent ones that get enough.
    """
    saved = []
    left = {id: hoped_for(line) - count(standing.covered.get(id, [])) for id, line in standing.lines.items()}
    for exchange in sorted(exchanges, key=lambda each: (each.status not in SENT, each.id)):
        wanted = {id: count(units) for id, units in units_by_line(list(exchange.lines.all())).items()}
        enough = all(left[id] >= units for id, units in wanted.items())
        if enough or exchange.status in SENT:
            for id, units in wanted.items():
                left[id] -= units
        if exchange.status in SENT and enough:
            saved.append(exchange)
        elif exchange.status in SENT:
            _recover(exchange)
        elif not enough:
            _stop(exchange)
    return saved


def _recover(exchange: Exchange) -> None:
    """Ask once each time that its units are lost: what a person has let be is not asked again by every command."""
    known = Case.objects.filter(dedupe_key=f"exchange_recovery:{exchange.id}")
    if not known.exclude(status=CaseStatus.RESOLVED, resolved_by=POLICY.key).exists():
        troubles.exchange_recovery(POLICY, exchange)


def _stop(exchange: Exchange) -> None:
    """Its units were rejected, are missing or were given up: nothing is sent for them."""
    reason = "Its units were rejected or do not come."
    fire(exchange.cancel)
    exchange.save(update_fields=["status", "ended_at"])
    let_go(POLICY, exchange.lines.exclude(reservation=None).values_list("reservation_id", flat=True), reason)
    tell(POLICY, ExchangeCanceled, exchange, reason)
    end_troubles(POLICY, exchange, reason, "exchange_out_of_stock", "exchange_stock_lost")
    if paid := sum(exchange.payments.values_list("amount", flat=True)):
        troubles.exchange_payment_stranded(POLICY, exchange, paid)
    if exchange.assessment is not None:
        replacement_due(POLICY, exchange.assessment, why=reason)


def _release_if_ready(exchange: Exchange) -> None:
    lines = list(exchange.lines.all())
    if not why_not_released(standing_of(exchange.rma), exchange, lines) and not in_doubt(row.line_id for row in lines):
        release(POLICY, exchange)


def release(actor: Actor, exchange: Exchange) -> None:
    """Release a reserved exchange that may go (its return locked): it is owed to the warehouse from now on."""
    fire(exchange.release)
    lines = list(exchange.lines.select_related("reservation"))
    keep_for_good(row.reservation_id for row in lines if row.reservation_id)
    standing = standing_of(exchange.rma)
    if not come(standing, lines, standing.rules.refund_timing, sent=standing.sent):
        exchange.exposure_due_at = now() + timedelta(days=standing.rules.exposure_days)
    exchange.save(update_fields=["status", "released_at", "exposure_due_at"])
    tell(actor, ExchangeReleased, exchange)
    if not Delivery.objects.filter(operation=OPERATION, effect_key=exchange.effect_key).exists():
        troubles.exchange_unrouted(actor, exchange)


def _settle_if_earned(exchange: Exchange) -> None:
    standing = standing_of(exchange.rma)
    if come(standing, list(exchange.lines.all()), standing.rules.refund_timing, sent=standing.sent):
        settle(POLICY, exchange)
        end_troubles(POLICY, exchange, "Its goods have come.", "exchange_overdue")


def _ask_for_missing(rma: Return) -> None:
    """A line that came back to be exchanged has an exchange, or a case that asks for one."""
    if rma.status != ReturnStatus.AUTHORIZED:
        return
    standing = standing_of(rma)
    for line in standing.lines.values():
        key = f"exchange_owed:{rma.id}:{line.line_no}"
        owed = _without_exchange(standing, line)
        if owed > 0 and not _open(key):
            troubles.exchange_owed(POLICY, rma, line.line_no, owed)
        elif owed <= 0 and _open(key):
            end_trouble(POLICY, rma, key, "Nothing of it is owed any more.", {"line_no": line.line_no})


def _without_exchange(standing: Standing, line: ReturnLine) -> int:
    if line.resolution not in SWAPPED or line.order_line_id is None or standing.rma.kind == ReturnKind.WARRANTY:
        return 0
    taken = merge(standing.covered.get(line.id, []), standing.claimed.get(line.id, []), promised_otherwise(line))
    return min(earned_units(standing.rma, line, standing.rules), count(line.units)) - count(taken)


def _open(key: str) -> bool:
    return Case.objects.filter(dedupe_key=key, status=CaseStatus.OPEN).exists()


def wanted_by_sku(lines: Iterable[ExchangeLine]) -> dict[str, int]:
    """Return how many units of each sku the lines want."""
    wanted: Counter[str] = Counter()
    for row in lines:
        wanted[row.wanted_sku] += row.wanted_quantity
    return dict(wanted)


@transaction.atomic
def lose_stock(exchange: Exchange, why: str) -> None:
    """The goods of an exchange (its return locked) are no longer all held: it must be reserved anew, with a case.

    Where it is released already the warehouse may still find them: it stays, with the case.
    """
    rows = list(exchange.lines.select_related("reservation"))
    kept = [row.reservation for row in rows if row.reservation]
    if exchange.status not in CLAIMING_EXCHANGES or all(each.status in _FINE for each in kept):
        return
    if exchange.status in (X.RESERVED, X.AWAITING_PAYMENT):
        fire(exchange.lose_stock)
        exchange.save(update_fields=["status"])
        let_go(POLICY, [each.id for each in kept], why)
        tell(POLICY, ExchangeStockLost, exchange, why)
        troubles.exchange_stock_lost(POLICY, exchange, why)
    elif exchange.status == X.RELEASED and not _open(f"exchange_stock_lost:{exchange.id}"):
        troubles.exchange_stock_lost(POLICY, exchange, why)


_FINE = (ReservationStatus.HELD, ReservationStatus.CONSUMED)


def stop_pending(actor: Actor, rma: Return) -> None:
    """Stop the exchanges of a return that ended before its goods came (the return is locked)."""
    for exchange in rma.exchanges.filter(status__in=PENDING_EXCHANGES).order_by("id"):
        exchange.rma = rma
        _stop(exchange)


def of_return(return_id: UUID, *statuses: str) -> bool:
    """Tell whether the return has an exchange in one of the states."""
    return Exchange.objects.filter(rma_id=return_id, status__in=statuses).exists()
