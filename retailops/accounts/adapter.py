"""Sign-in policy: people are invited by an administrator; nobody signs up by themselves."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedSignUpAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Closes self sign-up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse every self sign-up."""
        return False
