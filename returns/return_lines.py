"""The lines of a return, as nearly every command reads them."""

from retailops.events.prepared import Prepared
from returns.models import Return, ReturnLine

_LINES = Prepared(lambda rma: ReturnLine.objects.filter(rma_id=rma).select_related("order_line"))


def lines_of(rma: Return) -> list[ReturnLine]:
    """Return the lines of the locked return with their order lines, in order."""
    lines = _LINES.all(rma.id)
    for line in lines:
        line.rma = rma
    return lines
