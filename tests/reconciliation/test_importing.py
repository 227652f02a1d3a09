"""Files come in whole or not at all, every line accounted for, once."""

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from reconciliation.models import Discrepancy, ImportFile, Item, OpenItem, RawLine, SettlementBatch
from reconciliation.services.importing import SourceIn, import_expectations, import_settlement
from retailops.accounts.permissions import Permission
from retailops.events.models import Event
from retailops.lib.errors import Denied, DomainError
from tests.factories import actor_with, everyone_with
from tests.reconciliation.files import csv_of, expect, sample, stripe, stripe_row, taken
from tests.workbench.counting import counts

pytestmark = pytest.mark.django_db
P = Permission


def test_every_line_is_accounted_for_and_nobodys_data_is_kept() -> None:
    done = stripe(
        stripe_row("t1", "-10.00", "RF-1"),
        stripe_row("t2", "100.00", reporting_category="charge", fee="3.20", net="96.80"),
        stripe_row("t3", "-1.00", reporting_category="mystery"),
        stripe_row("t4", "0.00"),
    )
    file = done.file
    assert not done.repeated
    assert (file.lines, file.fates, file.items) == (4, {"item": 2, "unmapped": 1, "empty": 1}, 4)
    assert (file.since, file.until) == (date(2026, 9, 10), date(2026, 9, 10))
    assert file.computed["net GBP"] == 8580
    told = {(i.natural_key, i.lane, i.type, i.amount) for i in Item.objects.all()}
    assert told == {
        ("t1", "payment", "refund", -1000),
        ("t2", "sale", "charge", 10000),
        ("t2:fee", "fee", "fee", -320),
        ("t3", "other", "unmapped", -100),
    }
    assert list(RawLine.objects.order_by("line").values_list("line", "fate")) == [
        (2, "item"), (3, "item"), (4, "unmapped"), (5, "empty"),
    ]  # fmt: skip
    assert "customer_email" not in RawLine.objects.earliest("line").content
    assert [one.item.natural_key for one in OpenItem.objects.all()] == ["t1"]
    batch = SettlementBatch.objects.get()
    assert (batch.external_id, batch.lines_net, batch.lines, batch.paid_out) == ("po_1", 8580, 3, None)
    [event] = Event.objects.filter(type="settlement.imported")
    assert (event.data["lines"], event.data["items"], event.data["unmapped"]) == (4, 4, 1)


def test_the_same_file_again_does_nothing_and_says_so() -> None:
    first = stripe(stripe_row("t1", "-10.00"))
    before = counts()
    again = stripe(stripe_row("t1", "-10.00"))
    assert again.repeated
    assert again.file.pk == first.file.pk
    assert counts() == before
    assert not stripe(stripe_row("t1", "-10.00"), account="another").repeated


def test_what_an_overlapping_file_tells_again_is_known_and_what_it_tells_otherwise_is_a_discrepancy() -> None:
    stripe(stripe_row("t1", "-10.00"), stripe_row("t2", "-5.00"))
    file = stripe(stripe_row("t1", "-10.00"), stripe_row("t2", "-6.00"), stripe_row("t3", "-7.00")).file
    assert (file.fates, file.items) == ({"known": 1, "changed": 1, "item": 1}, 1)
    assert Item.objects.get(natural_key="t2").amount == -500
    row = Discrepancy.objects.get()
    assert (row.type, row.amount, row.ours, row.theirs) == ("late_correction", 100, "-5.00 GBP", "-6.00 GBP")
    assert SettlementBatch.objects.get().lines_net == -2200


def test_what_one_file_tells_twice_is_taken_once() -> None:
    file = stripe(
        stripe_row("t1", "-10.00", "RF-1"), stripe_row("t1", "-10.00", "RF-1"), stripe_row("t1", "-9.00", "RF-1")
    ).file
    assert (file.fates, file.items) == ({"item": 1, "known": 1, "changed": 1}, 1)
    assert SettlementBatch.objects.get().lines_net == -1000
    assert Discrepancy.objects.get().type == "late_correction"


def test_twins_without_an_id_survive_and_again_are_known() -> None:
    row = {"amount": "-5.00", "currency": "GBP", "date": "2026-09-10", "order": "O-1"}
    columns = ("amount", "currency", "date", "order")
    assert taken("csv", csv_of(columns, [row, row])).file.items == 2
    again = taken("csv", csv_of(columns, [row, row, row])).file
    assert (again.items, again.fates) == (1, {"known": 2, "item": 1})


