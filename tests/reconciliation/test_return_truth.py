"""What other systems say of a return: compared by field and owner, told as discrepancies, repaired by commands."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from reconciliation.models import Discrepancy
from reconciliation.return_truth import ReturnTellingIn
from reconciliation.services import agree_since, leave_discrepancy, take_agreement, take_theirs, tell_return
from reconciliation.services.return_telling import Told
from retailops.accounts.permissions import Permission as P
from retailops.cases.models import Case
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound
from returns.inputs import read
from returns.models import Return
from returns.services.decisions import cancel_return
from tests.factories import SYSTEM, everyone_with, make_inspected_return, make_receipt, make_return
from tests.reconciliation.telling import owns
from tests.returns.proofs import prove
from tests.workbench import world

pytestmark = pytest.mark.django_db


def told(rma: Return, system: str = "shop", actor: Any = SYSTEM, **fields: Any) -> Told:
    """Have a system say how the return stands there."""
    telling = read(ReturnTellingIn, {"system": system} | fields)
    return tell_return(actor=actor, return_id=rma.id, told=telling)


def row(field: str = "status") -> tuple[str, str, str, str, str]:
    found = Discrepancy.objects.get(field=field)
    return found.ours, found.theirs, found.owner, str(found.suggestion), str(found.status)


def test_a_return_that_stands_otherwise_there_is_told_and_nothing_of_it_changes() -> None:
    rma = make_return()
    version = rma.version
    for _ in range(2):
        told(rma, status="canceled")
    assert row() == ("authorized", "canceled", "retailops", "told_ours", "open")
    found = Discrepancy.objects.get()
    assert (found.type, found.occurrences, found.external_id) == ("return_drift", 2, rma.number)
    case = Case.objects.get(kind="return_drift")
    assert case.title == f"{rma.number}: shop tells another status"
    rma.refresh_from_db()
    assert (rma.status, rma.version) == ("authorized", version)
    assert Event.objects.filter(type="discrepancy.opened").count() == 1
    prove()


def test_the_rule_says_whose_word_should_hold() -> None:
    owns("shop", "return", "status")
    told(make_return(), status="canceled")
    assert row() == ("authorized", "canceled", "shop", "took_theirs", "open")


def test_it_ends_when_they_say_the_same_and_when_we_do() -> None:
    rma = make_return()
    told(rma, status="canceled")
    told(rma, status="authorized")
    assert Discrepancy.objects.get().resolution == "agreed"
    assert Case.objects.get(kind="return_drift").status == "resolved"
    other = make_return()
    told(other, status="canceled")
    cancel_return(actor=SYSTEM, return_id=other.id, reason="the customer says so")
    assert Discrepancy.objects.get(object_id=other.id).resolution == "agreed"
    prove()


def test_what_was_told_before_our_last_decision_is_late() -> None:
    rma = make_return()
    before = (now() - timedelta(hours=1)).isoformat()
    assert told(rma, status="requested", told_at=before).late
    assert not Discrepancy.objects.exists()
    assert not told(rma, status="requested").late
    assert row() == ("authorized", "requested", "retailops", "told_ours", "open")


def test_a_number_and_where_units_went_are_compared_too() -> None:
    rma = make_inspected_return()
    line = rma.lines.get()
    told(rma, tracking="1Z999", dispositions={line.line_no: {"scrap": line.inspected}})
    assert row("tracking") == ("", "1Z999", "retailops", "told_ours", "open")
    ours, theirs, *_ = row("disposition")
    assert (ours, theirs) == (f"{line.inspected} sellable", f"{line.inspected} scrap")
    told(rma, dispositions={line.line_no: {"sellable": line.inspected}})
    assert Discrepancy.objects.get(field="disposition").resolution == "agreed"
    assert Discrepancy.objects.get(field="tracking").status == "open"


def test_their_cancelation_is_taken_over_by_the_command() -> None:
    rma = make_return()
    told(rma, status="canceled")
    found = Discrepancy.objects.get()
    take_theirs(actor=SYSTEM, discrepancy_id=found.id, reason="the customer called")
    found.refresh_from_db()
    rma.refresh_from_db()
    assert (rma.status, found.resolution, found.evidence) == (
        "canceled", "took_theirs", {"ours": "authorized", "theirs": "canceled"},
    )  # fmt: skip
    assert Case.objects.get(kind="return_drift").status == "resolved"
    assert Event.objects.filter(type="return.canceled", subject_id=rma.id).count() == 1
    prove()


def test_their_number_is_taken_over_where_we_have_none() -> None:
    rma = make_return()
    told(rma, tracking="1Z999")
    take_theirs(actor=SYSTEM, discrepancy_id=Discrepancy.objects.get().id, reason="scan it")
    rma.refresh_from_db()
    assert (rma.tracking, Discrepancy.objects.get().resolution) == ("1Z999", "took_theirs")


@pytest.mark.parametrize("status", ["closed", "declined", "expired"])
def test_what_no_command_brings_about_is_refused(status: str) -> None:
    rma = make_return()
    told(rma, status=status)
    with pytest.raises(Conflict), transaction.atomic():
        take_theirs(actor=SYSTEM, discrepancy_id=Discrepancy.objects.get().id, reason="they say so")
    rma.refresh_from_db()
    assert (rma.status, row()[4]) == ("authorized", "open")


def test_a_return_with_goods_is_not_canceled_for_them() -> None:
    rma = make_return()
    told(rma, status="canceled")
    make_receipt(rma, {1: 1})
    with pytest.raises(Conflict), transaction.atomic():
        take_theirs(actor=SYSTEM, discrepancy_id=Discrepancy.objects.get().id, reason="they say so")
    assert row()[4] == "open"
    leave_discrepancy(actor=SYSTEM, discrepancy_id=Discrepancy.objects.get().id, reason="the goods are here")
    assert Discrepancy.objects.get().resolution == "left"


@pytest.mark.parametrize(
    "fields", [{}, {"status": "in_review"}, {"dispositions": {1: {"missing": 1}}}, {"status": "lost"}]
)
def test_what_says_nothing_is_refused(fields: dict[str, Any]) -> None:
    rma = make_return()
    with pytest.raises(Invalid):
        told(rma, **fields)
    assert not Discrepancy.objects.exists()


def test_three_persons_tell() -> None:
    rma = make_return()
    allowed, elsewhere, nobody = everyone_with(P.RETURNS_REQUEST, P.RETURNS_VIEW, region=rma.region)
    for actor in (elsewhere, nobody):
        with pytest.raises((Denied, NotFound)), transaction.atomic():
            told(rma, status="canceled", actor=actor)
    assert not Discrepancy.objects.exists()
    told(rma, status="canceled", actor=allowed)
    assert Discrepancy.objects.count() == 1


def test_an_order_told_anew_leaves_what_is_told_of_its_returns() -> None:
    rma = make_return()
    assert rma.order is not None
    told(rma, system=rma.order.channel, status="canceled")
    take_agreement(rma.order.id, rma.order.channel)
    agree_since(rma.order.id, rma.order.channel, 10**9)
    assert row()[4] == "open"


def test_its_page_names_the_return_and_repairs_it() -> None:
    rma = make_return()
    told(rma, status="canceled")
    found = Discrepancy.objects.get()
    lead = world.signed_in(world.person("ops_lead"))
    assert rma.number in world.body_of(lead.get("/discrepancies/"))
    page = world.body_of(lead.get(f"/discrepancies/{found.id}/"))
    for words in (rma.number, f'href="/returns/{rma.number}/"', "Take their value…"):
        assert words in page
    address = f"/discrepancies/{found.id}/do/take/"
    assert "by the same command" in world.body_of(lead.get(address))
    assert lead.post(address, {"reason": "the customer called"}).status_code == 303
    rma.refresh_from_db()
    assert rma.status == "canceled"
