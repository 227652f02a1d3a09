"""Customers: orders that were sold, and threads that ask for their return until they are answered."""

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from tests.chaos.town import Town

SHOP = "shopify-uk"
WEB = "web-uk"
THREADS = 4
ANSWER_SECONDS = 120.0


@dataclass(frozen=True)
class Sale:
    """One order of one line that was paid by one card; all of its units come back. `amount` is in pence."""

    channel: str
    external_id: str
    intent: str
    quantity: int
    amount: int
    key: str  # of the request for its return

    def body(self) -> dict[str, Any]:
        """The request for its return."""
        return {
            "order": {"channel": self.channel, "external_id": self.external_id},
            "lines": [{"line_no": 1, "quantity": self.quantity, "reason": "too_small"}],
        }


def sell(town: Town, count: int) -> list[Sale]:
    """Sell that many orders, every second one in the shop, and wait until all of them are captured."""
    run = uuid4().hex[:8]
    drafts = [_Draft(f"{run}{index:04}", 1 + index % 3, 1000 + 10 * index) for index in range(count)]
    town.sandbox.seed_payments(*({"id": draft.intent, "amount": draft.amount, "currency": "gbp"} for draft in drafts))
    sales = [*_sell_in_web(town, drafts[::2]), *_sell_in_shop(town, drafts[1::2])]
    known = [sale.external_id for sale in sales]

    def captured() -> bool:
        return town.count("select count(*) from returns_order where external_id = any(%(ids)s)", ids=known) == count

    town.until(captured, "the orders are captured")
    return sorted(sales, key=lambda sale: sale.intent)


@dataclass(frozen=True)
class _Draft:
    name: str
    quantity: int
    price: int

    @property
    def intent(self) -> str:
        return f"pi_{self.name}"

    @property
    def amount(self) -> int:
        return self.quantity * self.price

    def sold(self, channel: str, external_id: str) -> Sale:
        return Sale(channel, external_id, self.intent, self.quantity, self.amount, f"return-{self.name}")


def _sell_in_web(town: Town, drafts: Sequence[_Draft]) -> list[Sale]:
    shipped = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    orders = [_web_order(draft, shipped) for draft in drafts]
    reply = httpx.post(
        f"{town.url}/api/v1/orders/batch", json={"orders": orders}, headers=_headers(town), timeout=60, trust_env=False
    )
    assert reply.status_code == 200, reply.text
    assert {result["status"] for result in reply.json()["results"]} <= {201}, reply.text
    return [draft.sold(WEB, draft.name) for draft in drafts]


def _web_order(draft: _Draft, shipped: str) -> dict[str, Any]:
    return {
        "channel": WEB,
        "external_id": draft.name,
        "number": f"#{draft.name}",
        "region": "uk",
        "brand": "acme",
        "legal_entity": "ACME-UK",
        "currency": "GBP",
        "placed_at": shipped,
        "lines": [
            {
                "external_id": "1",
                "sku": f"SKU-{draft.price}",
                "quantity": draft.quantity,
                "unit_price": {"amount": draft.price, "currency": "GBP"},
                "shipped_at": shipped,
            }
        ],
        "payments": [
            {
                "external_id": draft.intent,
                "gateway": "stripe",
                "captured": {"amount": draft.amount, "currency": "GBP"},
                "references": {"payment_intent": draft.intent},
            }
        ],
    }


def _sell_in_shop(town: Town, drafts: Sequence[_Draft]) -> list[Sale]:
    orders = [
        {
            "name": f"#{draft.name}",
            "currency": "GBP",
            "emit": True,
            "gateway": "stripe",
            "note_attributes": [{"name": "payment_intent", "value": draft.intent}],
            "lines": [{"sku": f"SKU-{draft.price}", "quantity": draft.quantity, "price": f"{draft.price / 100:.2f}"}],
        }
        for draft in drafts
    ]
    made = town.sandbox.control("POST", "/shopify/orders", {"orders": orders})["orders"]
    return [draft.sold(SHOP, str(order["id"])) for draft, order in zip(drafts, made, strict=True)]


def _headers(town: Town, key: str = "") -> dict[str, str]:
    return {"Authorization": f"Bearer {town.key}"} | ({"Idempotency-Key": key} if key else {})


@dataclass
class Asking:
    """Customers who ask. `answers`: sale → ids of all 2xx answers; `refused`: what else they were told or suffered."""

    town: Town
    pause: float
    waiting: "queue.SimpleQueue[Sale]" = field(default_factory=queue.SimpleQueue)
    answers: dict[Sale, list[str]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def acknowledged(self) -> list[str]:
        """The returns that the API said were there."""
        return [id for ids in list(self.answers.values()) for id in ids]

    def work(self) -> None:
        """Be one customer after the other until nobody waits any more."""
        with httpx.Client(base_url=self.town.url, timeout=15, trust_env=False) as client:
            while True:
                try:
                    sale = self.waiting.get_nowait()
                except queue.Empty:
                    return
                self._ask(client, sale)
                time.sleep(self.pause)

    def _ask(self, client: httpx.Client, sale: Sale) -> None:
        """Ask with the same key until a 2xx comes."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < deadline:
            try:
                reply = client.post("/api/v1/returns", json=sale.body(), headers=_headers(self.town, sale.key))
            except httpx.HTTPError as error:
                self.refused.append(type(error).__name__)
            else:
                if reply.is_success:
                    self.answers.setdefault(sale, []).append(reply.json()["id"])
                    return
                self.refused.append(f"{reply.status_code}: {reply.text[:300]}")
            time.sleep(0.1)
        self.lost.append(sale.key)

    def ask_again(self) -> None:
        """Everybody asks once more with the same key: each gets the same return, and there is no other."""
        with httpx.Client(base_url=self.town.url, timeout=30, trust_env=False) as client:
            for sale in list(self.answers):
                reply = client.post("/api/v1/returns", json=sale.body(), headers=_headers(self.town, sale.key))
                assert reply.status_code == 200, reply.text
                self.answers[sale].append(reply.json()["id"])


@contextmanager
def asking(town: Town, sales: Sequence[Sale], *, seconds: float = 0.0) -> Iterator[Asking]:
    """Let customers ask during the block, spread over about so many seconds; at its end all have been answered."""
    load = Asking(town, pause=seconds * THREADS / len(sales))
    for sale in sales:
        load.waiting.put(sale)
    threads = [threading.Thread(target=load.work, name=f"customer-{n}", daemon=True) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        for thread in threads:
            thread.join(ANSWER_SECONDS + seconds + 60)
    assert load.lost == [], load.refused[-5:]
    assert set(load.answers) == set(sales)


def ask(town: Town, sales: Sequence[Sale]) -> Asking:
    """Let all ask now, and wait for their answers: none is refused."""
    with asking(town, sales) as load:
        pass
    assert load.refused == []
    return load
