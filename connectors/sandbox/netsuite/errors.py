"""NetSuite's error shape."""

from connectors.sandbox.exchange import Json, Reply

TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    429: "Too Many Requests",
    500: "Internal Server Error",
}
CONTENT_TYPE = "application/vnd.oracle.resource+json; type=error"


class NetSuiteError(Exception):
    """A refusal with its finished answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.body)
        self.reply = reply


def problem(status: int, detail: str, code: str, *, path: str = "", headers: Json | None = None) -> Reply:
    entry = {"detail": detail, "o:errorCode": code} | ({"o:errorPath": path} if path else {})
    body = {
        "type": "https://www.rfc-editor.org/rfc/rfc9110.html#section-15",
        "title": TITLES[status],
        "status": status,
        "o:errorDetails": [entry],
    }
    return Reply(status, body, {"Content-Type": CONTENT_TYPE, **(headers or {})})


def invalid(detail: str, *, code: str = "INVALID_CONTENT", path: str = "") -> NetSuiteError:
    return NetSuiteError(problem(400, detail, code, path=path))


def missing() -> NetSuiteError:
    detail = "The record instance does not exist. Provide a valid record instance ID."
    return NetSuiteError(problem(404, detail, "NONEXISTENT_ID"))
