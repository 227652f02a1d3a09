"""Items: the cases of a query, as a person works them."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.http import QueryDict

from retailops.accounts.actor import Actor
from retailops.cases import services
from retailops.cases.models import Case, SavedView
from retailops.lib.clock import now
from retailops.lib.ids import parse_uuid, uuid7_at
from retailops.lib.keyset import COUNT_LIMIT, KeysetPage, capped_count
from retailops.workbench.case_list import TABS, CaseTab, cases_of_tab, tab_counts
from retailops.workbench.exceptions.columns import COLUMNS, Item, chosen_columns, items_of
from retailops.workbench.exceptions.facets import Facet, counted
from retailops.workbench.exceptions.keys import condition
from retailops.workbench.exceptions.language import QueryFault, read, terms
from retailops.workbench.exceptions.paging import SORTS, order_of, page_of

DEARLY_COUNTED = 1_000
KEPT = ("tab", "q", "sort", "cols")


@dataclass(frozen=True)
class Narrowed:
    """The cases that a query asks for, and what is wrong with it."""

    rows: QuerySet[Case]
    tab: str
    q: str
    fault: str = ""
    # How far it is counted: what looks at each delivery is counted less far.
    most: int = COUNT_LIMIT


@dataclass(frozen=True)
class Items:
    """What the list shows. `since` is the id that newcomers are told by."""

    items: list[Item]
    page: KeysetPage[Case]
    tabs: list[CaseTab]
    q: str
    fault: str
    total: int
    most: int
    facets: list[Facet]
    columns: list[str]
    sort: str
    since: str
    kept: str
    views: list[SavedView]

    @property
    def all_columns(self) -> list[tuple[str, str, bool]]:
        """Return every column with its name and whether it is shown."""
        return [(key, title, key in self.columns) for key, title in COLUMNS.items()]

    @property
    def shown(self) -> list[tuple[str, str]]:
        """Return the columns that are shown, with their names."""
        return [(key, COLUMNS[key]) for key in self.columns]

    @property
    def sorts(self) -> list[tuple[str, str]]:
        """Return the orders that may be chosen."""
        return list(SORTS.items())


def narrowed(actor: Actor, query: QueryDict) -> Narrowed:
    """Return the cases of the query that the actor may see."""
    text = query.get("q", "").strip()
    keys: set[str] = set()
    wanted, fault = Q(), ""
    try:
        wanted = condition(actor, text)
        keys = {term.key for term in terms(read(text))}
    except QueryFault as wrong:
        wanted, fault = Q(pk__in=[]), wrong.detail
    usual = "any" if keys & {"state", "group"} else "open"
    tab = query.get("tab", "") if query.get("tab") in TABS else usual
    most = DEARLY_COUNTED if keys & {"verdict", "lane"} else COUNT_LIMIT
    return Narrowed(cases_of_tab(actor, tab).filter(wanted), tab, text, fault, most)


def items(actor: Actor, query: QueryDict) -> Items:
    """Return one page of the query."""
    since = str(uuid7_at(now()))
    found = narrowed(actor, query)
    sort = query.get("sort", "") if query.get("sort") in SORTS else "new"
    columns = chosen_columns(",".join(query.getlist("cols")))
    place = {"after": query.get("after", ""), "before": query.get("before", "")}
    rows = _found_once(found, sort)
    total, split = counted(rows, found.q, found.most)
    known = total <= found.most or not any(place.values())
    page = page_of(rows if known else found.rows, sort, **place)
    counts = tab_counts(actor)
    tabs = [CaseTab(key, title, counts[key], key == found.tab) for key, (title, _) in TABS.items()]
    return Items(
        items_of(actor, page.rows, columns), page, tabs, found.q, found.fault, total, found.most, split, columns, sort,
        since, kept(query), list(services.views_for(actor)),
    )  # fmt: skip


def _found_once(found: Narrowed, sort: str) -> QuerySet[Case]:
    """Return the rows; of a query that looks at each delivery the first that it found, so that it is asked once."""
    if found.most == COUNT_LIMIT:
        return found.rows
    ids = list(found.rows.order_by(*order_of(sort)).values_list("pk", flat=True)[: found.most + 1])
    # A list is one parameter; a thousand of them cost Python as much as the whole query costs PostgreSQL.
    return Case.objects.filter(pk__in=RawSQL("SELECT unnest(%s::uuid[])", [ids])) if ids else Case.objects.none()


def kept(query: QueryDict) -> str:
    """Return what of an address says which list it is: tab, query, order and columns, without the place in it."""
    return urlencode([(name, value) for name in KEPT for value in query.getlist(name) if value])


def newcomers(actor: Actor, query: QueryDict) -> int:
    """Return how many cases of the query came since the list was shown; those alone."""
    since = parse_uuid(query.get("since", ""))
    if since is None:
        return 0
    return capped_count(narrowed(actor, query).rows.filter(pk__gt=since), 99)
