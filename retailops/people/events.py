"""What is told of people and API clients. Names and addresses stay out: events go to other systems."""

from dataclasses import dataclass, field

from retailops.events.catalog import event


@dataclass(frozen=True)
class PersonFact:
    """Whom it is about. Why stands beside the event."""

    person_id: str


@event("person.invited")
@dataclass(frozen=True)
class PersonInvited(PersonFact):
    """A person was added; an e-mail with a link to set a password goes out."""


@event("person.invited_again")
@dataclass(frozen=True)
class PersonInvitedAgain(PersonFact):
    """The e-mail with the link goes out once more."""


@event("person.deactivated")
@dataclass(frozen=True)
class PersonDeactivated(PersonFact):
    """A person cannot sign in any more; all sessions ended."""


@event("person.reactivated")
@dataclass(frozen=True)
class PersonReactivated(PersonFact):
    """A person may sign in again, with the roles of before."""


@event("person.profile_changed")
@dataclass(frozen=True)
class PersonProfileChanged(PersonFact):
    """A person changed the own name or time zone; `fields` names which."""

    fields: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class GrantFact(PersonFact):
    """A role for regions and brands (`*`: all)."""

    grant_id: int = 0
    role: str = ""
    regions: list[str] = field(default_factory=list)
    brands: list[str] = field(default_factory=list)


@event("role.granted")
@dataclass(frozen=True)
class RoleGranted(GrantFact):
    """A person was given a role."""


@event("role.revoked")
@dataclass(frozen=True)
class RoleRevoked(GrantFact):
    """A role was taken from a person."""


@event("second_factor.added")
@dataclass(frozen=True)
class SecondFactorAdded(PersonFact):
    """A person set up a second factor; `factor` is totp or recovery_codes."""

    factor: str = ""


@event("second_factor.removed")
@dataclass(frozen=True)
class SecondFactorRemoved(PersonFact):
    """A person removed a second factor."""

    factor: str = ""


@event("second_factor.reset")
@dataclass(frozen=True)
class SecondFactorReset(PersonFact):
    """An administrator removed a person's second factors, because the device is lost; all sessions ended."""


@event("second_factor.required")
@dataclass(frozen=True)
class SecondFactorRequired:
    """Which roles must sign in with a second factor now, and before."""

    roles: list[str]
    before: list[str]


@dataclass(frozen=True)
class ClientFact:
    """An API client as it is now. Times are ISO 8601; an empty one means none."""

    client_id: str
    name: str
    scopes: list[str]
    regions: list[str]
    brands: list[str]
    requests_per_minute: int
    expires_at: str = ""


@event("api_client.created")
@dataclass(frozen=True)
class ApiClientCreated(ClientFact):
    """A key was issued to another system."""


@event("api_client.changed")
@dataclass(frozen=True)
class ApiClientChanged(ClientFact):
    """What a client may do, how often, or until when was changed."""


@event("api_client.rotated")
@dataclass(frozen=True)
class ApiClientRotated(ClientFact):
    """A client has a new key; the one before it opens until `overlap_until`."""

    overlap_until: str = ""


@event("api_client.revoked")
@dataclass(frozen=True)
class ApiClientRevoked(ClientFact):
    """A client's keys open nothing any more."""
