"""What codes of a connection mean here: what a person has said, else what the vendor publishes; never a guess.

A code without a meaning stops its message, which waits without end: there is one case for the code, and once it is
mapped everything that waits for it goes on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from connectors.models import InboxMessage, InboxStatus
from connectors.nudging import nudge_inbox_after_commit
from connectors.protocol import ConnectionContext
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Permission
from retailops.cases.actions import Action
from retailops.events.models import Event
from retailops.lib.clock import now
from returns.services.vocabularies import meanings_said, note_unmapped
from returns.vocabulary import knows

INBOX = Actor.system("inbox")
SAY_WHAT_IT_MEANS = Action(
    "Say what it means",
    "connections:codes",
    Permission.CONNECTIONS_MANAGE,
    lambda case: {"name": case.evidence["connection"]},
)
# Mapping the code wakes the message; this is for a wake that got lost.
HELD_FOR = timedelta(hours=24)


class UnmappedCode(Exception):
    """A message bears a code of a vocabulary that nobody has given a meaning."""

    def __init__(self, vocabulary: str, code: str) -> None:
        super().__init__(f"nobody has said what {code!r} means as {vocabulary.replace('_', ' ')}")
        self.vocabulary, self.code = vocabulary, code


# (vocabulary, code there, what the vendor's own table says) → our term's code. Raises UnmappedCode.
Meaning = Callable[[str, str, str], str]


def published(vocabulary: str, code: str, usual: str) -> str:
    """Return what the vendor's own table says. Raises UnmappedCode where it says nothing; no code means none."""
    if code and not usual:
        raise UnmappedCode(vocabulary, code)
    return usual


@dataclass(frozen=True)
class Meanings:
    """The meanings of one connection's codes, read with the first code that is asked for."""

    connection: str

    def __call__(self, vocabulary: str, code: str, usual: str) -> str:
        """Return the term that the code means. Raises UnmappedCode."""
        if not code:
            return ""
        found = self._said.get((vocabulary, code)) or usual
        return published(vocabulary, code, found if knows(vocabulary, found) else "")

    @cached_property
    def _said(self) -> Mapping[tuple[str, str], str]:
        return meanings_said(self.connection)


def meanings_of(conn: ConnectionContext) -> Meanings:
    """Return the meanings of the connection's codes."""
    return Meanings(conn.name)


def hold(message: InboxMessage, unknown: UnmappedCode) -> None:
    """Keep a message until its code has a meaning, and see that the code has its case."""
    waits_for = {"vocabulary": unknown.vocabulary, "code": unknown.code}
    note_unmapped(
        actor=INBOX,
        connection=message.connection.name,
        label=message.connection.label,
        vocabulary_code=unknown.vocabulary,
        code=unknown.code,
        again=message.result.get("waits_for") == waits_for,
    )
    message.status, message.error = InboxStatus.WAITING, str(unknown)
    message.result = {"waits_for": waits_for}
    message.tries += 1
    message.next_try_at = now() + HELD_FOR
    message.save(update_fields=["status", "error", "result", "tries", "next_try_at"])


def wake(event: Event) -> None:
    """vocabulary.code_mapped → the messages that wait for the code are due."""
    data = event.data
    waits_for = {"vocabulary": data["vocabulary"], "code": data["external_code"]}
    waiting = InboxMessage.objects.filter(
        connection__name=data["connection"], status=InboxStatus.WAITING, result__waits_for=waits_for
    )
    if waiting.update(next_try_at=now()):
        nudge_inbox_after_commit()


def messages_waiting(connection_name: str) -> dict[tuple[str, str], int]:
    """Return how many messages of the connection wait for each code, by vocabulary and code."""
    rows = InboxMessage.objects.filter(
        connection__name=connection_name, status=InboxStatus.WAITING, result__has_key="waits_for"
    )
    found: dict[tuple[str, str], int] = {}
    for result in rows.values_list("result", flat=True):
        key = (result["waits_for"]["vocabulary"], result["waits_for"]["code"])
        found[key] = found.get(key, 0) + 1
    return found
