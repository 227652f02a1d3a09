"""Vocabularies: terms added, changed, retired and revived; and what other systems' codes mean."""

from typing import Any

from django.db import transaction
from django.db.models import Max
from pydantic import BaseModel

from retailops.accounts.actor import Actor, require
from retailops.accounts.permissions import Permission
from retailops.cases.services import resolve_troubles
from retailops.events.publish import publish
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, FieldError, Invalid, NotFound
from returns import troubles, vocabulary
from returns.events import (
    CodeMapped,
    CodeUnmapped,
    TermAdded,
    TermChanged,
    TermFact,
    TermRetired,
    TermRevived,
)
from returns.inputs.base import read
from returns.inputs.vocabularies import TermCode, TermIn
from returns.models import Term, Vocabulary, VocabularyMapping

MANAGE, MAP = Permission.POLICIES_MANAGE, Permission.CONNECTIONS_MANAGE


class _Coded(BaseModel):
    code: TermCode


def access_vocabulary(
    actor: Actor, code: str, permission: Permission = Permission.POLICIES_VIEW, *, lock: bool = False
) -> Vocabulary:
    """Return the vocabulary; it is the same everywhere, and managed by whoever manages policies everywhere.

    Raises NotFound, Denied.
    """
    rows = Vocabulary.objects.select_for_update(no_key=True) if lock else Vocabulary.objects.all()
    found = rows.filter(code=code).first()
    if found is None:
        raise NotFound(f"There is no vocabulary {code}.")
    everywhere = {"region": "", "brand": ""} if permission == MANAGE else {}
    require(actor, permission, **everywhere)
    return found


@transaction.atomic
def add_term(*, actor: Actor, vocabulary_code: str, code: str, term: TermIn) -> Term:
    """Add a term, last unless `sort` says where. Raises NotFound, Denied, Invalid, Conflict (the code is taken)."""
    read(_Coded, {"code": code})
    owner = access_vocabulary(actor, vocabulary_code, MANAGE, lock=True)
    if owner.terms.filter(code=code).exists():
        raise Conflict(f"{owner.label} has the code {code} already; a retired one is revived.", code="term-exists")
    last = owner.terms.aggregate(last=Max("sort"))["last"] or 0
    _raise_version(owner)
    made = Term.objects.create(
        vocabulary=owner,
        code=code,
        label=term.label,
        merchant_fault=term.merchant_fault,
        sort=last + 10 if term.sort is None else term.sort,
        since=owner.version,
    )
    _tell(actor, TermAdded, made)
    return made


@transaction.atomic
def change_term(*, actor: Actor, vocabulary_code: str, code: str, term: TermIn) -> Term:
    """Change a term's label, place or merchant-fault flag; its code stays. Raises NotFound, Denied, Invalid."""
    found = _term(actor, vocabulary_code, code)
    _raise_version(found.vocabulary)
    found.label, found.merchant_fault = term.label, term.merchant_fault
    found.sort = found.sort if term.sort is None else term.sort
    found.save(update_fields=["label", "merchant_fault", "sort"])
    _tell(actor, TermChanged, found)
    return found


@transaction.atomic
def retire_term(*, actor: Actor, vocabulary_code: str, code: str) -> Term:
    """Let a term be chosen no more; what names it stays. Raises NotFound, Denied, Conflict (retired; codes mean it)."""
    found = _term(actor, vocabulary_code, code)
    if not found.active:
        raise Conflict(f"{found.label} is retired already.", code="term-retired")
    meant = list(found.mappings.order_by("connection", "external_code")[:5])
    if meant:
        names = ", ".join(map(str, meant))
        raise Conflict(f"Codes of other systems mean it: map them anew first ({names}).", code="term-mapped")
    _raise_version(found.vocabulary)
    found.active, found.retired_in = False, found.vocabulary.version
    found.save(update_fields=["active", "retired_in"])
    _tell(actor, TermRetired, found)
    return found


@transaction.atomic
def revive_term(*, actor: Actor, vocabulary_code: str, code: str) -> Term:
    """Let a retired term be chosen again. Raises NotFound, Denied, Conflict (active)."""
    found = _term(actor, vocabulary_code, code)
    if found.active:
        raise Conflict(f"{found.label} is not retired.", code="term-active")
    _raise_version(found.vocabulary)
    found.active, found.retired_in = True, None
    found.save(update_fields=["active", "retired_in"])
    _tell(actor, TermRevived, found)
    return found


def _term(actor: Actor, vocabulary_code: str, code: str) -> Term:
    owner = access_vocabulary(actor, vocabulary_code, MANAGE, lock=True)
    found = owner.terms.filter(code=code).first()
    if found is None:
        raise NotFound(f"{owner.label} has no code {code}.")
    found.vocabulary = owner
    return found


