"""Stripe's bracketed form encoding: `metadata[order]=7`, `expand[]=charge`, `items[0][id]=a`."""

import re
from typing import Any

from connectors.sandbox.exchange import Json

PART = re.compile(r"\[([^\]]*)\]")


def parse(pairs: list[tuple[str, str]]) -> Json:
    """Nested objects and lists; all leaves are strings, as on the wire. `metadata=` (all unset) stays a string."""
    tree: Json = {}
    for name, value in pairs:
        head, _, _ = name.partition("[")
        _put(tree, [head, *PART.findall(name[len(head) :])], value)
    listed: Json = _listed(tree)
    return listed


def _put(tree: Json, path: list[str], value: str) -> None:
    for part in path[:-1]:
        branch = tree.setdefault(part, {})
        if not isinstance(branch, dict):
            branch = tree[part] = {}
        tree = branch
    leaf = path[-1] or str(len(tree))
    tree[leaf] = value


def _listed(node: Any) -> Any:
    """Objects whose names are 0, 1, 2 … become lists."""
    if not isinstance(node, dict):
        return node
    values = {name: _listed(value) for name, value in node.items()}
    if values and all(name.isdigit() for name in values):
        return [values[name] for name in sorted(values, key=int)]
    return values
