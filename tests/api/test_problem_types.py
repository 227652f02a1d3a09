"""Every problem that the code can answer is on the list that its `type` refers to."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from retailops.lib import errors
from retailops.lib.errors import DomainError
from retailops.lib.problem_types import PROBLEM_TYPES

PACKAGES = ("retailops", "returns", "inventory", "reconciliation", "connectors")


def sources() -> Iterator[tuple[Path, ast.Module]]:
    """Yield the product's own modules."""
    for package in PACKAGES:
        for path in sorted((settings.BASE_DIR / package).rglob("*.py")):
            if "sandbox" not in path.parts and "migrations" not in path.parts:
                yield path, ast.parse(path.read_text())


def raised() -> Iterator[tuple[str, int, str]]:
    """Yield each literal code with the status of the error that bears it, and where."""
    statuses = {
        name: kind.status for name, kind in vars(errors).items() if isinstance(kind, type) and hasattr(kind, "status")
    }
    for path, module in sources():
        for node in ast.walk(module):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in statuses:
                continue
            for keyword in node.keywords:
                if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value), statuses[node.func.id], f"{path}:{node.lineno}"


def subclasses(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    """Yield the class and all that derive from it."""
    yield kind
    for below in kind.__subclasses__():
        yield from subclasses(below)


def test_every_code_is_listed_with_its_status() -> None:
    listed = {(problem.code, status) for problem in PROBLEM_TYPES for status in problem.statuses}
    found = list(raised())
    assert found
    assert sorted({(code, status, where) for code, status, where in found if (code, status) not in listed}) == []
    assert {(kind.code, kind.status) for kind in subclasses(DomainError)} <= listed


def test_no_code_is_listed_twice() -> None:
    assert len({problem.code for problem in PROBLEM_TYPES}) == len(PROBLEM_TYPES)


def test_the_page_has_each_of_them(db: None, client: Client) -> None:
    page = client.get("/api/problems").content.decode()
    for problem in PROBLEM_TYPES:
        assert f'id="{problem.code}"' in page


@pytest.mark.parametrize("address", ["/api/docs/", "/api/problems"])
def test_pages_need_no_inline_script_or_style(db: None, client: Client, address: str) -> None:
    reply = client.get(address)
    assert reply.status_code == 200
    assert "unsafe-inline" not in reply.headers["Content-Security-Policy"]
    page = reply.content.decode()
    assert "<style" not in page
    assert "<script>" not in page
    assert " style=" not in page


def test_the_reference_loads_its_script_from_an_address(db: None, client: Client) -> None:
    page = client.get("/api/docs/").content.decode()
    script = client.get("/api/docs/?script=")
    assert "?script=" in page
    assert script.headers["Content-Type"] == "application/javascript"
    assert "/api/v1/openapi.json" in script.content.decode()
