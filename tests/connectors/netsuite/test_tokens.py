"""The signed assertion: what NetSuite asks for, provable with the public key alone."""

import base64
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from connectors.failures import VendorFailure
from connectors.models import Connection
from connectors.netsuite.tokens import Client, assertion
from connectors.services import create_connection
from connectors.services.probing import probe_connection
from tests.connectors.netsuite.conftest import CONFIG
from tests.connectors.owed import ADMIN
from tests.connectors.sandbox_server import SandboxServer

AUDIENCE = "https://1234.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)


def pem(key: Any) -> str:
    text: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return text.decode()


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_the_assertion_says_and_signs_what_netsuite_asks_for() -> None:
    token = assertion(AUDIENCE, Client("client", "cert-1", private_key=pem(KEY)))
    head, claims, signature = token.split(".")
    assert json.loads(decoded(head)) == {"typ": "JWT", "alg": "PS256", "kid": "cert-1"}
    said = json.loads(decoded(claims))
    assert (said["iss"], said["aud"], said["scope"]) == ("client", AUDIENCE, ["rest_webservices"])
    assert 0 < said["exp"] - said["iat"] < 3600
    KEY.public_key().verify(decoded(signature), f"{head}.{claims}".encode(), PSS, hashes.SHA256())
    with pytest.raises(InvalidSignature):
        KEY.public_key().verify(decoded(signature), f"{head}.{claims}x".encode(), PSS, hashes.SHA256())


@pytest.mark.parametrize("key", ["not a key", pem(ec.generate_private_key(ec.SECP256R1()))], ids=["text", "ec"])
def test_a_key_that_cannot_sign_is_a_matter_of_the_credential(key: str) -> None:
    with pytest.raises(VendorFailure) as refused:
        assertion(AUDIENCE, Client("client", "cert-1", private_key=key))
    assert refused.value.result == "auth"


def test_a_connection_with_a_certificate_signs_in_with_it(sandbox: SandboxServer, db: None) -> None:
    connection: Connection = create_connection(
        actor=ADMIN,
        vendor="netsuite",
        name="netsuite-by-certificate",
        label="NetSuite",
        config={"base_url": f"{sandbox.url}/netsuite", **CONFIG, "certificate_id": "cert-1"},
        secrets={"private_key": pem(KEY)},
    )
    assert probe_connection(actor=ADMIN, connection_id=connection.id).ok


def test_a_connection_without_any_secret_says_so(sandbox: SandboxServer, db: None) -> None:
    connection = create_connection(
        actor=ADMIN,
        vendor="netsuite",
        name="netsuite-without",
        label="NetSuite",
        config={"base_url": f"{sandbox.url}/netsuite", **CONFIG},
    )
    health = probe_connection(actor=ADMIN, connection_id=connection.id)
    assert (health.ok, "client_secret" in health.detail) == (False, True)
