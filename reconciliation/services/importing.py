"""Take a file of a source in: all its lines or none, each accounted for; the same file again changes nothing."""

import hashlib
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any, BinaryIO
from uuid import UUID
from zoneinfo import available_timezones

from django.db import transaction
from django.db.models import F

from reconciliation.access import IMPORT
from reconciliation.events import SettlementImported
from reconciliation.lanes import HOUSE_PROVIDER
from reconciliation.models import Fate, ImportFile, Item, RawLine, SettlementBatch, Source
from reconciliation.reading import EXPECTED, FORMATS, Format
from reconciliation.reading.cells import unreadable
from reconciliation.reading.totals import Totals
from reconciliation.services.posting import post_items
from reconciliation.services.raising import raise_corrections
from reconciliation.told import Line, Paid, Rules, Told
from retailops.accounts.actor import Actor, require
from retailops.events.publish import publish
from retailops.lib.errors import FieldError, Invalid

CHUNK = 2000
# Characters of an id.
LONGEST = 160
# A natural key with the amount and the currency that are told of it.
Sum = tuple[str, int, str]
IMPORTER = Actor.system("reconciliation")


@dataclass(frozen=True)
class SourceIn:
    """Which account a file is of, and how it is read where the account is new; later it is read as it was before.

    An empty region or brand: of all of them. `gateway` is what payments call it; empty: the format's own name.
    """

    format: str
    account: str = ""
    gateway: str = ""
    region: str = ""
    brand: str = ""
    time_zone: str = "UTC"
    sign: int = 1
    date_format: str = ""
    mapping: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Imported:
    """A file that is here; `repeated` says that it was before, and nothing was done."""

    file: ImportFile
    repeated: bool


@transaction.atomic
def import_settlement(*, actor: Actor, source: SourceIn, name: str, content: BinaryIO) -> Imported:
    """Take a settlement file in and tell `settlement.imported`.

    Raises Denied; Invalid for an unknown format or what cannot be read; Unprocessable where a control total fails, with
    the line and the sum. Then nothing is kept.
    """
    form = FORMATS.get(source.format)
    if form is None:
        raise Invalid(
            f"There is no format {source.format!r}.", errors=[FieldError("/source", f"one of {', '.join(FORMATS)}")]
        )
    require(actor, IMPORT, region=source.region, brand=source.brand)
    account = _source(source.format, source)
    require(actor, IMPORT, region=account.region, brand=account.brand)
    return _import(actor, account, source.format, form, Rules(
        account.time_zone, account.sign, account.date_format, account.mapping
    ), name, content)  # fmt: skip


@transaction.atomic
def import_expectations(*, actor: Actor, lane: str, name: str, content: BinaryIO, region: str = "") -> Imported:
    """Take what is expected in a region (empty: all) in from a CSV; lines that name no lane are of `lane`.

    Raises as import_settlement.
    """
    require(actor, IMPORT, region=region, brand="")
    account = f"csv {region}".strip()
    house = _source(HOUSE_PROVIDER, SourceIn(HOUSE_PROVIDER, account, region=region))
    return _import(actor, house, "expectations", EXPECTED, Rules(mapping={"lane": lane}), name, content)


def _source(provider: str, told: SourceIn) -> Source:
    """Return the account, locked: one file of it is taken in at a time."""
    if told.time_zone not in available_timezones():
        raise Invalid("There is no such time zone.", errors=[FieldError("/time_zone", "a name such as Europe/Berlin")])
    words = told.mapping.get("types", {})
    if not isinstance(words, dict) or not all(isinstance(each, str) for each in words.values()):
        raise Invalid(
            "The mapping's types are no words.", errors=[FieldError("/mapping", "`types` maps words to words")]
        )
    fields = ("region", "brand", "time_zone", "sign", "date_format", "mapping")
    Source.objects.get_or_create(
        provider=provider,
        account=told.account,
        defaults={name: getattr(told, name) for name in fields} | {"gateway": told.gateway or _gateway(provider)},
    )
    return Source.objects.select_for_update(no_key=True).get(provider=provider, account=told.account)


def _gateway(provider: str) -> str:
    return "" if provider == HOUSE_PROVIDER else provider


def _import(
    actor: Actor, source: Source, key: str, form: Format, rules: Rules, name: str, content: BinaryIO
) -> Imported:
    digest, size = _digest(content)
    before = ImportFile.objects.filter(source=source, sha256=digest).first()
    if before is not None:
        return Imported(before, repeated=True)
    file = ImportFile(
        source=source, format=key, name=name[:200], sha256=digest, size=size, lines=0, items=0, imported_by=actor.key,
        region=source.region, brand=source.brand,
    )  # fmt: skip
    totals, taken = Totals(), _Taken(source, file)
    for chunk in _chunks(form.reader(content, rules, totals)):
        taken.take(chunk)
    if not taken.lines:
        raise Invalid("The file has no lines.", code="file-not-readable")
    _keep(file, taken, totals)
    publish(_fact(file), subject=file.as_subject(), actor=actor)
    return Imported(file, repeated=False)


def _digest(content: BinaryIO) -> tuple[str, int]:
    hashed, size = hashlib.sha256(), 0
    content.seek(0)
    while block := content.read(1 << 20):
        hashed.update(block)
        size += len(block)
    content.seek(0)
    return hashed.hexdigest(), size


