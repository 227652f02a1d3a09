"""People: list, one, invite, deactivate, reactivate, and the roles of each."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints
from rest_framework.request import Request

from retailops.accounts.endpoint import operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.models import User
from retailops.accounts.permissions import Permission, Role
from retailops.accounts.second_factor import has_second_factor
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import Body
from retailops.people.access import access_person, access_rules
from retailops.people.api.filters import PersonFilter
from retailops.people.api.shapes import (
    AccessRulesShape,
    GrantShape,
    PersonList,
    PersonShape,
    grant_shape,
    person_shape,
)
from retailops.people.inputs import Scope
from retailops.people.selectors import people
from retailops.people.services.granting import grant_role, revoke_role
from retailops.people.services.inviting import invite_person
from retailops.people.services.requiring import require_second_factor
from retailops.people.services.standing import deactivate_person, reactivate_person

MANAGE = Permission.PEOPLE_MANAGE
Reason = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Place = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^(\*|[A-Za-z0-9][A-Za-z0-9_.\-]*)$")]
Places = Annotated[list[Place], Field(min_length=1, max_length=50)]


class WhyBody(Body):
    """Why."""

    reason: Reason


class GrantBody(Body):
    """A role for regions and brands; `["*"]` means all of them."""

    role: Role
    regions: Places
    brands: Places
    reason: Reason


class InviteBody(Body):
    """A new person. Roles are given afterwards, each by itself."""

    email: Annotated[str, StringConstraints(min_length=3, max_length=254)] = Field(examples=["kim@shop.example"])
    name: Annotated[str, StringConstraints(min_length=1, max_length=150, strip_whitespace=True)]
    reason: Reason


class AccessRulesBody(Body):
    """Which roles must sign in with a second factor: exactly these."""

    second_factor_roles: list[Role] = Field(max_length=20)
    reason: Reason


def _shape(person: User) -> PersonShape:
    return person_shape(person, second_factor=has_second_factor(person))


class People(ListEndpoint, CommandEndpoint):
    """Everybody who signs in."""

    filterset_class = PersonFilter
    queryset = User.objects.none()

    @operation(
        id="listPeople", summary="People", tag="People", permission=MANAGE, query=PageQuery,
        orderings=("-id", "id"), answers={200: PersonList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> PersonList:
        """With the roles of each, those who are deactivated among them."""
        page = self.page(people(), query)
        shown = [person_shape(person, second_factor=person.second_factor) for person in page.rows]  # type: ignore[attr-defined]  # annotated
        return PersonList.build(results=shown, next_cursor=page.next_cursor)

    @operation(
        id="invitePerson", summary="Invite a person", tag="People", permission=MANAGE, body=InviteBody,
        answers={201: PersonShape}, key="optional",
    )  # fmt: skip
    def post(self, request: Request, body: InviteBody) -> PersonShape:
        """An e-mail with a link goes out: the person sets the own password, and nobody else ever sees one."""
        return _shape(invite_person(self.actor, email=body.email, name=body.name, reason=body.reason))


class Person(CommandEndpoint):
    """One person."""

    @operation(
        id="getPerson", summary="A person with the roles", tag="People", permission=MANAGE,
        answers={200: PersonShape}, problems=(404,),
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> PersonShape:
        """Roles, standing, second factor."""
        return _shape(access_person(self.actor, id))


class DeactivatePerson(CommandEndpoint):
    """Keeping a person out."""

    @operation(
        id="deactivatePerson", summary="Deactivate a person", tag="People", permission=MANAGE, body=WhyBody,
        answers={200: PersonShape}, key="optional", problems=(404, 409),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: WhyBody) -> PersonShape:
        """All sessions end at once. The last administrator stays, and a key never touches an administrator."""
        return _shape(deactivate_person(self.actor, id, body.reason))


class ReactivatePerson(CommandEndpoint):
    """Letting a person in again."""

    @operation(
        id="reactivatePerson", summary="Reactivate a person", tag="People", permission=MANAGE, body=WhyBody,
        answers={200: PersonShape}, key="optional", problems=(404, 409),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: WhyBody) -> PersonShape:
        """With the roles of before."""
        return _shape(reactivate_person(self.actor, id, body.reason))


class PersonGrants(CommandEndpoint):
    """Roles of one person."""

    @operation(
        id="grantRole", summary="Give a role", tag="People", permission=MANAGE, body=GrantBody,
        answers={201: GrantShape}, key="optional", problems=(404, 409),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: GrantBody) -> GrantShape:
        """Within the own regions and brands; a key never gives the role of an administrator."""
        scope = Scope(body.regions, body.brands)
        return grant_shape(grant_role(self.actor, id, role=body.role, scope=scope, reason=body.reason))


class RevokeGrant(CommandEndpoint):
    """Taking a role."""

    @operation(
        id="revokeRole", summary="Take a role", tag="People", permission=MANAGE, body=WhyBody,
        answers={200: PersonShape}, key="optional", problems=(404, 409),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, grant_id: int, body: WhyBody) -> PersonShape:
        """Within the own regions and brands; the last administrator stays."""
        return _shape(revoke_role(self.actor, id, grant_id, body.reason))


class Rules(CommandEndpoint):
    """Which roles need a second factor."""

    @operation(
        id="getAccessRules", summary="Rules of sign-in", tag="People", permission=MANAGE,
        answers={200: AccessRulesShape},
    )  # fmt: skip
    def get(self, request: Request) -> AccessRulesShape:
        """Keys are unaffected: the rules are of people."""
        return AccessRulesShape.build(second_factor_roles=access_rules().second_factor_roles)

    @operation(
        id="putAccessRules", summary="Set the rules of sign-in", tag="People", permission=MANAGE, body=AccessRulesBody,
        answers={200: AccessRulesShape}, key="optional",
    )  # fmt: skip
    def put(self, request: Request, body: AccessRulesBody) -> AccessRulesShape:
        """Whoever holds such a role and has no second factor can set it up and do nothing else until then."""
        rules = require_second_factor(self.actor, body.second_factor_roles, body.reason)
        return AccessRulesShape.build(second_factor_roles=rules.second_factor_roles)
