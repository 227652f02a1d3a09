"""Changes of what a source's states mean that wait for a second person."""

from django.db import models
from django.db.models import Q
from django_fsm import transition

from inventory.models.snapshots import StateMap
from retailops.events.catalog import Subject
from retailops.lib.clock import now
from retailops.lib.fsm import StateField
from retailops.lib.ids import uuid7


class ChangeStatus(models.TextChoices):
    """waiting → applied | refused."""

    WAITING = "waiting"
    APPLIED = "applied"
    REFUSED = "refused"


class StateMapChange(models.Model):
    """The next version of a source's map as somebody asked for it; one waits at a time."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.CharField(max_length=64)
    # The version that the person saw: another one in force by then, and the word cannot be given.
    based_on = models.PositiveIntegerField()
    states = models.JSONField()
    reason = models.CharField(max_length=200)
    status = StateField(max_length=10, choices=ChangeStatus.choices, default=ChangeStatus.WAITING)
    made = models.OneToOneField(StateMap, null=True, blank=True, on_delete=models.PROTECT, related_name="change")
    requested_by = models.CharField(max_length=120)
    requested_at = models.DateTimeField(default=now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "change of a state map"
        constraints = [
            models.UniqueConstraint(
                fields=["source"], condition=Q(status=ChangeStatus.WAITING), name="one_waiting_map_change_a_source"
            ),
            models.CheckConstraint(condition=Q(status__in=ChangeStatus.values), name="map_change_status_is_known"),
            models.CheckConstraint(
                condition=Q(status=ChangeStatus.APPLIED, made__isnull=False)
                | (~Q(status=ChangeStatus.APPLIED) & Q(made__isnull=True)),
                name="applied_map_change_has_its_map",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} after v{self.based_on}"

    def as_subject(self) -> Subject:
        """Return it as the subject of its approval."""
        return Subject("state_map", self.id, self.id, str(self.id))

    @transition(field=status, source=ChangeStatus.WAITING, target=ChangeStatus.APPLIED)
    def apply(self) -> None:
        """A second person agreed."""
        self.ended_at = now()

    @transition(field=status, source=ChangeStatus.WAITING, target=ChangeStatus.REFUSED)
    def refuse(self) -> None:
        """The second person said no, or nobody said anything in time."""
        self.ended_at = now()
