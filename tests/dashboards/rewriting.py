"""Rows of times that are written, changed and taken away, as triggers of the rollups must follow."""

from collections.abc import Callable, Sequence
from typing import Any

from retailops.workbench.models import ReturnTimes


def rewrite(times: Callable[[Any], ReturnTimes], rows: Sequence[Any], more: Sequence[Any], gone: int) -> None:
    """Write the rows (`times` makes one of what it is given), change the first of them to `more`, delete `gone`."""
    ReturnTimes.objects.bulk_create(map(times, rows))
    for one, other in zip(ReturnTimes.objects.order_by("id"), more, strict=False):
        changed = times(other)
        changed.pk = one.pk
        changed.save(force_update=True)
    ReturnTimes.objects.filter(pk__in=ReturnTimes.objects.order_by("id").values("pk")[:gone]).delete()
