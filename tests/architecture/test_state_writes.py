"""States are written by FSM methods called in services, and nowhere else (law 2)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

from retailops.lib.fsm import StateField

ROOT = Path(__file__).resolve().parents[2]
# Models whose `status` is a decision of the domain: those with a machine.
STATEFUL = frozenset(
    model.__name__
    for model in apps.get_models()
    if any(isinstance(field, StateField) and field.name == "status" for field in model._meta.concrete_fields)
)
# What such a row is called where it is in hand.
NAMED = frozenset({
    "rma",
    "refund",
    "memo",
    "part",
    "old",
    "new",
    "exchange",
    "reservation",
    "claim",
    "review",
    "assessment",
    "policy",
    "draft",
    "account",
    "discrepancy",
    "adjustment",
    "drift",
})  # fmt: skip
SOURCES = sorted(
    path
    for app in ("returns", "inventory", "connectors", "retailops", "reconciliation")
    for path in (ROOT / app).rglob("*.py")
    if "migrations" not in path.parts
)


def stray_writes(tree: ast.Module) -> Iterator[str]:
    """Yield each place that writes a domain state without its FSM method: update(status=…), or an assignment."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
            names = {keyword.arg for keyword in node.keywords}
            if "status" in names and _model_of(node.func.value) in STATEFUL:
                yield f"line {node.lineno}: update(status=…) of {_model_of(node.func.value)}"
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and target.attr == "status" and _named_like_state(target.value):
                    yield f"line {node.lineno}: {ast.unparse(target)} = …"


def _model_of(node: ast.expr) -> str:
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _named_like_state(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in NAMED


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_state_is_written_past_its_machine(path: Path) -> None:
    assert list(stray_writes(ast.parse(path.read_text()))) == []


@pytest.mark.parametrize(
    "source",
    ["Refund.objects.filter(pk=1).update(status='failed')", "rma.status = 'closed'", "Return.objects.update(status=x)"],
)
def test_a_stray_write_is_found(source: str) -> None:
    assert len(list(stray_writes(ast.parse(source)))) == 1


def test_events_of_returns_are_published_by_services_alone() -> None:
    allowed = {"services", "handlers.py", "tests"}
    strays = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.parts[len(ROOT.parts)] == "returns"
        and "from retailops.events.publish import" in path.read_text()
        and not allowed & set(path.relative_to(ROOT).parts)
    ]
    assert strays == []
