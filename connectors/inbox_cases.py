"""The cases that the inbox opens, in the transaction that stops a message, and their end when it goes through."""

from connectors.models import InboxMessage
from connectors.protocol import ConnectionContext
from connectors.wording import topic
from retailops.accounts.actor import Actor
from retailops.cases.inputs import CaseIn
from retailops.cases.models import CaseQueue
from retailops.cases.services import open_case, resolve_troubles
from retailops.events.catalog import Subject

INBOX = Actor.system("inbox")


def about_message(message: InboxMessage) -> Subject:
    """Return the message as a subject; it belongs to the story that it is known to be about, else to its own."""
    return Subject("inbox_message", message.id, message.correlation_id or message.id, str(message.id))


def other_body(conn: ConnectionContext, first: InboxMessage, second: InboxMessage) -> None:
    """Same id, other body: either the sender errs or somebody tampers."""
    open_case(
        INBOX,
        CaseIn(
            kind="inbox_other_body",
            queue=CaseQueue.TECHNICAL,
            title=f"{conn.label} sent “{topic(second.topic)}” twice with different content ({first.message_id})",
            group_title=f"{conn.label} sends the same message with different content",
            detail="The first one counts; the second was refused (409) and is not stored.",
            next_action="Ask them which of the two is right; the first one counts until then",
            dedupe_key=f"inbox_other_body:{conn.id}:{first.message_id}"[:200],
            subject=about_message(first),
            system=conn.vendor,
            operation=second.topic[:80],
            evidence={"first_sha256": first.body_hash, "second_sha256": second.body_hash, "topic": second.topic},
        ),
    )


def refused_message(message: InboxMessage) -> None:
    """A command refused what the message asks for."""
    _open(message, "inbox_refused", CaseQueue.BUSINESS, "was refused", "Mend what it names, then have it taken again")


def waited_in_vain(message: InboxMessage) -> None:
    """What the message needs did not come."""
    _open(
        message,
        "inbox_waited",
        CaseQueue.BUSINESS,
        "waited in vain for what it needs",
        "Find what is missing, then have it taken again",
    )


def failed_message(message: InboxMessage) -> None:
    """We could not translate it: a technical fault."""
    _open(
        message,
        "inbox_failed",
        CaseQueue.TECHNICAL,
        "was not understood",
        "Mend the mapping, then have it taken again",
    )


def _open(message: InboxMessage, kind: str, queue: CaseQueue, what: str, next_action: str) -> None:
    connection = message.connection
    open_case(
        INBOX,
        CaseIn(
            kind=kind,
            queue=queue,
            title=f"“{topic(message.topic)}” from {connection.label} {what}",
            detail=message.error,
            next_action=next_action,
            dedupe_key=dedupe_key(message),
            subject=about_message(message),
            system=connection.vendor,
            operation=message.topic[:80],
            evidence={"message_id": message.message_id, "tries": message.tries},
        ),
    )


def dedupe_key(message: InboxMessage) -> str:
    """Return what the trouble with a message is called, whatever its kind."""
    return f"inbox:{message.id}"


def went_through(message: InboxMessage) -> None:
    """Resolve the message's case: it was taken after all."""
    resolve_troubles(INBOX, dedupe_key(message), "The message was taken.", {"message_id": message.message_id})
