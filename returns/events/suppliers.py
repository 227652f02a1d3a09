"""Events of suppliers: their terms, and which skus come from them."""

from dataclasses import dataclass, field

from retailops.events.catalog import event


@event("supplier.changed")
@dataclass(frozen=True)
class SupplierChanged:
    """A supplier's terms were told, the first time or anew. Amounts in minor units by currency."""

    supplier_id: str
    code: str
    name: str
    takes_back: bool
    restocking_basis_points: int
    claim_window_days: int
    credit_days: int
    approval_above: dict[str, int] = field(default_factory=dict)
    fresh: bool = False


@event("supplier.skus_told")
@dataclass(frozen=True)
class SupplierSkusTold:
    """Skus come from the supplier from now on; `unit_costs` in minor units of `currencies`, sku by sku."""

    supplier_id: str
    code: str
    unit_costs: dict[str, int] = field(default_factory=dict)
    currencies: dict[str, str] = field(default_factory=dict)
