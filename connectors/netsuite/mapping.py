"""Canonical → NetSuite, pure: no I/O, no database. Amounts come in minor units and go out as decimal major units."""

from decimal import Decimal
from typing import Any

from connectors.netsuite.config import NetSuiteConfig, NetSuiteMapping
from retailops.lib.money import major, minor

Json = dict[str, Any]


class Unmapped(Exception):
    """A code or field that the mapping does not know: nothing is guessed, a person completes the mapping."""


def external_id(effect_key: str) -> str:
    """The document's external id: `memo:<uuid>` → `memo-<uuid>`.

    NetSuite allows letters, digits, `_` and `-` in an external id (SuiteTalk REST, "Using External IDs").
    """
    return effect_key.replace(":", "-")


def credit_memo(fact: Json, effect_key: str, config: NetSuiteConfig, mapping: NetSuiteMapping) -> Json:
    """Return the credit memo for a `credit_memo.queued`; its lines sum to the money that moved, to the minor unit."""
    return {
        **_head(fact, effect_key, config, mapping),
        "item": {"items": _memo_lines(fact, config, mapping)},
    }


def return_authorization(fact: Json, effect_key: str, config: NetSuiteConfig, mapping: NetSuiteMapping) -> Json:
    """Return the return authorization for a `return.authorized`: quantities only; the memo brings the money."""
    lines = [
        {"item": _item(line["sku"], config, mapping), "quantity": line["quantity"], "description": line["sku"]}
        for line in fact["lines"]
    ]
    return {**_head(fact, effect_key, config, mapping), "item": {"items": lines}}


def total_of(record: Json, currency: str) -> int:
    """The total of a record as NetSuite computed it, in minor units. Raises Unmapped when it is not an amount."""
    told = record.get("total")
    try:
        return minor(Decimal(str(told)), currency)
    except (ArithmeticError, ValueError) as error:
        raise Unmapped(f"the record has no total in {currency}: {told!r}") from error


def reference_of(record: Json) -> str:
    """The number that people know the record by, else its internal id."""
    return str(record.get("tranId") or record["id"])


def _head(fact: Json, effect_key: str, config: NetSuiteConfig, mapping: NetSuiteMapping) -> Json:
    entity = fact.get("legal_entity", "")
    head: Json = {
        "externalId": external_id(effect_key),
        "entity": {"id": mapping.customers.get(entity, config.customer_id)},
        "memo": f"{fact['number']} {fact.get('order_number', '')}".strip(),
    }
    if subsidiary := mapping.subsidiaries.get(entity, config.subsidiary_id):
        head["subsidiary"] = {"id": subsidiary}
    if mapping.currencies:
        head["currency"] = {"id": _currency(fact["currency"], mapping)}
    return head


def _memo_lines(fact: Json, config: NetSuiteConfig, mapping: NetSuiteMapping) -> list[Json]:
    """One line per sku with the money it brought back; what is left (shipping, fees) on a line of its own.

    Money is gross: NetSuite computes no tax on top, so that the memo's total is the money that moved.
    """
    currency, lines = fact["currency"], fact["lines"]
    goods = [line for line in lines if line.get("amount")]
    rest = fact["amount"] - sum(line["amount"] for line in goods)
    booked = [_goods(line, currency, config, mapping) for line in goods]
    if rest or not booked:
        booked.append(_rest(rest, currency, _told(lines if not goods else []), config))
    return booked


def _goods(line: Json, currency: str, config: NetSuiteConfig, mapping: NetSuiteMapping) -> Json:
    return {
        "item": _item(line["sku"], config, mapping),
        "quantity": line["quantity"],
        "amount": _decimal(line["amount"], currency),
        "description": line["sku"],
    }


def _rest(amount: int, currency: str, told: str, config: NetSuiteConfig) -> Json:
    return {
        "item": {"id": config.adjustment_item_id},
        "quantity": 1,
        "amount": _decimal(amount, currency),
        "description": told or "Shipping, duty and fees",
    }


def _told(lines: list[Json]) -> str:
    return ", ".join(f"{line['quantity']} x {line['sku']}" for line in lines)


def _item(sku: str, config: NetSuiteConfig, mapping: NetSuiteMapping) -> Json:
    return {"id": mapping.items.get(sku, config.goods_item_id)}


def _currency(code: str, mapping: NetSuiteMapping) -> str:
    if code not in mapping.currencies:
        raise Unmapped(f"the currency {code} has no id in NetSuite: add it to the connection's mapping")
    return mapping.currencies[code]


def _decimal(amount: int, currency: str) -> float:
    # JSON has one kind of number; minor units of up to 2^53 survive the way through a double.
    return float(major(amount, currency))
