"""Fields of states."""

from django.db import models

from retailops.lib.fsm import StateField


def test_to_migrations_a_state_is_the_text_column_that_it_is() -> None:
    state, text = StateField(max_length=8, default="new"), models.CharField(max_length=8, default="new")
    assert state.deconstruct()[1:] == text.deconstruct()[1:]
    assert StateField(max_length=8, default="new", protected=True).deconstruct()[1:] == text.deconstruct()[1:]
