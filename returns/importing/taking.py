"""Take documents over: each in one transaction with the fates of its lines, so that it is taken once and wholly."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from pydantic import ValidationError

from inventory.enums import Disposition
from inventory.services import MoveIn, ensure_location, move_stock
from retailops.accounts.actor import Actor
from retailops.lib.errors import DomainError
from returns.importing.classify import Classified, LineKind, classify
from returns.importing.mapping import Mapping, NotGoods
from returns.importing.matching import Match, match_lines
from returns.importing.reading import Document, SourceFile, SourceLine
from returns.importing.translate import blind_in, order_in, return_in
from returns.models.imports import FileImport, ImportLine, LineFate
from returns.services.intake import receive_blind, request_return
from returns.services.orders import capture_order

NO_PURCHASE = "no earlier purchase by this customer of this code"
NO_CUSTOMER = "the line names no customer"


@dataclass
class Fates:
    """The fates of one document's lines while it is being taken; parts of a line are numbered."""

    rows: list[ImportLine] = field(default_factory=list)
    parts: dict[int, int] = field(default_factory=dict)

    def add(
        self,
        line: SourceLine,
        fate: LineFate,
        *,
        reason: str = "",
        object_id: UUID | None = None,
        quantity: int | None = None,
    ) -> None:
        """Note what became of a line, or of a quantity of it."""
        self.parts[line.number] = self.parts.get(line.number, 0) + 1
        self.rows.append(
            ImportLine(
                line=line.number,
                part=self.parts[line.number],
                document=line.document[:120],
                sku=line.sku[:64],
                quantity=line.quantity if quantity is None else quantity,
                fate=fate,
                reason=reason[:200],
                object_id=object_id,
            )
        )


@dataclass(frozen=True)
class Taker:
    """Takes the documents of one file, as one actor, under one mapping."""

    actor: Actor
    mapping: Mapping
    file: FileImport

    def take(self, document: Document) -> int:
        """Take one document with the fates of its lines; return how many lines it has.

        What a rule refuses is undone and its lines are recorded as refused with the reason.
        """
        try:
            self._commit(document)
        except DomainError as refused:
            self._refuse(document, refused.detail)
        except ValidationError as refused:
            fault = refused.errors()[0]
            self._refuse(document, f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}")
        except ValueError as refused:
            self._refuse(document, str(refused))
        return len(document.lines)

    @transaction.atomic(durable=True)
    def _commit(self, document: Document) -> None:
        fates = Fates()
        classified = classify(document, self.mapping)
        self._take_sales(document, classified, fates)
        self._take_returns(document, classified, fates)
        self._adjust_stock(document, classified, fates)
        for one in classified:
            if one.kind is LineKind.UNREADABLE:
                fates.add(one.line, LineFate.REFUSED, reason=one.detail)
        self._write(fates)

    def _write(self, fates: Fates) -> None:
        for row in fates.rows:
            row.file = self.file
        ImportLine.objects.bulk_create(fates.rows)

    @transaction.atomic(durable=True)
    def _refuse(self, document: Document, reason: str) -> None:
        fates = Fates()
        for line in document.lines:
            fates.add(line, LineFate.REFUSED, reason=reason)
        self._write(fates)

    def _take_sales(self, document: Document, classified: list[Classified], fates: Fates) -> None:
        order_id: UUID | None = None
        if order := order_in(document, classified, self.mapping):
            order_id = capture_order(actor=self.actor, order=order).order.id
        for one in classified:
            if one.kind is LineKind.SALE:
                fates.add(one.line, LineFate.ORDER, object_id=order_id)
            elif one.kind is LineKind.NOT_GOODS:
                _note_not_goods(one, order_id, fates)

    def _take_returns(self, document: Document, classified: list[Classified], fates: Fates) -> None:
        returned = [one.line for one in classified if one.kind is LineKind.RETURN]
        if not returned:
            return
        matches = match_lines(returned, self.mapping.order.customer_system, document.at)
        for group in _by_order(matches):
            rma = request_return(actor=self.actor, request=return_in(document, group, self.mapping))
            for match in group:
                fates.add(match.line, LineFate.RETURN, object_id=rma.id, quantity=-match.quantity)
        unknown = [match for match in matches if match.order_line is None]
        if unknown:
            rma = receive_blind(actor=self.actor, receipt=blind_in(document, unknown, self.mapping))
            for match in unknown:
                reason = NO_PURCHASE if match.line.customer else NO_CUSTOMER
                fates.add(match.line, LineFate.BLIND_RETURN, reason=reason, object_id=rma.id, quantity=-match.quantity)

    def _adjust_stock(self, document: Document, classified: list[Classified], fates: Fates) -> None:
        adjusted = [one for one in classified if one.kind is LineKind.STOCK_ADJUSTMENT]
        moves = [self._move(document, one) for one in adjusted]
        made = {move.effect_key: move for move in move_stock(actor=self.actor, moves=moves)} if moves else {}
        for one, move in zip(adjusted, moves, strict=True):
            fates.add(one.line, LineFate.STOCK_ADJUSTMENT, object_id=made[move.effect_key].id)

    def _move(self, document: Document, one: Classified) -> MoveIn:
        return MoveIn(
            effect_key=f"import:{self.file.id}:{one.line.number}",
            sku=one.line.sku,
            quantity=-one.line.quantity,
            # The goods never stood in our books: they leave the outside world for the count's difference.
            source=Disposition.EXTERNAL,
            target=Disposition.ADJUSTMENT,
            location=self.mapping.stock.location,
            subject_type="import",
            subject_id=self.file.id,
            correlation_id=self.file.id,
            reason=f"{document.number}: {one.detail}"[:200],
            region=self.mapping.stock.region,
        )


def _note_not_goods(one: Classified, order_id: UUID | None, fates: Fates) -> None:
    charged = one.detail == NotGoods.POSTAGE and order_id is not None
    fate = LineFate.POSTAGE if charged else LineFate.NOT_GOODS
    fates.add(one.line, fate, reason=one.detail, object_id=order_id if charged else None)


def _by_order(matches: list[Match]) -> list[list[Match]]:
    groups: dict[UUID, list[Match]] = {}
    for match in matches:
        if match.order_line is not None:
            groups.setdefault(match.order_line.order_id, []).append(match)
    return list(groups.values())


def begin(actor: Actor, source: SourceFile, mapping: Mapping) -> FileImport:
    """Open the import's ledger, or find the one that was begun before for the same file and mapping."""
    stock = mapping.stock
    ensure_location(actor=actor, code=stock.location, name=stock.name or stock.location, region=stock.region)
    file, _ = FileImport.objects.get_or_create(
        sha256=source.sha256,
        mapping=f"{mapping.name}@{mapping.version}",
        defaults={
            "file_name": source.path.name[:200],
            "lines": source.lines,
            "documents": len(source.documents),
            "actor": actor.key,
        },
    )
    return file


def still_to_take(file: FileImport, source: SourceFile) -> list[Document]:
    """Return the documents whose lines have no fate yet."""
    done = set(ImportLine.objects.filter(file=file).values_list("line", flat=True))
    return [document for document in source.documents if document.lines[0].number not in done]


def take_all(taker: Taker, documents: list[Document]) -> Iterator[int]:
    """Take each document in file order, yielding how many lines it had."""
    for document in documents:
        yield taker.take(document)
