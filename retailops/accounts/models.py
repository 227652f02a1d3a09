"""People, their role grants, the rules of sign-in, API clients, and refused attempts."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Cast, Concat
from django.utils.crypto import salted_hmac

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
    # Part of what a session is proved by: a higher number ends all sessions begun before.
    session_epoch = models.PositiveIntegerField(default=0, db_default=0)
    # When the e-mail with the link to set a password was asked for, and when it left.
    invited_at = models.DateTimeField(null=True, blank=True)
    invitation_sent_at = models.DateTimeField(null=True, blank=True)
    deactivated_at = models.DateTimeField(null=True, blank=True)

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

    def get_session_auth_hash(self) -> str:
        """Return what a session must bear: it changes with the password and when all sessions are ended."""
        sessions = super().get_session_auth_hash()
        if not self.session_epoch:
            return sessions
        return salted_hmac(
            "retailops.session_epoch", f"{sessions}:{self.session_epoch}", algorithm="sha256"
        ).hexdigest()

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
            models.CheckConstraint(condition=Q(role__in=Role.values), name="role_is_known"),
            models.CheckConstraint(
                condition=~Q(granted_by=Concat(Value("user:"), Cast(F("user_id"), models.CharField()))),
                name="nobody_grants_to_oneself",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}"

    def as_grant(self) -> Grant:
        """Return the permissions that the role brings, within its regions and brands."""
        permissions = frozenset(map(str, ROLE_PERMISSIONS[self.role]))
        return Grant(permissions, frozenset(self.regions), frozenset(self.brands), self.role)


class AccessRules(models.Model):
    """What holds for everybody's access: one row. Its lock is taken by every change of who may do what."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    # Whoever holds one of these roles signs in with a second factor.
    second_factor_roles = ArrayField(models.CharField(max_length=32), default=list, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_row_of_access_rules")]

    def __str__(self) -> str:
        return "Access rules"


class ApiClient(models.Model):
    """An external system's credential. The key is shown once; its SHA-256 is kept (keys are 256 random bits).

    After a rotation the key before it opens until `previous_key_until`.
    """

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
    created_by = models.CharField(max_length=120, blank=True, default="", db_default="")
    rotated_at = models.DateTimeField(null=True, blank=True)
    previous_key_prefix = models.CharField(max_length=16, blank=True, default="", db_default="")
    previous_key_hash = models.CharField(max_length=64, blank=True, default="", db_default="")
    previous_key_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["previous_key_prefix"], condition=~Q(previous_key_prefix=""), name="one_client_a_previous_key"
            )
        ]

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
    """Attempts that permissions refused: those of one actor at one address within one minute are one row, counted."""

    at = models.DateTimeField(default=now, db_index=True)
    actor = models.CharField(max_length=120)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=500)
    detail = models.TextField()
    # The minute that the row counts; NULL in rows of one attempt that are older than the counting.
    minute = models.DateTimeField(null=True, blank=True)
    count = models.PositiveIntegerField(default=1, db_default=1)
    last_at = models.DateTimeField(null=True, blank=True)
    # Where it was refused: `{"region": …, "brand": …}` each; none where it is of no place, as access itself is.
    places = models.JSONField(default=list, db_default=[], blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["actor", "minute", "method", "path"], name="one_denial_a_minute")
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.method} {self.path}"
