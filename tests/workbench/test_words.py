"""Money, times, states and troubles as people read them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import TextChoices
from django.template import Context, Template
from heroicons.templatetags.heroicons import heroicon_micro

from connectors.models import InboxStatus
from connectors.rendering import Verdict
from inventory.enums import Disposition, ReservationStatus
from inventory.models import AdjustmentStatus, ChangeStatus, DriftClass, DriftStatus, TransferStatus
from retailops.cases.models import CaseStatus, GroupState
from retailops.events.enums import CircuitState, DeliveryStatus, EffectStatus, OutcomeClass
from retailops.events.verdicts import VerdictKind
from retailops.replays.commands import kinds_by_view
from retailops.replays.models import BulkResult, BulkStatus
from retailops.workbench import words
from retailops.workbench.templatetags import workbench as tags
from retailops.workbench.trace.curl import as_curl
from returns.enums import (
    AssessmentStatus,
    ClaimStatus,
    CreditMemoStatus,
    DispositionStatus,
    EntryKind,
    ErpState,
    ExchangeStatus,
    InspectionState,
    Logistics,
    MoneyState,
    PolicyStatus,
    RefundStatus,
    RemedyStatus,
    ReturnStatus,
    ReviewStatus,
    StockState,
    StoredStatus,
    StoreItemStatus,
)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (123456, "GBP", "1,234.56"),
        (5, "GBP", "0.05"),
        (1550, "JPY", "1,550"),
        (-155000, "KWD", "\N{MINUS SIGN}155.000"),
        (0, "EUR", "0.00"),
    ],
)
def test_money_has_its_currencys_digits(amount: int, currency: str, shown: str) -> None:
    html = tags.money(amount, currency)
    assert html == f'<span class="money">{shown}<span class="cur">&nbsp;{currency}</span></span>'


def test_unknown_money_is_a_dash() -> None:
    assert tags.money(None, "GBP") == tags.NOTHING


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (7200, "2 h"), (200_000, "2 d")]
)
def test_span_takes_the_largest_unit(seconds: int, shown: str) -> None:
    assert tags.span(timedelta(seconds=seconds)) == shown


def test_relative_times_look_both_ways() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert tags.relative(now - timedelta(minutes=3), now) == "3 min ago"
    assert tags.relative(now + timedelta(hours=2), now) == "in 2 h"
    assert tags.relative(now - timedelta(seconds=1), now) == "now"


def test_exact_time_is_the_title_of_the_relative_one() -> None:
    html = tags.when(datetime(2026, 3, 1, 12, 30, 5, tzinfo=UTC))
    assert 'title="2026-03-01 12:30:05 UTC"' in html
    assert 'datetime="2026-03-01T12:30:05+00:00"' in html


STATES = [
    ("return", ReturnStatus),
    ("policy", PolicyStatus),
    ("refund", RefundStatus),
    ("exchange", ExchangeStatus),
    ("reservation", ReservationStatus),
    ("memo", CreditMemoStatus),
    ("disposition", DispositionStatus),
    ("delivery", DeliveryStatus),
    ("attempt", OutcomeClass),
    ("effect", EffectStatus),
    ("case", CaseStatus),
    ("group", GroupState),
    ("circuit", CircuitState),
    ("verdict", VerdictKind),
    ("inbox", InboxStatus),
    ("trial", Verdict),
    ("stock", Disposition),
    ("drift", DriftStatus),
    ("drift", DriftClass),
    ("adjustment", AdjustmentStatus),
    ("transfer", TransferStatus),
    ("map_change", ChangeStatus),
    ("stored", StoredStatus),
    ("entry", EntryKind),
    ("facet", Logistics),
    ("facet", InspectionState),
    ("facet", MoneyState),
    ("facet", StockState),
    ("facet", ErpState),
    ("store_item", StoreItemStatus),
    ("claim", ClaimStatus),
    ("review", ReviewStatus),
    ("assessment", AssessmentStatus),
    ("remedy", RemedyStatus),
    ("operation", BulkStatus),
    ("bulk_result", BulkResult),
]


@pytest.mark.parametrize(("kind", "states"), STATES)
def test_every_state_has_words_of_its_own(kind: str, states: type[TextChoices]) -> None:
    missing = [str(state) for state in states if str(state) not in words.KINDS[kind]]
    assert missing == []


def test_every_icon_exists() -> None:
    names = {word.icon_name for table in words.KINDS.values() for word in table.values()}
    assert [name for name in names if not heroicon_micro(name)] == []


def test_a_doubtful_refund_says_what_happens_to_the_money() -> None:
    assert words.trouble("Stripe", "refund.create", "in_doubt", "in_doubt") == (
        "Refund not confirmed by Stripe. "
        "The money stays reserved, and it is looked up there before anything is sent again."
    )


def test_a_refused_memo_says_who_refused_and_what_to_do() -> None:
    assert words.trouble("NetSuite", "credit_memo.post", "dead", "business") == (
        "Credit memo not accepted. NetSuite refused it. Mend the cause there or here, then send it again."
    )


def test_a_refused_refund_is_not_sent_again_but_tried_anew() -> None:
    assert words.trouble("Stripe", "refund.create", "dead", "business").endswith("try the refund again on the return.")


@pytest.mark.parametrize(
    ("value", "shown"),
    [(True, "yes"), (["a", "b"], "a, b"), ({"charge": "ch"}, "charge \N{RIGHTWARDS ARROW} ch"), (300, "300")],
)
def test_settings_are_told_as_people_read_them(value: object, shown: str) -> None:
    assert tags.told(value) == shown


def test_kinds_of_cases_have_words() -> None:
    assert words.case_kind("delivery.dead") == "Delivery stopped"
    assert words.case_kind("drift_found") == "Drift found"


def test_text_from_outside_is_escaped() -> None:
    html = Template("{% ident value %}{% status 'return' value %}").render(
        Context({"value": '"><script>alert(1)</script>'})
    )
    assert "<script>" not in html


def test_curl_quotes_for_the_shell() -> None:
    request = {
        "method": "POST",
        "url": "https://api.example/v1/refunds",
        "headers": {"content-type": "application/x-www-form-urlencoded", "idempotency-key": "refund:1"},
        "body": {"amount": "100", "reason": "it's torn"},
    }
    assert as_curl(request) == (
        "curl -X POST https://api.example/v1/refunds \\\n"
        "  -H 'content-type: application/x-www-form-urlencoded' \\\n"
        "  -H 'idempotency-key: refund:1' \\\n"
        "  --data-raw 'amount=100&reason=it%27s+torn'"
    )


def test_curl_of_nothing_is_nothing() -> None:
    assert as_curl(None) == ""
    assert as_curl({"truncated": "x"}) == ""


def test_every_bulk_operation_has_its_words() -> None:
    kinds = {kind for named in kinds_by_view().values() for kind in named}
    assert kinds == set(words.OPERATION_KINDS)
