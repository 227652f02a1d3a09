"""What the keys of the query box mean: each turns its value into a condition on cases that an index answers."""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from retailops.accounts.actor import Actor
from retailops.accounts.models import User
from retailops.cases.models import CaseGroup, CaseQueue, CaseStatus, GroupState
from retailops.events.enums import OPEN_STATUSES, OutcomeClass
from retailops.events.models import Delivery
from retailops.lib.clock import now
from retailops.lib.ids import parse_uuid
from retailops.lib.money import exponent
from retailops.workbench.case_list import NOBODYS
from retailops.workbench.exceptions.language import Either, Node, Not, QueryFault, Term, read
from retailops.workbench.exceptions.standings import VALUES, in_lane, standing_is
from retailops.workbench.words import CASE_KINDS, OPERATIONS
from returns.selectors import returns_visible_to

UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800}
COMPARISONS = {":": "gte", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
STATES = {
    "open": Q(status=CaseStatus.OPEN),
    "resolved": Q(status=CaseStatus.RESOLVED),
    "escalated": Q(status=CaseStatus.OPEN, escalated_at__isnull=False),
    **{f"group-{state}": Q(group__in=CaseGroup.objects.filter(state=state).values("pk")) for state in GroupState},
}
Meaning = Callable[[Actor, Term], Q]


@dataclass(frozen=True)
class Key:
    """One key: what it is about, what it may be compared with, its condition, and values to offer."""

    about: str
    meaning: Meaning
    ops: str = ":"
    values: tuple[str, ...] = ()
    # A column of cases whose present values are offered.
    column: str = ""
    # Its condition is one on the delivery that a case is about.
    of_delivery: bool = False


def _column(name: str) -> Meaning:
    return lambda actor, term: Q(**{f"{name}__iexact": term.value})


def _class(actor: Actor, term: Term) -> Q:
    return Q(failure_class=_one_of(term, [str(each) for each in OutcomeClass if each != OutcomeClass.DELIVERED]))


def _queue(actor: Actor, term: Term) -> Q:
    return Q(queue=_one_of(term, list(CaseQueue.values)))


def _one_of(term: Term, allowed: list[str]) -> str:
    value = term.value.lower()
    if value not in allowed:
        raise QueryFault(f"{term.key}: is one of {', '.join(allowed)}; “{term.value}” is none.", term.key)
    return value


def _state(actor: Actor, term: Term) -> Q:
    if term.value.lower() == "snoozed":
        return Q(status=CaseStatus.OPEN, snoozed_until__gt=now())
    if term.value.lower() == "overdue":
        return Q(status=CaseStatus.OPEN, due_at__lt=now())
    return STATES[_one_of(term, [*STATES, "snoozed", "overdue"])]


def _owner(actor: Actor, term: Term) -> Q:
    value = term.value.lower()
    if value in ("none", "nobody", ""):
        return NOBODYS
    if value == "me":
        id = parse_uuid(actor.id) if actor.kind == "user" else None
        people = [id] if id else []
    else:
        named = User.objects.filter(Q(name__icontains=term.value) | Q(email__istartswith=term.value))
        people = list(named.values_list("pk", flat=True)[:50])
    if not people:
        raise QueryFault(f"owner: nobody is called “{term.value}”.", "owner")
    return owned_by(people)


def owned_by(people: list[UUID]) -> Q:
    """Return the condition that one of the people owns the case, or answers for its group where nobody owns it."""
    answered_for = CaseGroup.objects.filter(owner__in=people).values("pk")
    return Q(owner__in=people) | Q(owner=None, group__in=answered_for)


def _amount(actor: Actor, term: Term) -> Q:
    try:
        value = Decimal(term.value.replace(",", ""))
    except InvalidOperation as wrong:
        raise QueryFault(f"amount: “{term.value}” is no amount; write amount>100 or amount<=9.50.", "amount") from wrong
    if not value.is_finite() or abs(value) > 10**12:
        raise QueryFault(f"amount: “{term.value}” is no amount; write amount>100 or amount<=9.50.", "amount")
    lookup = "amount" if term.op == ":" else f"amount__{COMPARISONS[term.op]}"
    # Between two whole minor units, "at least" and "less than" begin at the upper one.
    rounding = ROUND_CEILING if term.op in (">=", "<") else ROUND_FLOOR
    # Amounts are typed in major units, whose digits are the currency's.
    odd = {code: exponent(code) for code in ODD_CURRENCIES}
    condition = Q(**{lookup: _minor(value, 2, rounding)}) & ~Q(currency__in=list(odd))
    for code, digits in odd.items():
        condition |= Q(**{lookup: _minor(value, digits, rounding)}, currency=code)
    return condition


ODD_CURRENCIES = ("JPY", "KRW", "VND", "CLP", "ISK", "HUF", "KWD", "BHD", "JOD", "OMR", "TND")


def _minor(value: Decimal, digits: int, rounding: str) -> int:
    return int(value.scaleb(digits).to_integral_value(rounding))


def _age(actor: Actor, term: Term) -> Q:
    moment = now() - _length(term)
    turned = {":": "lte", ">": "lt", ">=": "lte", "<": "gt", "<=": "gte"}
    return Q(**{f"opened_at__{turned[term.op]}": moment})


def _due(actor: Actor, term: Term) -> Q:
    if term.value.lower() == "none":
        return Q(due_at=None)
    moment: datetime = now() + _length(term)
    found = {":": "lte"}.get(term.op) or COMPARISONS[term.op]
    return Q(**{f"due_at__{found}": moment})


def _length(term: Term) -> timedelta:
    found = re.fullmatch(r"(\d{1,6})(s|m|min|h|d|w)", term.value.lower())
    if not found:
        raise QueryFault(f"{term.key}: “{term.value}” is no length of time; write {term.key}>4h, 30m or 2d.", term.key)
    return timedelta(seconds=int(found[1]) * UNITS[found[2]])


def _tag(actor: Actor, term: Term) -> Q:
    tagged = CaseGroup.objects.filter(tags__contains=[" ".join(term.value.lower().split())])
    return Q(group__in=tagged.values("pk"))


def _rma(actor: Actor, term: Term) -> Q:
    found = returns_visible_to(actor).filter(number__iexact=term.value)
    return Q(correlation_id__in=list(found.values_list("correlation_id", flat=True)[:50]))


def _order(actor: Actor, term: Term) -> Q:
    found = returns_visible_to(actor).filter(Q(order__number=term.value) | Q(order__external_id=term.value))
    return Q(correlation_id__in=list(found.values_list("correlation_id", flat=True)[:200]))


def _lane(actor: Actor, term: Term) -> Q:
    value = _one_of(term, ["blocked", "blocking", "free"])
    if value != "free":
        return in_lane(value)
    earlier = Delivery.objects.filter(
        destination=OuterRef("destination"),
        lane_key=OuterRef("lane_key"),
        lane_seq__lt=OuterRef("lane_seq"),
        status__in=OPEN_STATUSES,
    )
    return ~Q(Exists(earlier))


def _verdict(actor: Actor, term: Term) -> Q:
    return standing_is(_one_of(term, list(VALUES)))


def _group(actor: Actor, term: Term) -> Q:
    id = parse_uuid(term.value)
    if id is None:
        raise QueryFault(f"group: “{term.value}” is no id of a group.", "group")
    return Q(group=id)


def _op(actor: Actor, term: Term) -> Q:
    return Q(operation__iexact=term.value)


KEYS: Mapping[str, Key] = {
    "queue": Key("who works it", _queue, values=tuple(CaseQueue.values)),
    "class": Key(
        "kind of failure", _class, values=tuple(str(each) for each in OutcomeClass if each != OutcomeClass.DELIVERED)
    ),
    "kind": Key("what the case is about", _column("kind"), values=tuple(CASE_KINDS)),
    "connection": Key("connection by name", _column("connection"), column="connection"),
    "system": Key("other system", _column("system"), column="system"),
    "op": Key("operation", _op, values=tuple(OPERATIONS)),
    "code": Key("code of the failure", _column("failure_code"), column="failure_code"),
    "version": Key("connection with its versions", _column("release"), column="release"),
    "amount": Key("money at risk, in pounds, dollars, …", _amount, ops=":><"),
    "age": Key("open for: 30m, 4h, 2d", _age, ops=":><"),
    "due": Key("due within: 30m, 4h; none", _due, ops=":><", values=("1h", "4h", "1d", "none")),
    "state": Key("state of the case or its group", _state, values=(*STATES, "snoozed", "overdue")),
    "owner": Key("whose: me, none, a name", _owner, values=("me", "none")),
    "tag": Key("tag of the group", _tag),
    "region": Key("region", _column("region"), column="region"),
    "brand": Key("brand", _column("brand"), column="brand"),
    "channel": Key("channel", _column("channel"), column="channel"),
    "rma": Key("number of a return", _rma),
    "order": Key("number of an order", _order),
    "lane": Key("place in its lane", _lane, values=("blocked", "blocking", "free"), of_delivery=True),
    "verdict": Key("what sending again would mean", _verdict, values=VALUES, of_delivery=True),
    "group": Key("a cause, by id", _group),
}


def condition(actor: Actor, text: str) -> Q:
    """Return the condition that a query means. Raises QueryFault, naming the key."""
    return _q(actor, read(text))


def _q(actor: Actor, node: Node) -> Q:
    if isinstance(node, Term):
        return _behind(_meaning(actor, node)) if _of_delivery(node) else _meaning(actor, node)
    if isinstance(node, Not):
        return ~_q(actor, node.what)
    if isinstance(node, Either):
        return reduce(or_, (_q(actor, part) for part in node.parts), Q())
    return _all(actor, node.parts)


def _all(actor: Actor, parts: Iterable[Node]) -> Q:
    """Return the condition of all parts. What they say of the delivery is asked of it at once: it is read once, and
    what costs little decides first."""
    found, of_delivery = Q(), Q()
    for part in parts:
        if isinstance(part, Term) and _of_delivery(part):
            of_delivery &= _meaning(actor, part)
        else:
            found &= _q(actor, part)
    return found & _behind(of_delivery) if of_delivery else found


def _of_delivery(term: Term) -> bool:
    return term.key in KEYS and KEYS[term.key].of_delivery


def _behind(wanted: Q) -> Q:
    """Return the condition on cases that the delivery that they are about is such a one."""
    return Q(Exists(Delivery.objects.filter(wanted, pk=OuterRef("delivery_id"))))


def _meaning(actor: Actor, term: Term) -> Q:
    if not term.key:
        return _words(term.value)
    key = KEYS.get(term.key)
    if key is None:
        near = difflib.get_close_matches(term.key, KEYS, n=1)
        hint = f" Did you mean {near[0]}:?" if near else f" Keys are: {', '.join(KEYS)}."
        raise QueryFault(f"There is no key “{term.key}”.{hint}", term.key)
    if term.op[0] not in key.ops:
        raise QueryFault(f"{term.key} is not compared with {term.op}; write {term.key}:value.", term.key)
    if not term.value and term.key not in ("owner", "region", "brand", "channel"):
        raise QueryFault(f"{term.key}: has no value.", term.key)
    return key.meaning(actor, term)


def _words(text: str) -> Q:
    if (id := parse_uuid(text)) is not None:
        return Q(id=id) | Q(subject_id=id) | Q(correlation_id=id) | Q(delivery_id=id) | Q(group=id)
    return Q(title__icontains=text)
