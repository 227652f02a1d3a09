"""Why was this allowed? The rules that decided a return, what each saw, and what came of it, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from retailops.events.models import Event
from retailops.lib.money import Money
from returns.enums import ReturnKind
from returns.kinds import traits_of
from returns.line_policies import later_verdicts
from returns.models import Refund, Return
from returns.policy import Rules, limit_of, rules_of, within
from returns.policy_words import in_words
from returns.refund_terms import timing_of
from returns.services.eligibility import HARD
from returns.web.ways import way_in_words

GRANTED = ("return.authorized", "return.declined", "return.reinstated")
BROKEN = {
    "window_closed": "The window was over.",
    "final_sale": "Sold without right of return.",
    "resolution_not_offered": "What was asked for is not offered.",
    "not_shipped": "It was not shipped.",
    "too_many": "More than could still come back.",
}
BEYOND = {
    "manual_amount": "Another amount than policy gives",
    "fees_waived": "Fees left out",
    "shipping": "More shipping than policy gives",
    "other_tender": "Another payment than policy would choose",
    "other_destination": "Another way than was promised",
    "no_receipt": "No proof of purchase",
    "out_of_window": "Asked for after the window had ended",
}


@dataclass(frozen=True)
class Ruling:
    """One rule: what it is called, what it saw and came to. `tone` is ok, bad or empty (it decides later)."""

    rule: str
    saw: str
    tone: str = ""


@dataclass(frozen=True)
class Overridden:
    """A rule that somebody set aside: who, what, why, and who agreed."""

    what: str
    who: str
    reason: str
    agreed: str = ""


@dataclass(frozen=True)
class Why:
    """Everything that the page tells of the decision."""

    policy: str
    at: datetime | None
    lines: list[tuple[str, str, list[Ruling]]] = field(default_factory=list)
    whole: list[Ruling] = field(default_factory=list)
    overridden: list[Overridden] = field(default_factory=list)

    @property
    def plain(self) -> bool:
        """Tell whether everything was within policy and nobody set a rule aside."""
        rulings = [each for *_, of_line in self.lines for each in of_line] + self.whole
        return not self.overridden and all(each.tone != "bad" for each in rulings)


def why_of(rma: Return, refunds: Sequence[Refund]) -> Why | None:
    """Return why policy decided as it did, from the facts that it stored; None where there are none."""
    facts, rules = rma.policy_facts, rules_of(rma.policy)
    if not facts or "policy" not in facts:
        return None
    at = datetime.fromisoformat(facts["at"]) if "at" in facts else None
    told = [*facts.get("lines", ()), *later_verdicts(rma)]
    lines = [(each["sku"], each["policy"], list(_of_line(each, at, rma.currency))) for each in told]
    return Why(facts["policy"], at, lines, list(_of_whole(rma, facts, rules)), list(_overridden(rma, refunds)))


def _of_line(fact: dict[str, Any], at: datetime | None, currency: str) -> Iterator[Ruling]:
    broken = set(fact["broken"])
    until = datetime.fromisoformat(fact["until"])
    asked = f", asked {at:%Y-%m-%d}" if at else ""
    yield _ruling("Window", f"open until {until:%Y-%m-%d}{asked}", "window_closed" in broken)
    sold = "sold without right of return" if "final_sale" in broken else "may come back"
    category = fact.get("category")
    yield _ruling("Final sale", f"{sold}, category {category}" if category else sold, "final_sale" in broken)
    left = f"{fact['quantity']} asked for, {fact['returnable']} could still come back"
    yield _ruling("Units", f"{left}, worth {Money(fact['value'], currency)}", bool(broken & HARD))
    if "resolution_not_offered" in broken:
        yield Ruling("Offered", BROKEN["resolution_not_offered"], "bad")


def _ruling(rule: str, saw: str, broken: bool) -> Ruling:
    return Ruling(rule, saw, "bad" if broken else "ok")


def _of_whole(rma: Return, facts: dict[str, Any], rules: Rules) -> Iterator[Ruling]:
    yield Ruling("Kind", traits_of(rma.kind).meaning.rstrip("."))
    # A parcel that was matched later was judged then.
    value = sum(each["value"] for each in facts.get("lines") or later_verdicts(rma))
    money = Money(value, rma.currency)
    if not rules.auto_authorize:
        yield Ruling("Authorization", "policy has every return looked at")
    else:
        limit = limit_of(rules.auto_authorize_limit, rma.currency)
        bound = f"at once up to {Money(limit, rma.currency)}" if limit is not None else "at once, whatever it is worth"
        fits = within(value, rules.auto_authorize_limit, rma.currency)
        yield _ruling("Authorization", f"{bound}; it is worth {money}", not fits)
    yield Ruling("Refund", _when_refunded(rma, rules))
    below = rules.keep_it_below.get(rma.currency, 0)
    if below:
        yield Ruling("Keep it", f"lines below {Money(below, rma.currency)} stay with the customer")
    for name, label in (("restocking_fee", "Restocking fee"), ("label_fee", "Label fee")):
        told = in_words(name, getattr(rules, name).model_dump(mode="json"))
        if told != "none":
            yield Ruling(label, told)
    alone = limit_of(rules.auto_approve_limit, rma.currency)
    yield Ruling("Approval", "no limit" if alone is None else f"a second person above {Money(alone, rma.currency)}")


def _when_refunded(rma: Return, rules: Rules) -> str:
    """Say when a refund may go: at once for what is kept, else as the kind or policy has it."""
    if traits_of(rma.kind).keep == "always":
        return "at once, since the customer keeps the goods"
    if rma.kind == ReturnKind.WARRANTY:
        return "when a warranty verdict grants it"
    timing = in_words("refund_timing", timing_of(rma, rules)).lower()
    return f"{timing}, as for every return of this kind" if traits_of(rma.kind).refund_timing else timing


def _overridden(rma: Return, refunds: Sequence[Refund]) -> Iterator[Overridden]:
    reason = rma.policy_facts.get("override_reason")
    if reason:
        codes = {code for each in rma.policy_facts.get("lines", ()) for code in each["broken"]}
        what = " ".join(BROKEN.get(code, code) for code in sorted(codes))
        events = Event.objects.filter(subject_type="return", subject_id=rma.id, type__in=GRANTED)
        decided = events.order_by("position").values_list("actor", flat=True).first()
        yield Overridden(what, rma.requested_by, reason, decided or "")
    for refund in refunds:
        for rule in refund.facts.get("broken", ()):
            what = f"{BEYOND.get(rule, rule.replace('_', ' '))}{_pair(refund, rule)}"
            yield Overridden(what, refund.requested_by, refund.reason, refund.approved_by)


def _pair(refund: Refund, rule: str) -> str:
    """Return what was asked instead of what policy permits, in words; nothing where the rule says it all."""
    asked, permitted = (refund.facts["broken"][rule].get(name) for name in ("requested", "permitted"))
    if isinstance(asked, bool):
        return ""
    if rule == "other_destination":
        return f": {way_in_words(str(asked))} instead of {way_in_words(str(permitted))}"
    if isinstance(asked, int) and isinstance(permitted, int):
        return f": {Money(asked, refund.currency)} instead of {Money(permitted, refund.currency)}"
    return f": refund of {Money(refund.amount, refund.currency)}"
