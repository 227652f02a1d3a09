"""Which units exchanges have taken. Read under the return's lock, so that nobody else takes or pays the same."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from retailops.events.prepared import Prepared
from returns.allocation import Ranges, merge
from returns.enums import CLAIMING_EXCHANGES
from returns.models import Exchange, ExchangeLine, Refund

_CLAIMED = Prepared(
    lambda lines, statuses: ExchangeLine.objects.filter(line_id__in=lines, exchange__status__in=statuses).values_list(
        "line_id", "units"
    )
)
_OF_PROPOSAL = Prepared(lambda proposal: Exchange.objects.filter(proposal=proposal).values_list("id"))


def claimed_units(line_ids: Iterable[UUID], statuses: Sequence[str] = CLAIMING_EXCHANGES) -> dict[UUID, Ranges]:
    """Return the units of return lines that exchanges in these states have, those alive or shipped unless told."""
    rows = _CLAIMED.all(list(line_ids), list(statuses))
    claimed: dict[UUID, Ranges] = defaultdict(list)
    for line_id, units in rows:
        claimed[line_id] = merge(claimed[line_id], units)
    return dict(claimed)


def is_of_exchange(refund: Refund) -> bool:
    """Tell whether the refund pays the balance of an exchange: its money is part of the exchange's memo."""
    return bool(_OF_PROPOSAL.all(refund.proposal))
