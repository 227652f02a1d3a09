"""What a source's states mean: versions. A meaning that is new counts at once, one that changes waits for a second
person."""

import re
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction

from inventory.events import StateMapChanged
from inventory.inputs import SOURCE_PATTERN, StateMapIn
from inventory.models import ChangeStatus, StateMap, StateMapChange
from inventory.services.comparing import unmapped_key
from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.cases import services as cases
from retailops.cases.inputs import ApprovalIn
from retailops.cases.models import Approval
from retailops.cases.services import resolve_troubles
from retailops.events.catalog import Subject
from retailops.events.publish import publish
from retailops.lib.errors import Conflict, Invalid
from retailops.lib.fsm import fire

APPROVAL_KIND = "state_map"
NAMES = UUID("0b9d3c0e-6a52-5d07-9f5c-6a6f4ac0a1d5")
States = dict[str, str]


@transaction.atomic
def put_state_map(
    *, actor: Actor, source: str, told: StateMapIn, reason: str = "", based_on: int | None = None
) -> StateMap:
    """Say what a source's states mean; return the map in force now.

    The same again adds no version. Meanings of states that had none count at once: snapshots that waited are compared
    by the next sweep. A meaning that changes or goes would make differences come and go, and waits for a second person
    (`waiting_change`). A map holds in every region, and is changed by who manages stock everywhere. `based_on` is the
    version that the person saw. Raises Denied, Invalid (no name of a source; no reason for a change), Conflict (another
    version is in force by now, or another change waits).
    """
    require(actor, Permission.INVENTORY_MANAGE, region="")
    if not re.fullmatch(SOURCE_PATTERN, source):
        raise Invalid(f"{source} is no name of a source.", code="unknown-source")
    states = spelled(told)
    latest = StateMap.objects.select_for_update().filter(source=source).order_by("-version").first()
    version = latest.version if latest else 0
    if based_on is not None and based_on != version:
        raise Conflict(f"Version {version} of the map is in force by now; look again.", code="stale", present=version)
    if latest is not None and latest.states == states:
        return latest
    if latest is not None and changed(latest.states, states):
        _ask(actor, latest, states, reason)
        return latest
    return _write(actor, source, latest, states, reason)


def spelled(told: StateMapIn) -> States:
    """Return the states as a version keeps them: an empty meaning is "not our stock"."""
    return {state: str(meaning or "") for state, meaning in sorted(told.states.items())}


def changed(former: States, states: States) -> list[str]:
    """Return the states that had a meaning and would have another one, or none."""
    return sorted(state for state, meaning in former.items() if states.get(state) != meaning)


def state_map_of(source: str) -> StateMap | None:
    """Return the map in force, None where there is none."""
    return StateMap.objects.filter(source=source).order_by("-version").first()


def waiting_change(source: str) -> StateMapChange | None:
    """Return the change that waits for a second person."""
    return StateMapChange.objects.filter(source=source, status=ChangeStatus.WAITING).first()


def _ask(actor: Actor, latest: StateMap, states: States, reason: str) -> None:
    if not reason.strip():
        raise Invalid("Say why the meanings change: a second person reads it.", code="reason-needed")
    waiting = waiting_change(latest.source)
    if waiting is not None:
        if (waiting.states, waiting.based_on) == (states, latest.version):
            return
        raise Conflict("Another change of the map waits for a second person.", code="change-waiting")
    row = StateMapChange.objects.create(
        source=latest.source,
        based_on=latest.version,
        states=states,
        reason=reason.strip()[:200],
        requested_by=actor.key,
    )
    asked = {"rules": ["meanings of states change"], "states": changed(latest.states, states)}
    wish = ApprovalIn(
        kind=APPROVAL_KIND, subject=row.as_subject(), payload=_payload(row), reason=row.reason, asked=asked
    )
    cases.request_approval(actor, wish)


def _payload(row: StateMapChange) -> dict[str, Any]:
    return {"source": row.source, "based_on": row.based_on, "states": row.states}


def take_map_approval(actor: Actor, change_id: UUID) -> StateMapChange:
    """Bring a change into force that a second person has agreed to; call it in the transaction of that word.

    Raises Conflict when another version came into force meanwhile: then the word is not given either.
    """
    row = StateMapChange.objects.select_for_update(no_key=True).get(pk=change_id)
    latest = StateMap.objects.select_for_update().filter(source=row.source).order_by("-version").first()
    if latest is None or latest.version != row.based_on:
        raise Conflict("Another version of the map came into force: refuse this one, and ask anew.", code="stale")
    cases.consume_approval(actor, kind=APPROVAL_KIND, subject_id=row.id, money=None, payload=_payload(row))
    fire(row.apply)
    row.made = _write(actor, row.source, latest, row.states, row.reason, made_by=row.requested_by)
    row.save()
    return row


def take_map_refusal(change_id: UUID) -> None:
    """End a change that a second person refused, or that nobody decided in time."""
    row = StateMapChange.objects.select_for_update(no_key=True).get(pk=change_id)
    fire(row.refuse)
    row.save(update_fields=["status", "ended_at"])


def map_approval_of(row: StateMapChange) -> Approval | None:
    """Return the request for a second person's word on the change."""
    return Approval.objects.filter(kind=APPROVAL_KIND, subject_id=row.id).order_by("-requested_at").first()


def _write(
    actor: Actor, source: str, latest: StateMap | None, states: States, reason: str, *, made_by: str = ""
) -> StateMap:
    version = latest.version + 1 if latest else 1
    made = StateMap.objects.create(source=source, version=version, states=states, made_by=made_by or actor.key)
    key = uuid5(NAMES, source)
    former = latest.states if latest else {}
    touched = sorted(state for state in {*former, *states} if former.get(state) != states.get(state))
    fact = StateMapChanged(source, version, touched)
    publish(fact, subject=Subject("state_map", key, key, str(key)), actor=actor, words=reason)
    _end_unmapped(actor, made)
    return made


def _end_unmapped(actor: Actor, made: StateMap) -> None:
    for state in made.states:
        evidence = {"version": made.version, "meaning": made.states[state]}
        resolve_troubles(actor, unmapped_key(made.source, state), "The state has a meaning now", evidence)
    resolve_troubles(actor, unmapped_key(made.source, ""), "The source has a state map now", {"version": made.version})
