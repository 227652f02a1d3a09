"""The schema: the SDL files of `schema/`, with connection and edge types added by name."""

import re
from functools import cache
from pathlib import Path

from graphql import GraphQLSchema, build_schema

FOLDER = Path(__file__).parent / "schema"
CONNECTION = re.compile(r"\b(\w+)Connection\b")


def sdl() -> str:
    """All of the SDL as one text."""
    text = "\n".join(path.read_text() for path in sorted(FOLDER.glob("*.graphql")))
    names = sorted(set(CONNECTION.findall(re.sub(r"#[^\n]*", "", text))))
    return text + "\n".join(_connection(name) for name in names)


@cache
def schema() -> GraphQLSchema:
    return build_schema(sdl())


def _connection(name: str) -> str:
    return (
        f"type {name}Connection {{ edges: [{name}Edge!]! nodes: [{name}!]! pageInfo: PageInfo! }}\n"
        f"type {name}Edge {{ cursor: String! node: {name}! }}\n"
    )
