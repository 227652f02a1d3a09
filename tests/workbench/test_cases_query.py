"""The query box: how it is read, what its keys mean, and what it says of what it cannot take."""

from datetime import timedelta

import pytest

from retailops.accounts.actor import Actor
from retailops.cases import services
from retailops.cases.inputs import IgnoreIn
from retailops.cases.models import Case
from retailops.events.enums import OutcomeClass
from retailops.events.models import Delivery
from retailops.lib.clock import now
from retailops.lib.money import Money
from retailops.workbench.exceptions.keys import KEYS, condition
from retailops.workbench.exceptions.language import Both, Either, Not, QueryFault, Term, has_term, read, with_term
from tests.cases.making import opened, worker
from tests.workbench import world

A, B, C = Term("a", ":", "1"), Term("b", ">", "2"), Term("", ":", "two words")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", Both()),
        ("  a:1 ", A),
        ("a:1 b>2", Both((A, B))),
        ("a:1 AND b>2", Both((A, B))),
        ("a:1 OR b>2", Either((A, B))),
        ('a:1 b>2 OR "two words"', Either((Both((A, B)), C))),
        ("NOT a:1", Not(A)),
        ("-a:1 -(a:1 OR b>2)", Both((Not(A), Not(Either((A, B)))))),
        ('a:"x y"', Term("a", ":", "x y")),
        ("RMA-2026-000111", Term("", ":", "RMA-2026-000111")),
        ("A:1", A),
        ("b>=2", Term("b", ">=", "2")),
        ("a:", Term("a", ":", "")),
    ],
)
def test_it_is_read(text: str, tree: object) -> None:
    assert read(text) == tree


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(a:1", "not closed"),
        ("a:1)", "not opened"),
        ('a:"x', "quotation mark"),
        ("a:1 OR", "missing"),
        ("OR a:1", "missing"),
        ("NOT", "missing"),
        ("(" * 30 + "a:1" + ")" * 30, "Too many parentheses"),
        ("x" * 501, "500 characters"),
        ("a\x00b", "not allowed"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, said: str) -> None:
    with pytest.raises(QueryFault, match=said):
        read(text)


def test_a_term_is_put_in_and_taken_out() -> None:
    text = with_term("age>4h", "region", "EU West")
    assert text == 'age>4h region:"EU West"'
    assert has_term(text, "region", "EU West")
    assert not has_term("-region:EU", "region", "EU")
    assert with_term(text, "region", "EU West") == "age>4h"


pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ("clas:business", "clas", "Did you mean class:?"),
        ("zzz:1", "zzz", "Keys are: queue"),
        ("class:odd", "class", "is one of transient"),
        ("class>business", "class", "write class:value"),
        ("amount>lots", "amount", "is no amount"),
        ("amount>NaN", "amount", "is no amount"),
        ("age>4", "age", "is no length of time"),
        ("owner:nemo", "owner", "nobody is called"),
        ("lane:odd", "lane", "is one of blocked"),
        ("group:7", "group", "is no id"),
        ("rma:", "rma", "has no value"),
        ("a:1 OR verdict:perhaps", "a", "There is no key"),
    ],
)
def test_errors_name_the_key(text: str, key: str, said: str) -> None:
    with pytest.raises(QueryFault) as fault:
        condition(worker(), text)
    assert fault.value.key == key
    assert said in fault.value.detail


def found(text: str, actor: Actor | None = None) -> set[str]:
    """Return the codes of the cases that the query finds."""
    rows = Case.objects.select_related("group").filter(condition(actor or worker(), text))
    return set(rows.values_list("failure_code", flat=True))


def test_each_key_means_what_it_says() -> None:
    mia = world.person("ops_agent", name="Mia Moss")
    one = opened("EU", failure_code="one", fingerprint="1", money=Money(10_001, "GBP"))
    two = opened("US", failure_code="two", fingerprint="2", money=Money(101, "JPY"), failure_class="transient",
                 operation="stock.place", connection="netsuite", system="netsuite", queue="technical",
                 due_at=now() + timedelta(hours=2))  # fmt: skip
    Case.objects.filter(pk=two.pk).update(opened_at=now() - timedelta(hours=5), brand="north", channel="store")
    services.assign_case(worker(), one.id, mia.id)
    services.tag_group(worker(), two.group_id, ["bank holiday"])
    services.escalate_case(worker(), two.id, "too much")
    me = mia.actor()
    expected = {
        "queue:technical": "two", "class:business": "one", "connection:NETSUITE": "two", "system:netsuite": "two",
        "op:stock.place": "two", "code:one": "one", "version:\"stripe 1.1\"": "one", "region:US": "two",
        "brand:north": "two", "channel:store": "two", "owner:me": "one", "owner:moss": "one", "owner:none": "two",
        "tag:\"bank holiday\"": "two", "age>4h": "two", "age<4h": "one", "due<3h": "two", "due:none": "one",
        "amount>100": "one two", "state:escalated": "two", "amount>100.5": "two",
        "amount>=100.01": "one two", "amount<100.01": "", "amount>101": "",
        "amount:100.01": "one", "Stripe": "one two", "code:one OR code:two": "one two", "NOT code:one": "two",
        "-(code:one OR code:two)": "", str(one.subject_id): "one", f"group:{two.group_id}": "two",
        "state:open code:one": "one", "state:resolved": "", "kind:delivery.dead": "one two",
    }  # fmt: skip
    for text, codes in expected.items():
        assert found(text, me) == set(codes.split()), text


def test_an_owner_of_a_group_owns_what_nobody_else_does() -> None:
    mia = world.person("ops_agent", name="Mia Moss")
    case = opened(failure_code="one")
    services.assign_group(worker(), case.group_id, mia.id)
    assert found("owner:me", mia.actor()) == {"one"}
    services.assign_case(worker(), case.id, world.person("ops_agent", name="Noa").id)
    assert found("owner:me", mia.actor()) == set()


def test_states_of_the_group() -> None:
    case = opened(failure_code="one")
    services.ignore_group(worker(), case.group_id, IgnoreIn(count=2), "known")
    assert (found("state:group-ignored"), found("state:group-new")) == ({"one"}, set())


def test_returns_orders_lanes_and_verdicts() -> None:
    story = world.Story.told()
    rma, delivery = story.rma, story.delivery
    assert rma.order is not None
    delivery_case = opened(
        failure_code="mine", delivery_id=delivery.id, subject=rma.as_subject(), dedupe_key=f"delivery:{delivery.id}"
    )
    person = world.person("ops_lead").actor()
    for text in (f"rma:{rma.number}", f"order:{rma.order.number}", "verdict:safe", "verdict:safe_absent", "lane:free"):
        assert "mine" in found(text, person), text
    world.stopped(rma, story.connection, effect_key="later")
    assert "mine" in found("lane:blocking", person)
    assert "mine" not in found("lane:blocked", person)
    Delivery.objects.filter(pk=delivery.pk).update(failure_class=OutcomeClass.TRANSIENT)
    assert "mine" in found("verdict:in_doubt", person)
    Delivery.objects.filter(pk=delivery.pk).update(repeat_safe=True)
    assert "mine" in found("verdict:safe_repeat", person)
    Delivery.objects.filter(pk=delivery.pk).update(amount=10**9)
    assert "mine" in found("verdict:needs_approval", person)
    stranger = world.person("ops_lead", regions=["FR"]).actor()
    assert found(f"rma:{rma.number}", stranger) == set()
    assert delivery_case.correlation_id == rma.correlation_id


def test_every_key_is_described() -> None:
    assert [name for name, key in KEYS.items() if not key.about] == []
