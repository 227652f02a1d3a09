"""Clients of the API: one with rights, one of another region and brand, one without scopes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client

from retailops.accounts.actor import Actor
from retailops.accounts.api_keys import issue_api_key
from retailops.accounts.models import ApiClient
from retailops.accounts.permissions import SCOPE_PERMISSIONS
from tests.api.answers import Reply


@dataclass
class Api:
    """An API client with its key. Methods return the Reply."""

    client: ApiClient
    key: str
    http: Client = field(default_factory=Client)

    @property
    def actor(self) -> Actor:
        """Return the client as an actor."""
        return self.client.actor()

    def get(self, path: str, **query: Any) -> Reply:
        """GET below /api/v1/."""
        return self._send("get", path, data=query)

    def post(self, path: str, body: Any = None, *, key: str = "", **headers: str) -> Reply:
        """POST a JSON body below /api/v1/; `key` is the Idempotency-Key."""
        return self._send("post", path, data=body, content_type="application/json", headers=_with_key(key, headers))

    def put(self, path: str, body: Any = None, *, key: str = "", **headers: str) -> Reply:
        """PUT a JSON body below /api/v1/."""
        return self._send("put", path, data=body, content_type="application/json", headers=_with_key(key, headers))

    def delete(self, path: str) -> Reply:
        """DELETE below /api/v1/."""
        return self._send("delete", path)

    def raw(self, method: str, path: str, body: bytes, content_type: str, **headers: str) -> Reply:
        """Send bytes as they are."""
        return self._send(method, path, data=body, content_type=content_type, headers=_with_key("", headers))

    def _send(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **kwargs: Any) -> Reply:
        send = getattr(self.http, method)
        bearer = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return Reply(send(f"/api/v1{path}", headers={**bearer, **(headers or {})}, **kwargs))


def _with_key(key: str, headers: Mapping[str, str]) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return named | ({"Idempotency-Key": key} if key else {})


MakeApi = Callable[..., Api]


@pytest.fixture
def make_api(db: None) -> MakeApi:
    """Return a maker of API clients."""

    def make(*scopes: str, **fields: Any) -> Api:
        client, key = issue_api_key(fields.pop("name", "test"), list(scopes), **fields)
        return Api(client, key)

    return make


@pytest.fixture
def api(make_api: MakeApi) -> Api:
    """Return a client with every scope, everywhere."""
    return make_api(*SCOPE_PERMISSIONS)


@pytest.fixture
def stranger(make_api: MakeApi) -> Api:
    """Return a client with every scope in another region and brand."""
    return make_api(*SCOPE_PERMISSIONS, name="stranger", regions=["mars"], brands=["nobody"])


@pytest.fixture
def powerless(make_api: MakeApi) -> Api:
    """Return a client without scopes."""
    return make_api(name="powerless")


@pytest.fixture
def anonymous() -> Api:
    """Return a caller without a key."""
    return Api(ApiClient(name="nobody"), "")


@pytest.fixture
def stripe(db: None) -> Any:
    """Return a connection to the payment gateway."""
    from connectors.services.creating import create_connection

    return create_connection(
        actor=Actor.system("test"),
        vendor="stripe",
        name="stripe",
        label="Stripe",
        config={"base_url": "http://127.0.0.1:1/stripe"},
        secrets={"api_key": "sk_test_1", "webhook_secret": "whsec_test"},
    )
