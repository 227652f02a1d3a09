"""What a version of a policy would have decided for the last returns."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from retailops.accounts.actor import Actor
from returns.models import ReturnPolicy
from returns.policy_impact import LAST, Group, Impact, impact_of


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Command(BaseCommand):
    """`manage.py policy_impact --policy standard --version 2`."""

    help = (
        "Tell what a version of a policy (a draft too) would have decided for the last returns: newly allowed or "
        "refused, another timing, another approval, another fee; with money and examples. Writes nothing. "
        "Example: manage.py policy_impact --policy standard --version 2 --last 5000 --since 2026-01-01"
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Let `--version` name the policy's version; Django's own would print Django's."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the version and which returns are looked at."""
        parser.add_argument("--policy", required=True, help="the policy's name")
        parser.add_argument("--version", type=int, required=True, help="the policy's version")
        parser.add_argument("--last", type=int, default=LAST, help=f"so many returns, newest first ({LAST})")
        parser.add_argument("--since", type=_day, help="only returns asked for on or after this date (UTC)")
        parser.add_argument("--channel", default="", help="only returns of this channel")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compute and print the account."""
        number = options["version"]
        policy = ReturnPolicy.objects.filter(name=options["policy"], version=number).first()
        if policy is None:
            raise CommandError(f"There is no version {number} of a policy {options['policy']}.")
        with tqdm(unit="return", file=self.stderr, disable=None, desc="comparing") as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            impact = impact_of(
                Actor.system("policy-impact"),
                policy,
                last=options["last"],
                since=options["since"],
                channel=options["channel"],
                progress=show,
            )
        self._tell(impact)

    def _tell(self, impact: Impact) -> None:
        self.stdout.write(f"{impact.policy}: {impact.looked_at} returns looked at")
        self.stdout.write(f"  {impact.unchanged:>8}  unchanged")
        self.stdout.write(f"  {impact.outside:>8}  outside of its scope")
        self.stdout.write(f"  {impact.changed:>8}  decided otherwise, of them:")
        for group in impact.found:
            self.stdout.write(self._line(group))
            for number, note in group.examples:
                self.stdout.write(f"            {number}  {note}".rstrip())

    def _line(self, group: Group) -> str:
        money = ", ".join(map(str, group.amounts))
        return f"  {group.count:>8}  {group.title}: {money}"
