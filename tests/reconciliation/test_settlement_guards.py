"""What the database refuses whoever writes, and what audits find where it did not."""

from collections.abc import Callable
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction

from reconciliation.matching.found import Found
from reconciliation.matching.recording import record
from reconciliation.models import Allocation, Item, Match, MatchSeal, OpenItem, Stage
from reconciliation.services.matching_by_hand import match_by_hand
from retailops.lib.errors import Conflict
from tests.factories import SYSTEM
from tests.reconciliation.files import expect, item, run, stripe, stripe_row
from tests.returns.proofs import breaches, prove
from tests.returns.sabotage import sabotage
from tests.returns.test_concurrency import together

pytestmark = pytest.mark.django_db


def told() -> None:
    """Have one pair matched, one expectation and one line open."""
    expect(("RF-1", "-10.00"), ("RF-2", "-5.00"))
    stripe(stripe_row("t1", "-10.00", "RF-1"), stripe_row("t2", "-7.00"))
    run()


SABOTAGE = {
    "each match is sealed and nets to nothing in each currency": """
        UPDATE reconciliation_allocation SET amount = amount - 1 WHERE item_id = (
            SELECT min(item_id) FROM reconciliation_allocation)""",
    "no item is allocated beyond its amount": "UPDATE reconciliation_allocation SET amount = 2 * amount",
    "what is open is what is not matched in full": "UPDATE reconciliation_openitem SET remaining = remaining - 1",
    "each line of a file is accounted for": "DELETE FROM reconciliation_rawline WHERE fate = 'item' AND line = 2",
    "a payout's lines come to what is kept of it": "UPDATE reconciliation_settlementbatch SET lines_net = 1",
    "keys stand on the side of their items": "UPDATE reconciliation_itemkey SET side = 'A' WHERE side = 'E'",
}
MORE = {
    "unsealed": ("each match is sealed and nets to nothing in each currency", "DELETE FROM reconciliation_matchseal"),
    "forgotten": ("what is open is what is not matched in full", "DELETE FROM reconciliation_openitem"),
    "lost item": ("each line of a file is accounted for", "UPDATE reconciliation_item SET line = 99 WHERE line = 2"),
    "miscounted": ("each line of a file is accounted for", "UPDATE reconciliation_importfile SET lines = lines + 1"),
}


@pytest.mark.parametrize("audit", SABOTAGE)
def test_each_audit_finds_its_breach(audit: str) -> None:
    told()
    prove()
    sabotage(SABOTAGE[audit], ())
    assert breaches(audit) != []


@pytest.mark.parametrize("case", MORE)
def test_audits_find_the_other_breaches_too(case: str) -> None:
    told()
    audit, statement = MORE[case]
    sabotage(statement, ())
    assert breaches(audit) != []


TABLES = ("importfile", "rawline", "item", "itemkey", "match", "allocation", "matchadjustment", "matchseal")


@pytest.mark.parametrize("table", [each for each in TABLES if each != "matchadjustment"])
def test_facts_are_only_added_to(table: str) -> None:
    told()
    for verb in ("DELETE FROM reconciliation_{0}", "UPDATE reconciliation_{0} SET {1}"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(verb.format(table, _column(table)))


def _column(table: str) -> str:
    column = {"importfile": "name", "rawline": "type", "matchseal": "sealed_at"}.get(table, "match_id")
    return {"item": "amount = 1", "itemkey": "value = ''", "match": "reason = ''"}.get(table, f"{column} = {column}")


def _match() -> Match:
    return Match.objects.create(
        lane="payment", stage=Stage.EXACT, rule_version="x", matched_by="system:test", key_type="refund"
    )


def test_an_unsealed_match_is_not_committed() -> None:
    with pytest.raises(IntegrityError, match="is not sealed"), transaction.atomic():
        _commit_unsealed()


def _commit_unsealed() -> None:
    _match()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS match_is_sealed IMMEDIATE")


def test_a_match_nets_to_nothing_has_two_items_and_takes_nothing_more() -> None:
    expect(("RF-1", "-10.00"))
    stripe(stripe_row("t1", "-9.00", "RF-1"), stripe_row("t2", "-1.00"))
    wanted, line, rest = Item.objects.get(side="E"), item("t1"), item("t2")
    with pytest.raises(IntegrityError, match="does not net to zero"), transaction.atomic():
        record(SYSTEM, "payment", [Found(Stage.HAND, (wanted.pk, line.pk), reason="x")])
    with pytest.raises(IntegrityError, match="fewer than two items"), transaction.atomic():
        MatchSeal.objects.create(match=_match())
    with transaction.atomic():
        [id] = record(SYSTEM, "payment", [Found(Stage.HAND, (wanted.pk, line.pk, rest.pk), reason="x")])
    assert not OpenItem.objects.exists()
    stripe(stripe_row("t3", "-1.00"))
    with pytest.raises(IntegrityError, match="takes nothing more"), transaction.atomic():
        Allocation.objects.create(match_id=id, item=item("t3"), amount=-100)


def test_an_item_is_not_taken_twice() -> None:
    told()
    taken = Item.objects.filter(open__isnull=True, side="E").get()
    with pytest.raises(IntegrityError, match="beyond its amount"), transaction.atomic():
        Allocation.objects.create(match=_match(), item=taken, amount=-1)
    wrong = Item.objects.filter(open__isnull=False, side="E").get()
    with pytest.raises(IntegrityError, match="beyond its amount"), transaction.atomic():
        Allocation.objects.create(match=_match(), item=wrong, amount=1)


@pytest.mark.django_db(transaction=True)
def test_two_who_match_the_same_line_at_once_match_it_once() -> None:
    expect(("RF-1", "-10.00"), ("RF-2", "-10.00"))
    stripe(stripe_row("t1", "-10.00"))
    line, wanted = item("t1"), list(Item.objects.filter(side="E").order_by("pk"))
    by_hand: list[Callable[[], object]] = [
        partial(match_by_hand, actor=SYSTEM, item_id=line.pk, other_id=each.pk, reason="mine") for each in wanted
    ]
    results = together(*by_hand)
    assert [type(each) for each in results if isinstance(each, Exception)] == [Conflict]
    assert together(*[partial(_take, line.pk, each.pk) for each in wanted]) == [False, False]
    assert Match.objects.count() == 1
    prove()


@pytest.mark.django_db(transaction=True)
def test_two_who_forget_the_lock_take_a_line_once() -> None:
    expect(("RF-1", "-10.00"), ("RF-2", "-10.00"))
    stripe(stripe_row("t1", "-10.00"))
    line, wanted = item("t1"), Item.objects.filter(side="E")
    assert sorted(together(*[partial(_take, line.pk, each.pk) for each in wanted])) == [False, True]
    prove()


def _take(line: int, wanted: int) -> bool:
    """Match without the lane's lock, as a program that forgets it would; tell whether it could."""
    try:
        with transaction.atomic():
            record(SYSTEM, "payment", [Found(Stage.HAND, (line, wanted), reason="x")])
    except IntegrityError:
        return False
    return True
