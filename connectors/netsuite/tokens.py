"""OAuth 2.0 client credentials for NetSuite: a JWT assertion under the mapped certificate, or a client secret.

NetSuite's own flow is the certificate ("OAuth 2.0 Client Credentials Flow"); the secret serves gateways in front of it.
Tokens live for an hour and are kept in this process only.
"""

import base64
import json
import threading
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connectors.failures import VendorFailure, retry_after
from connectors.outbound_http import timeout
from connectors.protocol import ConnectionContext
from retailops.events.enums import OutcomeClass

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105  # an address
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# Given up this many seconds early, so that a token does not run out on the way.
MARGIN = 60
ASSERTION_SECONDS = 300


@dataclass(frozen=True)
class Client:
    """Who asks for a token. One of `private_key` (PEM, RSA) and `client_secret` must be there."""

    client_id: str
    certificate_id: str = ""
    private_key: str = ""
    client_secret: str = ""


@dataclass(frozen=True)
class _Kept:
    token: str
    until: float


_kept: dict[tuple[UUID, Client], _Kept] = {}
_lock = threading.Lock()


def token_for(conn: ConnectionContext, client: Client, seconds: float) -> str:
    """Return a live access token, asking for one when there is none.

    Raises VendorFailure (class auth when the client is refused), and httpx.HTTPError when no answer came.
    """
    place = conn.id, client
    kept = _kept.get(place)
    if kept and kept.until > time.monotonic():
        return kept.token
    with _lock:
        kept = _kept.get(place)
        if kept is None or kept.until <= time.monotonic():
            kept = _kept[place] = _asked(conn, client, seconds)
    return kept.token


def forget(conn: ConnectionContext, client: Client, token: str) -> None:
    """Drop a token that was refused, unless another thread has a newer one already."""
    place = conn.id, client
    with _lock:
        if place in _kept and _kept[place].token == token:
            del _kept[place]


def forget_all() -> None:
    """Drop every token that this process keeps."""
    with _lock:
        _kept.clear()


def _asked(conn: ConnectionContext, client: Client, seconds: float) -> _Kept:
    url, form, auth = conn.config.url(TOKEN_PATH), {"grant_type": "client_credentials"}, httpx.Auth()
    if client.private_key:
        form |= {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion(url, client)}
    else:
        auth = httpx.BasicAuth(client.client_id, client.client_secret)
    answer = conn.http.post(url, data=form, auth=auth, timeout=timeout(seconds))
    if not answer.is_success:
        raise _refused(answer)
    granted: dict[str, Any] = answer.json()
    # `expires_in` is a string in NetSuite's answer.
    return _Kept(str(granted["access_token"]), time.monotonic() + float(granted["expires_in"]) - MARGIN)


def _refused(answer: httpx.Response) -> VendorFailure:
    """An outage or a limit stays what it is; every other refusal is one of the credential."""
    status = answer.status_code
    result = OutcomeClass.TRANSIENT if status >= 500 or status == 429 else OutcomeClass.AUTH
    message = "NetSuite gave no access token for this client."
    return VendorFailure(result, _error(answer), message, http_status=status, retry_after=retry_after(answer.headers))


def assertion(audience: str, client: Client) -> str:
    """Return a signed JWT (PS256, RFC 7518 section 3.5) as "The Request Token Structure" asks for.

    Raises VendorFailure (auth) for a key that cannot sign.
    """
    head = {"typ": "JWT", "alg": "PS256", "kid": client.certificate_id}
    moment = int(time.time())
    claims = {
        "iss": client.client_id,
        "scope": ["rest_webservices"],
        "aud": audience,
        "iat": moment,
        "exp": moment + ASSERTION_SECONDS,
    }
    signed = f"{_part(head)}.{_part(claims)}"
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)
    return f"{signed}.{_encoded(_key(client).sign(signed.encode(), pss, hashes.SHA256()))}"


def _key(client: Client) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(client.private_key.encode(), None)
    except (ValueError, TypeError) as error:
        raise VendorFailure(OutcomeClass.AUTH, "private_key", "The private key cannot be read.") from error
    if not isinstance(key, RSAPrivateKey):
        raise VendorFailure(OutcomeClass.AUTH, "private_key", "The private key is not an RSA key.")
    return key


def _part(value: dict[str, Any]) -> str:
    return _encoded(json.dumps(value, separators=(",", ":")).encode())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _error(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"http_{answer.status_code}"
