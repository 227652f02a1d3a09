"""Send what selected cases are about again: their stopped deliveries, judged and run as any other plan."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from retailops.accounts.web import actor_of
from retailops.lib.clock import now
from retailops.lib.htmx import show
from retailops.lib.keyset import capped_count
from retailops.replays.freezing import MOST_ITEMS, TROUBLED
from retailops.workbench.delivery_list import money_of, to_other_systems
from retailops.workbench.exceptions.bulk import SEND, Chosen
from retailops.workbench.selection import Selected
from retailops.workbench.views.again import ask


def send_cases(request: HttpRequest, cases: Chosen, carried: Sequence[tuple[str, str]], back: str) -> HttpResponse:
    """Show the deliveries of the cases with their verdicts and ask why; then send a few, or plan many."""
    rows = to_other_systems(actor_of(request)).filter(
        status__in=TROUBLED, pk__in=cases.rows.filter(delivery_id__isnull=False).order_by().values("delivery_id")
    )
    total = capped_count(rows, MOST_ITEMS)
    if cases.refusal or not total:
        context = {
            "back": back,
            "refusal": cases.refusal or "None of them is about a delivery that waits for a person.",
        }
        return show(request, "replays/again.html", context, status=409 if request.method == "POST" else 200)
    ids = [] if cases.cut_off else list(rows.values_list("pk", flat=True))
    found = Selected(rows, total, money_of(rows), 0, cases.cut_off or now(), cases.filter, ids)
    about = {"carried": carried, "action": reverse("workbench:case_bulk", args=[SEND]), "idle": cases.total - total}
    return ask(request, found, back, about)
