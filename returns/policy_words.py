"""Rules in words: what each is called, what it is for, how a value reads, and how two versions differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from retailops.accounts.permissions import Role
from retailops.lib.money import Money
from returns.enums import ExchangeTiming, RefundTiming, Remedy, Resolution, ReturnKind
from returns.models import ReturnPolicy
from returns.policy import Rules
from returns.policy_content import SCOPE, rules_in

# Groups of the editor and of each list of rules, in the order of a return's life: title → rules.
GROUPS: Mapping[str, Sequence[str]] = {
    "Window": ("window_days", "window_from", "transit_days", "expires_days"),
    "What may come back": ("final_sale_categories", "resolutions", "proof_required", "keep_it_below"),
    "Authorization": ("auto_authorize", "auto_authorize_limit"),
    "Goods": ("inspection_required", "sellable_without_inspection", "default_location"),
    "Refund": (
        "refund_timing",
        "exposure_days",
        "refund_shipping",
        "refund_duty",
        "tender_order",
        "marketplace_days",
        "erp_memo_required",
    ),
    "Exchange": ("exchange_timing", "exchange_goes_by_itself", "exchange_hold_days"),
    "Stored value": ("stored_value",),
    "Fees": ("restocking_fee", "label_fee"),
    "Approval": ("auto_approve_limit", "approval_limits", "approval_expires_hours"),
    "Warranty": ("warranty_days", "warranty_proof_required", "warranty_remedies", "warranty_refund"),
    "Fraud": ("fraud",),
    "Rollout": ("canary_share",),
}
# Rule → label and what it does.
ABOUT: Mapping[str, tuple[str, str]] = {
    "window_days": ("Days to return", "How many days a customer has. In EU and UK at least 14 from delivery, online."),
    "window_from": ("Counted from", "Where no date of shipment is known, the day of the order counts."),
    "transit_days": ("Days under way", "How long a parcel takes where nobody told when it was delivered."),
    "expires_days": ("Expires after days", "An authorized return that nobody sends ends by itself after so many days."),
    "final_sale_categories": ("Final sale", "Categories that are sold without right of return, separated by commas."),
    "resolutions": ("Offered", "What a customer may get for a line."),
    "proof_required": ("Proof of purchase", "A return without its order needs a person's decision."),
    "keep_it_below": (
        "Keep it below", "Lines sent by mail that are worth less stay with the customer, and are refunded at once.",
    ),
    "auto_authorize": ("Authorize at once", "What no rule stands against is authorized without a person."),
    "auto_authorize_limit": ("But only up to", "Returns worth more are looked at by a person first."),
    "inspection_required": ("Inspect goods", "Nothing is sold again before it was inspected."),
    "sellable_without_inspection": (
        "Sellable unseen", "Skus whose undamaged units are sellable on arrival, separated by commas.",
    ),
    "default_location": ("Goods go to", "The place that customers send goods to; empty: the warehouse's own."),
    "refund_timing": ("Refund", "When the money may go back."),
    "exposure_days": ("Overdue after days", "A refund in advance whose goods have not come by then becomes a case."),
    "refund_shipping": ("Outbound shipping", "What of the original shipping is given back."),
    "refund_duty": ("Give duty back", "Duty of returned units is refunded too."),
    "tender_order": ("Of several payments", "Which payment is refunded first."),
    "marketplace_days": ("Ask a marketplace after days", "When it has told of no refund by then, it is asked."),
    "exchange_timing": ("New goods go", "Before the inspection it is in advance."),
    "exchange_goes_by_itself": ("Go by themselves", "As soon as the timing allows; else a person releases them."),
    "exchange_hold_days": ("Held for days", "How long the new goods are held for an exchange."),
    "stored_value": ("Credit and gift cards", "Bonus, how long they last, and what a person may give."),
    "erp_memo_required": ("Credit memo", "A return closes only when the ERP has its credit memo."),
    "restocking_fee": ("Restocking fee", "Taken off the refund: a share of the goods' value and an amount a return."),
    "label_fee": ("Label fee", "Taken off where the customer sends the goods by our label."),
    "auto_approve_limit": ("Without a second person", "Refunds up to this go by themselves."),
    "approval_limits": ("A second person may approve", "The most that a holder of the role may agree to, by currency."),
    "approval_expires_hours": ("Answer within hours", "A request for approval that nobody answers in time is over."),
    "warranty_days": ("Days of warranty", "From shipping, within which faults are ours. 0 offers none."),
    "warranty_proof_required": ("Proof of the fault", "A claim must come with a picture, a report or a serial number."),
    "warranty_remedies": ("Remedies", "What an accepted claim may get."),
    "warranty_refund": ("Refund under warranty", "All of it, or less by the share of the warranty that is used up."),
    "fraud": ("Held for a review", "What a person looks at before it is authorized or refunded."),
    "canary_share": ("Share to begin with", "Percent of orders that it decides at first; raised step by step then."),
}  # fmt: skip
SCOPE_LABELS = {
    "channel": "Channel", "region": "Region", "brand": "Brand", "category": "Category",
    "customer_group": "Customer group",
}  # fmt: skip
WINDOW_FROM = {"delivered": "the day of delivery", "shipped": "the day of shipment", "placed": "the day of the order"}
SHIPPING = {
    "never": "Never",
    "proportional": "By the share that comes back",
    "full_when_all": "When everything comes back",
}
WARRANTY_REFUND = {"full": "All of it", "pro_rata": "By the share of the warranty that is left"}
TENDERS = {"proportional": "In proportion", "first": "The first payment first", "last": "The last payment first"}


@dataclass(frozen=True)
class Told:
    """A rule in words."""

    name: str
    label: str
    text: str


@dataclass(frozen=True)
class Difference:
    """A rule that two versions have otherwise, in words."""

    label: str
    before: str
    after: str


def rules_told(rules: Rules) -> list[tuple[str, list[Told]]]:
    """Return all rules in words, by group."""
    document = rules.model_dump(mode="json")
    return [
        (title, [Told(name, ABOUT[name][0], in_words(name, document[name])) for name in names])
        for title, names in GROUPS.items()
    ]


def scope_told(policy: ReturnPolicy) -> str:
    """Return what it is for in words."""
    narrowed = [f"{SCOPE_LABELS[name].lower()} {getattr(policy, name)}" for name in SCOPE if getattr(policy, name)]
    return ", ".join(narrowed) or "all orders"


def differences(before: ReturnPolicy | None, after: ReturnPolicy) -> list[Difference]:
    """Return what the later version has otherwise than the earlier one, in words; without one, than the defaults."""
    old, new = (
        (rules_in(before) if before else Rules()).model_dump(mode="json"),
        rules_in(after).model_dump(mode="json"),
    )
    changed = [name for names in GROUPS.values() for name in names if old[name] != new[name]]
    return [
        *_scope_differences(before, after),
        *(Difference(ABOUT[name][0], in_words(name, old[name]), in_words(name, new[name])) for name in changed),
    ]


def _scope_differences(before: ReturnPolicy | None, after: ReturnPolicy) -> Iterator[Difference]:
    for name in SCOPE:
        old, new = getattr(before, name, ""), getattr(after, name)
        if old != new:
            yield Difference(SCOPE_LABELS[name], old or "any", new or "any")


def in_words(name: str, value: Any) -> str:
    """Return a rule's value, as it stands in the document, in words."""
    special = _SPECIAL.get(name)
    if special is not None:
        return str(special(value))
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return ", ".join(value) or "none"
    if name.endswith("_days"):
        return f"{value} days"
    return str(value) if value != "" else "not set"


