"""Settlement files in; files and matches out."""

import json
from datetime import date, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django_filters import rest_framework as filters
from pydantic import Field, StringConstraints, TypeAdapter
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request

from reconciliation.access import IMPORT, SEE, access_file, files_visible_to, matches_visible_to
from reconciliation.models import ImportFile, Lane, Match, Stage
from reconciliation.reading import FORMATS, format_named
from reconciliation.services.importing import SourceIn, import_settlement
from retailops.accounts.endpoint import Answer, Endpoint, operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.lib.errors import FieldError, Invalid
from retailops.lib.openapi import Operation
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import Body, Shape, read_json

MULTIPART = "multipart/form-data"
# What a file may have over HTTP; larger ones are taken in by the command.
FILE_LIMIT = 100 * 1024 * 1024
ENVELOPE = 64 * 1024
Short = Annotated[str, StringConstraints(max_length=100, strip_whitespace=True)]


class SettlementTerms(Body):
    """Whose file it is, and how a new account is read; an account that is known is read as it was before."""

    source: Short = Field(description=f"The kind of file: {', '.join(FORMATS)}.", examples=["stripe"])
    account: Short = ""
    gateway: Short = Field("", description="What payments call the account; by default the kind of file.")
    region: Annotated[str, StringConstraints(max_length=32)] = ""
    brand: Annotated[str, StringConstraints(max_length=64)] = ""
    time_zone: Short = "UTC"
    sign: int = Field(1, ge=-1, le=1, description="-1 where refunds are positive in the file.")
    date_format: Annotated[str, StringConstraints(max_length=40)] = ""
    mapping: dict[str, Any] = Field(default_factory=dict, description="Columns of a `csv`, as JSON text.")


TERMS = TypeAdapter(SettlementTerms)


class SettlementUpload(SettlementTerms):
    """A settlement file."""

    file: bytes = Field(description="The file as the provider gives it, 100 MB at most.")


class SettlementShape(Shape):
    """A file that was taken in. `fates` counts its lines by what became of them; amounts are in minor units."""

    id: UUID
    source: str
    account: str
    format: str
    name: str
    sha256: str
    size: int
    lines: int
    items: int
    fates: dict[str, int]
    declared: dict[str, int]
    computed: dict[str, Any]
    since: date | None
    until: date | None
    region: str
    brand: str
    imported_by: str
    imported_at: datetime


class SettlementList(Shape):
    """One page of files."""

    results: list[SettlementShape]
    next_cursor: str


class AllocationShape(Shape):
    """An item that a match takes, with the amount that it takes of it (minor units, merchant's sign)."""

    item_id: int
    side: str
    type: str
    natural_key: str
    amount: int
    currency: str


class MatchShape(Shape):
    """What belongs together and why; `reverses` names the match that this one undoes."""

    id: UUID
    lane: str
    stage: str
    key_type: str
    key: str
    rule_version: str
    reverses: UUID | None
    reason: str
    matched_by: str
    matched_at: datetime
    items: list[AllocationShape]


class MatchList(Shape):
    """One page of matches."""

    results: list[MatchShape]
    next_cursor: str


def settlement_shape(file: ImportFile) -> SettlementShape:
    """Return one file; its source must be loaded."""
    same = (
        "id", "format", "name", "sha256", "size", "lines", "items", "fates", "declared", "computed", "since", "until",
        "region", "brand", "imported_by", "imported_at",
    )  # fmt: skip
    fields: dict[str, Any] = {name: getattr(file, name) for name in same}
    return SettlementShape.build(**fields, source=file.source.provider, account=file.source.account)


class FileFilter(filters.FilterSet):
    """Filters of files."""

    source = filters.CharFilter(field_name="source__provider")
    account = filters.CharFilter(field_name="source__account")
    format = filters.CharFilter()
    imported_after = filters.IsoDateTimeFilter(field_name="imported_at", lookup_expr="gte")
    imported_before = filters.IsoDateTimeFilter(field_name="imported_at", lookup_expr="lt")

    class Meta:
        model = ImportFile
        fields: ClassVar[list[str]] = []


