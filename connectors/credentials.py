"""Secrets at rest: Fernet with rotation of the keys themselves. Write-only: nothing shows a stored value again.

`settings.CREDENTIAL_KEYS` holds the keys, newest first: the first encrypts, all decrypt.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from connectors.failures import VendorFailure
from connectors.models import Connection, Credential
from retailops.events.enums import OutcomeClass
from retailops.lib.clock import now

OVERLAP = timedelta(hours=24)


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key.strip()) for key in keys])


def encrypt(value: str) -> bytes:
    """Return the value encrypted with the newest key."""
    return _box(tuple(settings.CREDENTIAL_KEYS)).encrypt(value.encode())


def decrypt(ciphertext: bytes | memoryview) -> str:
    """Return the plain value. Raises VendorFailure (auth) when no configured key opens it."""
    try:
        return _box(tuple(settings.CREDENTIAL_KEYS)).decrypt(bytes(ciphertext)).decode()
    except InvalidToken:
        raise VendorFailure(
            OutcomeClass.AUTH, "credential_unreadable", "No key of CREDENTIAL_KEYS opens this secret."
        ) from None


def reencrypt(ciphertext: bytes | memoryview) -> bytes:
    """Return the same secret under the newest key, after a key was added in front of CREDENTIAL_KEYS."""
    return _box(tuple(settings.CREDENTIAL_KEYS)).rotate(bytes(ciphertext))


def valid_values(credential: Credential) -> tuple[str, ...]:
    """Return the present value, then the former one while its overlap lasts."""
    values = [decrypt(credential.ciphertext)]
    if credential.former_ciphertext and credential.former_until and credential.former_until > now():
        values.append(decrypt(credential.former_ciphertext))
    return tuple(values)


def secrets_of(rows: Sequence[Credential]) -> dict[str, tuple[str, ...]]:
    """Return the valid values of each named secret."""
    return {row.name: valid_values(row) for row in rows}


def store(
    connection: Connection, name: str, value: str, *, overlap: timedelta | None, expires_at: datetime | None = None
) -> Credential:
    """Set a secret. With `overlap` the former value stays valid that long. Must be called in a transaction.

    `expires_at` is when the vendor stops taking it, for the warning before; None: it does not end, or nobody knows.
    """
    found = Credential.objects.select_for_update().filter(connection=connection, name=name).first()
    credential = found or Credential(connection=connection, name=name)
    credential.former_ciphertext = credential.ciphertext if found and overlap else None
    credential.former_until = now() + overlap if found and overlap else None
    credential.ciphertext = encrypt(value)
    credential.updated_at, credential.expires_at = now(), expires_at
    credential.save()
    return credential
