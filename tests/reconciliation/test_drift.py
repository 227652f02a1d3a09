"""The owner's word is taken, another's is kept out and becomes a discrepancy, until both say the same."""

from typing import Any

import pytest

from reconciliation.models import Discrepancy
from retailops.cases.models import Case
from retailops.cases.services import resolve_case
from retailops.events.models import Event
from retailops.lib.errors import Invalid
from returns.inputs import read
from returns.inputs.truth import TruthIn
from returns.models import Order, OrderLine, SourceOfTruth
from returns.services.owning import disown_field
from tests.factories import SYSTEM, fresh, make_return
from tests.reconciliation.telling import disputed, owns, sold, tell
from tests.returns.proofs import prove

pytestmark = pytest.mark.django_db


def order_of(data: dict[str, Any]) -> Order:
    """Return the order as the database has it now."""
    return Order.objects.get(channel=data["channel"], external_id=data["external_id"])


def told(field: str) -> tuple[str, str, str, str, int, str]:
    """Return what the one discrepancy of the field says."""
    row = Discrepancy.objects.get(field=field)
    return row.ours, row.theirs, row.owner, row.system, row.amount, row.status


def test_without_a_rule_an_order_is_its_channels() -> None:
    data = sold()
    result = tell(data, source="erp", shipping_charged=500, version=99)
    order = order_of(data)
    assert (order.shipping_charged, order.version, result.superseded) == (450, 1, False)
    assert result.kept == [f"order {order.external_id}: shipping_charged"]
    assert told("shipping_charged") == ("450", "500", "shopify-uk", "erp", 50, "open")
    assert Discrepancy.objects.get().suggestion == "told_ours"
    prove()


def test_the_owners_word_is_taken() -> None:
    owns("erp", "order", "shipping_charged")
    data = sold()
    tell(data, source="erp", shipping_charged=500)
    assert order_of(data).shipping_charged == 500
    assert not Discrepancy.objects.exists()
    assert Event.objects.filter(type="order.agreed").count() == 1


def test_the_channel_does_not_overwrite_what_another_owns() -> None:
    owns("erp", "order_line", "net")
    data = sold()
    lines = [data["lines"][0] | {"unit_price": 900}, data["lines"][1]]
    result = tell(data, version=2, number="NEW", lines=lines)
    order = order_of(data)
    assert (order.number, order.version, result.superseded) == ("NEW", 2, True)
    assert order.lines.get(external_id="L1").net == 3000
    assert told("net") == ("3000", "2700", "erp", "shopify-uk", 300, "open")
    assert Case.objects.get(kind="order_drift").amount == 300
    prove()


def test_a_rule_of_the_channel_goes_before_one_of_all() -> None:
    owns("erp", "order", "store")
    owns("pos", "order", "store", channel="shopify-uk")
    data = sold()
    tell(data, source="erp", store="from erp")
    assert order_of(data).store == ""
    tell(data, source="pos", store="from pos")
    assert order_of(data).store == "from pos"


def test_told_again_it_occurs_once_more_and_never_twice() -> None:
    data = sold()
    for amount in (500, 500, 510):
        tell(data, source="erp", shipping_charged=amount)
    row = Discrepancy.objects.get()
    assert (row.theirs, row.amount, row.occurrences) == ("510", 60, 3)
    assert Case.objects.filter(kind="order_drift").count() == 1
    assert Event.objects.filter(type="discrepancy.opened").count() == 1


def test_it_ends_by_itself_once_the_system_says_the_same() -> None:
    data = sold()
    tell(data, source="erp", shipping_charged=500)
    tell(data, source="erp")
    row = Discrepancy.objects.get()
    assert (row.status, row.resolution, row.resolved_by) == ("resolved", "agreed", "system:reconciliation")
    assert Case.objects.get(kind="order_drift").status == "resolved"
    tell(data, source="erp", shipping_charged=500)
    assert Discrepancy.objects.filter(status="open").count() == 1
    prove()


def test_the_channels_newer_version_ends_what_it_no_longer_tells_otherwise() -> None:
    owns("erp", "order", "shipping_charged")
    data = sold()
    tell(data, version=2, shipping_charged=470)
    tell(data, version=3, shipping_charged=470, number="N3")
    assert (Discrepancy.objects.get().occurrences, Discrepancy.objects.get().status) == (2, "open")
    tell(data, version=4)
    assert Discrepancy.objects.get().resolution == "agreed"
    prove()


def test_one_that_another_system_still_tells_stays_open() -> None:
    data = sold()
    tell(data, source="erp", shipping_charged=500)
    tell(data, source="crm", shipping_charged=510)
    tell(data, source="crm")
    assert dict(Discrepancy.objects.values_list("system", "status")) == {"erp": "open", "crm": "resolved"}


def test_what_a_return_relies_on_is_not_taken_from_its_owner_either() -> None:
    owns("erp", "order_line", "net")
    data = sold()
    rma = make_return(order_of(data), {1: 1})
    lines = [data["lines"][0] | {"unit_price": 900}, data["lines"][1]]
    tell(data, source="erp", lines=lines)
    assert OrderLine.objects.get(order=order_of(data), external_id="L1").net == 3000
    row = Discrepancy.objects.get(field="net")
    assert (row.owner, row.system, row.suggestion) == ("erp", "erp", "took_theirs")
    assert fresh(rma).open_cases == 0
    prove()


def test_lines_and_payments_that_are_not_here_are_told_and_not_made() -> None:
    data = sold()
    more = {"external_id": "gift-1", "gateway": "wallet", "captured": 700}
    tell(data, source="erp", payments=[*data["payments"], more], lines=[*data["lines"], data["lines"][1] | {
        "external_id": "L9", "unit_price": 300}])  # fmt: skip
    order = order_of(data)
    assert (order.lines.count(), order.payments.count()) == (2, 1)
    assert sorted(Discrepancy.objects.values_list("object", "external_id", "ours", "amount")) == [
        ("order_line", "L9", "", 300),
        ("payment", "gift-1", "", 700),
    ]


def test_an_order_that_another_system_told_first_is_taken_over_by_its_channel() -> None:
    from tests.factories import order_data

    data = order_data()
    assert tell(data, source="erp", version=77, number="ERP-1").created
    assert tell(data, version=1).superseded
    assert (order_of(data).version, order_of(data).number) == (1, data["number"])


def test_resolving_the_case_ends_the_discrepancy() -> None:
    row = disputed()
    case = Case.objects.get(kind="order_drift")
    resolve_case(SYSTEM, case.id, "The ERP was mended.", {"ticket": "OPS-1"})
    row.refresh_from_db()
    assert (row.status, row.resolution, row.reason) == ("resolved", "case", "The ERP was mended.")
    prove()


def test_a_rule_names_a_field_that_there_is() -> None:
    for object, name in (("order", "colour"), ("sofa", "net")):
        with pytest.raises(Invalid):
            read(TruthIn, {"object": object, "field": name, "system": "erp"})


def test_rules_are_told_and_taken_away_again() -> None:
    owns("erp", "order", "store")
    owns("pos", "order", "store")
    row = SourceOfTruth.objects.get()
    assert (row.system, row.changed_by) == ("pos", SYSTEM.key)
    disown_field(actor=SYSTEM, truth_id=row.pk, reason="no longer")
    changes = Event.objects.filter(type="truth.changed").order_by("position")
    assert [(each.data["former"], each.data["system"]) for each in changes] == [
        ("", "erp"),
        ("erp", "pos"),
        ("pos", ""),
    ]
