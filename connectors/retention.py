"""What the inbox forgets: bodies of messages that were taken long ago, because they carry customers' personal data.

Id, topic, hash and result stay: a copy that comes years later is still known, and the trace stays whole.
"""

from datetime import timedelta

from django.conf import settings

from connectors.models import InboxMessage, InboxStatus
from retailops.lib.clock import now

BATCH = 2000


def forget_bodies(days: int | None = None) -> int:
    """Empty a batch of bodies of messages done more than `days` ago (0 keeps all; default: the setting).

    Returns how many. A registered sweep.
    """
    kept = settings.INBOX_BODY_RETENTION_DAYS if days is None else days
    if not kept:
        return 0
    old = InboxMessage.objects.filter(status=InboxStatus.DONE, done_at__lt=now() - timedelta(days=kept))
    ids = old.exclude(body=b"").values_list("id", flat=True)[:BATCH]
    return InboxMessage.objects.filter(id__in=list(ids)).update(body=b"")
