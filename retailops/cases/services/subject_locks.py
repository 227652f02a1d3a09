"""Locks of what approvals are about: taken before the approval's own, in every command alike.

A command that asks for a word, or voids one, has locked its subject first and takes the approval next. Whoever decides,
or lets a request expire, must do the same, or the two wait for each other. The layer that owns a kind of approval
registers how its subject is locked.
"""

from collections.abc import Callable
from uuid import UUID

from retailops.cases.models import Approval

Lock = Callable[[UUID], object]
_locks: dict[str, Lock] = {}


def register_subject_lock(kind: str, lock: Lock) -> None:
    """Have the subject of approvals of this kind locked by `lock(subject_id)` before they are decided or expire."""
    _locks[kind] = lock


def lock_subject(approval_id: UUID) -> None:
    """Lock what the approval is about, for the rest of the transaction; nothing where no lock is registered for it."""
    found = Approval.objects.filter(pk=approval_id).values_list("kind", "subject_id").first()
    if found is not None and found[0] in _locks:
        _locks[found[0]](found[1])
