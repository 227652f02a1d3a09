"""Take a retailer's orders, returns and adjustments over from a CSV file."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from retailops.accounts.actor import Actor
from retailops.lib.clock import now
from retailops.lib.errors import DomainError
from returns.importing.mapping import load_mapping
from returns.importing.reading import read_file
from returns.importing.report import ImportReport, report_of
from returns.importing.taking import Taker, begin, still_to_take, take_all


class Command(BaseCommand):
    """`manage.py import_orders FILE --mapping online_retail`."""

    help = (
        "Take orders, returns and stock adjustments over from a CSV file (plain or gzip). A stopped import goes on "
        "where it stopped; the same file again changes nothing. "
        "Example: manage.py import_orders orders.csv.gz --mapping online_retail --report report.json"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the file, its mapping, and where the report goes."""
        parser.add_argument("file", type=Path, help="the CSV file")
        parser.add_argument("--mapping", required=True, help="a shipped mapping's name, or a YAML file's path")
        parser.add_argument("--report", type=Path, help="also write the report there, as JSON")
        parser.add_argument("--limit", type=int, help="take at most so many documents now; the rest at the next start")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import and print the account; exit 1 when a line is missing from it."""
        try:
            report = self._import(options)
        except DomainError as error:
            faults = "".join(f"\n  {fault.pointer}: {fault.detail}" for fault in error.errors)
            raise CommandError(error.detail + faults) from error
        self.stdout.write(report.as_text())
        if options["report"]:
            options["report"].write_text(json.dumps(report.as_dict(), indent=2) + "\n", encoding="utf-8")
        if not report.complete and not options["limit"]:
            raise CommandError("The account is not complete.")

    def _import(self, options: dict[str, Any]) -> ImportReport:
        actor = Actor.system("import")
        mapping = load_mapping(options["mapping"])
        source = read_file(options["file"], mapping)
        file = begin(actor, source, mapping)
        documents = still_to_take(file, source)[: options["limit"]]
        self._take(Taker(actor, mapping, file), documents)
        report = report_of(file)
        if report.complete and file.finished_at is None:
            file.finished_at = now()
            file.save(update_fields=["finished_at"])
        return report

    def _take(self, taker: Taker, documents: list[Any]) -> None:
        lines = sum(len(document.lines) for document in documents)
        with tqdm(total=lines, unit="line", file=self.stderr, disable=None, desc="importing") as bar:
            for taken in take_all(taker, documents):
                bar.update(taken)
