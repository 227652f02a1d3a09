"""People: invited, given roles, kept out; nobody over oneself or beyond the own scope, never the last administrator."""

import re
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from retailops.accounts.actor import Actor
from retailops.accounts.models import RoleGrant, User
from retailops.accounts.permissions import Role
from retailops.events.models import Event
from retailops.events.publish import words_of
from retailops.lib.errors import Conflict, Denied, DomainError, Invalid, NotFound
from retailops.people.inputs import Scope
from retailops.people.services.granting import grant_role, revoke_role
from retailops.people.services.inviting import invite_again, invite_person, send_invitation
from retailops.people.services.profile import change_profile
from retailops.people.services.standing import deactivate_person, reactivate_person
from tests.workbench import world
from tests.workbench.counting import counts

pytestmark = pytest.mark.django_db
GB = Scope(["GB"], ["*"])


@pytest.fixture
def admin() -> User:
    return world.person("administrator", name="Ada Novak")


def local(region: str = "GB") -> Actor:
    """Return an administrator of one region."""
    return world.person("administrator", regions=[region], name="Lena Local").actor()


def events(person: User | UUID) -> list[str]:
    id = person.id if isinstance(person, User) else person
    return list(Event.objects.filter(subject_id=id).order_by("position").values_list("type", flat=True))


def grants(person: User) -> list[tuple[str, list[str], list[str]]]:
    return list(person.grants.order_by("id").values_list("role", "regions", "brands"))


def test_an_invited_person_sets_the_own_password_and_signs_in(
    admin: User, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        person = invite_person(
            admin.actor(), email=" New@Shop.Example ", name="Nia  New", reason="joins", role="ops_agent", scope=GB
        )
    person.refresh_from_db()
    assert (person.email, person.name, person.has_usable_password()) == ("new@shop.example", "Nia New", False)
    assert person.invitation_sent_at is not None
    assert grants(person) == [("ops_agent", ["GB"], ["*"])]
    assert events(person) == ["person.invited", "role.granted"]
    assert "new@shop.example" not in str(list(Event.objects.values_list("data", flat=True)))
    (letter,) = mail.outbox
    assert letter.to == ["new@shop.example"]
    link = re.search(r"http://127\.0\.0\.1:8000(/accounts/password/reset/key/\S+)", str(letter.body))
    assert link is not None
    browser = Client()
    form = browser.get(link[1], follow=True)
    assert form.status_code == 200
    new = {"password1": "a long and good one", "password2": "a long and good one"}
    browser.post(form.request["PATH_INFO"], new)
    answer = Client().post("/accounts/login/", {"login": "new@shop.example", "password": "a long and good one"})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    # The link was for one use.
    assert "set_password" not in str(Client().get(link[1]).headers.get("Location", ""))
    with pytest.raises(Conflict):
        invite_again(admin.actor(), person.id, "again")


def test_a_mail_server_that_is_away_is_told_and_the_invitation_sent_again(
    admin: User, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 1
    with django_capture_on_commit_callbacks(execute=True):
        person = invite_person(admin.actor(), email="n@shop.example", name="N", reason="joins")
    person.refresh_from_db()
    assert not person.invitation_sent_at
    page = world.signed_in(admin).get(f"/people/{person.id}/").content.decode()
    assert "The invitation did not leave." in page
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with django_capture_on_commit_callbacks(execute=True):
        invite_again(admin.actor(), person.id, "the server is back")
    person.refresh_from_db()
    assert person.invitation_sent_at
    assert events(person) == ["person.invited", "person.invited_again"]
    assert send_invitation(person)


def test_an_address_is_taken_once(admin: User) -> None:
    with pytest.raises(Invalid, match="address already"):
        invite_person(admin.actor(), email=admin.email.upper(), name="X", reason="x")
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "nobody"}, {"name": " "}, {"reason": ""}, {"role": "king"},
        {"role": "ops_agent", "scope": Scope(["a b"])}, {"role": "ops_agent", "scope": Scope([])},
    ],
)  # fmt: skip
def test_what_is_wrong_invites_nobody(admin: User, wrong: dict[str, Any]) -> None:
    before = counts()
    with pytest.raises(Invalid), transaction.atomic():
        invite_person(admin.actor(), **({"email": "n@shop.example", "name": "N", "reason": "joins"} | wrong))
    assert counts() == before