REFUSED: dict[str, tuple[str, bytes, str, str]] = {
    "net": ("stripe", b"", "control-total-failed", "Line 2: net is said to be -9.00 GBP"),
    "column": ("stripe", b"a,b\n1,2\n", "file-not-readable", "balance_transaction_id"),
    "empty": ("stripe", b"", "file-not-readable", ""),
    "binary": ("csv", b"amount,currency,date\n\xff\xfe\x00", "file-not-readable", "no text"),
    "amount": ("csv", b"amount,currency,date\nmuch,GBP,2026-01-01\n", "file-not-readable", "'much' is no amount"),
    "currency": ("csv", b"amount,currency,date\n1,quid,2026-01-01\n", "file-not-readable", "no currency"),
    "decimals": ("csv", b"amount,currency,date\n1.50,JPY,2026-01-01\n", "file-not-readable", "no amount of JPY"),
    "date": ("csv", b"amount,currency,date\n1,GBP,yesterday\n", "file-not-readable", "no date"),
    "endless": ("csv", b"amount,currency,date\nInfinity,GBP,2026-01-01\n", "file-not-readable", "no amount"),
    "nothing": ("csv", b"amount,currency,date\n1\x00,GBP,2026-01-01\n", "file-not-readable", ""),
    "long id": ("stripe", b"", "file-not-readable", "longer than 160"),
    "format": ("nobody", b"x", "invalid", "no format"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_add_up_or_cannot_be_read_is_refused_whole(case: str) -> None:
    format, content, code, told = REFUSED[case]
    if case == "net":
        content = _stripe_csv(stripe_row("t1", "-10.00", net="-9.00"))
    if case == "long id":
        content = _stripe_csv(stripe_row("t" * 161, "-10.00"))
    before = counts()
    with pytest.raises(DomainError) as refused:
        taken(format, content)
    assert refused.value.code == code
    assert told in refused.value.detail
    assert counts() == before


def _stripe_csv(*rows: dict[str, str]) -> bytes:
    from tests.reconciliation.files import STRIPE

    return csv_of(STRIPE, rows)


@pytest.mark.contract
@pytest.mark.parametrize(
    ("format", "name", "lines", "refunds"),
    [
        ("stripe", "stripe_payout_reconciliation/payout_reconciliation.itemized.5.csv", 14, 9),
        ("stripe", "stripe_payout_reconciliation/payouts.itemized.3.csv", 1, 0),
        ("adyen", "adyen_settlement_details/settlement_detail_report_batch_118.csv", 11, 5),
        ("paypal", "paypal_settlement_stl/STL-20260914.01.009.CSV", 15, 2),
        ("shopify", "shopify_payouts/balance_transactions.json", 5, 2),
        ("shopify", "shopify_payouts/payouts.json", 1, 0),
    ],
)
def test_samples_are_read_line_by_line(shared_dir: Path, format: str, name: str, lines: int, refunds: int) -> None:
    file = taken(format, sample(shared_dir, name)).file
    assert file.lines == lines == sum(file.fates.values())
    assert file.fates.get("unmapped", 0) == 0
    assert Item.objects.filter(file=file, type="refund").count() == refunds


@pytest.mark.contract
@pytest.mark.parametrize(
    ("format", "name", "old", "new", "told"),
    [
        ("adyen", "adyen_settlement_details/settlement_detail_report_batch_118.csv", ",366.67,", ",366.66,", "Line 12"),
        ("paypal", "paypal_settlement_stl/STL-20260914.01.009.CSV", '"SC",6', '"SC",7', "Line 12"),
        ("paypal", "paypal_settlement_stl/STL-20260914.01.009.CSV", '"DR",1975', '"DR",1976', "180.75 USD"),
        ("shopify", "shopify_payouts/balance_transactions.json", '"-105.39"', '"-105.38"', "Line 5"),
    ],
)
def test_a_sample_with_a_wrong_total_is_refused_with_line_and_sum(
    shared_dir: Path, format: str, name: str, old: str, new: str, told: str
) -> None:
    content = sample(shared_dir, name).decode()
    assert old in content
    before = counts()
    with pytest.raises(DomainError) as refused:
        taken(format, content.replace(old, new).encode())
    assert refused.value.code == "control-total-failed"
    assert told in refused.value.detail
    assert counts() == before


@pytest.mark.contract
def test_settled_in_another_currency_is_compared_in_the_customers(shared_dir: Path) -> None:
    taken("adyen", sample(shared_dir, "adyen_settlement_details/settlement_detail_report_batch_118.csv"))
    item = Item.objects.get(presentment_currency="GBP")
    assert (item.amount, item.currency, item.compared) == (-6914, "EUR", (-6000, "GBP"))
    assert str(item.occurred_at) == "2026-09-10 09:26:49+00:00"


def test_three_persons() -> None:
    may, elsewhere, nobody = everyone_with(P.SETTLEMENTS_VIEW, P.SETTLEMENTS_IMPORT)
    viewer = actor_with(P.SETTLEMENTS_VIEW)
    content = _stripe_csv(stripe_row("t1", "-10.00"))
    before = counts()
    for actor in (elsewhere, nobody, viewer):
        with pytest.raises(Denied):
            _take(actor, content, region="uk")
    with pytest.raises(Denied):
        _take(may, content)  # a file of all regions
    assert counts() == before
    assert _take(may, content, region="uk").file.region == "uk"
    # An account keeps its region: naming another one opens nothing.
    with pytest.raises(Denied):
        _take(elsewhere, content, region="elsewhere")
    assert ImportFile.objects.count() == 1


def _take(actor: Any, content: bytes, region: str = "") -> Any:
    told = SourceIn("stripe", region=region)
    return import_settlement(actor=actor, source=told, name="f.csv", content=io.BytesIO(content))


def test_expectations_are_a_file_too() -> None:
    done = expect(("RF-1", "-10.00"), ("RF-1", "-10.00"), ("RF-2", "5.00"))
    assert (done.file.lines, done.file.items) == (3, 3)
    rows = Item.objects.order_by("id").values_list("side", "lane", "type", "amount")
    assert list(rows) == [
        ("E", "payment", "refund", -1000), ("E", "payment", "refund", -1000), ("E", "payment", "refund_failure", 500),
    ]  # fmt: skip
    assert expect(("RF-1", "-10.00"), ("RF-1", "-10.00"), ("RF-2", "5.00")).repeated
    bad = io.BytesIO(b"refund_ref,amount,currency,approved_on,lane\nR,1,GBP,2026-01-01,moon\n")
    with pytest.raises(DomainError, match="no lane 'moon'"):
        import_expectations(actor=actor_with(P.SETTLEMENTS_IMPORT), lane="payment", name="x", content=bad)
