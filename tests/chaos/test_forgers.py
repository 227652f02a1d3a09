"""Somebody who knows the addresses, but no secret, sends webhooks of his own while returns flow."""

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import uuid4

import httpx

from connectors.sandbox.shopify.payloads import sign as sign_shopify
from connectors.sandbox.stripe.events import sign as sign_stripe
from connectors.sandbox.webhooks import Outgoing
from connectors.sandbox.wms.messages import sign as sign_wms
from tests.chaos.books import all_is_well
from tests.chaos.town import CHAOS, Town
from tests.chaos.traffic import SHOP, ask, sell

pytestmark = CHAOS

WRONG_SECRET = "whsec_" + base64.b64encode(b"a secret that nobody gave us, so there").decode()
SIGNERS: Mapping[str, tuple[str, Callable[[Outgoing], Mapping[str, str]]]] = {
    "stripe": ("stripe", sign_stripe),
    "shopify": (SHOP, sign_shopify),
    "wms": ("wms", sign_wms),
}


def forged(town: Town, system: str) -> list[int]:
    """Send a true message under a new id: signed with another secret, with the signature of another body, unsigned."""
    name, sign = SIGNERS[system]
    hook = town.sandbox.webhooks(system)[0]
    body = hook["body"].encode()
    ours = Outgoing(f"forged-{uuid4().hex}", hook["topic"], body, [WRONG_SECRET], int(time.time()))
    headers = [dict(sign(ours)), dict(sign(replace(ours, body=b"{}"))), {}]
    url = f"{town.url}/webhooks/{name}"
    return [httpx.post(url, content=body, headers=each, timeout=30, trust_env=False).status_code for each in headers]


def test_a_forged_webhook_is_refused_and_leaves_nothing_but_a_note_of_the_attempt(town: Town) -> None:
    load = ask(town, sell(town, 6))
    town.until(lambda: all(town.sandbox.webhooks(system) for system in SIGNERS), "every system has sent webhooks")
    denied = town.count("select coalesce(sum(count), 0) from accounts_deniedattempt")
    assert {system: forged(town, system) for system in SIGNERS} == {key: [401] * 3 for key in SIGNERS}
    assert town.count("select count(*) from connectors_inboxmessage where message_id like 'forged-%%'") == 0
    assert town.count("select coalesce(sum(count), 0) from accounts_deniedattempt") - denied == 9
    all_is_well(town, load)
