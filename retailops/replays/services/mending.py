"""The open cases of a mended cause end as one bulk operation: frozen, one by one, to be canceled and resumed."""

from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.cases.models import Case, CaseStatus, GroupEnding
from retailops.replays.case_commands import END
from retailops.replays.freezing import MOST_ITEMS, Selection
from retailops.replays.services.doing import do_to_many
from retailops.replays.working import nudge_after_commit


def end_cases(actor: Actor, ending: GroupEnding) -> UUID:
    """Begin to end the cases that are open now, with the ending's reason and evidence. In its transaction.

    Raises as `do_to_many` does: then the cause is not resolved either.
    """
    rows = Case.objects.filter(group=ending.group_id, status=CaseStatus.OPEN)
    selection = Selection(
        ids=list(rows.values_list("pk", flat=True)[: MOST_ITEMS + 1]), filter={"cause": ending.group.title}
    )
    given = {"reason": ending.reason, "evidence": ending.evidence, "ending": ending.pk, "at": ending.at.isoformat()}
    operation = do_to_many(actor, END, selection, ending.reason, given)
    nudge_after_commit(operation.id)
    return operation.id