def test_a_role_is_given_and_taken(admin: User) -> None:
    person = world.person(name="Robin Reed")
    grant = grant_role(
        admin.actor(), person.id, role="ops_lead", scope=Scope(["uk", "fr", "uk"], ["*", "north"]), reason="r"
    )
    assert grants(person) == [("ops_lead", ["fr", "uk"], ["*"])]
    told = Event.objects.get(type="role.granted")
    assert told.data == {
        "person_id": str(person.id), "grant_id": grant.pk, "role": "ops_lead", "regions": ["fr", "uk"],
        "brands": ["*"],
    }  # fmt: skip
    assert (told.actor, words_of(told.id)) == (admin.actor_key, "r")
    with pytest.raises(Conflict):
        grant_role(admin.actor(), person.id, role="ops_lead", scope=Scope(["fr", "uk"]), reason="again")
    revoke_role(admin.actor(), person.id, grant.pk, "leaves the team")
    assert grants(person) == []
    assert events(person) == ["role.granted", "role.revoked"]
    with pytest.raises(NotFound):
        revoke_role(admin.actor(), person.id, grant.pk, "again")


def test_nobody_changes_the_own_roles(admin: User) -> None:
    other = world.person("administrator")
    assert other.is_active
    before = counts()
    for attempt in (
        lambda: grant_role(admin.actor(), admin.id, role="ops_lead", scope=Scope(), reason="x"),
        lambda: revoke_role(admin.actor(), admin.id, admin.grants.get().pk, "x"),
        lambda: deactivate_person(admin.actor(), admin.id, "x"),
    ):
        with pytest.raises(Denied, match="own"):
            attempt()
    assert counts() == before
    with pytest.raises(IntegrityError, match="nobody_grants_to_oneself"), transaction.atomic():
        RoleGrant.objects.create(user=admin, role="ops_lead", granted_by=admin.actor_key)


def test_a_local_administrator_stays_within_the_region(admin: User) -> None:
    person = world.person("ops_agent", regions=["FR"])
    actor = local("GB")
    grant_role(actor, person.id, role="manager", scope=GB, reason="fine")
    before = counts()
    for scope in (Scope(), Scope(["FR"]), Scope(["GB", "FR"])):
        with pytest.raises(Denied, match="beyond"):
            grant_role(actor, person.id, role="manager", scope=scope, reason="x")
    with pytest.raises(Denied, match="beyond"):
        revoke_role(actor, person.id, person.grants.get(role="ops_agent").pk, "x")
    with pytest.raises(Denied, match="beyond"):
        deactivate_person(actor, person.id, "x")
    with pytest.raises(Denied, match="beyond"):
        deactivate_person(actor, admin.id, "x")
    assert counts() == before


@pytest.mark.parametrize("role", [role for role in Role.values if role != "administrator"])
def test_no_other_role_manages_people(role: str) -> None:
    person, actor = world.person(), world.person(role).actor()
    before = counts()
    for attempt in (
        lambda: invite_person(actor, email="n@shop.example", name="N", reason="x"),
        lambda: grant_role(actor, person.id, role="ops_agent", scope=Scope(), reason="x"),
        lambda: deactivate_person(actor, person.id, "x"),
        lambda: reactivate_person(actor, person.id, "x"),
    ):
        with pytest.raises(Denied):
            attempt()
    assert counts() == before


def test_the_last_administrator_stays() -> None:
    keeper, other = world.person("administrator"), world.person("administrator")
    world.person("administrator", regions=["GB"])
    deactivate_person(keeper.actor(), other.id, "leaves")
    system = Actor.system("test")
    with pytest.raises(Conflict, match="last administrator"):
        deactivate_person(system, keeper.id, "x")
    with pytest.raises(Conflict, match="last administrator"):
        revoke_role(system, keeper.id, keeper.grants.get().pk, "x")
    keeper.refresh_from_db()
    assert keeper.is_active
    assert keeper.grants.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_administrators_cannot_remove_each_other_at_once() -> None:
    for _ in range(4):
        one, two = world.person("administrator"), world.person("administrator")
        RoleGrant.objects.filter(role="administrator").exclude(user__in=[one, two]).delete()

        def remove(pair: tuple[User, User]) -> str:
            try:
                deactivate_person(pair[0].actor(), pair[1].id, "x")
            except DomainError as refused:
                return refused.code
            finally:
                connection.close()
            return "done"

        with ThreadPoolExecutor(2) as pool:
            results = sorted(pool.map(remove, [(one, two), (two, one)]))
        assert results == ["conflict", "done"]
        assert User.objects.filter(is_active=True, grants__role="administrator").count() == 1


