"""What gateways say of disputes, for tests."""

from datetime import datetime, timedelta
from typing import Any

from retailops.lib.clock import now
from returns.inputs.chargebacks import ChargebackIn
from returns.models import Chargeback, Payment
from returns.services.chargebacks import record_chargeback
from tests.factories import SYSTEM

START = now() - timedelta(days=2)


def at(hours: int) -> datetime:
    """Return a moment of the dispute's story."""
    return START + timedelta(hours=hours)


def dispute(payment: Payment, status: str = "opened", *, hour: int = 0, **fields: Any) -> Chargeback:
    """Let the gateway say something of the dispute `dp_1` over the whole payment."""
    told = {
        "external_id": "dp_1",
        "status": status,
        "amount": payment.captured,
        "currency": payment.currency,
        "told_at": at(hour),
        "reason": "fraudulent",
    } | fields
    return record_chargeback(actor=SYSTEM, payment_id=payment.id, told=ChargebackIn(**told))
