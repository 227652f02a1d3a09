"""What the query box offers while one types: keys, then values of a key; each offer is the whole query with it."""

import re

from django.db.models import Count

from retailops.accounts.actor import Actor
from retailops.accounts.models import User
from retailops.cases.group_figures import open_in_scope
from retailops.cases.models import CaseGroup
from retailops.workbench.exceptions.keys import KEYS
from retailops.workbench.exceptions.language import quoted

MOST = 12
LAST = re.compile(r"(?P<sign>-?)(?:(?P<key>[a-z_]+):)?(?P<start>\"[^\"]*|[^\s\"():]*)$", re.IGNORECASE)


def offers(actor: Actor, text: str) -> list[tuple[str, str]]:
    """Return (whole query, what it means) for the term that is being typed, the likeliest first."""
    found = LAST.search(text)
    if found is None or len(text) > 400:
        return []
    before, start = text[: found.start()] + found["sign"], found["start"].lstrip('"').lower()
    name = (found["key"] or "").lower()
    if not name:
        return [(f"{before}{key}:", each.about) for key, each in KEYS.items() if key.startswith(start)][:MOST]
    if name not in KEYS:
        return []
    values = [value for value in _values(actor, name) if value.lower().startswith(start)]
    return [(f"{before}{name}:{quoted(value)}", KEYS[name].about) for value in values[:MOST]]


def _values(actor: Actor, name: str) -> list[str]:
    key = KEYS[name]
    if key.column:
        rows = open_in_scope(actor).exclude(**{key.column: ""}).order_by().values(key.column)
        return [row[key.column] for row in rows.annotate(n=Count("pk")).order_by("-n")[:100]]
    if name == "owner":
        return [*key.values, *User.objects.filter(is_active=True).order_by("name").values_list("name", flat=True)[:200]]
    if name == "tag":
        seen = open_in_scope(actor).values("group")
        rows_of_tags = CaseGroup.objects.filter(pk__in=seen).exclude(tags=[]).values_list("tags", flat=True)[:500]
        return sorted({tag for tags in rows_of_tags for tag in tags})
    return list(key.values)
