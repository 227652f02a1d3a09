"""Pages of suppliers, without JavaScript: found, added, changed, told what comes from them; each change is an event."""

import pytest
from django.test import Client

from retailops.events.models import Event
from returns.inputs.claims import SupplierIn, SupplierSkuIn
from returns.models import Supplier, SupplierSku
from returns.services.suppliers import put_supplier, put_supplier_skus
from tests.factories import SYSTEM
from tests.workbench import world

pytestmark = pytest.mark.django_db
TERMS = {
    "name": "Highland Wool", "takes_back": "on", "restocking_percent": "12.5", "claim_window_days": "90",
    "credit_days": "45", "approval_above": "GBP 200.00\nJPY 5000",
}  # fmt: skip


@pytest.fixture
def lead() -> Client:
    return world.signed_in(world.person("ops_lead"))


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


def told() -> list[str]:
    return list(Event.objects.filter(subject_type="supplier").order_by("position").values_list("type", flat=True))


def highland() -> Supplier:
    terms = SupplierIn(name="Highland Wool", restocking_basis_points=1000, approval_above={"GBP": 20_000})
    return put_supplier(actor=SYSTEM, code="highland", supplier=terms)[0]


def test_a_supplier_is_added_with_its_terms(lead: Client) -> None:
    assert lead.post("/claims/suppliers/add/", TERMS | {"code": "highland"}).status_code == 303
    made = Supplier.objects.get()
    assert (made.code, made.name, made.takes_back, float(made.restocking_percent)) == (
        "highland", "Highland Wool", True, 12.5,
    )  # fmt: skip
    assert (made.claim_window_days, made.credit_days) == (90, 45)
    assert made.approval_above == {"GBP": 20_000, "JPY": 5000}
    [event] = Event.objects.filter(type="supplier.changed")
    assert (event.data["fresh"], event.data["restocking_basis_points"]) == (True, 1250)
    shown = page(lead, "/claims/suppliers/of/highland/")
    assert "200.00" in shown
    assert "Supplier&#x27;s terms changed" in shown


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"code": "high land"}, "Enter a valid value"),
        ({"code": "taken"}, "There is a supplier of this code already"),
        ({"restocking_percent": "101"}, "less than or equal to 100"),
        ({"approval_above": "200"}, "is not a currency and an amount"),
        ({"approval_above": "JPY 1.50"}, "is not a currency and an amount"),
        ({"approval_above": "GBP -1"}, "is not a currency and an amount"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_what_cannot_be_is_told_at_its_field(lead: Client, given: dict[str, str], why: str) -> None:
    put_supplier(actor=SYSTEM, code="taken", supplier=SupplierIn(name="Taken"))
    refused = lead.post("/claims/suppliers/add/", TERMS | {"code": "highland"} | given)
    assert refused.status_code == 422
    assert why in refused.content.decode()
    assert Supplier.objects.count() == 1


def test_terms_are_changed_and_the_same_again_is_no_change(lead: Client) -> None:
    highland()
    address = "/claims/suppliers/of/highland/terms/"
    assert "GBP 200.00" in page(lead, address)
    for _ in range(2):
        assert lead.post(address, TERMS | {"takes_back": ""}).status_code == 303
    assert not Supplier.objects.get().takes_back
    assert told() == ["supplier.changed", "supplier.changed"]


def test_a_sku_comes_from_the_supplier_that_was_told_last(lead: Client) -> None:
    highland()
    put_supplier(actor=SYSTEM, code="other", supplier=SupplierIn(name="Other"))
    put_supplier_skus(actor=SYSTEM, code="other", skus=[SupplierSkuIn(sku="MUG", unit_cost=150, currency="GBP")])
    address = "/claims/suppliers/of/highland/sku/"
    sku = {"sku": "MUG", "supplier_sku": "HW-1", "unit_cost": "2.05", "currency": "GBP"}
    assert lead.post(address, sku | {"currency": "JPY"}).status_code == 422
    assert lead.post(address, sku).status_code == 303
    row = SupplierSku.objects.get()
    assert (row.supplier.code, row.supplier_sku, row.unit_cost) == ("highland", "HW-1", 205)
    assert told()[-1] == "supplier.skus_told"
    assert "2.05" in page(lead, f"{address}?sku=MUG")
    assert "HW-1" in page(lead, "/claims/suppliers/of/highland/?sku=hw-1")
    assert "No sku matches" in page(lead, "/claims/suppliers/of/highland/?sku=nothing")
    assert "Highland Wool" in page(lead, "/claims/suppliers/?q=mug")
    assert "Other" not in page(lead, "/claims/suppliers/?q=mug").split("<table", 1)[1].split("</table>")[0]


@pytest.mark.parametrize(
    ("role", "regions"),
    [("auditor", ["*"]), ("ops_agent", ["*"]), ("ops_lead", ["GB"])],
    ids=["auditor", "agent", "one"],
)
def test_who_may_not_change_them_everywhere_only_looks(role: str, regions: list[str]) -> None:
    highland()
    client = world.signed_in(world.person(role, regions=regions))
    shown = page(client, "/claims/suppliers/of/highland/")
    assert "Change terms" not in shown
    assert client.post("/claims/suppliers/of/highland/terms/", TERMS).status_code == 403
    assert client.post("/claims/suppliers/add/", TERMS | {"code": "new"}).status_code == 403
    assert (Supplier.objects.count(), told()) == (1, ["supplier.changed"])
