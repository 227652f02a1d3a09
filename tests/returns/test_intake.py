"""Eligibility and requests: policy decides, units are taken once, refusals change nothing."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from retailops.accounts.permissions import Permission
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Denied, DomainError, Invalid, NotFound, Unprocessable
from returns.inputs import EligibilityIn, OrderRef, ReturnIn, read
from returns.models import Return
from returns.services.decisions import authorize_return
from returns.services.eligibility import assess
from returns.services.intake import request_return
from tests.factories import (
    SYSTEM,
    actor_with,
    ensure_policy,
    everyone_with,
    fresh,
    line_data,
    make_order,
    make_policy,
    make_return,
    order_data,
    return_data,
    role_actor,
)

pytestmark = pytest.mark.django_db


def events_of(rma: Return) -> list[str]:
    """Return the types of the return's events in order."""
    return list(Event.objects.filter(subject_id=rma.id).order_by("position").values_list("type", flat=True))


def test_a_return_is_requested_and_authorized_by_policy() -> None:
    rma = make_return(quantities={1: 2, 2: 1})
    stored = fresh(rma)
    assert (stored.status, stored.kind, stored.version) == ("authorized", "mail_in", 1)
    assert stored.number.startswith("RMA-")
    assert [(line.requested, line.authorized, line.units) for line in stored.lines.all()] == [
        (2, 2, [[0, 2]]),
        (1, 1, [[0, 1]]),
    ]
    assert events_of(rma) == ["return.requested", "return.authorized"]
    assert stored.policy_facts["lines"][0]["value"] == 2000
    assert stored.expires_at is not None
    assert timedelta(days=29) < stored.expires_at - now() < timedelta(days=31)


