"""Items and counts from files: every line or none, the same file once, Amazon's ledger as it really is."""

from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from inventory.inputs import StateMapIn, read
from inventory.models import Item, ItemValue, Snapshot, SnapshotRow
from inventory.reading import read_snapshot
from inventory.services import put_state_map
from tests.factories import SYSTEM, make_location

pytestmark = pytest.mark.django_db
LEDGER = settings.SHARED_DIR / "settlements" / "amazon_fba_inventory" / "ledger_summary_view.tsv"
AS_OF = "2026-09-09T00:00:00+00:00"


def ran(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().strip()


def test_items_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "items.csv"
    file.write_text("sku,title,serialized,value_GBP,value_JPY\nA,Lamp,yes,19.99,3000\nB,Mug,,,\n")
    assert ran("import_items", str(file)) == "2 items written."
    assert list(Item.objects.order_by("sku").values_list("sku", "serialized")) == [("A", True), ("B", False)]
    assert list(ItemValue.objects.order_by("currency").values_list("unit_value", flat=True)) == [1999, 3000]


def test_a_wrong_line_takes_nothing_and_is_named(tmp_path: Path) -> None:
    file = tmp_path / "items.csv"
    file.write_text("sku,value_GBP\nA,1.00\nB,1.999\n")
    with pytest.raises(CommandError, match=r"line 3: 1\.999 has more decimals"):
        ran("import_items", str(file))
    assert not Item.objects.exists()


def test_a_count_comes_from_a_file_once(tmp_path: Path) -> None:
    put_state_map(actor=SYSTEM, source="wms", told=read(StateMapIn, {"states": {"OK": "sellable"}}))
    file = tmp_path / "count.csv"
    file.write_text("sku,state,quantity\nA,OK,3\nB,OK,0\n")
    arguments = ["import_snapshot", str(file), "--source", "wms", "--location", make_location().code, "--as-of", AS_OF]
    assert ran(*arguments) == "2 rows, 2 skus compared, 1 differ."
    ran(*arguments)
    assert (Snapshot.objects.count(), SnapshotRow.objects.count()) == (1, 2)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("sku,state\nA,OK\n", "no column quantity"),
        ("sku,state,quantity\nA,OK,many\n", "line 2: “many” is no whole number"),
        ("sku,state,quantity\nA,OK,1\nA,OK,2\n", "A in OK is given twice"),
    ],
    ids=["column", "number", "twice"],
)
def test_a_count_that_cannot_be_read_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "count.csv"
    file.write_text(text)
    with pytest.raises(CommandError, match=fault):
        ran("import_snapshot", str(file), "--source", "wms", "--location", make_location().code, "--as-of", AS_OF)
    assert not Snapshot.objects.exists()


@pytest.mark.contract
def test_amazons_ledger_is_read_to_its_last_day() -> None:
    told = read_snapshot(LEDGER, "fba_ledger")
    assert told.as_of is not None
    assert told.as_of.isoformat() == AS_OF
    assert {(row.sku, row.state): row.quantity for row in told.rows} == {
        ("NW-TEE-BLU-M", "SELLABLE"): 129,
        ("NW-TEE-BLU-M", "CUSTOMER_DAMAGED"): 3,
        ("NW-TEE-BLU-M", "DEFECTIVE"): 2,
        ("NW-BAG-BLK-1", "SELLABLE"): 35,
        ("NW-BAG-BLK-1", "WAREHOUSE_DAMAGED"): 0,
    }


@pytest.mark.contract
def test_a_ledger_row_that_comes_twice_counts_once(tmp_path: Path) -> None:
    lines = LEDGER.read_text().splitlines()
    file = tmp_path / "twice.tsv"
    file.write_text("\n".join([*lines, lines[1]]))
    assert read_snapshot(file, "fba_ledger") == read_snapshot(LEDGER, "fba_ledger")
    file.write_text("\n".join([*lines, lines[1].replace("129", "128")]))
    put_state_map(actor=SYSTEM, source="amazon_fba", told=read(StateMapIn, {"states": {"SELLABLE": "sellable"}}))
    with pytest.raises(CommandError, match="differ"):
        ran(
            "import_snapshot", str(file), "--format", "fba_ledger", "--source", "amazon_fba", "--location",
            make_location().code,
        )  # fmt: skip
