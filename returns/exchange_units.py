"""Which units exchanges have taken. Read under the return's lock, so that nobody else takes or pays the same."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from returns.allocation import Ranges, merge
from returns.enums import CLAIMING_EXCHANGES
from returns.models import Exchange, ExchangeLine, Refund


def claimed_units(line_ids: Iterable[UUID], statuses: Sequence[str] = CLAIMING_EXCHANGES) -> dict[UUID, Ranges]:
    """Return the units of return lines that exchanges in these states have, those alive or shipped unless told."""
    rows = ExchangeLine.objects.filter(line_id__in=list(line_ids), exchange__status__in=statuses)
    claimed: dict[UUID, Ranges] = defaultdict(list)
    for line_id, units in rows.values_list("line_id", "units"):
        claimed[line_id] = merge(claimed[line_id], units)
    return dict(claimed)


def is_of_exchange(refund: Refund) -> bool:
    """Tell whether the refund pays the balance of an exchange: its money is part of the exchange's memo."""
    return Exchange.objects.filter(proposal=refund.proposal).exists()
