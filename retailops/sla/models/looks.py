"""When the deliveries of each destination must be looked at next."""

from django.db import models

from retailops.events.models import Destination


class LatencyLook(models.Model):
    """One destination: nothing that is owed to it can be late before `look_at`. Written by `deliveries` alone."""

    destination = models.OneToOneField(Destination, primary_key=True, on_delete=models.CASCADE, related_name="+")
    look_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.destination_id}: {self.look_at:%Y-%m-%d %H:%M:%S}"
