"""The vendors' clients as the tests use them."""

from typing import Any

import httpx
import stripe

from tests.connectors.sandbox_server import SandboxServer

STRIPE_KEY = "sk_test_sandbox"
# What a client sees of a closed connection, by how far the closing had come.
BROKEN = (httpx.RemoteProtocolError, httpx.ReadError)
GRAPHQL = "/shopify/admin/api/2026-07/graphql.json"
RECORD = "/netsuite/services/rest/record/v1"
SUITEQL = "/netsuite/services/rest/query/v1/suiteql"
TOKEN = "/netsuite/services/rest/auth/oauth2/v1/token"


def stripe_sdk(sandbox: SandboxServer) -> stripe.StripeClient:
    """The official SDK, with its own retries switched off."""
    return stripe.StripeClient(STRIPE_KEY, base_addresses={"api": f"{sandbox.url}/stripe"}, max_network_retries=0)


def stripe_post(sandbox: SandboxServer, path: str, form: dict[str, Any], key: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {STRIPE_KEY}"} | ({"Idempotency-Key": key} if key else {})
    return sandbox.client.post(f"/stripe{path}", data=form, headers=headers)


def stripe_get(sandbox: SandboxServer, path: str) -> httpx.Response:
    return sandbox.client.get(f"/stripe{path}", headers={"Authorization": f"Bearer {STRIPE_KEY}"})


def graphql(sandbox: SandboxServer, document: str, variables: dict[str, Any] | None = None) -> Any:
    """The whole answer of one GraphQL request."""
    response = sandbox.client.post(
        GRAPHQL,
        json={"query": document, "variables": variables or {}},
        headers={"X-Shopify-Access-Token": "shpat_sandbox"},
    )
    assert response.status_code == 200, response.text
    return response.json()


def netsuite_headers(sandbox: SandboxServer) -> dict[str, str]:
    """A fresh bearer token by client id and secret."""
    form = {"grant_type": "client_credentials", "client_id": "retailops", "client_secret": "s"}
    answer = sandbox.client.post(TOKEN, data=form)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def wms_headers(key: str = "") -> dict[str, str]:
    return {"Authorization": "Bearer wms_sandbox"} | ({"Idempotency-Key": key} if key else {})


def notice(reference: str = "notice:1", rma: str = "RMA-1", **changes: Any) -> dict[str, Any]:
    """An inbound notice of three units of one SKU."""
    lines = [{"line_ref": "1", "sku": "SHIRT-M", "quantity": 3}]
    return {"reference": reference, "rma_number": rma, "lines": lines, **changes}
