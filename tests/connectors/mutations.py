"""Breaks one field name of a mapping at a time, to prove that its golden examples notice.

A field name is a string that stands as a key: in `x["name"]`, `{"name": …}`, `x.get("name")`, `f(x, "name")` or in a
comparison with a key's value. Names that no example can tell apart are named by the test, with the reason.
"""

import ast
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Golden = Callable[[Any], Any]


def field_names(module: types.ModuleType) -> list[tuple[str, int, int]]:
    """Return `(name, line, column)` of every string that stands as a key in a module's code."""
    found = {(str(node.value), node.lineno, node.col_offset) for node in _keys(_parsed(module))}
    return sorted(found, key=lambda place: place[1:])


def _keys(tree: ast.AST) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        candidates: list[ast.expr | None] = []
        if isinstance(node, ast.Subscript):
            candidates = [node.slice]
        elif isinstance(node, ast.Dict):
            candidates = list(node.keys)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            candidates = list(node.args[:2]) if node.func.attr in {"get", "amount"} else []
        yield from (
            one for one in candidates if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value
        )


def broken(module: types.ModuleType, place: tuple[str, int, int]) -> types.ModuleType:
    """Return a copy of the module in which the name at that place is another."""
    tree = _parsed(module)
    for node in _keys(tree):
        if (node.value, node.lineno, node.col_offset) == place:
            node.value = f"{place[0]}_broken"
    return _executed(module, tree)


def noticed(golden: Golden, module: types.ModuleType, place: tuple[str, int, int]) -> bool:
    """Tell whether the golden examples come out otherwise (or fail) with the name broken."""
    try:
        return bool(golden(broken(module, place)) != golden(module))
    except Exception:
        return True


def _parsed(module: types.ModuleType) -> ast.Module:
    return ast.parse(Path(str(module.__file__)).read_text())


def _executed(module: types.ModuleType, tree: ast.Module) -> types.ModuleType:
    copy = types.ModuleType(module.__name__ + "_broken")
    copy.__file__ = module.__file__
    # Dataclasses look their module up by name.
    sys.modules[copy.__name__] = copy
    try:
        exec(compile(tree, str(module.__file__), "exec"), copy.__dict__)  # noqa: S102  # our own source, one name changed
    finally:
        del sys.modules[copy.__name__]
    return copy