def _raise_version(owner: Vocabulary) -> None:
    owner.version += 1
    owner.save(update_fields=["version"])


def _tell(actor: Actor, kind: type[TermFact], term: Term) -> None:
    owner = term.vocabulary
    fact = kind(owner.code, owner.version, term.code, term.label, term.merchant_fault)
    publish(fact, subject=owner.as_subject(), actor=actor)
    # At once for this transaction, and again once others can see it.
    vocabulary.forget()
    transaction.on_commit(vocabulary.forget)


def meanings_said(connection: str) -> dict[tuple[str, str], str]:
    """Return the term's code that each code of a connection means, as people have said, by vocabulary and code."""
    rows = VocabularyMapping.objects.filter(connection=connection, term__isnull=False)
    told = rows.values_list("vocabulary__code", "external_code", "term__code")
    return {(vocabulary, code): term for vocabulary, code, term in told}


@transaction.atomic
def note_unmapped(
    *, actor: Actor, connection: str, label: str, vocabulary_code: str, code: str, again: bool = False
) -> VocabularyMapping:
    """Keep that a message of the connection bears a code without a meaning, and open its one case.

    Whatever number of messages bear it, it is one case of one code. `label` is what people call the connection; `again`
    says that this message was counted before.
    """
    owner = Vocabulary.objects.get(code=vocabulary_code)
    fresh = VocabularyMapping(connection=connection, vocabulary=owner, external_code=code)
    VocabularyMapping.objects.bulk_create([fresh], ignore_conflicts=True)
    rows = VocabularyMapping.objects.select_for_update(no_key=True).select_related(None)
    found = rows.get(connection=connection, vocabulary=owner, external_code=code)
    found.vocabulary = owner
    if found.term_id is None:
        found.times, found.last_seen_at = found.times + (not again), now()
        found.save(update_fields=["times", "last_seen_at"])
        if found.times == 1 and not again:
            fact = CodeUnmapped(connection, vocabulary_code, code)
            publish(fact, subject=found.as_subject(), actor=actor)
        troubles.code_unmapped(actor, found, label)
    return found


@transaction.atomic
def map_code(
    *, actor: Actor, connection: str, vocabulary_code: str, external_code: str, term: str
) -> VocabularyMapping:
    """Say what a connection's code means, from now on. Its case ends, and the messages that wait for it go on.

    Raises Denied, NotFound (vocabulary), Invalid (no such term, a retired one).
    """
    require(actor, MAP, view=Permission.CONNECTIONS_VIEW)
    owner = Vocabulary.objects.filter(code=vocabulary_code).first()
    if owner is None:
        raise NotFound(f"There is no vocabulary {vocabulary_code}.")
    chosen = owner.terms.filter(code=term, active=True).first()
    if chosen is None:
        known = ", ".join(owner.terms.filter(active=True).values_list("code", flat=True))
        fault = FieldError("/term", f"{term!r} is no code of {vocabulary_code}. Use one of: {known}.")
        raise Invalid("The vocabulary has no such code.", code="unknown-code", errors=[fault])
    found = _mapping(connection, owner, external_code)
    before = found.term.code if found.term else ""
    if found.term_id == chosen.id:
        return found
    found.term, found.version = chosen, found.version + 1
    found.mapped_by, found.mapped_at = actor.key, now()
    found.save()
    fact = CodeMapped(connection, vocabulary_code, external_code, chosen.code, found.version, before)
    publish(fact, subject=found.as_subject(), actor=actor)
    evidence: dict[str, Any] = {"means": chosen.code, "version": found.version}
    resolve_troubles(actor, troubles.unmapped_key(found.id), f"It means: {chosen.label}.", evidence)
    return found


def _mapping(connection: str, owner: Vocabulary, external_code: str) -> VocabularyMapping:
    if not external_code.strip() or len(external_code) > 200:
        raise Invalid("Give the code.", errors=[FieldError("/external_code", "1 to 200 characters.")])
    fresh = VocabularyMapping(connection=connection, vocabulary=owner, external_code=external_code)
    VocabularyMapping.objects.bulk_create([fresh], ignore_conflicts=True)
    rows = VocabularyMapping.objects.select_for_update(no_key=True, of=("self",)).select_related("term")
    return rows.get(connection=connection, vocabulary=owner, external_code=external_code)


def codes_of(connection: str) -> list[VocabularyMapping]:
    """Return the codes of a connection that were seen without a meaning, or given one, with vocabulary and term."""
    rows = VocabularyMapping.objects.filter(connection=connection).select_related("vocabulary", "term")
    return list(rows.order_by("vocabulary__sort", "external_code"))
