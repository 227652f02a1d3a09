"""Stripe through its official SDK, over our guarded HTTP client. The SDK retries nothing: retrying is the engine's."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import httpx
import stripe

from connectors.failures import VendorFailure, class_of_status, retry_after
from connectors.outbound_http import timeout
from connectors.protocol import ConnectionContext
from connectors.stripe.config import StripeConfig
from retailops.events.enums import OutcomeClass

PAGE = 100
# Codes whose class is not that of their HTTP status.
CODES: Mapping[str, OutcomeClass] = {
    "idempotency_key_in_use": OutcomeClass.TRANSIENT,
    "lock_timeout": OutcomeClass.TRANSIENT,
    "rate_limit": OutcomeClass.TRANSIENT,
    "charge_already_refunded": OutcomeClass.BUSINESS,
    "charge_disputed": OutcomeClass.BUSINESS,
    "refund_disputed_payment": OutcomeClass.BUSINESS,
    "amount_too_large": OutcomeClass.BUSINESS,
    "resource_missing": OutcomeClass.BUSINESS,
    "amount_too_small": OutcomeClass.CONTRACT,
    "parameter_unknown": OutcomeClass.CONTRACT,
    "parameter_missing": OutcomeClass.CONTRACT,
    "parameter_invalid_integer": OutcomeClass.CONTRACT,
    "parameter_invalid_empty": OutcomeClass.CONTRACT,
    "parameters_exclusive": OutcomeClass.CONTRACT,
}


class CarriedHttp(stripe.HTTPClient):
    """The SDK's transport over our httpx client, whose exceptions pass through unchanged."""

    name = "httpx"

    def __init__(self, http: httpx.Client, seconds: float) -> None:
        super().__init__()
        self._http, self._timeout = http, timeout(seconds)

    def request(  # type: ignore[override]  # the SDK's base declares str, its own clients return bytes
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Make one request; the answer's body is read whole."""
        answer = self._http.request(method, url, headers=headers, content=post_data or None, timeout=self._timeout)
        return answer.content, answer.status_code, answer.headers

    def close(self) -> None:
        """Leave the connection's client open: it is shared."""


class StripeApi:
    """The calls that we make. Errors are VendorFailure, or httpx's own where no answer came."""

    def __init__(self, conn: ConnectionContext, seconds: float) -> None:
        config: StripeConfig = conn.config
        self._account = {"stripe_account": config.account} if config.account else {}
        self._sdk = stripe.StripeClient(
            conn.secret("api_key"),
            http_client=CarriedHttp(conn.http, seconds),
            base_addresses={"api": config.base_url.rstrip("/")},
            max_network_retries=0,
        )

    def create_refund(self, params: Mapping[str, Any], key: str, *, repeat_safe: bool) -> dict[str, Any]:
        """`POST /v1/refunds` under an idempotency key; returns the refund object."""
        try:
            made = self._sdk.v1.refunds.create(cast(Any, params), cast(Any, {"idempotency_key": key, **self._account}))
        except stripe.StripeError as error:
            raise failure_of(error, repeat_safe=repeat_safe) from error
        return made.to_dict()

    def cancel_refund(self, reference: str, key: str) -> dict[str, Any]:
        """`POST /v1/refunds/{id}/cancel`, which Stripe allows while the refund waits for the customer."""
        options = cast(Any, {"idempotency_key": key, **self._account})
        try:
            return self._sdk.v1.refunds.cancel(reference, options=options).to_dict()
        except stripe.StripeError as error:
            raise failure_of(error, repeat_safe=True) from error

    def refund(self, reference: str) -> dict[str, Any]:
        """`GET /v1/refunds/{id}`."""
        try:
            return self._sdk.v1.refunds.retrieve(reference, options=cast(Any, self._account)).to_dict()
        except stripe.StripeError as error:
            raise failure_of(error, repeat_safe=True) from error

    def refunds(self, payment: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        """`GET /v1/refunds` of one charge or payment intent, all pages, newest first."""
        try:
            page = self._sdk.v1.refunds.list(cast(Any, {**payment, "limit": PAGE}), cast(Any, self._account))
            for refund in page.auto_paging_iter():
                yield refund.to_dict()
        except stripe.StripeError as error:
            raise failure_of(error, repeat_safe=True) from error

    def payment(self, named: Mapping[str, str]) -> dict[str, Any] | None:
        """`GET` the charge or payment intent that `mapping.payment_of` names; None where there is none."""
        ((kind, reference),) = named.items()
        options = cast(Any, self._account)
        try:
            if kind == "charge":
                return self._sdk.v1.charges.retrieve(reference, options=options).to_dict()
            return self._sdk.v1.payment_intents.retrieve(reference, options=options).to_dict()
        except stripe.StripeError as error:
            failure = failure_of(error, repeat_safe=True)
            if failure.code == "resource_missing":
                return None
            raise failure from error

    def ping(self) -> None:
        """Make the cheapest call that needs the permission we use."""
        try:
            self._sdk.v1.refunds.list({"limit": 1}, cast(Any, self._account))
        except stripe.StripeError as error:
            raise failure_of(error, repeat_safe=True) from error


def failure_of(error: stripe.StripeError, *, repeat_safe: bool) -> VendorFailure:
    """Class an error that Stripe answered."""
    status = error.http_status or 0
    kind, stated = (str(getattr(error.error, name, "") or "") for name in ("type", "code"))
    code = stated or kind or f"http_{status}"
    headers = {str(name).lower(): str(value) for name, value in (error.headers or {}).items()}
    return VendorFailure(
        _class_of(status, kind, stated, repeat_safe),
        code,
        error.user_message or f"HTTP {status}",
        http_status=status or None,
        retry_after=retry_after(headers),
    )


def _class_of(status: int, kind: str, code: str, repeat_safe: bool) -> OutcomeClass:
    if code in CODES:
        return CODES[code]
    if status == 409:
        return OutcomeClass.TRANSIENT
    if kind == "idempotency_error":
        return OutcomeClass.CONTRACT
    return class_of_status(status, repeat_safe=repeat_safe)
