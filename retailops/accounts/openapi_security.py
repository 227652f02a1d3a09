"""How the OpenAPI document says who may call."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself, untyped
    """Bearer keys; an operation's requirement lists the scopes of which one is needed."""

    target_class = "retailops.accounts.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return the scheme."""
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "ro_<prefix>_<secret>",
            "description": "An API client's key. Any one of an operation's listed scopes suffices. A key sees only the "
            "regions and brands of its client: another's object is 404.",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself, untyped
    """The browser's session, for reading."""

    target_class = "retailops.accounts.authentication.SessionReadAuthentication"
    name = "Session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """Return the scheme."""
        return {
            "type": "apiKey", "in": "cookie", "name": "sessionid",
            "description": "A signed-in person's browser; GET only.",
        }  # fmt: skip
