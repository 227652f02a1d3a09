"""What is kept of a request beyond policy: the rules, what was asked, and the files that show why."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.cases.evidence import digest_of
from retailops.cases.models import EvidenceFile
from retailops.lib.errors import FieldError, Invalid
from returns.models import Refund, RefundOverride, Return
from returns.refund_planning import Plan


def named_files(rma: Return, ids: Sequence[UUID]) -> list[EvidenceFile]:
    """Return the files by these ids. Raises Invalid for one that is not of the return's story."""
    if not ids:
        return []
    files = {file.id: file for file in EvidenceFile.objects.filter(pk__in=ids, correlation_id=rma.correlation_id)}
    missing = [index for index, id in enumerate(ids) if id not in files]
    if missing:
        faults = [FieldError(f"/files/{index}", "no such file of this return") for index in missing]
        raise Invalid("A file of evidence is not of this return.", errors=faults)
    return [files[id] for id in dict.fromkeys(ids)]


def evidence_given(plan: Plan, files: Sequence[EvidenceFile]) -> dict[str, Any]:
    """Return the evidence as it is kept with the request: files by hash, and what was said to exist elsewhere."""
    given: dict[str, Any] = {"given": list(plan.evidence)} if plan.evidence else {}
    return given | digest_of(files) if files else given


def note_overrides(
    actor: Actor, refunds: Sequence[Refund], plan: Plan, files: Sequence[EvidenceFile], replaces: Refund | None
) -> None:
    """Keep what the refunds of a plan that breaks rules ask for."""
    RefundOverride.objects.bulk_create(
        [
            RefundOverride(
                refund=refund,
                replaces=replaces,
                rules=plan.broken,
                permitted=plan.permitted,
                requested=plan.calculation.total,
                reason_code=plan.reason_code or "other",
                reason=plan.reason,
                evidence=evidence_given(plan, files),
                policy_version=refund.policy_version,
                requested_by=actor.key,
            )
            for refund in refunds
        ]
    )
