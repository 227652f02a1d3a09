"""Addresses of people and API clients, below /api/v1/."""

from django.urls import path

from retailops.people.api.clients import Client, Clients, RevokeClient, RotateClient
from retailops.people.api.people import (
    DeactivatePerson,
    People,
    Person,
    PersonGrants,
    ReactivatePerson,
    RevokeGrant,
    Rules,
)

urlpatterns = [
    path("people", People.as_view(), name="people"),
    path("people/<uuid:id>", Person.as_view(), name="person"),
    path("people/<uuid:id>/deactivate", DeactivatePerson.as_view(), name="person-deactivate"),
    path("people/<uuid:id>/reactivate", ReactivatePerson.as_view(), name="person-reactivate"),
    path("people/<uuid:id>/grants", PersonGrants.as_view(), name="person-grants"),
    path("people/<uuid:id>/grants/<int:grant_id>/revoke", RevokeGrant.as_view(), name="grant-revoke"),
    path("access-rules", Rules.as_view(), name="access-rules"),
    path("api-clients", Clients.as_view(), name="api-clients"),
    path("api-clients/<uuid:id>", Client.as_view(), name="api-client"),
    path("api-clients/<uuid:id>/rotate", RotateClient.as_view(), name="api-client-rotate"),
    path("api-clients/<uuid:id>/revoke", RevokeClient.as_view(), name="api-client-revoke"),
]
