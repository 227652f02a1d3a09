"""The demo's people: one for each role, all with one password that is shown at the start. Never in production."""

from dataclasses import dataclass

DEMO_PASSWORD = "try-returns-2026"  # noqa: S105 - public by intention: it opens demo data only


@dataclass(frozen=True)
class DemoPerson:
    """Someone to sign in as; `role` is a value of accounts.permissions.Role."""

    email: str
    name: str
    role: str
    regions: tuple[str, ...] = ("*",)


PEOPLE = (
    DemoPerson("ops@retailops.example", "Olivia Park", "ops_agent"),
    DemoPerson("lead@retailops.example", "Leo Marsh", "ops_lead"),
    DemoPerson("finance@retailops.example", "Fiona Adler", "finance_approver"),
    DemoPerson("manager@retailops.example", "Marcus Reyes", "manager"),
    DemoPerson("connectors@retailops.example", "Chen Wei", "connector_admin"),
    DemoPerson("auditor@retailops.example", "Audrey Lund", "auditor"),
    DemoPerson("admin@retailops.example", "Ada Novak", "administrator"),
)


def sign_in_lines() -> list[str]:
    """Return what the console shows about signing in: one line for each person, then the password."""
    from retailops.accounts.permissions import Role

    people = [f"  {person.email:<32} {Role(person.role).label}" for person in PEOPLE]
    return [*people, f"  password for each of them: {DEMO_PASSWORD}"]


def seed_people() -> int:
    """Create the demo's people with their roles where they are missing; returns how many are new.

    A person who exists keeps password and grants: what was changed in the demo stays changed.
    """
    from django.db import transaction

    from retailops.accounts.models import RoleGrant, User

    made = 0
    for person in PEOPLE:
        with transaction.atomic():
            if User.objects.filter(email=person.email).exists():
                continue
            user = User.objects.create_user(person.email, DEMO_PASSWORD, name=person.name)
            RoleGrant.objects.create(user=user, role=person.role, regions=list(person.regions), granted_by="demo")
            made += 1
    return made
