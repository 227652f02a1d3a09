"""A row made the quick way is the row that Django's constructor makes."""

from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Model
from django.db.models.signals import post_init, pre_init

from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.new_rows import new_row
from retailops.sla.models import SlaClock

MADE_SO: tuple[type[Model], ...] = (Event, SlaClock)


def columns(row: Model) -> dict[str, Any]:
    """The row's columns; defaults that the database gives, by what they ask it for."""
    values = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return {
        name: vars(value).get("expression", value) if hasattr(value, "resolve_expression") else value
        for name, value in values.items()
    }


@pytest.mark.parametrize("model", MADE_SO)
def test_columns_that_are_not_given_have_their_defaults(model: type[Model]) -> None:
    key = uuid4()
    moments = {field.attname: now() for field in model._meta.concrete_fields if field.default is now}
    assert columns(new_row(model, id=key, **moments)) == columns(model(id=key, **moments))


def test_columns_that_are_given_are_those_given() -> None:
    given = {"id": uuid4(), "type": "return.requested", "data": {"a": 1}, "occurred_at": now(), "recorded_at": now()}
    assert columns(new_row(Event, **given)) == columns(Event(**given))


def test_two_rows_share_no_default() -> None:
    first, second = new_row(Event), new_row(Event)
    first.data["a"] = 1
    assert second.data == {}
    assert first.id != second.id


def test_it_is_new_to_the_database() -> None:
    assert new_row(Event)._state.adding


def test_a_name_that_is_no_column_is_refused() -> None:
    with pytest.raises(TypeError, match="Event has no column kind, topic"):
        new_row(Event, topic="x", kind="y", type="z")


@pytest.mark.parametrize("model", MADE_SO)
def test_nobody_listens_to_the_making_of_such_rows(model: type[Model]) -> None:
    for signal in (pre_init, post_init):
        assert not signal.has_listeners(model)
