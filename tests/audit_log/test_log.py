"""The audit log finds by person, object, action and time, loses nothing between pages, and keeps to the region."""

from datetime import timedelta
from typing import Any

import pytest

from retailops.accounts.actor import Actor
from retailops.accounts.api_keys import issue_api_key
from retailops.accounts.audit import keep_denial
from retailops.accounts.models import ApiClient, DeniedAttempt, User
from retailops.audit_log.pages import log_page
from retailops.audit_log.query import AuditQuery, denials_of, events_of
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Invalid
from retailops.people.inputs import Scope
from retailops.people.services.granting import grant_role
from tests.api.conftest import Api
from tests.factories import make_user
from tests.workbench import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor() -> User:
    return world.person("auditor", name="Audrey Lund")


def found(user: User, **asked: str) -> list[str]:
    """Return the actions of the rows that the query finds, newest first."""
    actor, query = user.actor(), AuditQuery.read(asked)
    return [row.action for row in log_page(*sources(actor, query)).rows]


def sources(actor: Actor, query: AuditQuery) -> tuple[Any, Any]:
    return events_of(actor, query, "audit.view"), denials_of(actor, query, "audit.view")


def test_it_finds_by_object_whatever_its_id_is(auditor: User) -> None:
    rma, other = world.requested("GB"), world.requested("GB")
    story = list(
        Event.objects.filter(correlation_id=rma.correlation_id).order_by("-position").values_list("type", flat=True)
    )
    assert "return.requested" in story
    assert found(auditor, about=rma.number) == story
    assert found(auditor, about=str(rma.correlation_id)) == story
    assert "return.requested" in found(auditor, about=str(rma.id))
    assert found(auditor, about=str(Event.objects.filter(correlation_id=rma.correlation_id)[0].id)) == [
        Event.objects.filter(correlation_id=rma.correlation_id)[0].type
    ]
    assert found(auditor, about="RMA-0000-000000") == []
    assert other.number


def test_it_finds_by_person_action_and_time(auditor: User) -> None:
    admin = world.person("administrator", name="Ada Novak")
    person = world.person(name="Kim Colleague")
    world.requested("GB")
    grant_role(admin.actor(), person.id, role="ops_agent", scope=Scope(), reason="joins the team")
    assert found(auditor, person="ada nov") == found(auditor, person=admin.email) == ["role.granted"]
    assert found(auditor, person=admin.actor_key) == found(auditor, person=str(admin.id)) == ["role.granted"]
    assert found(auditor, person="Nobody At All") == []
    assert found(auditor, about=person.email) == ["role.granted"]
    assert found(auditor, action="role.granted") == found(auditor, view="access") == ["role.granted"]
    assert set(found(auditor, person="test")) >= {"order.captured", "return.requested"}
    moment = Event.objects.get(type="role.granted").recorded_at
    assert found(auditor, since=moment.isoformat()) == ["role.granted"]
    assert "role.granted" not in found(auditor, until=moment.isoformat())
    assert found(auditor, since=moment.isoformat(), until=(moment + timedelta(seconds=1)).isoformat()) == [
        "role.granted"
    ]
    assert found(auditor, since=(now() + timedelta(days=1)).isoformat()) == []
    assert len(found(auditor, until="2000-01-01")) == 0
    with pytest.raises(Invalid):
        AuditQuery.read({"since": "yesterday"})
    with pytest.raises(Invalid):
        AuditQuery.read({"since": "2026-13-45"})


def test_denied_attempts_stand_among_the_events(auditor: User) -> None:
    rma = world.requested("GB")
    for _ in range(3):
        keep_denial("user:x", "POST", f"/returns/{rma.number}/do/cancel/", "not permitted")
    assert found(auditor, view="denied") == ["denied"]
    assert found(auditor, action="denied", about=rma.number) == ["denied"]
    assert found(auditor)[0] == "denied"
    assert found(auditor, person="user:x") == ["denied"]
    page = world.signed_in(auditor).get("/audit/", {"view": "denied"}).content.decode()
    assert "Denied" in page
    assert sum(DeniedAttempt.objects.values_list("count", flat=True)) == 3


def test_pages_go_both_ways_and_lose_and_repeat_nothing(auditor: User) -> None:
    for n in range(4):
        world.requested("GB")
        keep_denial(f"user:{n}", "POST", "/x", "no")
    keep_denial("user:last", "POST", "/x", "no")
    actor = auditor.actor()
    both = sources(actor, AuditQuery())
    everything = log_page(*both, size=500).rows
    assert len(everything) == Event.objects.count() + 5
    for size in (1, 2, 3, 7):
        pages = [log_page(*both, size=size)]
        while pages[-1].older:
            pages.append(log_page(*both, after=pages[-1].older, size=size))
        assert [row.places for page in pages for row in page.rows] == [row.places for row in everything]
        back = [pages[-1]]
        while back[-1].newer:
            back.append(log_page(*both, before=back[-1].newer, size=size))
        walked = [row.places for page in reversed(back) for row in page.rows]
        assert walked[-len(everything) :] == [row.places for row in everything][-len(walked) :]
        assert sorted(set(walked)) == sorted(walked)
        assert len(walked) == len(everything)
    assert log_page(*both, after="nonsense", size=500).rows == everything


