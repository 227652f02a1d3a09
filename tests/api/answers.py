"""What came back, and what a problem document must look like."""

from dataclasses import dataclass
from typing import Any

from retailops.lib.problem_types import PROBLEM_TYPES

KNOWN = {problem.code: problem.statuses for problem in PROBLEM_TYPES}


@dataclass
class Reply:
    """A response: status, JSON body, headers."""

    response: Any

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return int(self.response.status_code)

    @property
    def json(self) -> Any:
        """Return the JSON body."""
        return self.response.json()

    @property
    def headers(self) -> Any:
        """Return the headers."""
        return self.response.headers

    def ok(self, status: int = 200) -> Any:
        """Return the JSON body; the status must be the expected one."""
        assert self.status == status, (self.status, self.response.content)
        assert self.headers["Content-Type"] == "application/json"
        return self.json

    def problem(self, status: int, code: str) -> Any:
        """Return the problem document, which must be a well-formed one of a documented type."""
        assert self.status == status, (self.status, self.response.content)
        assert self.headers["Content-Type"] == "application/problem+json"
        body = self.json
        assert body["type"] == f"/api/problems#{code}"
        assert body["status"] == status
        assert body["title"]
        assert body["detail"]
        assert status in KNOWN[code]
        for fault in body.get("errors", ()):
            assert fault["detail"]
            assert fault["pointer"]
        return body

    def pointers(self) -> dict[str, str]:
        """Return the details of a problem's errors by pointer."""
        return {fault["pointer"]: fault["detail"] for fault in self.json["errors"]}
