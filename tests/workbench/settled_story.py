"""A settlement file of a region with a match, a line for matching by hand, and one that nobody expected."""

import io
from dataclasses import dataclass

from reconciliation.models import Discrepancy, ImportFile, Item, Match
from reconciliation.services.importing import SourceIn, import_expectations, import_settlement
from reconciliation.services.reconciling import reconcile
from retailops.accounts.actor import Actor
from retailops.lib.ids import uuid7

SYSTEM = Actor.system("test")


@dataclass(frozen=True)
class SettledStory:
    """A settlement file, one of its matches, and a line with what it could be matched with by hand."""

    file: ImportFile
    match: Match
    line: Item
    wanted: Item

    @property
    def discrepancy(self) -> Discrepancy:
        """Return what is told of the line that nobody expected."""
        return Discrepancy.objects.get(type="orphan_line", item__file=self.file, item__amount=-750)


def settled(region: str = "GB") -> SettledStory:
    """Return a settlement file of the region: one line matched, one that could be by hand, one that nobody expected."""
    key = uuid7().hex[-8:]
    expected = (
        f"refund_ref,amount,currency,approved_on\nS1-{key},-45.99,GBP,2026-09-08\nS2-{key},-12.00,GBP,2026-09-08\n"
    )
    import_expectations(
        actor=SYSTEM, lane="payment", name="expected.csv", content=io.BytesIO(expected.encode()), region=region
    )
    head = "id,type,amount,currency,date,refund\n"
    lines = (
        f"a-{key},refund,-45.99,GBP,2026-09-10,S1-{key}\nb-{key},refund,-12.00,GBP,2026-09-10,\n"
        f"c-{key},refund,-7.50,GBP,2026-09-11,\nd-{key},mystery,-1.00,GBP,2026-09-11,\n"
    )
    told = SourceIn("csv", account=f"{region}-acquirer", region=region)
    content = io.BytesIO((head + lines).encode())
    file = import_settlement(actor=SYSTEM, source=told, name=f"settlement-{key}.csv", content=content).file
    reconcile(actor=SYSTEM)
    match = Match.objects.get(key_value=f"S1-{key.upper()}")
    wanted = Item.objects.get(side="E", keys__value=f"S2-{key.upper()}")
    return SettledStory(file, match, Item.objects.get(natural_key=f"b-{key}"), wanted)
