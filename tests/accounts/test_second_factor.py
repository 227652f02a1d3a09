"""A role that needs a second factor: set it up first, then everything; keys are unaffected."""

from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt, encrypt
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.test import Client

from retailops.accounts.api_keys import issue_api_key
from retailops.accounts.models import AccessRules, ApiClient, User
from retailops.events.models import Event
from retailops.events.publish import words_of
from retailops.lib.errors import Conflict, Denied, Invalid
from retailops.people.services.requiring import require_second_factor
from retailops.people.services.standing import reset_second_factor
from tests.api.conftest import Api
from tests.workbench import world
from tests.workbench.counting import counts

pytestmark = pytest.mark.django_db
SET_UP = "/accounts/mfa/totp/activate/"
SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture
def admin() -> User:
    return world.person("administrator", name="Ada Novak")


def code(secret: str) -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(secret, counter)))


def required(admin: User, *roles: str) -> None:
    require_second_factor(admin.actor(), roles or ["ops_lead"], "the insurer asks for it")


def test_whoever_must_have_one_sets_it_up_and_can_do_nothing_else(admin: User) -> None:
    lead = world.person("ops_lead")
    browser = Client()
    browser.post("/accounts/login/", {"login": lead.email, "password": world.PASSWORD})
    assert browser.get("/returns/").status_code == 200
    required(admin)
    before = counts()
    for path in ("/", "/returns/", "/cases/", "/accounts/profile/", "/api/docs/"):
        for answer in (browser.get(path), browser.post(path, {"name": "x"})):
            if path == "/api/docs/":
                assert answer.status_code == 403
            else:
                assert (answer.status_code, answer["Location"]) == (303, SET_UP)
    assert browser.get("/returns/", headers={"HX-Request": "true"})["HX-Redirect"] == SET_UP
    refused = browser.get("/api/v1/returns")
    assert (refused.status_code, refused.json()["type"]) == (403, "/api/problems#second-factor-needed")
    assert counts() == before

    # Whoever sets it up proves once more who is there.
    proof = browser.get(SET_UP)["Location"]
    assert proof.startswith("/accounts/reauthenticate/")
    assert browser.get(proof).status_code == 200
    page = browser.post(proof, {"password": world.PASSWORD, "next": SET_UP}, follow=True)
    assert page.request["PATH_INFO"] == SET_UP
    secret = page.context["form"].secret
    done = browser.post(SET_UP, {"code": code(secret)})
    assert done.status_code == 302
    kept = Authenticator.objects.get(user=lead, type="totp")
    assert secret not in str(kept.data)
    assert kept.wrap().validate_code(code(secret)) is True
    assert browser.get("/returns/").status_code == 200
    codes = browser.get("/accounts/mfa/recovery-codes/")
    assert codes.status_code == 200
    assert Authenticator.objects.filter(user=lead, type="recovery_codes").exists()
    assert set(Event.objects.filter(subject_id=lead.id).values_list("type", "data__factor")) == {
        ("second_factor.added", "totp"), ("second_factor.added", "recovery_codes"),
    }  # fmt: skip

    # It cannot be removed while the role needs it.
    assert "Your role requires it" in browser.get("/accounts/mfa/").content.decode()
    browser.post("/accounts/mfa/totp/deactivate/", {})
    assert Authenticator.objects.filter(user=lead, type="totp").exists()

    # The next sign-in asks for it.
    again = Client()
    answer = again.post("/accounts/login/", {"login": lead.email, "password": world.PASSWORD})
    assert answer["Location"].startswith("/accounts/mfa/authenticate/")
    assert again.get("/returns/").status_code == 302


def test_other_roles_and_keys_are_unaffected(admin: User) -> None:
    required(admin)
    assert world.signed_in(world.person("ops_agent")).get("/returns/").status_code == 200
    _, key = issue_api_key("till", ["returns:read"])
    assert Api(ApiClient.objects.get(), key).get("/returns").status == 200
    assert Client().get("/returns/")["Location"].startswith("/accounts/login/")
    lead = world.signed_in(world.person("ops_lead"))
    # Leaving is always possible.
    assert lead.post("/accounts/logout/").status_code == 302


def test_the_rule_is_set_by_command_with_reason_and_event(admin: User) -> None:
    browser = world.signed_in(admin)
    sent = {"roles": ["auditor", "manager"], "reason": "the insurer asks for it"}
    assert browser.post("/people/second-factor/", sent).status_code == 303
    assert AccessRules.objects.get().second_factor_roles == ["auditor", "manager"]
    told = Event.objects.get(type="second_factor.required")
    assert told.data == {"roles": ["auditor", "manager"], "before": []}
    assert words_of(told.id) == "the insurer asks for it"
    assert "Auditor, Manager" in browser.get("/people/").content.decode()
    require_second_factor(admin.actor(), ["manager", "auditor"], "nothing new")
    assert Event.objects.filter(type="second_factor.required").count() == 1
    with pytest.raises(Invalid):
        require_second_factor(admin.actor(), ["king"], "x")
    for stranger in (world.person("ops_lead"), world.person(), world.person("administrator", regions=["GB"])):
        with pytest.raises(Denied):
            require_second_factor(stranger.actor(), [], "x")
    assert AccessRules.objects.get().second_factor_roles == ["auditor", "manager"]


def test_a_lost_device_is_helped_by_another_administrator(admin: User) -> None:
    person = world.person("ops_lead")
    with pytest.raises(Conflict):
        reset_second_factor(admin.actor(), person.id, "x")
    Authenticator.objects.create(user=person, type="totp", data={"secret": SECRET})
    browser = world.signed_in(person)
    with pytest.raises(Denied):
        reset_second_factor(world.person("ops_lead").actor(), person.id, "x")
    with pytest.raises(Denied, match="own"):
        reset_second_factor(admin.actor(), admin.id, "x")
    reset_second_factor(admin.actor(), person.id, "phone is gone, seen in person")
    assert not Authenticator.objects.filter(user=person).exists()
    assert browser.get("/returns/").status_code == 302
    told = Event.objects.filter(subject_id=person.id).order_by("position")
    assert list(told.values_list("type", flat=True)) == ["second_factor.added", "second_factor.reset"]


def test_too_many_wrong_passwords_close_the_door_for_a_while(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
    person = world.person("ops_agent")
    wrong = {"login": person.email, "password": "not this one"}
    for _ in range(5):
        assert Client().post("/accounts/login/", wrong).status_code == 200
    right = Client().post("/accounts/login/", {"login": person.email, "password": world.PASSWORD})
    assert right.status_code == 200
    assert "Too many failed login attempts" in right.content.decode()


def test_second_factors_are_encrypted_anew_with_the_newest_key(settings: Any) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.CREDENTIAL_KEYS = [old]
    kept = Authenticator.objects.create(user=world.person(), type="totp", data={"secret": encrypt(SECRET)})
    settings.CREDENTIAL_KEYS = [new, old]
    call_command("reencrypt_second_factors", stdout=StringIO())
    kept.refresh_from_db()
    settings.CREDENTIAL_KEYS = [new]
    assert decrypt(kept.data["secret"]) == SECRET
    assert kept.wrap().validate_code(code(SECRET)) is True
