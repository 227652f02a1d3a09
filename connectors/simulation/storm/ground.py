"""The ground a storm plays on: places, goods on shelves, suppliers, policies of several regions, people who decide."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.db import transaction

from connectors.simulation.assortment import PRODUCTS, Product
from connectors.simulation.driving import simulated_approver, simulated_person
from connectors.simulation.trading import ACTOR
from inventory.enums import Disposition
from inventory.inputs import ItemIn, ValueIn
from inventory.models import StockMove
from inventory.services import MoveIn, ensure_location, move_stock, put_items
from retailops.accounts.actor import Actor
from retailops.accounts.permissions import Role
from returns.enums import ExchangeTiming, RefundTiming, Resolution, ReturnKind
from returns.inputs.claims import SupplierIn, SupplierSkuIn
from returns.inputs.policies import PolicyDraftIn, PolicyScopeIn
from returns.models import ReturnPolicy, Supplier
from returns.policy import Fee, FraudRules, Frequency, Rules, StoredValueRules
from returns.policy_content import rules_in
from returns.services.policy_drafts import approve_policy, draft_policy, edit_draft, submit_policy
from returns.services.policy_force import activate_policy
from returns.services.suppliers import put_supplier, put_supplier_skus

WAREHOUSE, STORE = "DC-1", "STORE-LDN"
# One a region: goods for exchanges are held where the customer is served from.
WAREHOUSES = {"uk": WAREHOUSE, "eu": "DC-EU", "us": "DC-US", "jp": "DC-JP", "kw": "DC-KW"}
# Sold by serial number.
CAMERA = Product("CAM-7701", "Mirrorless camera", "electronics", 64_900)
SHELF = 1_000_000
AUTHOR = Actor.system("storm author")
SECOND_EMAIL = "simulated-administrator@retailops.example"
COST_PERCENT = 45

EVERYWHERE: dict[str, Any] = {
    "resolutions": list(Resolution),
    "keep_it_below": {"GBP": 1_500, "EUR": 1_800, "USD": 2_000, "JPY": 3_000, "KWD": 6_000},
    "stored_value": StoredValueRules(bonus_percent="10", store_credit_days=730, gift_limit={"*": 3_000}),
    "restocking_fee": Fee(percent="10", waive_merchant_fault=True),
    "label_fee": Fee(fixed={"GBP": 395, "EUR": 450, "JPY": 700, "KWD": 1_250}, waive_merchant_fault=True),
    "default_location": WAREHOUSE,
}
# By name and scope, what differs there.
POLICIES: tuple[tuple[str, Mapping[str, str], Mapping[str, Any]], ...] = (
    ("standard", {}, {"fraud": FraudRules(value_above={"GBP": 60_000}, refund_above={"GBP": 50_000})}),
    (
        "storm-eu",
        {"region": "eu"},
        {"refund_timing": RefundTiming.ON_RECEIPT, "refund_shipping": "proportional", "tender_order": "first"},
    ),
    (
        "storm-us",
        {"region": "us"},
        {
            "refund_timing": RefundTiming.ON_SCAN,
            "exchange_timing": ExchangeTiming.ON_SCAN,
            "tender_order": "last",
            "fraud": FraudRules(kinds=[ReturnKind.RETURNLESS], returns_above=Frequency(count=6)),
        },
    ),
    ("storm-jp", {"region": "jp"}, {"auto_authorize_limit": {"JPY": 40_000}, "inspection_required": False}),
    ("storm-electronics", {"category": "electronics"}, {"restocking_fee": Fee(percent="15", fixed={"GBP": 500})}),
)


@dataclass(frozen=True)
class Ground:
    """Who decides in a storm, and where its goods arrive."""

    approver: Actor
    store: str = STORE

    @staticmethod
    def warehouse_of(region: str) -> str:
        """Return the code of the warehouse that serves the region."""
        return WAREHOUSES.get(region, WAREHOUSE)


@transaction.atomic
def prepared() -> Ground:
    """Make what is missing of it; a second time nothing changes."""
    for region, code in WAREHOUSES.items():
        ensure_location(actor=ACTOR, code=code, name=f"Distribution center {region}", region=region, currency="GBP")
    ensure_location(actor=ACTOR, code=STORE, name="London store", kind="store", region="uk", currency="GBP")
    if not StockMove.objects.filter(effect_key__startswith="storm:shelf:").exists():
        goods = [*PRODUCTS, CAMERA]
        put_items(actor=ACTOR, items=[_item(each) for each in goods])
        move_stock(actor=ACTOR, moves=[_delivered(each, code) for code in WAREHOUSES.values() for each in PRODUCTS])
    for name, scope, rules in POLICIES:
        _in_force(name, scope, rules)
    if not Supplier.objects.filter(code="storm-makers").exists():
        terms = SupplierIn(name="Storm & Makers", restocking_basis_points=500, approval_above={"GBP": 20_000})
        put_supplier(actor=ACTOR, code="storm-makers", supplier=terms)
        put_supplier_skus(actor=ACTOR, code="storm-makers", skus=[_cost(each) for each in (*PRODUCTS, CAMERA)])
    return Ground(simulated_approver())


def _in_force(name: str, scope: Mapping[str, str], rules: Mapping[str, Any]) -> None:
    """Have the version written by one and agreed to by another, unless a later one than the installation's is there."""
    versions = ReturnPolicy.objects.filter(name=name)
    base = versions.order_by("version").first() or ReturnPolicy.objects.get(name="standard", version=1)
    if versions.filter(version__gt=1).exists() or (name != "standard" and versions.exists()):
        return
    draft = draft_policy(actor=AUTHOR, name=name, based_on=base.id)
    wanted = Rules.model_validate({**rules_in(base).model_dump(), **EVERYWHERE, **rules})
    told = PolicyDraftIn(scope=PolicyScopeIn(**scope), rules=wanted)
    edit_draft(actor=AUTHOR, policy_id=draft.id, draft=told)
    submit_policy(actor=AUTHOR, policy_id=draft.id, reason="for the storm")
    second = simulated_person(SECOND_EMAIL, "Simulated administrator", Role.ADMINISTRATOR)
    approve_policy(actor=second, policy_id=draft.id, reason="agreed")
    activate_policy(actor=second, policy_id=draft.id)


def _item(product: Product) -> ItemIn:
    value = ValueIn(currency="GBP", amount=product.price * COST_PERCENT // 100)
    return ItemIn(sku=product.sku, title=product.title, serialized=product == CAMERA, values=[value])


def _cost(product: Product) -> SupplierSkuIn:
    return SupplierSkuIn(sku=product.sku, unit_cost=product.price * COST_PERCENT // 100, currency="GBP")


def _delivered(product: Product, code: str) -> MoveIn:
    subject = uuid5(NAMESPACE_URL, "storm:shelf")
    return MoveIn(
        f"storm:shelf:{code}:{product.sku}", product.sku, SHELF, Disposition.EXTERNAL, Disposition.SELLABLE, code,
        "adjustment", subject, subject, reason="first delivery", region="uk",
    )  # fmt: skip
