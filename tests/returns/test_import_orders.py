"""`manage.py import_orders`: a real file is taken over, every line accounted for, restartable, idempotent."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum

from inventory.models import StockMove
from retailops.cases.models import Case
from retailops.events.models import Event
from returns.models import FileImport, ImportLine, Order, OrderLine, Return, ReturnLine
from returns.models.imports import LineFate

HEADER = "InvoiceNo,StockCode,Description,Quantity,UnitPrice,CustomerID,Country\n"
ROWS = """\
1,A,Lamp,3,10.00,7,United Kingdom
1,POST,POSTAGE,1,4.95,7,United Kingdom
2,A,Lamp,2,10.00,7,Germany
3,A,broken,-4,0,,United Kingdom
C4,A,Lamp,-4,10.00,7,United Kingdom
C5,A,Lamp,-1,10.00,7,United Kingdom
C5,B,Rug,-2,5.00,7,United Kingdom
C5,D,Discount,-1,2.00,7,United Kingdom
C6,B,Rug,-1,5.00,,United Kingdom
7,B,Rug,x,5.00,8,United Kingdom
"""

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text(HEADER + ROWS, encoding="utf-8")
    return path


def run(path: Path, **options: object) -> str:
    out = StringIO()
    call_command("import_orders", str(path), mapping="online_retail", stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def fates() -> list[tuple[int, int, str, int]]:
    return list(ImportLine.objects.order_by("line", "part").values_list("line", "part", "fate", "quantity"))


def test_each_line_becomes_what_it_is(file: Path) -> None:
    printed = run(file)
    assert "10 lines in, 10 accounted for: every line is accounted for." in printed
    assert fates() == [
        (1, 1, LineFate.ORDER, 3),
        (2, 1, LineFate.POSTAGE, 1),
        (3, 1, LineFate.ORDER, 2),
        (4, 1, LineFate.STOCK_ADJUSTMENT, -4),
        (5, 1, LineFate.RETURN, -2),  # the latest purchase first
        (5, 2, LineFate.RETURN, -2),
        (6, 1, LineFate.RETURN, -1),
        (7, 1, LineFate.BLIND_RETURN, -2),
        (8, 1, LineFate.NOT_GOODS, -1),
        (9, 1, LineFate.BLIND_RETURN, -1),
        (10, 1, LineFate.REFUSED, 0),
    ]


def test_money_and_units_are_taken_exactly(file: Path) -> None:
    run(file)
    order = Order.objects.get(number="1")
    payment = order.payments.get()
    assert (order.region, order.currency, order.shipping_charged, payment.captured) == ("uk", "GBP", 495, 3495)
    assert Order.objects.get(number="2").region == "eu"
    returned = ReturnLine.objects.filter(order_line__isnull=False).aggregate(units=Sum("requested"))
    assert returned == {"units": 5}
    move = StockMove.objects.get(target="adjustment")
    assert (move.sku, move.quantity, move.reason) == ("A", 4, "3: broken")


def test_what_cannot_be_matched_is_a_blind_return_with_a_case(file: Path) -> None:
    run(file)
    blind = Return.objects.filter(kind="blind")
    assert sorted(blind.values_list("external_id", flat=True)) == ["C5", "C6"]
    assert set(Case.objects.filter(status="open").values_list("subject_id", flat=True)) >= {rma.id for rma in blind}
    reasons = ImportLine.objects.filter(fate=LineFate.BLIND_RETURN).order_by("line").values_list("reason", flat=True)
    assert list(reasons) == ["no earlier purchase by this customer of this code", "the line names no customer"]


def test_same_file_again_changes_nothing(file: Path) -> None:
    first = run(file)
    before = (fates(), Order.objects.count(), Return.objects.count(), StockMove.objects.count(), Event.objects.count())
    assert run(file) == first
    assert before == (
        fates(),
        Order.objects.count(),
        Return.objects.count(),
        StockMove.objects.count(),
        Event.objects.count(),
    )


def test_stopped_import_goes_on_where_it_stopped(file: Path) -> None:
    assert "are still to be taken" in run(file, limit=3)
    assert ImportLine.objects.count() == 4
    assert FileImport.objects.get().finished_at is None
    run(file)
    assert FileImport.objects.get().finished_at is not None
    assert ImportLine.objects.values("line").distinct().count() == 10


def test_document_that_is_refused_leaves_nothing_half_done(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    sku = "Z" * 70  # longer than a sku may be
    path.write_text(f"{HEADER}1,A,Lamp,1,10.00,7,Japan\n1,{sku},Rug,1,5.00,7,Japan\n", encoding="utf-8")
    run(path)
    assert [fate for _, _, fate, _ in fates()] == [LineFate.REFUSED, LineFate.REFUSED]
    assert not Order.objects.exists()
    assert not OrderLine.objects.exists()


def test_report_is_written_as_json(file: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    run(file, report=target)
    report = json.loads(target.read_text())
    assert (report["lines_in"], report["lines_accounted"], report["complete"]) == (10, 10, True)
    assert sum(fate["lines"] for fate in report["fates"] if fate["fate"] == LineFate.ORDER) == 2


def test_missing_file_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Cannot read"):
        run(tmp_path / "nowhere.csv")
    assert not FileImport.objects.exists()


@pytest.mark.contract
def test_first_documents_of_a_real_retailer(shared_dir: Path) -> None:
    path = shared_dir / "data/online_retail/online_retail.csv.gz"
    run(path, limit=250)
    run(path, limit=50)
    taken = ImportLine.objects.values("line").distinct().count()
    assert taken == ImportLine.objects.order_by("-line").values_list("line", flat=True)[0]  # no line was skipped
    assert not ImportLine.objects.filter(fate=LineFate.REFUSED).exists()
    blind = Return.objects.filter(kind="blind").count()
    assert Case.objects.filter(kind="blind_return", status="open").count() == blind > 0
