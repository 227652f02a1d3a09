"""Standard Webhooks signatures."""

import base64
import hashlib
import hmac

import pytest

from connectors.webhooks_out.signing import key_of, new_secret, signature


def test_the_published_example_is_reproduced() -> None:
    """The example of the Standard Webhooks specification's reference implementations."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    made = signature([key_of(secret)], "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_two_secrets_sign_during_rotation() -> None:
    keys = [b"a" * 24, b"b" * 24]
    expected = ["v1," + base64.b64encode(hmac.new(key, b"id.1.body", hashlib.sha256).digest()).decode() for key in keys]
    assert signature(keys, "id", "1", b"body").split(" ") == expected


def test_a_new_secret_is_32_random_bytes() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert len(key_of(first)) == 32


@pytest.mark.parametrize("bad", ["", "whsec_", "whsec_!!!", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ="])
def test_what_is_no_secret_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="a secret is whsec_"):
        key_of(bad)
