"""Each audit of access is clean on sound work and finds the breach that it is for."""

import pytest

from retailops.accounts.actor import Actor
from retailops.accounts.models import User
from retailops.lib import audit as registry
from retailops.people import audits as own_audits
from retailops.people.inputs import ClientIn, Scope
from retailops.people.services.clients import create_client, revoke_client
from retailops.people.services.granting import grant_role, revoke_role
from retailops.people.services.inviting import invite_person
from retailops.people.services.standing import deactivate_person, reactivate_person
from tests.returns.sabotage import sabotage
from tests.workbench import world

pytestmark = pytest.mark.django_db
TABLES = ("accounts_rolegrant", "accounts_user", "accounts_apiclient")
SABOTAGE = {
    "somebody active administrates everything": "UPDATE accounts_user SET is_active = false",
    "every role was given by an event and not taken": """
        UPDATE accounts_rolegrant SET regions = '{*}' WHERE role = 'manager'""",
    "an API client opens what was told last": "UPDATE accounts_apiclient SET revoked_at = NULL",
    "whoever was deactivated is out": "UPDATE accounts_user SET is_active = true",
}
MORE = {
    "every role was given by an event and not taken": """
        UPDATE accounts_rolegrant SET role = 'ops_lead' WHERE role = 'manager'""",
    "an API client opens what was told last": """
        UPDATE accounts_apiclient SET scopes = '{people:admin}' WHERE name = 'open'""",
}


def breaches(name: str) -> list[str]:
    return [breach.detail for audit in registry.audits() if audit.name == name for breach in audit.run()]


@pytest.fixture
def sound() -> User:
    """Somebody who was invited, given roles and taken one, put out and let in; one who is out; two clients."""
    admin = invite_person(Actor.system("first"), email="a@x.example", name="A", reason="first", role="administrator")
    actor = admin.actor()
    person = invite_person(actor, email="b@x.example", name="B", reason="joins", role="manager", scope=Scope(["GB"]))
    taken = grant_role(actor, person.id, role="ops_agent", scope=Scope(), reason="helps")
    revoke_role(actor, person.id, taken.pk, "over")
    deactivate_person(actor, person.id, "leave")
    reactivate_person(actor, person.id, "back")
    deactivate_person(actor, invite_person(actor, email="c@x.example", name="C", reason="x").id, "left")
    create_client(actor, ClientIn("open", ["returns:read"]), "new")
    revoke_client(actor, create_client(actor, ClientIn("closed", ["returns:read"]), "new").client.id, "over")
    return admin


@pytest.mark.parametrize(("audit", "statement"), [*SABOTAGE.items(), *MORE.items()])
def test_each_audit_finds_its_breach(sound: User, audit: str, statement: str) -> None:
    assert breaches(audit) == []
    sabotage(statement, TABLES)
    assert breaches(audit) != []


def test_every_audit_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_audits", {})
    own_audits.register()
    assert {audit.name for audit in registry.audits()} == set(SABOTAGE)


def test_a_house_without_commands_has_no_breach() -> None:
    world.person("ops_lead")
    assert [breaches(name) for name in SABOTAGE] == [[], [], [], []]
