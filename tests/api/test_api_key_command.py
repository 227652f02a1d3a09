"""`manage.py api_key` issues a key that opens what it was issued for, there alone, and shows it once."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from retailops.accounts.models import ApiClient

pytestmark = pytest.mark.django_db


def issued(*arguments: str) -> str:
    """Return what the command printed."""
    out = StringIO()
    call_command("api_key", *arguments, stdout=out)
    return out.getvalue().strip()


def test_the_key_opens_its_scopes_and_no_other() -> None:
    key = issued("till", "returns:read", "--region", "uk")
    headers = {"Authorization": f"Bearer {key}"}
    assert Client().get("/api/v1/returns", headers=headers).status_code == 200
    assert Client().get("/api/v1/claims", headers=headers).status_code == 403
    client = ApiClient.objects.get()
    assert (client.name, client.scopes, client.regions, client.brands) == ("till", ["returns:read"], ["uk"], ["*"])
    assert key not in (client.key_prefix, client.key_hash)


def test_a_scope_that_does_not_exist_issues_nothing() -> None:
    with pytest.raises(CommandError, match="returns:everything is not one of"):
        issued("till", "returns:everything")
    assert not ApiClient.objects.exists()
