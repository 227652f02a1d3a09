"""The query box: `key:value` terms with NOT, OR, parentheses and quoted values, read into a tree.

`class:business amount>100 -owner:me (region:EU OR region:UK) "gift card"`: terms side by side must all be so; a word
without a key is looked for in titles. Nothing here knows what keys mean.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

TOKEN = re.compile(
    r"""\s*(?:
        (?P<open>\() | (?P<close>\)) |
        (?P<minus>-(?=[\w("])) |
        (?P<key>[A-Za-z_]\w*)(?P<op>:|>=|<=|>|<)(?:"(?P<quoted>[^"]*)"|(?P<value>[^\s()"]*)) |
        "(?P<phrase>[^"]*)" |
        (?P<word>[^\s()"]+)
    )""",
    re.VERBOSE,
)
LONGEST = 500
DEEPEST = 20


class QueryFault(ValueError):
    """What is wrong with a query, in words for who typed it; `key` is the key that it is about, or ""."""

    def __init__(self, detail: str, key: str = "") -> None:
        super().__init__(detail)
        self.detail, self.key = detail, key


@dataclass(frozen=True)
class Term:
    """One condition: a key, how it is compared (`:`, `>`, `<`, `>=`, `<=`) and with what. No key: words of a title."""

    key: str
    op: str
    value: str


@dataclass(frozen=True)
class Not:
    """What must not be so."""

    what: "Node"


@dataclass(frozen=True)
class Both:
    """All of these must be so; of none, everything is."""

    parts: tuple["Node", ...] = ()


@dataclass(frozen=True)
class Either:
    """One of these must be so."""

    parts: tuple["Node", ...] = ()


Node = Term | Not | Both | Either


@dataclass
class _Reader:
    tokens: list[re.Match[str]]
    at: int = 0
    depth: int = field(default=0)

    def peek(self) -> "re.Match[str] | None":
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def is_word(self, word: str) -> bool:
        token = self.peek()
        return token is not None and token["word"] == word

    def either(self) -> Node:
        parts = [self.both()]
        while self.is_word("OR"):
            self.at += 1
            parts.append(self.both())
        if len(parts) > 1 and any(part == Both() for part in parts):
            raise QueryFault("OR stands between two conditions; one of them is missing.")
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def both(self) -> Node:
        parts = []
        while (token := self.peek()) is not None and not token["close"] and not self.is_word("OR"):
            if self.is_word("AND"):
                self.at += 1
                continue
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def one(self) -> Node:
        token = self.peek()
        if token is None or token["close"]:
            raise QueryFault("NOT stands before a condition; it is missing.")
        self.at += 1
        if token["minus"] or token["word"] == "NOT":
            return Not(self.one())
        if token["open"]:
            return self.inner()
        if token["key"]:
            value = token["quoted"] if token["quoted"] is not None else token["value"]
            return Term(token["key"].lower(), token["op"], value)
        return Term("", ":", token["phrase"] if token["phrase"] is not None else token["word"])

    def inner(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise QueryFault("Too many parentheses within each other.")
        found = self.either()
        token = self.peek()
        if token is None or not token["close"]:
            raise QueryFault("A parenthesis is not closed.")
        self.at += 1
        self.depth -= 1
        return found


def read(text: str) -> Node:
    """Return the query as a tree. Raises QueryFault, in words."""
    if len(text) > LONGEST:
        raise QueryFault(f"A query may have {LONGEST} characters at most.")
    if text.count('"') % 2:
        raise QueryFault("A quotation mark is not closed.")
    if "\x00" in text:
        raise QueryFault("A character is not allowed here.")
    reader = _Reader(list(_tokens(text)))
    found = reader.either()
    if reader.peek() is not None:
        raise QueryFault("A parenthesis is closed that was not opened.")
    return found


def _tokens(text: str) -> Iterator[re.Match[str]]:
    at, end = 0, len(text.rstrip())
    while at < end:
        token = TOKEN.match(text, at)
        if token is None:
            raise QueryFault(f"“{text[at:].strip()}” is not understood.")
        yield token
        at = token.end()


def terms(node: Node) -> Iterator[Term]:
    """Yield all terms of a tree."""
    if isinstance(node, Term):
        yield node
    elif isinstance(node, Not):
        yield from terms(node.what)
    else:
        for part in node.parts:
            yield from terms(part)


def quoted(value: str) -> str:
    """Return a value as it is written in a query: in quotation marks where it would be read as several words."""
    plain = value.replace('"', "")
    return f'"{plain}"' if not plain or re.search(r"[\s()]", plain) else plain


def with_term(text: str, key: str, value: str) -> str:
    """Return the query narrowed by one term, or without it where it stands there already."""
    term = f"{key}:{quoted(value)}"
    pattern = rf"(?<![\w:\"-]){re.escape(term)}(?=\s|\)|$)"
    if re.search(pattern, text):
        return " ".join(re.sub(pattern, "", text).split())
    return f"{text} {term}".strip()


def has_term(text: str, key: str, value: str) -> bool:
    """Tell whether the term stands in the query by itself."""
    return bool(re.search(rf"(?<![\w:\"-]){re.escape(f'{key}:{quoted(value)}')}(?=\s|\)|$)", text))
