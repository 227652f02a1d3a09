"""A code that nobody has given a meaning: one case, nothing guessed, everything kept, and it goes on once mapped."""

from datetime import timedelta

import pytest

from connectors.inbox import process_due
from connectors.meanings import UnmappedCode, messages_waiting
from connectors.models import InboxMessage
from retailops.accounts.permissions import Permission
from retailops.cases.models import Case
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Denied, Invalid, NotFound
from returns.models import Term, VocabularyMapping
from returns.services.vocabularies import map_code
from tests.connectors.conftest import ADMIN
from tests.connectors.test_inbox_worker import Arrive, Scripted, arrive, scripted  # noqa: F401  # its fixtures
from tests.factories import actor_with
from tests.returns.proofs import breaches

pytestmark = pytest.mark.django_db
ODD = ("customer_reason", "R-17")


def said(term: str = "too_small") -> VocabularyMapping:
    return map_code(actor=ADMIN, connection="scripted", vocabulary_code=ODD[0], external_code=ODD[1], term=term)


def test_many_messages_are_one_case_and_all_go_on(scripted: Scripted, arrive: Arrive) -> None:  # noqa: F811  # fixtures
    scripted.script = [UnmappedCode(*ODD), UnmappedCode(*ODD), None]
    held = [arrive("m1"), arrive("m2")]
    arrive("m3")
    assert process_due() == 3
    assert dict(InboxMessage.objects.values_list("message_id", "status")) == {
        "m1": "waiting", "m2": "waiting", "m3": "done",
    }  # fmt: skip
    case = Case.objects.get(kind="code_unmapped")
    assert case.title == "Scripted sends “R-17” as customer's reason, and nobody has said what it means"
    assert (case.occurrences, VocabularyMapping.objects.get().times) == (2, 2)
    assert messages_waiting("scripted") == {ODD: 2}
    assert breaches("code without a meaning") == breaches("inbox message") == []
    assert process_due() == 0
    mapping = said()
    assert process_due() == 2
    assert set(InboxMessage.objects.values_list("status", flat=True)) == {"done"}
    assert [InboxMessage.objects.get(pk=each.pk).result for each in held] == [
        {"taken": {"id": "m1"}},
        {"taken": {"id": "m2"}},
    ]
    case.refresh_from_db()
    assert (case.status, case.resolution_evidence) == ("resolved", {"means": "too_small", "version": 1})
    types = Event.objects.filter(subject_id=mapping.id, type__startswith="vocabulary").values_list("type", flat=True)
    assert sorted(types) == ["vocabulary.code_mapped", "vocabulary.code_unmapped"]


def test_a_message_waits_beyond_the_usual_bound(scripted: Scripted, arrive: Arrive) -> None:  # noqa: F811  # fixtures
    scripted.script = [UnmappedCode(*ODD), UnmappedCode(*ODD)]
    message = arrive("m1", received_at=now() - timedelta(days=9))
    process_due()
    InboxMessage.objects.update(next_try_at=now())
    process_due()
    message.refresh_from_db()
    assert message.status == "waiting"
    assert message.next_try_at > now() + timedelta(hours=23)
    assert VocabularyMapping.objects.get().times == 1
    assert Case.objects.filter(kind="code_unmapped").count() == 1


def test_a_meaning_is_versioned_and_told(db: None) -> None:
    assert (said("too_small").version, said("too_small").version, said("too_large").version) == (1, 1, 2)
    told = [event.data for event in Event.objects.filter(type="vocabulary.code_mapped").order_by("position")]
    assert [(each["term"], each["before"], each["version"]) for each in told] == [
        ("too_small", "", 1), ("too_large", "too_small", 2),
    ]  # fmt: skip


@pytest.mark.parametrize("term", ["no_such_code", "gift"])
def test_an_unknown_or_retired_term_is_refused_with_the_list(term: str) -> None:
    Term.objects.filter(code="gift").update(active=False, retired_in=1)
    with pytest.raises(Invalid) as refused:
        said(term)
    assert "too_small, too_large" in refused.value.errors[0].detail
    assert not VocabularyMapping.objects.exists()


def test_only_who_manages_connections_says_what_codes_mean() -> None:
    looker, nobody = actor_with(Permission.CONNECTIONS_VIEW), actor_with()
    for actor, error in ((looker, Denied), (nobody, NotFound)):
        with pytest.raises(error):
            map_code(actor=actor, connection="c", vocabulary_code=ODD[0], external_code=ODD[1], term="other")
    assert not VocabularyMapping.objects.exists()