def _chunks(lines: Iterator[Line]) -> Iterator[list[Line]]:
    while chunk := list(islice(lines, CHUNK)):
        yield chunk


def _sum(item: Told) -> Sum:
    return item.natural_key, item.amount, item.currency


class _Taken:
    """The lines of a file as they are stored: counts by fate, days, and what came to which payout."""

    def __init__(self, source: Source, file: ImportFile) -> None:
        self.source, self.file = source, file
        self.lines = self.items = 0
        self.fates: Counter[str] = Counter()
        self.lanes: Counter[str] = Counter()
        self.days: set[date] = set()
        self.batches: dict[tuple[str, str], UUID] = {}

    def take(self, chunk: Sequence[Line]) -> None:
        """Store a chunk of lines."""
        self._know_batches(chunk)
        told, again = self._once(chunk)
        made = post_items(
            self.source, [item for _, item in told], file=self.file.id, lines=[number for number, _ in told],
            batches=self.batches,
        )  # fmt: skip
        self.items += len(made)
        repeated = [item for line in chunk if line.number in again for item in line.items]
        changed = self._changed([*repeated, *(item for _, item in told if item.natural_key not in made)])
        raise_corrections(IMPORTER, changed.values())
        # The file's own row follows with its totals; foreign keys are looked at when the transaction ends.
        RawLine.objects.bulk_create([self._account(line, made, changed, again) for line in chunk])
        fresh = [line for line in chunk if line.items and line.number not in again]
        self._add_up([line for line in fresh if line.items[0].natural_key in made])

    def _once(self, chunk: Sequence[Line]) -> tuple[list[tuple[int, Told]], set[int]]:
        """Return each item once with its line's number, and the lines that the chunk tells again."""
        told: dict[str, tuple[int, Told]] = {}
        again: set[int] = set()
        for line in chunk:
            for item in line.items:
                if len(item.natural_key) > LONGEST:
                    raise unreadable(line.number, f"its id is longer than {LONGEST} characters.")
            if line.items and line.items[0].natural_key in told:
                again.add(line.number)
            else:
                told |= {item.natural_key: (line.number, item) for item in line.items}
        return list(told.values()), again

    def _account(self, line: Line, made: Mapping[str, int], changed: Container[Sum], again: Container[int]) -> RawLine:
        fate = line.fate
        is_new = line.items and line.number not in again and line.items[0].natural_key in made
        if line.items and not is_new:
            fate = Fate.CHANGED if any(_sum(item) in changed for item in line.items) else Fate.KNOWN
        self.lines += 1
        self.fates[str(fate)] += 1
        for item in line.items:
            if is_new:
                self.lanes[str(item.lane)] += 1
                self.days.add(item.value_date)
        return RawLine(file=self.file, line=line.number, fate=fate, type=line.type[:80], content=dict(line.content))

    def _changed(self, again: Sequence[Told]) -> dict[Sum, tuple[Item, int, str]]:
        """Return what was told before with another amount, as told now: with the item that stands."""
        sums = {_sum(item) for item in again}
        rows = Item.objects.filter(source=self.source, natural_key__in={key for key, *_ in sums})
        known = {row.natural_key: row for row in rows.select_related("source")}
        return {
            (key, amount, currency): (known[key], amount, currency)
            for key, amount, currency in sums
            if key in known and (known[key].amount, known[key].currency) != (amount, currency)
        }

    def _know_batches(self, chunk: Iterable[Line]) -> None:
        for place in {(line.batch, line.currency) for line in chunk if line.batch} - set(self.batches):
            batch, _ = SettlementBatch.objects.get_or_create(
                source=self.source, external_id=place[0][:120], currency=place[1]
            )
            self.batches[place] = batch.id

    def _add_up(self, lines: Iterable[Line]) -> None:
        nets: Counter[tuple[str, str]] = Counter()
        counts: Counter[tuple[str, str]] = Counter()
        paid: dict[tuple[str, str], Paid] = {}
        for line in lines:
            place = (line.batch, line.currency)
            if line.paid:
                paid[place] = line.paid
            elif line.batch:
                nets[place] += line.net
                counts[place] += 1
        for place, count in counts.items():
            SettlementBatch.objects.filter(pk=self.batches[place]).update(
                lines_net=F("lines_net") + nets[place], lines=F("lines") + count
            )
        for place, payout in paid.items():
            SettlementBatch.objects.filter(pk=self.batches[place]).update(paid_out=payout.amount, paid_on=payout.on)


def _keep(file: ImportFile, taken: _Taken, totals: Totals) -> None:
    file.lines, file.items, file.fates = taken.lines, taken.items, dict(taken.fates)
    file.declared, file.computed = totals.declared, dict(totals.computed) | {"lanes": dict(taken.lanes)}
    file.since, file.until = min(taken.days, default=None), max(taken.days, default=None)
    file.save(force_insert=True)


def _fact(file: ImportFile) -> SettlementImported:
    return SettlementImported(
        file_id=str(file.id),
        provider=file.source.provider,
        account=file.source.account,
        format=file.format,
        sha256=file.sha256,
        lines=file.lines,
        items=file.items,
        unmapped=file.fates.get(Fate.UNMAPPED, 0),
        since=file.since.isoformat() if file.since else "",
        until=file.until.isoformat() if file.until else "",
    )
