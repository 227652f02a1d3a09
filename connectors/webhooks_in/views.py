"""`POST /webhooks/<connection>`: the one door for signed messages from outside."""

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from connectors.inbox import BODY_LIMIT, InboxReceipt, receive
from retailops.lib.problem import AWAY

log = structlog.get_logger(__name__)


@csrf_exempt
@require_POST
def receive_webhook(request: HttpRequest, name: str) -> HttpResponse:
    """Hand the raw bytes to the inbox and answer with its status. The sender's signature is its credential."""
    if int(request.headers.get("Content-Length") or 0) > BODY_LIMIT:
        return _response(InboxReceipt(413, f"The body is larger than {BODY_LIMIT} bytes."))
    headers = {key.lower(): value for key, value in request.headers.items()}
    body = request.read(BODY_LIMIT + 1)
    try:
        receipt = receive(name, headers, body)
    except AWAY as error:
        log.warning("webhook.unavailable", connection=name, error=type(error).__name__, detail=str(error)[:300])
        receipt = InboxReceipt(503, "The database is away or busy; send it again.")
    return _response(receipt)


def _response(receipt: InboxReceipt) -> HttpResponse:
    return JsonResponse({"status": receipt.status, "detail": receipt.detail}, status=receipt.status)
