"""Money that a bank took back through a payment: a dispute at the gateway, from opened to won or lost."""

from django.db import models
from django.db.models import Q
from django_fsm import transition

from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.fsm import StateField
from retailops.lib.ids import uuid7
from returns.enums import ChargebackStatus
from returns.models.orders import Payment

C = ChargebackStatus


class Chargeback(models.Model):
    """One dispute of one payment. While it is opened, and when it is lost, its amount is gone from the payment."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="chargebacks", db_index=False)
    # The gateway's own id of the dispute.
    external_id = models.CharField(max_length=120)
    status = StateField(max_length=10, choices=ChargebackStatus.choices, default=ChargebackStatus.OPENED)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=80, blank=True, default="")
    # Until when the gateway takes our evidence.
    answer_by = models.DateTimeField(null=True, blank=True)
    # When the gateway said what stands here: an older message changes nothing.
    told_at = models.DateTimeField()
    opened_at = models.DateTimeField(default=now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["payment", "external_id"], name="one_chargeback_a_dispute"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="chargeback_is_positive"),
            models.CheckConstraint(condition=Q(status__in=ChargebackStatus.values), name="chargeback_status_is_known"),
        ]
        indexes = [models.Index(fields=["external_id"], name="chargeback_reference")]

    def __str__(self) -> str:
        return f"chargeback {self.external_id}"

    def as_subject(self) -> Subject:
        """Return it as the subject of events, in the story, lane and scope of its order."""
        order = self.payment.order
        told = order.as_subject()
        return Subject("chargeback", self.id, told.correlation_id, told.lane, told.region, told.brand, told.channel)

    @transition(field=status, source=[C.OPENED, C.LOST], target=C.WON)
    def win(self) -> None:
        """The money is ours again."""
        self.closed_at = now()

    @transition(field=status, source=[C.OPENED, C.WON], target=C.LOST)
    def lose(self) -> None:
        """The money stays with the customer."""
        self.closed_at = now()