class Settlements(ListEndpoint):
    """Settlement files."""

    queryset = ImportFile.objects.none()
    filterset_class = FileFilter

    def inputs(self, spec: Operation, request: Request) -> dict[str, Any]:
        """Read the parts of a multipart body. Raises Invalid, UnsupportedMediaType, RequestDataTooBig."""
        if request.method != "POST":
            return super().inputs(spec, request)
        if not str(request.content_type or "").startswith(MULTIPART):
            raise UnsupportedMediaType(request.content_type or "none", detail=f"Send {MULTIPART}.")
        if int(request.META.get("CONTENT_LENGTH") or 0) > FILE_LIMIT + ENVELOPE:
            raise RequestDataTooBig(f"A file may have {FILE_LIMIT // 1024**2} MB at most.")
        return {"body": _parts(request._request, spec)}

    @operation(
        id="importSettlement", summary="Take a settlement file in", tag="Reconciliation", permission=IMPORT,
        bodies={MULTIPART: SettlementUpload}, answers={201: SettlementShape}, problems=(409, 413, 422),
    )  # fmt: skip
    def post(self, request: Request, body: tuple[SettlementTerms, Any]) -> Answer:
        """All of its lines, or none: where a total fails it is refused with the line and the sum (422). The same bytes
        of the same account again answer the file that is there (200). It is matched within seconds."""
        terms, sent = body
        told = terms.model_dump(exclude={"source"}) | {"sign": terms.sign or 1}
        source = SourceIn(format_named(terms.source) or terms.source, **told)
        content: Any = sent.file
        done = import_settlement(actor=self.actor, source=source, name=sent.name or "file", content=content)
        return Answer(settlement_shape(done.file), 200 if done.repeated else 201)

    @operation(
        id="listSettlements", summary="Settlement files", tag="Reconciliation", permission=SEE, query=PageQuery,
        orderings=("-id", "id"), answers={200: SettlementList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> SettlementList:
        """The newest first. A file that is of all regions is shown to those who see all of them."""
        page = self.page(files_visible_to(self.actor), query)
        return SettlementList.build(
            results=[settlement_shape(each) for each in page.rows], next_cursor=page.next_cursor
        )


class SettlementEndpoint(Endpoint):
    """One file."""

    @operation(
        id="getSettlement", summary="A settlement file", tag="Reconciliation", permission=SEE,
        answers={200: SettlementShape}, problems=(404,),
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> SettlementShape:
        """With what became of its lines, and its totals."""
        return settlement_shape(access_file(self.actor, id))


class MatchFilter(filters.FilterSet):
    """Filters of matches."""

    lane = filters.ChoiceFilter(choices=Lane.choices)
    stage = filters.MultipleChoiceFilter(choices=Stage.choices)
    key = filters.CharFilter(field_name="key_value")
    refund_id = filters.UUIDFilter(method="by_refund")
    matched_after = filters.IsoDateTimeFilter(field_name="matched_at", lookup_expr="gte")

    class Meta:
        model = Match
        fields: ClassVar[list[str]] = []

    def by_refund(self, rows: Any, name: str, value: UUID) -> Any:
        """Find the matches of a refund's items."""
        return rows.filter(allocations__item__refund_id=value).distinct()


class Matches(ListEndpoint):
    """Matches."""

    queryset = Match.objects.none()
    filterset_class = MatchFilter

    @operation(
        id="listMatches", summary="What was matched with what", tag="Reconciliation", permission=SEE, query=PageQuery,
        orderings=("-id", "id"), answers={200: MatchList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> MatchList:
        """The newest first, each with its items. A match that was undone stays; another names it in `reverses`."""
        page = self.page(matches_visible_to(self.actor).prefetch_related("allocations__item"), query)
        return MatchList.build(results=[_match_shape(each) for each in page.rows], next_cursor=page.next_cursor)


def _match_shape(match: Match) -> MatchShape:
    parts = sorted(match.allocations.all(), key=lambda each: (each.item.side != "E", each.item_id))
    items = [
        AllocationShape.build(
            item_id=each.item_id, side=each.item.side, type=each.item.type, natural_key=each.item.natural_key,
            amount=each.amount, currency=each.item.currency,
        )
        for each in parts
    ]  # fmt: skip
    same = ("id", "lane", "stage", "key_type", "rule_version", "reason", "matched_by", "matched_at")
    fields: dict[str, Any] = {name: getattr(match, name) for name in same}
    return MatchShape.build(**fields, key=match.key_value, reverses=match.reverses_id, items=items)


def _parts(request: HttpRequest, spec: Operation) -> tuple[SettlementTerms, Any]:
    sent = request.FILES.getlist("file")
    others = [name for name in request.FILES if name != "file"]
    if len(sent) != 1 or others:
        raise Invalid("One file must be sent.", errors=[FieldError("/file", "One file must be sent.")])
    told: dict[str, Any] = {name: request.POST[name] for name in request.POST}
    for name in ("mapping", "sign"):
        if name in told:
            try:
                told[name] = json.loads(told[name])
            except ValueError as broken:
                raise Invalid("It is no JSON.", errors=[FieldError(f"/{name}", "Must be JSON.")]) from broken
    terms: SettlementTerms = read_json(TERMS, json.dumps(told).encode())
    return terms, sent[0]
