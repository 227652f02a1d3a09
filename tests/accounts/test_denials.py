"""Every denied attempt is kept, a flood in one row a minute, and none is uncounted."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.db.models import Sum

from connectors.inbox import receive
from retailops.accounts.api_keys import issue_api_key
from retailops.accounts.audit import keep_denial
from retailops.accounts.models import ApiClient, DeniedAttempt
from tests.api.conftest import Api
from tests.workbench import world


def kept() -> dict[str, int]:
    rows = DeniedAttempt.objects.values("actor").annotate(total=Sum("count")).values_list("actor", "total")
    return dict(rows)


@pytest.mark.django_db
def test_pages_the_api_and_the_inbox_keep_each_attempt() -> None:
    rma, person = world.requested(), world.person("auditor")
    browser = world.signed_in(person)
    client, key = issue_api_key("till", ["returns:read"])
    world.stripe()
    for _ in range(3):
        browser.post(f"/returns/{rma.number}/do/cancel/", {"reason": "x"})
        Api(ApiClient(), key).post(f"/returns/{rma.number}/cancel", {})
        assert receive("stripe", {"stripe-signature": "t=1,v1=forged"}, b"{}").status == 401
    assert kept() == {person.actor_key: 3, client.actor().key: 3, "unproven:stripe": 3}
    # A run may cross a minute.
    assert DeniedAttempt.objects.count() <= 6


@pytest.mark.django_db
def test_a_row_counts_one_actor_at_one_address() -> None:
    for actor, path in [("user:a", "/x"), ("user:a", "/x"), ("user:a", "/y"), ("user:b", "/x")]:
        keep_denial(actor, "POST", path, "first said")
    keep_denial("user:a", "GET", "/x", "another method")
    rows = DeniedAttempt.objects.values_list("actor", "method", "path").annotate(Sum("count"))
    assert set(rows) == {
        ("user:a", "POST", "/x", 2),
        ("user:a", "POST", "/y", 1),
        ("user:b", "POST", "/x", 1),
        ("user:a", "GET", "/x", 1),
    }
    row = DeniedAttempt.objects.filter(actor="user:b").get()
    assert row.minute == row.at.replace(second=0, microsecond=0)
    assert row.last_at == row.at


@pytest.mark.django_db
def test_very_long_addresses_and_names_are_kept() -> None:
    keep_denial("user:" + "a" * 200, "POST", "/" + "x" * 2000, "d")
    assert len(DeniedAttempt.objects.get().path) == 500


@pytest.mark.django_db(transaction=True)
def test_a_flood_from_many_sides_loses_no_count() -> None:
    def flood(_: int) -> None:
        for _ in range(50):
            keep_denial("unproven:stripe", "POST", "/webhooks/stripe", "forged")
        connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(flood, range(6)))
    assert kept() == {"unproven:stripe": 300}
    assert DeniedAttempt.objects.count() <= 2
