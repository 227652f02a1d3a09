"""What authorization grants: the units, the deadline, and what the customer need not send."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from retailops.lib.clock import now
from retailops.lib.fsm import fire
from returns.enums import Resolution
from returns.kinds import traits_of
from returns.line_policies import LinePolicy
from returns.models import Return, ReturnLine
from returns.policy import Rules


def grant(
    rma: Return,
    lines: Sequence[ReturnLine],
    rules: Rules,
    worth: dict[int, int],
    by_line: Mapping[UUID, LinePolicy] | None = None,
) -> None:
    """Authorize the requested units, in memory. `worth` is each line's paid value in minor units by line number.

    Units of a returnless return, and of lines worth less than the threshold of their policy (`by_line`, where it is not
    the return's), are kept by the customer at once.
    """
    fire(rma.authorize)
    rma.expires_at = deadline_of(rma, rules)
    for line in lines:
        line.authorized = line.requested - line.canceled
        own = (by_line or {}).get(line.id)
        if _kept(rma, line, own.rules if own else rules, worth.get(line.line_no, 0)):
            line.kept = line.authorized


def deadline_of(rma: Return, rules: Rules) -> datetime | None:
    """Return when the return ends by itself if nothing comes from now on; None for kinds that never do."""
    return now() + timedelta(days=rules.expires_days) if traits_of(rma.kind).expires else None


def _kept(rma: Return, line: ReturnLine, rules: Rules, worth: int) -> bool:
    if line.resolution != Resolution.REFUND:
        return False
    keep = traits_of(rma.kind).keep
    return keep == "always" or (keep == "below_threshold" and worth < rules.keep_it_below.get(rma.currency, 0))
