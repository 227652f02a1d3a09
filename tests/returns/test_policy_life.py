"""A policy version's life: written by one person, agreed to by another, in force without gap or overlap."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from django.db import IntegrityError, transaction

from retailops.accounts.actor import Actor
from retailops.accounts.models import User
from retailops.accounts.permissions import Permission
from retailops.cases import services as cases
from retailops.cases.models import Approval, ApprovalStatus
from retailops.events.models import Event
from retailops.lib.clock import now
from retailops.lib.errors import Conflict, Denied, Invalid, NotFound, Unprocessable
from retailops.lib.fsm import TransitionRefused
from returns.enums import PolicyStatus
from returns.inputs.policies import PolicyDraftIn
from returns.models import ReturnPolicy
from returns.policy import Rules, Scope, active_policies, choose
from returns.services.policy_drafts import approve_policy, draft_policy, edit_draft, refuse_policy, submit_policy
from returns.services.policy_force import activate_policy, change_canary, retire_policy
from tests.factories import actor_with, ensure_policy, make_policy, make_user
from tests.returns.proofs import breaches

pytestmark = pytest.mark.django_db
ANYWHERE = Scope("web", "uk", "acme")


@pytest.fixture
def author() -> Actor:
    ensure_policy()
    return make_user("manager").actor()


@pytest.fixture
def checker() -> User:
    return make_user("administrator")


WindowFrom = Literal["delivered", "shipped", "placed"]
WINDOWS: tuple[WindowFrom, ...] = ("placed", "shipped", "delivered")


def content(
    *,
    window_days: int = 45,
    window_from: WindowFrom = "shipped",
    share: int = 100,
    dates: dict[str, Any] | None = None,
    **scope: Any,
) -> PolicyDraftIn:
    rules = Rules(window_days=window_days, window_from=window_from, canary_share=share).model_dump(mode="json")
    return PolicyDraftIn.model_validate({"scope": scope, "rules": rules, **(dates or {})})


def approved(author: Actor, checker: User, name: str = "standard", **fields: Any) -> ReturnPolicy:
    """Return a version that a second person has agreed to."""
    draft = draft_policy(actor=author, name=name)
    edit_draft(actor=author, policy_id=draft.id, draft=content(**fields))
    submit_policy(actor=author, policy_id=draft.id, reason="summer")
    return approve_policy(actor=checker.actor(), policy_id=draft.id, reason="seen")


def told() -> list[str]:
    rows = Event.objects.filter(type__startswith="policy.").order_by("position")
    return list(rows.values_list("type", flat=True))


def decides(order: str = "order-1", scope: Scope = ANYWHERE, **shift: int) -> str:
    return choose(active_policies(), scope, now() + timedelta(**shift), order).label


def test_drafted_edited_submitted_approved_activated(author: Actor, checker: User) -> None:
    policy = approved(author, checker)
    assert decides() == "standard@1"
    activate_policy(actor=author, policy_id=policy.id)
    former, present = ReturnPolicy.objects.filter(name="standard").order_by("version")
    assert (present.label, present.status, present.approved_by) == ("standard@2", "active", f"user:{checker.id}")
    assert former.effective_to == present.effective_from
    assert present.rules["window_days"] == 45
    assert (decides(), decides(days=-1)) == ("standard@2", "standard@1")
    assert told() == [f"policy.{name}" for name in ("drafted", "edited", "submitted", "approved", "activated")]
    assert Event.objects.get(type="policy.activated").data["ended"] == ["standard@1"]
    assert Approval.objects.get().status == ApprovalStatus.CONSUMED
    assert breaches("polic") == []


def test_a_draft_is_a_copy_of_the_newest_and_there_is_one_at_a_time(author: Actor) -> None:
    base = ReturnPolicy.objects.get(name="standard")
    draft = draft_policy(actor=author, name="standard")
    assert (draft.version, draft.based_on, draft.rules["window_days"]) == (2, "standard@1", base.rules["window_days"])
    with pytest.raises(Conflict) as refused:
        draft_policy(actor=author, name="standard")
    assert refused.value.code == "draft-exists"
    shoes = draft_policy(actor=author, name="shoes", based_on=base.id)
    assert (shoes.version, shoes.based_on) == (1, "standard@1")
    with pytest.raises(Invalid):
        draft_policy(actor=author, name="No Name")
    assert ReturnPolicy.objects.count() == 3


def test_an_edit_voids_the_word_that_was_given(author: Actor, checker: User) -> None:
    policy = approved(author, checker)
    edited = edit_draft(actor=author, policy_id=policy.id, draft=content(window_days=60))
    assert (edited.status, edited.approved_by) == (PolicyStatus.DRAFT, "")
    assert Approval.objects.get().status == ApprovalStatus.VOIDED
    with pytest.raises(TransitionRefused):
        activate_policy(actor=author, policy_id=policy.id)
    assert decides() == "standard@1"


def test_an_approval_is_bound_to_the_content(author: Actor, checker: User) -> None:
    policy = approved(author, checker)
    ReturnPolicy.objects.filter(pk=policy.pk).update(rules=Rules(window_days=999).model_dump(mode="json"))
    with pytest.raises(Conflict) as refused:
        activate_policy(actor=author, policy_id=policy.id)
    assert refused.value.code == "approval-differs"
    assert decides() == "standard@1"


def test_nobody_agrees_to_what_they_wrote(author: Actor, checker: User) -> None:
    draft = draft_policy(actor=author, name="standard")
    edit_draft(actor=checker.actor(), policy_id=draft.id, draft=content())
    submit_policy(actor=author, policy_id=draft.id, reason="summer")
    with pytest.raises(Denied):
        approve_policy(actor=checker.actor(), policy_id=draft.id, reason="mine")
    lead = make_user("ops_lead").actor()
    with pytest.raises(Denied):
        approve_policy(actor=lead, policy_id=draft.id, reason="not my job")
    # The general approval of the API is no way around it.
    with pytest.raises(Denied), transaction.atomic():
        cases.approve(lead, Approval.objects.get().id, "not my job")
    assert ReturnPolicy.objects.get(pk=draft.pk).status == PolicyStatus.SUBMITTED
    with pytest.raises(IntegrityError, match="policy_approver_is_not_its_author"), transaction.atomic():
        ReturnPolicy.objects.filter(pk=draft.pk).update(approved_by=author.key)


def test_refused_it_is_a_draft_again(author: Actor, checker: User) -> None:
    draft = draft_policy(actor=author, name="standard")
    submit_policy(actor=author, policy_id=draft.id, reason="summer")
    assert refuse_policy(actor=checker.actor(), policy_id=draft.id, reason="too generous").status == "draft"
    with pytest.raises(Conflict):
        approve_policy(actor=checker.actor(), policy_id=draft.id, reason="after all")
    submit_policy(actor=author, policy_id=draft.id, reason="once more")
    Approval.objects.filter(status="requested").update(expires_at=now() - timedelta(seconds=1))
    assert cases.expire_approvals() == 1
    assert ReturnPolicy.objects.get(pk=draft.pk).status == PolicyStatus.DRAFT


@pytest.mark.parametrize(
    "change",
    [{"rules": {}}, {"region": "fr"}, {"effective_from": "2001-01-01T00:00:00Z"}, {"name": "x"}, {"status": "draft"}],
    ids=["rules", "scope", "start", "name", "status"],
)
def test_a_version_in_force_is_immutable(author: Actor, change: dict[str, Any]) -> None:
    rows = ReturnPolicy.objects.filter(name="standard")
    before = rows.values().get()
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(**change)
    with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
        rows.delete()
    with pytest.raises(Conflict) as refused:
        edit_draft(actor=author, policy_id=before["id"], draft=content())
    assert refused.value.code == "in-force"
    assert rows.values().get() == before


def test_a_canary_grows_step_by_step_and_keeps_its_orders(author: Actor, checker: User) -> None:
    canary = approved(author, checker, share=10)
    activate_policy(actor=author, policy_id=canary.id)
    orders = [f"order-{number}" for number in range(400)]
    served: list[set[str]] = []
    for share in (10, 40, 100):
        if share > 10:
            change_canary(actor=author, policy_id=canary.id, share=share)
        served.append({order for order in orders if decides(order) == "standard@2"})
    assert served[0] < served[1] < served[2] == set(orders)
    assert 20 <= len(served[0]) <= 60
    assert 120 <= len(served[1]) <= 200
    former, present = ReturnPolicy.objects.filter(name="standard").order_by("version")
    assert former.effective_to is not None
    assert former.effective_to.isoformat() == present.rollout[-1]["from"]
    changes = [event.data for event in Event.objects.filter(type="policy.canary_changed").order_by("position")]
    assert [(each["before"], each["share"], each["ended"]) for each in changes] == [
        (10, 40, []), (40, 100, ["standard@1"]),
    ]  # fmt: skip
    assert breaches("polic") == []


@pytest.mark.parametrize("share", [5, 10, 0, 101])
def test_a_canary_only_grows(author: Actor, checker: User, share: int) -> None:
    canary = approved(author, checker, share=10)
    with pytest.raises(Conflict):
        change_canary(actor=author, policy_id=canary.id, share=50)
    activate_policy(actor=author, policy_id=canary.id)
    with pytest.raises(Invalid):
        change_canary(actor=author, policy_id=canary.id, share=share)
    assert ReturnPolicy.objects.get(pk=canary.pk).share == 10


def test_a_late_question_gets_the_answer_of_its_time(author: Actor, checker: User) -> None:
    canary = approved(author, checker, share=1)
    activate_policy(actor=author, policy_id=canary.id)
    order = next(key for key in map(str, range(1000)) if decides(key) == "standard@1")
    moment = now()
    change_canary(actor=author, policy_id=canary.id, share=100)
    assert choose(active_policies(), ANYWHERE, moment, order).label == "standard@1"
    assert decides(order) == "standard@2"


def test_a_future_start_leaves_no_gap(author: Actor, checker: User) -> None:
    start = now() + timedelta(days=3)
    policy = approved(author, checker, dates={"effective_from": start})
    activate_policy(actor=author, policy_id=policy.id)
    assert [decides(days=day) for day in (0, 2, 4)] == ["standard@1", "standard@1", "standard@2"]
    assert ReturnPolicy.objects.get(name="standard", version=1).effective_to == start


def test_a_temporary_version_lets_the_former_come_back(author: Actor, checker: User) -> None:
    end = now() + timedelta(days=30)
    policy = approved(author, checker, dates={"effective_to": end})
    activate_policy(actor=author, policy_id=policy.id)
    assert [decides(days=day) for day in (1, 29, 31)] == ["standard@2", "standard@2", "standard@1"]


def test_an_erring_canary_is_retired_and_the_former_decides(author: Actor, checker: User) -> None:
    canary = approved(author, checker, share=50)
    activate_policy(actor=author, policy_id=canary.id)
    retire_policy(actor=author, policy_id=canary.id, reason="too many fees")
    assert {decides(str(key)) for key in range(50)} == {"standard@1"}
    assert told()[-1] == "policy.retired"


def test_nothing_is_left_without_a_policy(author: Actor) -> None:
    only = ReturnPolicy.objects.get(name="standard")
    with pytest.raises(Conflict) as refused:
        retire_policy(actor=author, policy_id=only.id, reason="away with it")
    assert refused.value.code == "no-policy-left"
    narrow = make_policy(name="shoes", rules={}, category="shoes")
    with pytest.raises(Invalid):
        retire_policy(actor=author, policy_id=narrow.id, reason=" ")
    assert retire_policy(actor=author, policy_id=narrow.id, reason="no shoes any more").status == "retired"
    assert decides() == "standard@1"


def test_a_stale_form_changes_nothing(author: Actor) -> None:
    draft = draft_policy(actor=author, name="standard")
    edit_draft(actor=author, policy_id=draft.id, draft=content(window_days=40), revision=1)
    with pytest.raises(Conflict) as refused:
        edit_draft(actor=author, policy_id=draft.id, draft=content(window_days=50), revision=1)
    assert refused.value.code == "stale"
    assert ReturnPolicy.objects.get(pk=draft.pk).rules["window_days"] == 40


def test_three_persons(author: Actor) -> None:
    french = actor_with(Permission.POLICIES_VIEW, Permission.POLICIES_MANAGE, regions=["fr"])
    nobody = actor_with(regions=["uk"])
    for actor in (french, nobody, actor_with(Permission.POLICIES_VIEW)):
        with pytest.raises(Denied):
            draft_policy(actor=actor, name="standard")
    uk = make_policy(name="uk", rules={}, region="uk")
    with pytest.raises(NotFound):
        retire_policy(actor=french, policy_id=uk.id, reason="x")
    with pytest.raises(NotFound):
        retire_policy(actor=nobody, policy_id=uk.id, reason="x")
    mine = draft_policy(actor=french, name="france", based_on=make_policy(name="fr", rules={}, region="fr").id)
    with pytest.raises(Denied):
        edit_draft(actor=french, policy_id=mine.id, draft=content(region="uk"))
    assert ReturnPolicy.objects.get(pk=mine.pk).region == "fr"


@pytest.mark.parametrize(
    ("scope", "lawful"),
    [
        ({"region": "de"}, False),
        ({"region": "EU"}, False),
        ({"region": "FR-online", "channel": "shopify-fr"}, False),
        ({}, False),
        ({"channel": "web"}, False),
        ({"region": "uk"}, False),
        ({"region": "GB"}, False),
        ({"region": "us"}, True),
        ({"region": "de", "channel": "pos"}, True),
        ({"region": "de", "channel": "store-12"}, True),
        ({"region": "de", "category": "perishable"}, True),
        ({"region": "de", "category": "shoes"}, False),
    ],
    ids=["country", "eu", "prefix", "everywhere", "channel", "uk", "gb", "us", "pos", "store", "exempt", "category"],
)
def test_the_law_gives_fourteen_days(author: Actor, scope: dict[str, Any], lawful: bool) -> None:
    draft = draft_policy(actor=author, name="short")
    before = ReturnPolicy.objects.get(pk=draft.pk).revision
    short = content(window_days=13, window_from="delivered", **scope)
    if lawful:
        assert edit_draft(actor=author, policy_id=draft.id, draft=short).revision == 2
        return
    with pytest.raises(Unprocessable, match="14 days") as refused:
        edit_draft(actor=author, policy_id=draft.id, draft=short)
    assert (refused.value.code, refused.value.errors[0].pointer) == ("window-below-law", "/rules/window_days")
    assert ReturnPolicy.objects.get(pk=draft.pk).revision == before
    long_enough = content(window_days=14, window_from="delivered", **scope)
    assert edit_draft(actor=author, policy_id=draft.id, draft=long_enough).revision == 2


@pytest.mark.parametrize(
    ("counted_from", "least"), [("delivered", 14), ("shipped", 14 + 7), ("placed", 14 + 30)], ids=str
)
def test_days_that_may_be_gone_before_delivery_are_not_the_customers(
    author: Actor, counted_from: WindowFrom, least: int
) -> None:
    draft = draft_policy(actor=author, name="short")
    short = content(window_days=least - 1, window_from=counted_from, region="de")
    with pytest.raises(Unprocessable, match=f"at least {least} days") as refused:
        edit_draft(actor=author, policy_id=draft.id, draft=short)
    assert refused.value.code == "window-below-law"
    lawful = content(window_days=least, window_from=counted_from, region="de")
    assert edit_draft(actor=author, policy_id=draft.id, draft=lawful).revision == 2


def test_the_window_opens_when_the_goods_are_there() -> None:
    day = datetime(2026, 3, 1, tzinfo=UTC)
    shipped, delivered = day + timedelta(days=2), day + timedelta(days=12)
    ends = {
        counted_from: [
            (Rules(window_days=14, window_from=counted_from).window_end(day, *told) - day).days
            for told in ((None, None), (shipped, None), (shipped, delivered))
        ]
        for counted_from in WINDOWS
    }
    assert ends == {"placed": [14, 14, 14], "shipped": [14, 16, 16], "delivered": [21, 23, 26]}


@pytest.mark.parametrize("name", ["channel", "region", "brand", "category", "customer_group"])
def test_every_dimension_of_the_scope_narrows(name: str) -> None:
    ensure_policy()
    make_policy(name="narrow", rules={}, **{name: "mine"})
    wanted = Scope(channel="web", region="uk", brand="acme", customer_group="vip", category="hats")
    assert decides(scope=wanted) == "standard@1"
    assert decides(scope=Scope(**(vars(wanted) | {name: "mine"}))) == "narrow@1"


def test_of_two_as_specific_the_later_start_decides() -> None:
    ensure_policy()
    make_policy(name="by-brand", rules={}, brand="acme", effective_from=now() - timedelta(days=10))
    make_policy(name="by-region", rules={}, region="uk", effective_from=now() - timedelta(days=5))
    assert decides() == "by-region@1"
    make_policy(name="both", rules={}, brand="acme", region="uk", effective_from=now() - timedelta(days=99))
    assert decides() == "both@1"
    for first, second in (("a", "b"), ("b", "a")):
        same = now() - timedelta(days=1)
        ReturnPolicy.objects.filter(status="active", customer_group="vip").update(status="retired")
        for name in (first, second):
            make_policy(name=name, rules={}, customer_group="vip", effective_from=same)
    assert len({decides(scope=Scope("web", "de", "x", "vip")) for _ in range(20)}) == 1
