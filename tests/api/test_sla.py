"""Promises and clocks over the API."""

from datetime import timedelta

import pytest

from retailops.sla.models import SlaClock
from retailops.sla.sweeping import look_at_clocks
from tests.api.conftest import Api, MakeApi
from tests.sla.promising import a_return, promise, tell

pytestmark = pytest.mark.django_db


def test_promises_are_listed_with_what_moves_their_clocks(api: Api) -> None:
    found = {each["name"]: each for each in api.get("/sla/policies?limit=200").ok()["results"]}
    assert found["decision"]["label"] == "decision@1"
    assert (found["decision"]["target_seconds"], found["decision"]["calendar"]) == (86400, None)
    assert found["order_ingestion"]["starts"] == [
        {"type": "order.captured", "at": "placed_at", "where": {"superseded": False}}
    ]
    assert [each["name"] for each in api.get("/sla/policies?name=decision&status=active").ok()["results"]] == [
        "decision"
    ]


def test_clocks_are_narrowed_and_paged(api: Api) -> None:
    policy = promise()
    rmas = [a_return() for _ in range(3)]
    for rma, minutes in zip(rmas, (90, 80, 10), strict=True):
        tell("received", rma, ago=timedelta(minutes=minutes))
    look_at_clocks()
    late = api.get(f"/sla/clocks?name={policy.name}&state=running&breached=true&limit=1").ok()
    assert late["results"][0]["subject"] == f"return/{rmas[1].id}"
    assert late["results"][0]["breached_at"] == late["results"][0]["due_at"]
    cursor = late["next_cursor"]
    rest = api.get(f"/sla/clocks?name={policy.name}&state=running&breached=true&limit=1&cursor={cursor}").ok()
    assert [each["subject"] for each in rest["results"]] == [f"return/{rmas[0].id}"]
    assert rest["next_cursor"] == ""
    [one] = api.get(f"/sla/clocks?subject_id={rmas[2].id}&name={policy.name}").ok()["results"]
    assert (one["policy"], one["state"], one["elapsed_seconds"]) == (policy.label, "running", None)
    api.get("/sla/clocks?state=broken").problem(400, "invalid")


def test_a_client_of_another_region_sees_no_clock(make_api: MakeApi) -> None:
    promise()
    tell("received", a_return(region="uk"))
    assert SlaClock.objects.exists()
    elsewhere = make_api("returns:read", regions=["FR"])
    assert elsewhere.get("/sla/clocks").ok()["results"] == []
    make_api("orders:read").get("/sla/clocks").problem(403, "denied")
