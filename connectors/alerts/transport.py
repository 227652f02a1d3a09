"""Sends deliveries of kind `alert`, and writes on each alert what became of it."""

import json
import time
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Any

import httpx
from django.core.mail import send_mail

from connectors.addresses import refuse_private_literal
from connectors.alerts import wording
from connectors.credentials import decrypt
from connectors.failures import ForbiddenAddress, VendorFailure
from connectors.outbound_http import client_for, timeout
from connectors.webhooks_out.signing import key_of, signature
from retailops.events.enums import DeliveryStatus, OutcomeClass
from retailops.events.transport import Claimed, Finding, Outcome, Recorded
from retailops.lib.clock import now
from retailops.sla.models import Alert, AlertChannel, ChannelKind

C = OutcomeClass


class AlertTransport:
    """The engine's transport to alert channels. Repeat-safe: receivers of webhooks drop repeats by `webhook-id`."""

    def send(self, batch: Sequence[Claimed]) -> Iterator[Outcome]:
        """Send each; yield its outcome."""
        channel = AlertChannel.objects.get(destination_id=batch[0].destination_id)
        for claimed in batch:
            yield _send(channel, claimed)

    def find(self, claimed: Claimed) -> Finding:
        """Answer that nothing can be known: sending again is safe."""
        return Finding(None)

    def recorded(self, records: Sequence[Recorded]) -> None:
        """Write on the alerts when they arrived, or why they did not."""
        for record in records:
            alert = Alert.objects.filter(pk=record.outcome.claimed.message["alert_id"])
            if record.status == DeliveryStatus.DELIVERED:
                alert.update(sent_at=now(), failure="")
            else:
                alert.filter(sent_at=None).update(failure=(record.outcome.message or record.outcome.code)[:300])


def _send(channel: AlertChannel, claimed: Claimed) -> Outcome:
    started, clock = now(), perf_counter()
    try:
        result, code, message, status = _SENDERS[ChannelKind(channel.kind)](channel, claimed)
    except VendorFailure as failure:
        result, code, message, status = C.CONTRACT, failure.code, failure.message, None
    except ForbiddenAddress as refused:
        result, code, message, status = C.CONTRACT, "forbidden_address", str(refused), None
    except (httpx.HTTPError, OSError) as error:
        result, code, message, status = C.TRANSIENT, type(error).__name__, str(error)[:300], None
    return Outcome(
        claimed,
        result,
        code=code,
        message=message,
        http_status=status,
        # The address of a chat's webhook is its secret: only the channel is named.
        request={"channel": channel.name, "kind": channel.kind},
        started_at=started,
        duration_ms=int((perf_counter() - clock) * 1000),
    )


Result = tuple[OutcomeClass, str, str, int | None]


def _mail(channel: AlertChannel, claimed: Claimed) -> Result:
    people = [each.strip() for each in channel.address.split(",")]
    send_mail(wording.subject(claimed), wording.mail_text(claimed), None, people)
    return C.DELIVERED, "", "", None


def _webhook(channel: AlertChannel, claimed: Claimed) -> Result:
    content = json.dumps(wording.document(claimed), separators=(",", ":")).encode()
    timestamp = str(int(time.time()))
    keys = [key_of(decrypt(channel.secret))] if channel.secret else []
    headers = {
        "webhook-id": claimed.effect_key,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature(keys, claimed.effect_key, timestamp, content),
    }
    return _post(channel, claimed, content, headers)


def _chat(channel: AlertChannel, claimed: Claimed) -> Result:
    return _post(channel, claimed, json.dumps(wording.chat(claimed)).encode(), {})


def _post(channel: AlertChannel, claimed: Claimed, content: bytes, headers: dict[str, Any]) -> Result:
    refuse_private_literal(channel.address)
    answer = client_for(channel.id).post(
        channel.address,
        content=content,
        headers={"Content-Type": "application/json", **headers},
        timeout=timeout(claimed.timeout_seconds),
    )
    if answer.is_success:
        return C.DELIVERED, "", "", answer.status_code
    gone = answer.status_code in (404, 410)
    message = f"The channel answered {answer.status_code}; only 2xx counts."
    return (C.BUSINESS if gone else C.TRANSIENT), f"http_{answer.status_code}", message, answer.status_code


_SENDERS = {ChannelKind.EMAIL: _mail, ChannelKind.WEBHOOK: _webhook, ChannelKind.SLACK: _chat}
