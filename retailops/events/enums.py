"""States and classes of the engine."""

from django.db.models import TextChoices


class DestinationKind(TextChoices):
    """What receives deliveries: an in-process handler, a connection, a webhook endpoint, a channel of alerts."""

    HANDLER = "handler"
    CONNECTION = "connection"
    WEBHOOK = "webhook"
    ALERT = "alert"


class CircuitState(TextChoices):
    """Circuit of one destination. Open: nothing is sent; half-open: one probe goes."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class DeliveryStatus(TextChoices):
    """Stored status; *leased*, *scheduled*, *held* and *blocked* are derived from lease, time, destination and lane."""

    READY = "ready"
    IN_DOUBT = "in_doubt"
    DEAD = "dead"
    DELIVERED = "delivered"
    DISCARDED = "discarded"
    SUPERSEDED = "superseded"


OPEN_STATUSES = (DeliveryStatus.READY, DeliveryStatus.IN_DOUBT, DeliveryStatus.DEAD)


class OutcomeClass(TextChoices):
    """What came of one attempt; decides what happens next (retry, dead, pause, look up)."""

    DELIVERED = "delivered"
    TRANSIENT = "transient"
    AUTH = "auth"
    BUSINESS = "business"
    CONTRACT = "contract"
    IN_DOUBT = "in_doubt"


class Trigger(TextChoices):
    """Why an attempt was made."""

    AUTO = "auto"
    MANUAL = "manual"
    BULK = "bulk"
    UNPAUSE = "unpause"
    PROBE = "probe"
    SWEEP = "sweep"
    LOOK_UP = "look_up"


class EffectStatus(TextChoices):
    """What is known of a change in the outside world."""

    INTENDED = "intended"
    CONFIRMED = "confirmed"
    ABSENT = "absent"
    REVERSED = "reversed"
