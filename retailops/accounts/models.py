"""People, their role grants, API clients, and refused attempts."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models

from retailops.accounts.actor import EVERYWHERE, Actor, Grant
from retailops.accounts.permissions import ROLE_PERMISSIONS, SCOPE_PERMISSIONS, Role
from retailops.lib.clock import now
from retailops.lib.ids import uuid7


def everywhere() -> list[str]:
    """Default of regions and brands: all of them."""
    return [EVERYWHERE]


class UserManager(BaseUserManager["User"]):
    """Creates people by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        """Return a new person; the e-mail address is normalized and the password hashed."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person who signs in. What they may do comes from their role grants alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150)
    time_zone = models.CharField(max_length=64, default="UTC")
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def actor_key(self) -> str:
        """The identity stored with events."""
        return f"user:{self.id}"

    def actor(self) -> Actor:
        """Return the person as an Actor, with the grants in force now (one query)."""
        grants = list(self.grants.all())
        return Actor(
            "user",
            str(self.id),
            str(self),
            tuple(grant.as_grant() for grant in grants),
            roles=frozenset(grant.role for grant in grants),
        )


class RoleGrant(models.Model):
    """A role given to a person for regions and brands (`*` = all)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=32, choices=Role.choices)
    regions = ArrayField(models.CharField(max_length=32), default=everywhere)
    brands = ArrayField(models.CharField(max_length=64), default=everywhere)
    granted_by = models.CharField(max_length=100, default="", blank=True)
    granted_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role", "regions", "brands"], name="one_grant_of_a_kind"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="role_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}"

    def as_grant(self) -> Grant:
        """Return the permissions that the role brings, within its regions and brands."""
        permissions = frozenset(map(str, ROLE_PERMISSIONS[self.role]))
        return Grant(permissions, frozenset(self.regions), frozenset(self.brands), self.role)


class ApiClient(models.Model):
    """An external system's credential. The key is shown once; its SHA-256 is kept (keys are 256 random bits)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    key_prefix = models.CharField(max_length=16, unique=True)
    key_hash = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    regions = ArrayField(models.CharField(max_length=32), default=everywhere)
    brands = ArrayField(models.CharField(max_length=64), default=everywhere)
    requests_per_minute = models.PositiveIntegerField(default=6000)
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name

    @property
    def is_authenticated(self) -> bool:
        """Say to DRF that a request of this client is authenticated."""
        return True

    def is_live(self) -> bool:
        """Tell whether the key still opens: neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now())

    def actor(self) -> Actor:
        """Return the client as an Actor with the permissions of its scopes."""
        permissions = frozenset(str(p) for scope in self.scopes for p in SCOPE_PERMISSIONS.get(scope, ()))
        grant = Grant(permissions, frozenset(self.regions), frozenset(self.brands))
        return Actor("api_client", str(self.id), self.name, (grant,))


class DeniedAttempt(models.Model):
    """Append-only record of an attempt that permissions refused."""

    at = models.DateTimeField(default=now, db_index=True)
    actor = models.CharField(max_length=120)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=500)
    detail = models.TextField()

    def __str__(self) -> str:
        return f"{self.actor} {self.method} {self.path}"
