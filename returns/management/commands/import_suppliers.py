"""Take over suppliers, their terms, and what comes from them, from a CSV file."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.lib.errors import DomainError
from returns.inputs import read
from returns.inputs.claims import SupplierIn, SupplierSkuIn
from returns.services.suppliers import put_supplier, put_supplier_skus

NEEDED = ("supplier", "name", "sku", "unit_cost", "currency")
NUMBERS = ("restocking_basis_points", "claim_window_days", "credit_days")


class Command(BaseCommand):
    """`manage.py import_suppliers FILE`."""

    help = (
        "Take suppliers and their skus over from a CSV file, all or nothing; the same file again changes nothing. "
        "Columns: supplier, name, sku, unit_cost (minor units), currency; and, where they are known, supplier_sku, "
        "takes_back (yes/no), restocking_basis_points, claim_window_days, credit_days, approval_above (minor units of "
        "the line's currency). A supplier's terms are those of its first line. "
        "Example: manage.py import_suppliers suppliers.csv"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the file."""
        parser.add_argument("file", type=Path, help="the CSV file, in UTF-8")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import and say how much; the first line that cannot be taken is named, and nothing is kept."""
        actor = Actor.system("import")
        with transaction.atomic(durable=True):
            lines = list(self._lines(options["file"]))
            suppliers = {row["supplier"]: (number, row) for number, row in reversed(lines)}
            for code, (number, row) in suppliers.items():
                terms = _taken(number, lambda row=row: read(SupplierIn, _terms(row)))
                put_supplier(actor=actor, code=code, supplier=terms)
                mine = [pair for pair in lines if pair[1]["supplier"] == code]
                skus = [_taken(at, lambda each=each: read(SupplierSkuIn, _sku(each))) for at, each in mine]
                put_supplier_skus(actor=actor, code=code, skus=skus)
        self.stdout.write(f"{len(suppliers)} suppliers, {len(lines)} skus.")

    def _lines(self, path: Path) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield each line with its number in the file."""
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.DictReader(file)
                missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
                if missing:
                    raise CommandError(f"The file has no column {', '.join(missing)}.")
                for number, row in enumerate(reader, start=2):
                    plain = {name: (value or "").strip() for name, value in row.items() if name}
                    if not plain["supplier"] or len(plain["supplier"]) > 64:
                        raise CommandError(f"Line {number}: a supplier's code has 1 to 64 characters.")
                    yield number, plain
        except (OSError, UnicodeDecodeError) as fault:
            raise CommandError(f"The file cannot be read: {fault}") from fault


def _terms(row: dict[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {"name": row["name"]}
    if row.get("takes_back"):
        told["takes_back"] = {"yes": True, "no": False}.get(row["takes_back"].lower(), row["takes_back"])
    told |= {name: int(row[name]) for name in NUMBERS if row.get(name)}
    if row.get("approval_above"):
        told["approval_above"] = {row["currency"]: int(row["approval_above"])}
    return told


def _sku(row: dict[str, str]) -> dict[str, Any]:
    fields = ("sku", "supplier_sku", "currency")
    return {name: row.get(name, "") for name in fields} | {"unit_cost": int(row["unit_cost"])}


def _taken(number: int, take: Any) -> Any:
    try:
        return take()
    except DomainError as refused:
        said = "; ".join(f"{fault.pointer.strip('/')}: {fault.detail}" for fault in refused.errors)
        raise CommandError(f"Line {number}: {said or refused.detail}") from refused
    except ValueError as fault:
        raise CommandError(f"Line {number}: not a whole number: {fault}") from fault
