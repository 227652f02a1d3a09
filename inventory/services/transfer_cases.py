"""Cases of transfers: units that did not arrive, units beyond what was sent, and transfers that are overdue."""

from uuid import UUID

from django.db import transaction
from django.db.models import F, Sum

from inventory.models import StockTransfer, TransferLine
from inventory.models.transfers import OPEN
from inventory.selectors import unit_values
from retailops.accounts.actor import Actor
from retailops.cases.inputs import CaseIn
from retailops.cases.models import CaseQueue
from retailops.cases.services import open_case, resolve_troubles
from retailops.lib.clock import now
from retailops.lib.money import Money

SHORT, OVER, OVERDUE = "transfer_short", "transfer_over", "transfer_overdue"
SWEEP = Actor.system("sweep")


def keep_transfer_cases(actor: Actor, row: StockTransfer, strange: list[str], beyond: dict[str, int]) -> None:
    """Open, keep and end the cases of a transfer after a receipt; `beyond` is what that receipt brought too much."""
    lines = list(row.lines.order_by("line_no"))
    missing = {line.sku: line.missing for line in lines if line.missing}
    evidence = {"transfer": str(row.id), "number": row.number}
    if missing:
        open_case(actor, _short(row, missing))
    else:
        resolve_troubles(actor, f"{SHORT}:{row.id}", "All of it has turned up", evidence)
    if beyond:
        open_case(actor, _over(row, beyond, strange))
    if row.status not in OPEN:
        resolve_troubles(actor, f"{OVERDUE}:{row.id}", "Nothing of it is waited for any more", evidence)


def _short(row: StockTransfer, missing: dict[str, int]) -> CaseIn:
    total = sum(missing.values())
    return CaseIn(
        kind=SHORT,
        queue=CaseQueue.BUSINESS,
        title=f"{total} unit{'s' if total > 1 else ''} of {row.number} did not arrive at {row.target.name}",
        dedupe_key=f"{SHORT}:{row.id}",
        subject=row.as_subject(),
        detail="; ".join(f"{units} × {sku}" for sku, units in sorted(missing.items()))[:300],
        next_action=f"Ask {row.source.name} and the carrier; receive what turns up, or count it away",
        group_title="A transfer arrived short",
        money=_worth(row, missing),
        evidence={"transfer": str(row.id), "from": row.source.code, "missing": missing},
    )


def _over(row: StockTransfer, beyond: dict[str, int], strange: list[str]) -> CaseIn:
    total = sum(beyond.values())
    numbers = f" Numbers that were not sent: {', '.join(strange)}." if strange else ""
    return CaseIn(
        kind=OVER,
        queue=CaseQueue.BUSINESS,
        title=f"{total} unit{'s' if total > 1 else ''} beyond {row.number} arrived at {row.target.name}",
        dedupe_key=f"{OVER}:{row.id}",
        subject=row.as_subject(),
        detail=("; ".join(f"{units} × {sku}" for sku, units in sorted(beyond.items())) + "." + numbers)[:300],
        next_action=f"They stand in quarantine. Have {row.source.name} counted, then give each its place",
        group_title="A transfer arrived with more than was sent",
        money=_worth(row, beyond),
        evidence={"transfer": str(row.id), "from": row.source.code, "beyond": beyond, "serials": strange},
    )


def _worth(row: StockTransfer, units: dict[str, int]) -> Money | None:
    values = unit_values(units, row.target.currency)
    known = [values[sku] * count for sku, count in units.items() if sku in values]
    return Money(sum(known), row.target.currency) if known else None


def watch_transfers() -> int:
    """Open the cases of transfers that should have arrived by now; return how many are overdue. A sweep."""
    rows = StockTransfer.objects.filter(status__in=OPEN, due_on__lt=now().date())
    late = list(rows.order_by("id").values_list("id", flat=True))
    for id in late:
        _remind(id)
    return len(late)


@transaction.atomic
def _remind(transfer_id: UUID) -> None:
    row = StockTransfer.objects.select_related("source", "target").select_for_update(of=("self",), no_key=True).get(
        pk=transfer_id
    )  # fmt: skip
    if not row.overdue or row.reminded_on == row.due_on:
        return
    row.reminded_on = row.due_on
    row.save(update_fields=["reminded_on"])
    left = F("quantity") - F("received") - F("missing")
    units = TransferLine.objects.filter(transfer=row).aggregate(units=Sum(left))["units"]
    case = CaseIn(
        kind=OVERDUE,
        queue=CaseQueue.BUSINESS,
        title=f"{row.number} to {row.target.name} is overdue: {units} units are on their way",
        dedupe_key=f"{OVERDUE}:{row.id}",
        subject=row.as_subject(),
        detail=f"Sent from {row.source.name}, due {row.due_on.isoformat()}.",
        next_action="Ask the carrier; receive what came, or say that nothing more will come",
        group_title="Transfers are overdue",
        evidence={"transfer": str(row.id), "due_on": row.due_on.isoformat()},
    )
    open_case(SWEEP, case)
