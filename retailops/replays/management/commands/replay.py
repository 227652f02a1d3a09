"""`manage.py replay`: plan, look and run a replay of many from the command line, with its progress."""

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from retailops.accounts.actor import Actor
from retailops.accounts.models import User
from retailops.events.models import Delivery
from retailops.events.pump import pump_once
from retailops.lib.errors import DomainError
from retailops.lib.ids import parse_uuid
from retailops.lib.money import Money
from retailops.replays.access import access_operation
from retailops.replays.freezing import Selection
from retailops.replays.models import BulkOperation, BulkStatus
from retailops.replays.rules import Rules
from retailops.replays.selectors import Figures, figures_of
from retailops.replays.services import execute_plan, plan_replay
from retailops.replays.totals import money_of
from retailops.replays.working import advance

FILTERS = {
    "destination": "destination__name", "system": "destination__system", "operation": "operation",
    "code": "failure_code", "fingerprint": "fingerprint",
}  # fmt: skip
THREADS = 8


class Command(BaseCommand):
    """Send many stopped deliveries again, as a plan: first look, then run it by its hash."""

    help = (
        "Plan to send stopped deliveries again, and run a plan by its hash. Nothing is sent by planning. "
        "Example: manage.py replay --as olivia@shop.example --destination stripe --code timeout --reason 'Stripe is "
        "back' (prints verdicts, money and hash), then manage.py replay --as olivia@shop.example --run PLAN HASH. "
        "Add --pump to send from this process too, where no workers run."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add who acts, what is selected, and what is run."""
        parser.add_argument(
            "--as", dest="person", required=True, metavar="EMAIL", help="who does it; their rights count"
        )
        parser.add_argument("--id", action="append", default=[], metavar="DELIVERY", help="a delivery; may be repeated")
        for name in FILTERS:
            parser.add_argument(f"--{name}", metavar=name.upper(), help=f"all stopped ones of this {name}")
        parser.add_argument("--reason", default="", help="why; people read it later")
        parser.add_argument("--canary", default="1,10", help="sizes of the first waves (default 1,10)")
        parser.add_argument("--rate", type=float, default=20.0, help="deliveries a second after them (default 20)")
        parser.add_argument("--run", nargs=2, metavar=("PLAN", "HASH"), help="start this plan, if this is its hash")
        parser.add_argument("--pump", action="store_true", help="send from this process too")

    def handle(self, *args: Any, **options: Any) -> None:
        """Plan, or run; exit with 1 when the run stopped by itself."""
        try:
            actor = _actor(options["person"])
            operation = self._run(actor, options) if options["run"] else self._plan(actor, options)
        except DomainError as refusal:
            faults = "".join(f"\n  {fault.pointer}: {fault.detail}" for fault in refusal.errors)
            raise CommandError(f"{refusal.detail}{faults}") from refusal
        if operation.status == BulkStatus.STOPPED:
            sys.exit(1)

    def _plan(self, actor: Actor, options: dict[str, Any]) -> BulkOperation:
        rules = Rules(_waves(options["canary"]), options["rate"])
        with transaction.atomic(durable=True):
            operation = plan_replay(actor, _selection(options), options["reason"], rules=rules)
        while operation.status == BulkStatus.PLANNING:
            advance(operation.id, seconds=1.0, threads=THREADS)
            operation.refresh_from_db()
            self._progress(f"{figures_of(operation).judged} of {operation.total} have their verdict")
        self._tell_plan(operation)
        return operation

    def _tell_plan(self, operation: BulkOperation) -> None:
        self.stdout.write("")
        for part in figures_of(operation).verdicts:
            self.stdout.write(f"{part.count:>8}  {part.key:<15} {_sums(part.money):<24} sent: {part.sends}")
        self.stdout.write(f"Would be sent: {_sums(money_of(operation)) or 'no money'}. Nothing is sent yet.")
        if operation.needs_approval:
            self.stdout.write("Above the limit for one person: ask a second one in the workbench first.")
        self.stdout.write(f"plan {operation.id}\nhash {operation.hash}")

    def _run(self, actor: Actor, options: dict[str, Any]) -> BulkOperation:
        plan, given = options["run"]
        id = parse_uuid(plan)
        if id is None:
            raise CommandError("That is no id of a plan.")
        with transaction.atomic(durable=True):
            operation = execute_plan(actor, access_operation(actor, id).id, given)
        try:
            self._follow(operation, pump=options["pump"])
        except KeyboardInterrupt:
            self.stdout.write("\nLeft alone: it goes on where workers run. Cancel it in the workbench.")
        self._tell_report(operation)
        return operation

    def _follow(self, operation: BulkOperation, *, pump: bool) -> None:
        while operation.status == BulkStatus.RUNNING:
            advance(operation.id, seconds=0.5, threads=THREADS)
            if pump:
                pump_once()
            operation.refresh_from_db()
            found = figures_of(operation)
            self._progress(f"{found.done} of {found.total} done, {found.released} on their way")
            time.sleep(0 if pump else 0.3)

    def _tell_report(self, operation: BulkOperation) -> None:
        found: Figures = figures_of(operation)
        self.stdout.write("")
        for part in found.results:
            self.stdout.write(f"{part.count:>8}  {part.key:<15} {_sums(part.money)}")
        self.stdout.write(f"{operation.status}{': ' + operation.ended_reason if operation.ended_reason else ''}")

    def _progress(self, text: str) -> None:
        end = "\r" if self.stdout.isatty() else "\n"
        self.stdout.write(f"{text:<60}", ending=end)
        self.stdout.flush()


def _actor(email: str) -> Actor:
    person = User.objects.filter(email=email, is_active=True).first()
    if person is None:
        raise CommandError(f"There is no active person with the address {email}.")
    return person.actor()


def _selection(options: dict[str, Any]) -> Selection:
    ids = [parse_uuid(text) for text in options["id"]]
    given = {name: options[name] for name in FILTERS if options[name]}
    if None in ids or bool(ids) == bool(given):
        raise CommandError("Name deliveries by --id, or all of some kind by --destination, --code and so on.")
    if ids:
        return Selection(ids=[id for id in ids if id])
    rows = Delivery.objects.filter(**{FILTERS[name]: value for name, value in given.items()})
    return Selection(rows=rows, filter=given)


def _waves(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdigit() for part in parts):
        raise CommandError("--canary takes numbers with commas between them, as 1,10.")
    return tuple(map(int, parts))


def _sums(money: list[Money]) -> str:
    return " + ".join(map(str, money))