def test_another_region_is_not_told(auditor: User) -> None:
    rma = world.requested("GB")
    keep_denial("user:x", "POST", f"/returns/{rma.number}/", "no")
    french = world.person("auditor", regions=["FR"])
    assert found(french) == []
    assert found(french, about=rma.number) == []
    browser = world.signed_in(french)
    page = browser.get("/audit/").content.decode()
    assert rma.number not in page
    assert "Nothing was recorded here" in page
    for role in ("", "ops_agent", "connector_admin"):
        assert world.signed_in(world.person(role)).get("/audit/").status_code == 403
    assert world.signed_in(world.person("ops_lead")).get("/audit/export/").status_code == 403
    assert world.signed_in(world.person("ops_lead")).post("/audit/export/").status_code == 403
    assert "Export" not in world.signed_in(world.person("ops_lead")).get("/audit/").content.decode()


def test_a_denied_attempt_is_told_where_its_object_stands() -> None:
    rma = world.requested("GB")
    narrow = make_user("auditor", regions=["GB"], brands=[rma.brand])
    world.signed_in(narrow).post(f"/returns/{rma.number}/do/cancel/", {"reason": "x"})
    # Refused before anybody looked at the return: the address names it.
    _, key = issue_api_key("till", ["returns:read"])
    Api(ApiClient(), key).post(f"/returns/{rma.number}/cancel", {}).problem(403, "denied")
    Api(ApiClient(), key).post("/returns/RMA-1999-000001/cancel", {}).problem(403, "denied")
    assert list(DeniedAttempt.objects.order_by("pk").values_list("places", flat=True)) == [
        [{"region": "GB", "brand": rma.brand}],
        [{"region": "GB", "brand": rma.brand}],
        [],
    ]
    everywhere = world.person("auditor")
    assert found(everywhere, view="denied") == ["denied"] * 3
    assert found(world.person("auditor", regions=["GB"]), view="denied") == ["denied"] * 2
    assert found(narrow, view="denied") == ["denied"] * 2
    assert found(make_user("auditor", regions=["GB"], brands=["another"]), view="denied") == []
    assert found(world.person("auditor", regions=["FR"]), view="denied") == []
    page = world.signed_in(narrow).get("/audit/", {"view": "denied"}).content.decode()
    assert f"/returns/{rma.number}/do/cancel/" in page
    assert f'<td class="muted wide-only">GB · {rma.brand}</td>' in page


def test_attempts_of_one_minute_keep_each_place_once() -> None:
    for region in ("GB", "FR", "GB", "FR"):
        keep_denial("api_client:x", "POST", "/api/v1/orders/batch", "no", [{"region": region, "brand": ""}])
    kept = DeniedAttempt.objects.get()
    assert (kept.count, [place["region"] for place in kept.places]) == (4, ["GB", "FR"])
    for region in ("FR", "GB"):
        assert found(world.person("auditor", regions=[region])) == ["denied"]
    for n in range(30):
        keep_denial("api_client:x", "POST", "/api/v1/orders/batch", "no", [{"region": f"made-up-{n}", "brand": ""}])
    assert [len(each.places) <= 20 for each in DeniedAttempt.objects.all()] == [True] * DeniedAttempt.objects.count()


def test_everything_is_in_the_address_and_links_lead_on(auditor: User) -> None:
    rma = world.requested("GB")
    browser = world.signed_in(auditor)
    page = browser.get("/audit/", {"about": rma.number, "person": "test"}).content.decode()
    assert f'href="/trace/{rma.correlation_id}/"' in page
    assert f"?about={rma.number}&amp;person=system%3Atest" in page
    assert f'href="/audit/export/?about={rma.number}' in page
    assert 'value="return.requested"' in page
    wrong = browser.get("/audit/", {"since": "yesterday"}).content.decode()
    assert "The time is not understood." in wrong
    assert browser.get("/audit/", {"after": "x", "before": "y", "view": "nothing", "about": "\x00"}).status_code in (
        200,
        400,
    )


def test_the_api_tells_the_same(auditor: User) -> None:
    rma = world.requested("GB")
    _, key = issue_api_key("archive", ["audit:read"])
    api = Api(ApiClient(), key)
    first = api.get("/audit-log", about=rma.number, limit=1).ok()
    rest = api.get("/audit-log", about=rma.number, cursor=first["next_cursor"]).ok()
    assert [row["action"] for row in first["results"] + rest["results"]] == found(auditor, about=rma.number)
    api.post("/audit-exports", {}).problem(403, "denied")
    assert not Event.objects.filter(type="audit.exported").exists()