def _limits(limits: Mapping[str, int | None]) -> str:
    told = [_limit(currency, amount) for currency, amount in sorted(limits.items(), key=lambda item: item[0] == "*")]
    return ", ".join(told) or "nothing"


def _limit(currency: str, amount: int | None) -> str:
    if currency == "*":
        return "no limit elsewhere" if amount is None else f"{amount} minor units elsewhere"
    return f"no limit in {currency}" if amount is None else str(Money(amount, currency))


def _matrix(limits: Mapping[str, Mapping[str, int | None]]) -> str:
    labels = dict(Role.choices)
    return "; ".join(f"{labels.get(role, role)}: {_limits(each)}" for role, each in sorted(limits.items())) or "nobody"


def _fee(fee: Mapping[str, Any]) -> str:
    share = f"{fee['percent']} %" if float(fee["percent"]) else ""
    fixed = ", ".join(str(Money(amount, currency)) for currency, amount in sorted(fee["fixed"].items()) if amount)
    taken = " and ".join(part for part in (share, fixed) if part)
    if not taken:
        return "none"
    waived = [reason.replace("_", " ") for reason in fee["waived_reasons"]]
    waived += ["whatever is our fault"] if fee["waive_merchant_fault"] else []
    return taken + (f"; not for: {', '.join(waived)}" if waived else "")


def _kept(below: Mapping[str, int]) -> str:
    return ", ".join(str(Money(amount, currency)) for currency, amount in sorted(below.items()) if amount) or "nothing"


def _stored(rules: Mapping[str, Any]) -> str:
    told = [f"bonus {rules['bonus_percent']} %" if float(rules["bonus_percent"]) else "no bonus"]
    for name, what in (("store_credit_days", "store credits"), ("gift_card_days", "gift cards")):
        told.append(f"{what} last {rules[name]} days" if rules[name] else f"{what} do not expire")
    return "; ".join([*told, f"a person gives up to: {_limits(rules['gift_limit'])}"])


def _fraud(rules: Mapping[str, Any]) -> str:
    frequency, rate = rules["returns_above"], rules["return_rate_above"]
    kinds = ", ".join(str(ReturnKind(each).label).lower() for each in rules["kinds"])
    told = [
        f"returns worth more than {_limits(rules['value_above'])}" if rules["value_above"] else "",
        f"kinds: {kinds}" if kinds else "",
        f"more than {frequency['count']} returns in {frequency['days']} days" if frequency else "",
        f"more than {rate['percent']} % of {rate['min_units']} or more units back in {rate['days']} days"
        if rate
        else "",
        f"refunds above {_limits(rules['refund_above'])}" if rules["refund_above"] else "",
        "refunds before the goods" if rules["refund_before_goods"] else "",
    ]
    held = "; ".join(each for each in told if each)
    return f"{held}; to be decided within {rules['review_hours']} hours" if held else "nothing"


_SPECIAL: dict[str, Any] = {
    "window_from": lambda value: WINDOW_FROM[value],
    "resolutions": lambda value: ", ".join(str(Resolution(each).label) for each in value) or "nothing",
    "refund_timing": lambda value: str(RefundTiming(value).label),
    "exchange_timing": lambda value: str(ExchangeTiming(value).label),
    "warranty_remedies": lambda value: ", ".join(str(Remedy(each).label) for each in value) or "none",
    "warranty_refund": lambda value: WARRANTY_REFUND[value],
    "stored_value": _stored,
    "fraud": _fraud,
    "refund_shipping": lambda value: SHIPPING[value],
    "tender_order": lambda value: TENDERS[value],
    "restocking_fee": _fee,
    "label_fee": _fee,
    "keep_it_below": _kept,
    "auto_authorize_limit": _limits,
    "auto_approve_limit": _limits,
    "approval_limits": _matrix,
    "approval_expires_hours": lambda value: f"{value} hours",
    "canary_share": lambda value: f"{value} %",
}
