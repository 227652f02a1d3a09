"""Sign-in policy: people are invited by an administrator; nobody signs up by themselves; secrets are encrypted."""

from functools import cache
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.http import HttpRequest

from retailops.accounts.second_factor import needs_second_factor


class ClosedSignUpAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Closes self sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse every self sign-up."""
        return False


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Second factors: encrypted at rest, and not removed by whoever must have one."""

    def encrypt(self, text: str) -> str:
        """Return the secret as it is stored."""
        return _box(tuple(settings.CREDENTIAL_KEYS)).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret; one of before the encryption is stored as it is."""
        if not encrypted_text.startswith("gAAAA"):
            return encrypted_text
        return _box(tuple(settings.CREDENTIAL_KEYS)).decrypt(encrypted_text.encode()).decode()

    def get_totp_issuer(self) -> str:
        """Return what authenticator apps show beside the code."""
        return "RetailOps"

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        """Refuse where a role of the person must have a second factor."""
        return not needs_second_factor(authenticator.user.actor())


@cache
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key.strip()) for key in keys])
