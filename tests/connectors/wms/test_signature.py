"""Standard Webhooks: what holds, what does not."""

import base64
import hashlib
import hmac
import time
from datetime import UTC, datetime

import pytest

from connectors.protocol import SignatureRefused
from connectors.wms import signature
from connectors.wms.signature import verified_id

SECRET = "whsec_" + base64.b64encode(b"a secret of the warehouse").decode()
FORMER = "whsec_" + base64.b64encode(b"the one before").decode()
BODY = b'{"type":"receipt.confirmed","data":{}}'


def signed(
    *, secret: str = SECRET, body: bytes = BODY, age: float = 0, message_id: str = "msg_1", version: str = "v1"
) -> dict[str, str]:
    stamp = str(int(time.time() - age))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"{version},{base64.b64encode(digest).decode()}",
    }


def test_a_message_of_the_warehouse_holds() -> None:
    assert verified_id(signed(), BODY, [SECRET]) == "msg_1"


def test_the_former_secret_holds_while_it_is_rotated() -> None:
    assert verified_id(signed(secret=FORMER), BODY, [SECRET, FORMER]) == "msg_1"


def test_one_good_signature_among_several_is_enough() -> None:
    headers = signed()
    headers["webhook-signature"] = f"v1,{base64.b64encode(b'x' * 32).decode()} {headers['webhook-signature']}"
    assert verified_id(headers, BODY, [SECRET]) == "msg_1"


LOADED = datetime.now(UTC)

# printf '%s' 'msg_1.1700000000.<BODY>' | openssl dgst -sha256 -mac HMAC -macopt 'key:<secret>' -binary | base64
VECTOR = "WPMhdSP6HKRztb8EL3Xqw/Nzqyf4ERuWMeoNNb7eZPc="


def test_a_signature_made_by_another_tool_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime.fromtimestamp(1700000000, UTC)
    monkeypatch.setattr(signature, "now", lambda: moment)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1700000000", "webhook-signature": f"v1,{VECTOR}"}
    assert verified_id(headers, BODY, [SECRET]) == "msg_1"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (signed(), BODY + b" "),
        (signed(secret=FORMER), BODY),
        (signed(age=600), BODY),
        (signed(age=-600), BODY),
        (signed(version="v2"), BODY),
        (signed() | {"webhook-id": "msg_2"}, BODY),
        (signed() | {"webhook-timestamp": str(int(time.time()) - 1)}, BODY),
        (signed() | {"webhook-timestamp": "now"}, BODY),
        (signed() | {"webhook-signature": ""}, BODY),
        (signed() | {"webhook-signature": "v1,"}, BODY),
        ({}, BODY),
    ],
    ids=[
        "body", "other-secret", "old", "future", "version", "other-id", "other-time", "no-number", "none", "empty",
        "no-headers",
    ],
)  # fmt: skip
def test_anything_else_is_refused(headers: dict[str, str], body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    # The cases were signed when this module was loaded, which may be long ago by now.
    monkeypatch.setattr(signature, "now", lambda: LOADED)
    with pytest.raises(SignatureRefused):
        verified_id(headers, body, [SECRET])
