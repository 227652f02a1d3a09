"""Suppliers from a file: all of it or nothing, and the same file again changes nothing."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from returns.models import Supplier, SupplierSku

pytestmark = pytest.mark.django_db(transaction=True)
HEAD = "supplier,name,sku,supplier_sku,unit_cost,currency,takes_back,restocking_basis_points,approval_above\n"
ROWS = "wool,Wool & Co,J-1,W1,400,GBP,yes,1250,50000\nwool,Wool & Co,J-2,,700,GBP,,,\nmug,Muggers,M-1,,90,GBP,no,,\n"


def take(tmp_path: Path, text: str) -> str:
    """Import the text as a file and return what the command says."""
    path = tmp_path / "suppliers.csv"
    path.write_text(text, encoding="utf-8")
    out = StringIO()
    call_command("import_suppliers", str(path), stdout=out)
    return out.getvalue()


def test_a_file_is_taken_once(tmp_path: Path) -> None:
    for _ in range(2):
        assert take(tmp_path, HEAD + ROWS) == "2 suppliers, 3 skus.\n"
    wool = Supplier.objects.get(code="wool")
    assert (str(wool.restocking_percent), wool.approval_above, wool.takes_back) == ("12.50", {"GBP": 50000}, True)
    assert Supplier.objects.get(code="mug").takes_back is False
    costs = dict(SupplierSku.objects.values_list("sku", "unit_cost"))
    assert costs == {"J-1": 400, "J-2": 700, "M-1": 90}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("supplier,name\n", "no column sku, unit_cost, currency"),
        (HEAD + ROWS + "x,X,S,,many,GBP,,,\n", "Line 5: not a whole number"),
        (HEAD + ROWS + "x,X,S,,1,pounds,,,\n", "Line 5: currency"),
        (HEAD + ROWS + ",X,S,,1,GBP,,,\n", "Line 5: a supplier's code"),
        (HEAD + ROWS + "x,X,S,,1,GBP,perhaps,,\n", "Line 5: takes_back"),
    ],
    ids=["columns", "number", "currency", "code", "answer"],
)
def test_a_file_with_a_fault_is_refused_whole(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        take(tmp_path, text)
    assert not Supplier.objects.exists()
