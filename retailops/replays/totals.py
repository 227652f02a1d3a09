"""What a judged plan comes to: which items the run acts on, the money that it sends, and whether that needs a word."""

from typing import LiteralString

from django.db.models import Q, Sum

from retailops.events.raw_sql import execute
from retailops.events.verdicts import SENDS, VerdictKind, approval_limit
from retailops.lib.money import Money
from retailops.replays.models import BulkItem, BulkOperation

SENT = (*SENDS, VerdictKind.NEEDS_APPROVAL)
# A person took it out of the plan: in place of the next verdict.
LEFT_OUT = "left_out"

# Sent: what is safe, above the limit too (the plan's approval covers it). Done without sending: marked or closed.
# Blocked ones follow what they wait for, where that is in the plan and is dealt with by it.
_ACT: LiteralString = """
WITH RECURSIVE acting AS (
  SELECT id, subject_id, verdict = ANY(%(sent)s::text[]) AS sends FROM replays_bulkitem
  WHERE operation_id = %(id)s AND next_verdict <> 'left_out' AND (verdict = ANY(%(sent)s::text[])
    OR verdict = 'already_done' AND status IN ('ready', 'in_doubt', 'dead')
    OR verdict = 'superseded' AND status IN ('ready', 'dead'))
  UNION
  SELECT i.id, i.subject_id, true FROM replays_bulkitem i JOIN acting a ON a.subject_id = i.after_id
  WHERE i.operation_id = %(id)s AND i.verdict = 'blocked'
    AND (i.next_verdict = '' OR i.next_verdict = ANY(%(sent)s::text[])))
UPDATE replays_bulkitem i SET acts = true, sends = a.sends FROM acting a WHERE i.id = a.id
"""


def settle_totals(operation: BulkOperation) -> None:
    """Set which items act and send, and the plan's money and need of approval (not saved)."""
    execute(_ACT, {"id": operation.id, "sent": [str(kind) for kind in SENT]})
    sending = BulkItem.objects.filter(operation=operation, sends=True)
    sums = sending.filter(amount__isnull=False).order_by().values_list("currency").annotate(sum=Sum("amount"))
    operation.money = dict(sums)
    above = sending.filter(Q(verdict=VerdictKind.NEEDS_APPROVAL) | Q(next_verdict=VerdictKind.NEEDS_APPROVAL))
    operation.needs_approval = above.exists() or any(
        amount > approval_limit(currency) for currency, amount in operation.money.items()
    )


def money_of(operation: BulkOperation) -> list[Money]:
    """Return what the plan sends, one sum a currency, the largest number first."""
    sums = sorted(operation.money.items(), key=lambda each: -each[1])
    return [Money(amount, currency) for currency, amount in sums]
