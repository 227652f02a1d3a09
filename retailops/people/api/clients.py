"""API clients: list, one, create, change, rotate, revoke.

Creating and rotating take no Idempotency-Key: the stored answer would keep the key.
"""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints
from rest_framework.request import Request

from retailops.accounts.endpoint import operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.models import ApiClient
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import Body
from retailops.people.access import MANAGE, access_client
from retailops.people.api.filters import ClientFilter
from retailops.people.api.people import Places, Reason, WhyBody
from retailops.people.api.shapes import ClientList, ClientShape, IssuedShape, client_shape
from retailops.people.inputs import ClientIn, Scope
from retailops.people.selectors import clients_visible_to
from retailops.people.services.clients import Issued, change_client, create_client, revoke_client, rotate_client


class ClientBody(Body):
    """What a client may do, where, how often and until when."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
    scopes: list[str] = Field(min_length=1, max_length=100, examples=[["returns:read"]])
    regions: Places
    brands: Places
    requests_per_minute: int = Field(default=6000, ge=0, le=1_000_000, description="0 means without limit.")
    expires_at: AwareDatetime | None = None
    reason: Reason

    def client(self) -> ClientIn:
        """Return what the command takes."""
        scope = Scope(self.regions, self.brands)
        return ClientIn(self.name, self.scopes, scope, self.requests_per_minute, self.expires_at)


class RotateBody(Body):
    """How many hours the key of now opens beside the new one (0 to 720)."""

    overlap_hours: int = Field(ge=0, le=720)
    reason: Reason


def _issued(issued: Issued) -> IssuedShape:
    return IssuedShape.build(client=client_shape(issued.client), key=issued.key)


class Clients(ListEndpoint, CommandEndpoint):
    """Other systems with a key."""

    filterset_class = ClientFilter
    queryset = ApiClient.objects.none()

    @operation(
        id="listApiClients", summary="API clients", tag="People", permission=MANAGE, query=PageQuery,
        orderings=("-id", "id"), answers={200: ClientList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> ClientList:
        """Those whose regions and brands are all within one's own; those revoked among them."""
        page = self.page(clients_visible_to(self.actor), query)
        return ClientList.build(results=[client_shape(row) for row in page.rows], next_cursor=page.next_cursor)

    @operation(
        id="createApiClient", summary="Create an API client", tag="People", permission=MANAGE, body=ClientBody,
        answers={201: IssuedShape},
    )  # fmt: skip
    def post(self, request: Request, body: ClientBody) -> IssuedShape:
        """The answer tells the key, once. Nobody gives scopes, regions or brands that are not the own."""
        return _issued(create_client(self.actor, body.client(), body.reason))


class Client(CommandEndpoint):
    """One API client."""

    @operation(
        id="getApiClient", summary="An API client", tag="People", permission=MANAGE, answers={200: ClientShape},
        problems=(404,),
    )  # fmt: skip
    def get(self, request: Request, id: UUID) -> ClientShape:
        """Never its key."""
        return client_shape(access_client(self.actor, id))

    @operation(
        id="changeApiClient", summary="Change an API client", tag="People", permission=MANAGE, body=ClientBody,
        answers={200: ClientShape}, key="optional", problems=(404, 409),
    )  # fmt: skip
    def put(self, request: Request, id: UUID, body: ClientBody) -> ClientShape:
        """The key stays; it opens what is told here."""
        return client_shape(change_client(self.actor, id, body.client(), body.reason))


class RotateClient(CommandEndpoint):
    """A new key for a client."""

    @operation(
        id="rotateApiClient", summary="Rotate a key", tag="People", permission=MANAGE, body=RotateBody,
        answers={200: IssuedShape}, problems=(404, 409),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: RotateBody) -> IssuedShape:
        """The answer tells the new key, once; the one of now opens for the overlap, one before that no more."""
        overlap = timedelta(hours=body.overlap_hours)
        return _issued(rotate_client(self.actor, id, overlap=overlap, reason=body.reason))


class RevokeClient(CommandEndpoint):
    """Closing a client."""

    @operation(
        id="revokeApiClient", summary="Revoke an API client", tag="People", permission=MANAGE, body=WhyBody,
        answers={200: ClientShape}, key="optional", problems=(404, 409),
    )  # fmt: skip
    def post(self, request: Request, id: UUID, body: WhyBody) -> ClientShape:
        """For good: its keys answer 401 within seconds."""
        return client_shape(revoke_client(self.actor, id, body.reason))
