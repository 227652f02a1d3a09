"""Reading and classifying a retailer's file: every line keeps its number and gets one kind."""

import gzip
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from retailops.lib.errors import Invalid
from returns.importing.classify import LineKind, classify
from returns.importing.mapping import load_mapping
from returns.importing.reading import read_file

HEADER = "InvoiceNo,StockCode,Description,Quantity,UnitPrice,CustomerID,Country\n"


def write(folder: Path, *rows: str) -> Path:
    path = folder / "orders.csv"
    path.write_text(HEADER + "".join(row + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.contract
def test_real_file_is_read_line_by_line(shared_dir: Path) -> None:
    mapping = load_mapping("online_retail")
    source = read_file(shared_dir / "data/online_retail/online_retail.csv.gz", mapping)
    assert (source.lines, len(source.documents)) == (35_206, 1_752)
    assert [line.number for document in source.documents for line in document.lines] == list(range(1, 35_207))
    kinds = Counter(one.kind for document in source.documents for one in classify(document, mapping))
    returned = sum(len(d.lines) for d in source.documents if d.number.startswith("C"))
    assert returned == 593
    assert kinds[LineKind.STOCK_ADJUSTMENT] == 69
    assert kinds[LineKind.UNREADABLE] == 0
    assert sum(kinds.values()) == 35_206
    assert kinds[LineKind.RETURN] == 593 - 28  # 28 lines of the return documents are postage, fees, discounts, manual


def test_documents_are_spaced_in_file_order(tmp_path: Path) -> None:
    mapping = load_mapping("online_retail")
    source = read_file(write(tmp_path, "1,A,a,1,1.00,7,Japan", "1,B,b,1,2.50,7,Japan", "2,A,a,2,1.00,7,Japan"), mapping)
    first, second = source.documents
    assert first.at == mapping.dates.start
    assert second.at - first.at == timedelta(days=mapping.dates.days) / 2
    assert first.lines[1].unit_price == Decimal("2.50")


def test_packed_file_is_the_same(tmp_path: Path) -> None:
    mapping = load_mapping("online_retail")
    plain = write(tmp_path, "1,A,a,1,1.00,7,Japan")
    packed = tmp_path / "orders.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_file(packed, mapping).documents == read_file(plain, mapping).documents


@pytest.mark.parametrize(
    ("row", "kind", "detail"),
    [
        ("536365,85123A,HOLDER,6,2.55,17850,United Kingdom", LineKind.SALE, ""),
        ("C536383,35004C,DUCKS,-1,4.65,15311,United Kingdom", LineKind.RETURN, ""),
        ("C536379,D,Discount,-1,27.5,14527,United Kingdom", LineKind.NOT_GOODS, "discount"),
        ("536370,POST,POSTAGE,3,18,12583,France", LineKind.NOT_GOODS, "postage"),
        ("537434,BANK CHARGES,Bank Charges,1,15,,United Kingdom", LineKind.NOT_GOODS, "fee"),
        ("536589,21777,,-10,0,,United Kingdom", LineKind.STOCK_ADJUSTMENT, "no reason given"),
        ("536414,22139,,56,0,,United Kingdom", LineKind.SALE, ""),
        ("C1,A,,5,1,,Japan", LineKind.UNREADABLE, "its sign does not fit its document"),
        ("1,A,,x,1,,Japan", LineKind.UNREADABLE, "quantity 'x' or price '1' is not a number"),
        ("1,,,1,1,,Japan", LineKind.UNREADABLE, "it has no document number or no code"),
    ],
)
def test_each_line_gets_its_kind(tmp_path: Path, row: str, kind: LineKind, detail: str) -> None:
    mapping = load_mapping("online_retail")
    (document,) = read_file(write(tmp_path, row), mapping).documents
    (one,) = classify(document, mapping)
    assert (one.kind, one.detail) == (kind, detail)


def test_missing_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("InvoiceNo,StockCode\n1,A\n", encoding="utf-8")
    with pytest.raises(Invalid) as refused:
        read_file(path, load_mapping("online_retail"))
    assert "/columns/Quantity" in {fault.pointer for fault in refused.value.errors}


def test_unknown_mapping_names_those_there_are() -> None:
    with pytest.raises(Invalid, match="online_retail"):
        load_mapping("nowhere")


def test_wrong_mapping_file_names_its_fields(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nsurprise: 1\n", encoding="utf-8")
    with pytest.raises(Invalid) as refused:
        load_mapping(str(path))
    assert {"/columns", "/surprise"} <= {fault.pointer for fault in refused.value.errors}