def test_it_takes_few_statements(monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any) -> None:
    order = make_order()
    request = read(ReturnIn, return_data(order, {1: 1, 2: 1}))
    raw: list[str] = []
    execute = psycopg.Cursor.execute

    def counted(cursor: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        raw.append(str(query))
        return execute(cursor, query, *args, **kwargs)

    monkeypatch.setattr(psycopg.Cursor, "execute", counted)
    with django_assert_max_num_queries(3):  # savepoint, release, routes
        request_return(actor=SYSTEM, request=request)
    ours = [statement for statement in raw if "SAVEPOINT" not in statement and "connectors_connection" not in statement]
    assert len(ours) == 4  # lock the order, read its units, the return with its lines, events


def test_units_follow_on() -> None:
    order = make_order()
    first, second = make_return(order, {1: 1}), make_return(order, {1: 2})
    assert first.lines.get().units == [[0, 1]]
    assert second.lines.get().units == [[1, 3]]
    with pytest.raises(Unprocessable) as refused:
        make_return(order, {1: 1})
    assert refused.value.errors[0].detail.startswith("0 of 3 shipped units")
    assert Return.objects.filter(order=order).count() == 2


def test_a_line_asked_twice_takes_different_units() -> None:
    order = make_order()
    lines = [{"line_no": 1, "quantity": 1}, {"line_no": 1, "quantity": 2}]
    rma = make_return(order, lines=lines)
    assert [line.units for line in rma.lines.all()] == [[[0, 1]], [[1, 3]]]
    with pytest.raises(Unprocessable):
        make_return(make_order(), lines=[{"line_no": 1, "quantity": 2}, {"line_no": 1, "quantity": 2}])


def test_the_same_external_id_is_the_same_return() -> None:
    order = make_order()
    first = make_return(order, {1: 1}, source="portal", external_id="X")
    assert make_return(order, {1: 3}, source="portal", external_id="X").id == first.id
    assert make_return(order, {1: 1}, source="other", external_id="X").id != first.id


@pytest.mark.parametrize(
    ("rules", "line", "code"),
    [
        ({"window_days": 5}, {}, "window_closed"),
        ({"window_days": 5, "window_from": "delivered", "transit_days": 1}, {}, "window_closed"),
        ({}, {"final_sale": True}, "final_sale"),
        ({"final_sale_categories": ["c"]}, {"category": "c"}, "final_sale"),
        ({}, {"shipped_quantity": 0}, "not_shipped"),
        ({"resolutions": ["none"]}, {}, "resolution_not_offered"),
    ],
)
def test_policy_refuses(rules: dict[str, Any], line: dict[str, Any], code: str) -> None:
    order = make_order(**order_data(lines=[line_data("A", **line)]))
    ensure_policy(**rules)
    verdict = assess(actor=SYSTEM, request=EligibilityIn(order=OrderRef(order_id=order.id)))
    assert [reason.code for reason in verdict.lines[0].reasons] == [code]
    with pytest.raises(Unprocessable) as refused:
        make_return(order)
    assert refused.value.code == "not-eligible"
    assert [error.pointer for error in refused.value.errors] == ["/lines/0"]
    assert not Return.objects.filter(order=order).exists()
    assert not Event.objects.filter(type="return.requested").exists()


def test_a_window_from_delivery_is_open_though_the_goods_were_long_under_way() -> None:
    delivered = now() - timedelta(days=1)
    order = make_order(**order_data(lines=[line_data("A", delivered_at=delivered)]))
    ensure_policy(window_days=5, window_from="delivered", transit_days=0)
    rma = make_return(order)
    [fact] = rma.policy_facts["lines"]
    assert (fact["broken"], fact["delivered"]) == ([], delivered.isoformat())


def test_eligibility_tells_value_and_window_and_writes_nothing() -> None:
    order = make_order()
    make_return(order, {1: 2})
    before = Event.objects.count()
    verdict = assess(actor=SYSTEM, request=EligibilityIn(order=OrderRef(order_id=order.id)))
    assert [(line.returnable, line.amount.amount, line.eligible) for line in verdict.lines] == [
        (1, 1000, True),
        (1, 2550, True),
    ]
    assert verdict.value.amount == 3550
    assert verdict.lines[0].policy.label == "standard@1"
    assert Event.objects.count() == before


def test_a_policy_of_the_category_applies_to_its_lines() -> None:
    order = make_order(**order_data(lines=[line_data("A", category="shoes"), line_data("B", category="hats")]))
    make_policy(rules={"window_days": 1}, category="shoes")
    verdict = assess(actor=SYSTEM, request=EligibilityIn(order=OrderRef(order_id=order.id)))
    assert [line.eligible for line in verdict.lines] == [False, True]


def test_staff_go_beyond_policy_and_another_person_decides() -> None:
    order = make_order(**order_data(lines=[line_data("A", final_sale=True)]))
    asker, decider = role_actor("ops_agent"), role_actor("ops_agent")
    rma = make_return(order, actor=asker, override_reason="regular customer")
    assert (rma.status, events_of(rma)) == ("in_review", ["return.requested", "return.review_required"])
    assert fresh(rma).policy_facts["override_reason"] == "regular customer"
    with pytest.raises(Denied) as refused:
        authorize_return(actor=asker, return_id=rma.id)
    assert refused.value.code == "same-person"
    assert authorize_return(actor=decider, return_id=rma.id, reason="agreed").status == "authorized"


def test_no_override_gives_units_that_are_not_there() -> None:
    with pytest.raises(Unprocessable):
        make_return(make_order(), {1: 4}, override_reason="please")


def test_who_may_not_decide_cannot_override() -> None:
    order = make_order(**order_data(lines=[line_data("A", final_sale=True)]))
    customer = actor_with(Permission.RETURNS_REQUEST, Permission.ORDERS_VIEW)
    with pytest.raises(Unprocessable):
        make_return(order, actor=customer, override_reason="please")


def test_policy_may_want_a_person_to_look() -> None:
    order = make_order()
    ensure_policy(auto_authorize_limit={"GBP": 1999})
    assert make_return(order, {1: 1}).status == "authorized"
    assert make_return(order, {1: 2}).status == "in_review"
    ensure_policy(auto_authorize=False)
    assert make_return(order, {2: 1}).status == "in_review"


def test_cheap_goods_are_kept_and_refunded_at_once() -> None:
    order = make_order()
    ensure_policy(keep_it_below={"GBP": 1500}, erp_memo_required=False)
    rma = fresh(make_return(order, {1: 1, 2: 1}))
    assert [(line.kept, line.authorized) for line in rma.lines.all()] == [(1, 1), (0, 1)]
    assert [(refund.amount, refund.status) for refund in rma.refunds.all()] == [(1000, "submitting")]
    assert rma.money == "pending"


@pytest.mark.parametrize(
    ("lines", "pointers"),
    [
        ([{"line_no": 9, "quantity": 1}], ["/lines/0"]),
        ([{"line_no": 1, "quantity": 1}, {"external_id": "no", "quantity": 1}], ["/lines/1"]),
    ],
)
def test_unknown_lines_are_named(lines: list[dict[str, Any]], pointers: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        make_return(make_order(), lines=lines)
    assert [error.pointer for error in refused.value.errors] == pointers


def test_an_ambiguous_sku_names_no_line() -> None:
    order = make_order(**order_data(lines=[line_data("A", sku="S"), line_data("B", sku="S"), line_data("C", sku="T")]))
    line = make_return(order, lines=[{"sku": "T", "quantity": 1}]).lines.get().order_line
    assert line
    assert line.external_id == "C"
    with pytest.raises(Invalid, match="no such line") as refused:
        make_return(order, lines=[{"sku": "S", "quantity": 1}])
    assert refused.value.errors[0].detail == "2 lines have this sku"


def test_three_persons() -> None:
    order = make_order()
    allowed, elsewhere, nobody = everyone_with(Permission.RETURNS_REQUEST, Permission.ORDERS_VIEW)
    for actor, error in ((elsewhere, NotFound), (nobody, NotFound)):
        with pytest.raises(error):
            make_return(order, actor=actor)
        with pytest.raises(error):
            assess(actor=actor, request=EligibilityIn(order=OrderRef(order_id=order.id)))
    looker = actor_with(Permission.ORDERS_VIEW)
    with pytest.raises(Denied):
        make_return(order, actor=looker)
    assert not Return.objects.filter(order=order).exists()
    assert make_return(order, actor=allowed).status == "authorized"


def test_no_policy_in_force_decides_nothing() -> None:
    order = make_order()
    policy = ensure_policy()
    policy.status = "retired"
    policy.save()
    with pytest.raises(DomainError) as refused:
        make_return(order)
    assert refused.value.code == "no-policy"
