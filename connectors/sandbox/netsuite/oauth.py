"""OAuth 2.0 client credentials: a JWT assertion, as NetSuite asks for, or a client id and secret.

The assertion must be a well-formed, unexpired JWT with `iss`; its signature is not checked, since the fake knows
no certificate. A client id and secret (form fields or HTTP Basic) are accepted when both are there.
"""

import base64
import json
import secrets
from typing import Any

from connectors.sandbox.exchange import Call, Json, Reply
from connectors.sandbox.pipeline import World
from connectors.sandbox.store import now

SYSTEM = "netsuite"
LIFETIME_S = 3600
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def issue(world: World, call: Call) -> Reply:
    """`POST …/oauth2/v1/token`; `expires_in` is a string of seconds, as NetSuite sends it."""
    form = dict(call.form())
    if form.get("grant_type") != "client_credentials":
        return _refused("unsupported_grant_type")
    client = _client(call, form)
    if client is None:
        return _refused("invalid_client", status=401)
    token = secrets.token_urlsafe(32)
    world.store.save(SYSTEM, "token", {"id": token, "client": client, "expires": now() + LIFETIME_S})
    return Reply(200, {"access_token": token, "expires_in": str(LIFETIME_S), "token_type": "bearer"})


def bearer_known(world: World, call: Call) -> bool:
    scheme, _, value = call.headers.get("Authorization", "").partition(" ")
    token = world.store.get(SYSTEM, "token", value.strip()) if scheme.lower() == "bearer" else None
    return token is not None and token["expires"] > now()


def _client(call: Call, form: dict[str, str]) -> str | None:
    if assertion := form.get("client_assertion"):
        claims = _claims(assertion) if form.get("client_assertion_type") == ASSERTION_TYPE else {}
        alive = isinstance(claims.get("exp"), int | float) and claims["exp"] > now()
        return str(claims["iss"]) if alive and claims.get("iss") else None
    client, secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, value = call.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        client, _, secret = _decoded(value).decode(errors="replace").partition(":")
    return client if client and secret else None


def _claims(token: str) -> Json:
    parts = token.split(".")
    try:
        claims: Any = json.loads(_decoded(parts[1])) if len(parts) == 3 else {}
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""


def _refused(code: str, *, status: int = 400) -> Reply:
    return Reply(status, {"error": code})
