"""What an alert says, by the channel: a mail, a signed document, or a line for a chat."""

from typing import Any

from django.conf import settings

from retailops.events.transport import Claimed

_SEVERITIES = {"high": "High", "normal": "Normal", "low": "Low"}


def link(claimed: Claimed) -> str:
    """Return the address of the page that shows the trouble."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{claimed.message['path']}"


def escalated(claimed: Claimed) -> bool:
    """Tell whether nobody acknowledged it in time."""
    return claimed.event_type == "alert.escalated"


def subject(claimed: Claimed) -> str:
    """Return one line: how severe, and what."""
    data = claimed.message
    again = "nobody has acknowledged this: " if escalated(claimed) else ""
    return f"[{_SEVERITIES[data['severity']]}] {again}{data['title']}".replace("\n", " ")[:200]


def mail_text(claimed: Claimed) -> str:
    """Return the text of a mail."""
    data = claimed.message
    where = ", ".join(part for part in (data["region"], data["brand"]) if part) or "all regions and brands"
    return (
        f"{data['title']}\n\nSeverity: {_SEVERITIES[data['severity']].lower()}\nWhere: {where}\n"
        f"Since: {claimed.occurred_at:%Y-%m-%d %H:%M} UTC\nRule: {data['rule']}\n\n{link(claimed)}\n"
    )


def document(claimed: Claimed) -> dict[str, Any]:
    """Return the body of a signed webhook."""
    data = {name: value for name, value in claimed.message.items() if name not in ("destination_id", "path")}
    return {
        "type": claimed.event_type,
        "timestamp": claimed.occurred_at.isoformat(),
        "url": link(claimed),
        "data": data,
    }


def chat(claimed: Claimed) -> dict[str, str]:
    """Return the body of a Slack-compatible webhook: what has a meaning in its markup is escaped."""
    text = subject(claimed).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": f"{text}\n<{link(claimed)}|Open it>"}