def test_a_deactivated_person_is_out_at_once_and_for_good(admin: User) -> None:
    person = world.person("ops_lead")
    browser = world.signed_in(person)
    assert browser.get("/returns/").status_code == 200
    deactivate_person(admin.actor(), person.id, "left the company")
    assert browser.get("/returns/").status_code == 302
    credentials = {"login": person.email, "password": world.PASSWORD}
    assert Client().post("/accounts/login/", credentials)["Location"] == "/accounts/inactive/"
    with pytest.raises(Conflict):
        grant_role(admin.actor(), person.id, role="manager", scope=Scope(), reason="x")
    reactivate_person(admin.actor(), person.id, "came back")
    # The session of before stays ended; a new sign-in has the roles of before.
    assert browser.get("/returns/").status_code == 302
    assert Client().post("/accounts/login/", credentials)["Location"] == "/"
    person.refresh_from_db()
    assert world.signed_in(person).get("/returns/").status_code == 200
    assert events(person) == ["person.deactivated", "person.reactivated"]
    with pytest.raises(Conflict):
        reactivate_person(admin.actor(), person.id, "again")


def test_people_change_their_own_name_and_time_zone(client: Client) -> None:
    person = world.person()
    browser = world.signed_in(person)
    answer = browser.post("/accounts/profile/", {"name": "Robin R.", "time_zone": "Europe/Paris"})
    assert answer.status_code == 303
    person.refresh_from_db()
    assert (person.name, person.time_zone) == ("Robin R.", "Europe/Paris")
    assert Event.objects.get(subject_id=person.id).data["fields"] == ["name", "time_zone"]
    assert browser.post("/accounts/profile/", {"name": "", "time_zone": "Mars/Base"}).status_code == 422
    with pytest.raises(Denied):
        change_profile(Actor.system("test"), name="x", time_zone="UTC")
    with pytest.raises(Invalid):
        change_profile(person.actor(), name="x", time_zone="../../etc/passwd")
    person.refresh_from_db()
    assert person.time_zone == "Europe/Paris"


def test_the_own_address_is_not_changed_by_oneself() -> None:
    browser = world.signed_in(world.person())
    answer = browser.post("/accounts/email/", {"email": "other@shop.example", "action_add": ""})
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/profile/")


def test_pages_hide_nothing_that_may_be_done_and_say_why_not(admin: User) -> None:
    browser = world.signed_in(admin)
    own = browser.get(f"/people/{admin.id}/").content.decode()
    assert "Nobody changes the own roles" in own
    assert f"/people/{admin.id}/grant/" not in own
    person = world.person("ops_agent", name="Robin Reed")
    page = browser.get(f"/people/{person.id}/").content.decode()
    for address in ("grant/", f"grants/{person.grants.get().pk}/revoke/", "do/deactivate/"):
        assert f'href="/people/{person.id}/{address}"' in page
    answer = browser.post(
        f"/people/{person.id}/grant/", {"role": "manager", "regions": "GB, FR", "brands": "*", "reason": "covers"}
    )
    assert answer.status_code == 303
    assert grants(person)[1] == ("manager", ["FR", "GB"], ["*"])
    refused = browser.post(
        f"/people/{person.id}/grant/", {"role": "manager", "regions": "GB, FR", "brands": "*", "reason": "covers"}
    )
    assert refused.status_code == 422
    assert "has this role there already" in refused.content.decode()
    listed = browser.get("/people/", {"role": "manager", "q": "robin"}).content.decode()
    assert person.email in listed
    assert admin.email not in listed
    assert "People" not in world.signed_in(world.person("ops_lead")).get("/").content.decode().split("</nav>")[0]


def test_a_key_provisions_people_but_never_administrators(admin: User) -> None:
    from retailops.accounts.api_keys import issue_api_key

    client, _ = issue_api_key("directory", ["people:admin"])
    actor = client.actor()
    person = invite_person(actor, email="n@shop.example", name="N", reason="joins", role="ops_agent")
    assert grants(person) == [("ops_agent", ["*"], ["*"])]
    world.person("administrator")
    before = counts()
    with pytest.raises(Denied, match="key"):
        grant_role(actor, person.id, role="administrator", scope=Scope(), reason="x")
    with pytest.raises(Denied, match="key"):
        deactivate_person(actor, admin.id, "x")
    assert counts() == before


def test_the_first_administrator_gets_a_link_and_the_second_an_invitation() -> None:
    out = StringIO()
    call_command("first_administrator", "you@shop.example", "You", stdout=out)
    assert "/accounts/password/reset/key/" in out.getvalue()
    person = User.objects.get()
    assert (grants(person), person.has_usable_password()) == ([("administrator", ["*"], ["*"])], False)
    with pytest.raises(CommandError, match="an administrator already"):
        call_command("first_administrator", "me@shop.example", "Me")
    assert User.objects.count() == 1
