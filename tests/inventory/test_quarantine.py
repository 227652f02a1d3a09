"""Quarantine by age: first in, first out; a case a location while something stands there too long."""

from datetime import timedelta
from unittest.mock import patch

import pytest

from inventory.ageing import quarantine_layers
from inventory.models import Location
from inventory.services.quarantine import watch_quarantine
from retailops.cases.models import Case
from retailops.lib.clock import now
from tests.inventory.test_by_hand import item, place, shift, stock

pytestmark = pytest.mark.django_db


def stocked(location: Location, days: float, quantity: int, sku: str = "SKU") -> None:
    """Bring units into quarantine so many days ago."""
    with patch("inventory.services.moving.now", lambda: now() - timedelta(days=days)):
        stock(location, "quarantine", quantity, sku=sku)


def test_what_came_first_has_left_first() -> None:
    here = place()
    stocked(here, 40, 5)
    stocked(here, 10, 3)
    shift(here, "quarantine", "sellable", quantity=6)
    stocked(here, 1, 1)
    found = [(layer.units, layer.days, layer.bucket) for layer in quarantine_layers([here.id])]
    assert found == [(2, 10, "fortnight"), (1, 1, "week")]


def test_a_layer_knows_what_its_units_are_worth() -> None:
    here = place()
    item("SKU", value=300)
    stocked(here, 61, 2)
    stocked(here, 61, 1, sku="OTHER")
    assert {layer.sku: (layer.value, layer.bucket) for layer in quarantine_layers([here.id])} == {
        "SKU": (600, "older"),
        "OTHER": (None, "older"),
    }


def test_overdue_quarantine_is_one_case_until_it_is_gone() -> None:
    here = place(region="uk", quarantine_days=7)
    item("SKU", value=300)
    stocked(here, 8, 2)
    stocked(here, 9, 1, sku="OTHER")
    stocked(here, 6, 1, sku="YOUNG")
    for _ in range(2):
        assert watch_quarantine() == 1
    case = Case.objects.get(kind="quarantine_overdue")
    assert (case.amount, case.currency, case.occurrences, case.region) == (600, "GBP", 1, "uk")
    assert case.title == f"3 units stand in quarantine at {here.name} for more than 7 days"
    shift(here, "quarantine", "scrap", quantity=2)
    shift(here, "quarantine", "damaged", sku="OTHER")
    assert watch_quarantine() == 0
    case.refresh_from_db()
    assert case.status == "resolved"
