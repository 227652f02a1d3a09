"""Reasons are words and, beside them, a term of a vocabulary: unknown ones are refused with the list."""

import pytest
from django.db import IntegrityError, transaction

from retailops.accounts.permissions import Permission
from retailops.events.models import Event
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound
from returns import vocabulary
from returns.inputs import RefundProposalIn
from returns.inputs.vocabularies import TermIn
from returns.models import Return, Term, Vocabulary, VocabularyMapping
from returns.services import vocabularies
from returns.services.decisions import cancel_return, decline_return
from returns.services.refunds import propose_refund
from tests.factories import SYSTEM, actor_with, ensure_policy, fresh, make_inspected_return, make_order, make_return

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    vocabulary.forget()


def test_a_decline_keeps_its_code_beside_the_words() -> None:
    ensure_policy(auto_authorize=False)
    rma = make_return()
    decline_return(actor=SYSTEM, return_id=rma.id, reason="worn for weeks", code="condition")
    found = fresh(rma)
    assert (found.decision_reason, found.decision_code) == ("worn for weeks", "condition")
    assert Event.objects.get(type="return.declined").reason_code == "condition"


def test_without_a_code_the_words_are_told_as_before() -> None:
    rma = make_return()
    cancel_return(actor=SYSTEM, return_id=rma.id, reason="customer called")
    told = Event.objects.get(type="return.canceled")
    assert (fresh(rma).decision_code, told.reason_code, told.remark.text) == ("", "", "customer called")


def test_an_unknown_or_retired_code_is_refused_with_the_list() -> None:
    rma = make_return()
    vocabularies.retire_term(actor=SYSTEM, vocabulary_code="cancel_reason", code="duplicate")
    for code in ("nonsense", "duplicate"):
        with pytest.raises(Invalid) as refused:
            cancel_return(actor=SYSTEM, return_id=rma.id, reason="x", code=code)
        assert refused.value.errors[0].pointer == "/reason_code"
        assert "Use one of: customer_withdrew, entered_wrongly, never_sent, other." in refused.value.errors[0].detail
    assert fresh(rma).status == "authorized"
    vocabularies.revive_term(actor=SYSTEM, vocabulary_code="cancel_reason", code="duplicate")
    assert cancel_return(actor=SYSTEM, return_id=rma.id, reason="x", code="duplicate").decision_code == "duplicate"


def test_a_refund_and_an_override_bear_codes() -> None:
    ensure_policy(refund_timing="on_inspection", auto_approve_limit={"GBP": 0}, approval_limits={})
    order = make_order()
    with pytest.raises(Invalid) as refused:
        make_return(order, override_reason="goodwill", override_code="because")
    assert refused.value.errors[0].pointer == "/override_code"
    ensure_policy(window_days=1, resolutions=["none", "refund"])
    rma = make_return(order, override_reason="ill for weeks", override_code="illness")
    assert rma.policy_facts["override_code"] == "illness"
    assert Return.objects.count() == 1


@pytest.mark.parametrize(("code", "fits"), [("goodwill", True), ("late_delivery", True), ("because", False)])
def test_a_persons_refund_bears_a_code(code: str, fits: bool) -> None:
    ensure_policy(auto_approve_limit={"*": None})
    rma = make_inspected_return(quantities={1: 2})
    first = rma.refunds.get()
    assert first.reason_code == ""
    proposal = RefundProposalIn(amount=100, reason="scratched", reason_code=code)
    if fits:
        [made] = propose_refund(actor=SYSTEM, return_id=rma.id, proposal=proposal)
        assert (made.reason_code, made.reason) == (code, "scratched")
        assert Event.objects.get(type="refund.proposed", subject_id=made.id).reason_code == code
        return
    with pytest.raises(Invalid) as refused:
        propose_refund(actor=SYSTEM, return_id=rma.id, proposal=proposal)
    assert refused.value.errors[0].pointer == "/reason_code"


def test_terms_are_kept_and_versioned() -> None:
    owner = Vocabulary.objects.get(code="condition")
    vocabularies.add_term(actor=SYSTEM, vocabulary_code="condition", code="moths", term=TermIn(label="Moths"))
    vocabularies.retire_term(actor=SYSTEM, vocabulary_code="condition", code="moths")
    term = Term.objects.get(code="moths")
    assert (term.since, term.retired_in, term.sort) == (2, 3, 90)
    with pytest.raises(Conflict):
        vocabularies.add_term(actor=SYSTEM, vocabulary_code="condition", code="moths", term=TermIn(label="Again"))
    with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
        term.delete()
    assert Event.objects.filter(subject_id=owner.id).count() == 2


def test_a_term_that_codes_mean_is_not_retired() -> None:
    term = Term.objects.get(vocabulary__code="condition", code="used")
    VocabularyMapping.objects.create(connection="wms", vocabulary=term.vocabulary, external_code="C", term=term)
    with pytest.raises(Conflict, match="wms: C"):
        vocabularies.retire_term(actor=SYSTEM, vocabulary_code="condition", code="used")
    term.refresh_from_db()
    assert term.active


def test_three_persons() -> None:
    here = actor_with(Permission.POLICIES_VIEW, Permission.POLICIES_MANAGE, regions=["uk"])
    for actor in (here, actor_with(Permission.POLICIES_VIEW), actor_with()):
        with pytest.raises((Denied, NotFound)):
            vocabularies.retire_term(actor=actor, vocabulary_code="condition", code="used")
    assert Term.objects.get(vocabulary__code="condition", code="used").active
