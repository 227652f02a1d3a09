"""Trouble with codes of other systems."""

from uuid import UUID

from retailops.accounts.actor import Actor
from retailops.cases.models import CaseQueue
from returns.models import VocabularyMapping
from returns.troubles.opening import open_trouble

KIND = "code_unmapped"


def unmapped_key(mapping_id: UUID) -> str:
    """Return what the trouble with one code of one connection is called."""
    return f"{KIND}:{mapping_id}"


def code_unmapped(actor: Actor, mapping: VocabularyMapping, label: str) -> None:
    """A message bears a code that nobody has given a meaning: it waits, and nothing is guessed."""
    name = mapping.vocabulary.label.lower()
    open_trouble(
        actor,
        KIND,
        mapping.as_subject(),
        f"{label} sends “{mapping.external_code}” as {name}, and nobody has said what it means",
        "Say on the connection's page of codes what it means; the messages that wait for it then go on by themselves",
        queue=CaseQueue.BUSINESS,
        detail=f"Messages that wait for it: {mapping.times}.",
        evidence={
            "connection": mapping.connection,
            "vocabulary": mapping.vocabulary.code,
            "code": mapping.external_code,
        },
        cause=f"{label} sends codes that have no meaning here",
    )
