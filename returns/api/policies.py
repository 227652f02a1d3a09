"""Policies: every version with its rules; drafted, submitted, agreed to, put in force; and what one would change."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints
from rest_framework.request import Request

from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.errors import hidden
from retailops.lib.wire import Body, Instant, MoneyShape, Shape
from returns.access import policies_visible_to
from returns.enums import PolicyStatus
from returns.inputs.policies import PolicyDraftIn, PolicyName, PolicyScopeIn
from returns.models import ReturnPolicy
from returns.policy import Rules
from returns.policy_content import SCOPE, rules_in
from returns.policy_impact import LAST, Impact, impact_of
from returns.services import policy_drafts, policy_force

VIEW, MANAGE = Permission.POLICIES_VIEW, Permission.POLICIES_MANAGE
LONGEST = 20_000
Reason = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Revision = Annotated[int, Field(ge=1, le=2**31 - 1)]


class RolloutStep(Shape):
    """From when it serves which share of the orders."""

    since: datetime = Field(description="From then on.")
    share: int = Field(description="Percent.")


class PolicyShape(Shape):
    """One version of a policy."""

    id: UUID
    name: str
    version: int
    label: str = Field(description="As decisions and events name it: `standard@3`.")
    status: PolicyStatus
    scope: PolicyScopeIn = Field(description="What it is for; an empty field is any.")
    effective_from: datetime
    effective_to: datetime | None
    share: int = Field(description="Percent of the orders in its scope that it decides.")
    rollout: list[RolloutStep]
    based_on: str
    reason: str
    revision: int
    created_by: str
    edited_by: str
    approved_by: str
    activated_by: str


class PolicyDetail(PolicyShape):
    """One version with all its rules."""

    rules: Rules


class PolicyList(Shape):
    """All versions, by name, the newest first."""

    results: list[PolicyShape]


class DraftBody(Body):
    """Begin the next version of a policy."""

    name: PolicyName
    based_on: UUID | None = Field(None, description="The version to begin from; else the name's newest.")


class EditBody(PolicyDraftIn):
    """The whole content of a draft."""

    revision: Revision | None = Field(None, description="The one that was seen; another one is 409.")


class PolicySubmitBody(Body):
    """Ask a second person."""

    reason: Reason
    revision: Revision | None = None


class PolicyReasonBody(Body):
    """Why."""

    reason: Reason


class ShareBody(Body):
    """A larger share of the orders; 100 promotes the version."""

    share: Annotated[int, Field(ge=1, le=100)]


class ImpactBody(Body):
    """Which returns are looked at."""

    last: Annotated[int, Field(ge=1, le=LONGEST)] = LAST
    since: Instant | None = None
    channel: Annotated[str, StringConstraints(max_length=64)] = ""


class ExampleShape(Shape):
    """A return that it decides otherwise."""

    number: str
    note: str


class ImpactGroup(Shape):
    """Returns decided otherwise in one respect; for fees `money` is what customers pay more, or negative less."""

    key: str
    title: str
    count: int
    money: list[MoneyShape]
    examples: list[ExampleShape]


class ImpactShape(Shape):
    """What the version would have decided. looked_at = unchanged + changed + outside."""

    policy_version: str
    looked_at: int
    unchanged: int
    changed: int
    outside: int = Field(description="Returns that do not fall under it.")
    groups: list[ImpactGroup]


def policy_fields(policy: ReturnPolicy) -> dict[str, Any]:
    """Return what both shapes tell."""
    return {
        "scope": PolicyScopeIn(**{name: getattr(policy, name) for name in SCOPE}),
        "rollout": [
            RolloutStep.build(since=datetime.fromisoformat(step["from"]), share=step["share"])
            for step in policy.rollout
        ],
        **{
            name: getattr(policy, name)
            for name in (
                "id", "name", "version", "label", "status", "effective_from", "effective_to", "share", "based_on",
                "reason", "revision", "created_by", "edited_by", "approved_by", "activated_by",
            )
        },
    }  # fmt: skip


def policy_detail(policy: ReturnPolicy) -> PolicyDetail:
    """Return one version with its rules."""
    return PolicyDetail.build(**policy_fields(policy), rules=rules_in(policy))


def impact_shape(impact: Impact) -> ImpactShape:
    """Return the account on the wire."""
    groups = [
        ImpactGroup.build(
            key=group.key,
            title=group.title,
            count=group.count,
            money=[MoneyShape.from_money(money) for money in group.amounts],
            examples=[ExampleShape.build(number=number, note=note) for number, note in group.examples],
        )
        for group in impact.found
    ]
    return ImpactShape.build(
        policy_version=impact.policy, looked_at=impact.looked_at, unchanged=impact.unchanged, changed=impact.changed,
        outside=impact.outside, groups=groups,
    )  # fmt: skip


class Policies(CommandEndpoint):
    """All versions of all policies."""

    @operation(id="listPolicies", summary="Policies", tag="Policies", permission=VIEW, answers={200: PolicyList})
    def get(self, request: Request) -> PolicyList:
        """Every version that applies in the caller's regions and brands, by name, the newest first."""
        rows = policies_visible_to(self.actor).order_by("name", "-version")
        return PolicyList.build(results=[PolicyShape.build(**policy_fields(row)) for row in rows])

    @operation(
        id="draftPolicy", summary="Draft a policy's next version", tag="Policies", permission=MANAGE, body=DraftBody,
        answers={201: PolicyDetail}, key="optional", problems=(404, 409),
    )  # fmt: skip
    def post(self, request: Request, body: DraftBody) -> PolicyDetail:
        """A copy of `based_on`, else of the name's newest version, else the defaults. One draft a name at a time."""
        return policy_detail(policy_drafts.draft_policy(actor=self.actor, name=body.name, based_on=body.based_on))


class PolicyEndpoint(CommandEndpoint):
    """One version of a policy."""

    def policy(self, name: str, version: int) -> ReturnPolicy:
        """Return the version. Raises NotFound."""
        found = policies_visible_to(self.actor).filter(name=name, version=version).first()
        if found is None:
            raise hidden()
        return found


class PolicyVersion(PolicyEndpoint):
    """Reading and writing one version."""

    @operation(
        id="getPolicy", summary="A version of a policy", tag="Policies", permission=VIEW, answers={200: PolicyDetail},
    )  # fmt: skip
    def get(self, request: Request, name: str, version: int) -> PolicyDetail:
        """With every rule, those that the stored document leaves out too."""
        return policy_detail(self.policy(name, version))

    @operation(
        id="editPolicy", summary="Write a draft", tag="Policies", permission=MANAGE, body=EditBody,
        answers={200: PolicyDetail}, problems=(409, 422),
    )  # fmt: skip
    def put(self, request: Request, name: str, version: int, body: EditBody) -> PolicyDetail:
        """The whole content. A word that was asked or given for another content is void. 422 `window-below-law`: less
        than the law of its region gives."""
        draft = PolicyDraftIn.model_validate(body.model_dump(exclude={"revision"}))
        policy = self.policy(name, version)
        return policy_detail(
            policy_drafts.edit_draft(actor=self.actor, policy_id=policy.id, draft=draft, revision=body.revision)
        )


class PolicySubmission(PolicyEndpoint):
    """Asking a second person."""

    @operation(
        id="submitPolicy", summary="Submit a draft", tag="Policies", permission=MANAGE, body=PolicySubmitBody,
        answers={200: PolicyDetail}, key="optional", problems=(409, 422),
    )  # fmt: skip
    def post(self, request: Request, name: str, version: int, body: PolicySubmitBody) -> PolicyDetail:
        """A second person who may manage policies must agree to exactly this content before it can be activated."""
        policy = self.policy(name, version)
        return policy_detail(
            policy_drafts.submit_policy(
                actor=self.actor, policy_id=policy.id, reason=body.reason, revision=body.revision
            )
        )


class PolicyActivation(PolicyEndpoint):
    """Putting in force."""

    @operation(
        id="activatePolicy", summary="Activate an approved version", tag="Policies", permission=MANAGE,
        answers={200: PolicyDetail}, key="optional", problems=(409, 422),
    )  # fmt: skip
    def post(self, request: Request, name: str, version: int) -> PolicyDetail:
        """From its date on, for its share. With the whole share the versions before it end where it starts."""
        policy = self.policy(name, version)
        return policy_detail(policy_force.activate_policy(actor=self.actor, policy_id=policy.id))


class PolicyCanary(PolicyEndpoint):
    """Rolling out."""

    @operation(
        id="changePolicyCanary", summary="Serve a larger share", tag="Policies", permission=MANAGE, body=ShareBody,
        answers={200: PolicyDetail}, key="optional", problems=(409,),
    )  # fmt: skip
    def post(self, request: Request, name: str, version: int, body: ShareBody) -> PolicyDetail:
        """Orders that it decides already stay with it. At 100 the former versions end at the same instant."""
        policy = self.policy(name, version)
        return policy_detail(policy_force.change_canary(actor=self.actor, policy_id=policy.id, share=body.share))


class PolicyRetirement(PolicyEndpoint):
    """Taking out of force."""

    @operation(
        id="retirePolicy", summary="Retire a version", tag="Policies", permission=MANAGE, body=PolicyReasonBody,
        answers={200: PolicyDetail}, key="optional", problems=(409,),
    )  # fmt: skip
    def post(self, request: Request, name: str, version: int, body: PolicyReasonBody) -> PolicyDetail:
        """Refused (409 `no-policy-left`) where orders would be left without a policy. A draft is given up."""
        policy = self.policy(name, version)
        return policy_detail(policy_force.retire_policy(actor=self.actor, policy_id=policy.id, reason=body.reason))


class PolicyImpact(Endpoint):
    """What a version would change."""

    @operation(
        id="policyImpact", summary="What a version would have decided", tag="Policies", permission=VIEW,
        body=ImpactBody, answers={200: ImpactShape}, problems=(404,),
    )  # fmt: skip
    def post(self, request: Request, name: str, version: int, body: ImpactBody) -> ImpactShape:
        """For the last returns that the caller may see, by the facts that their decisions stored. Writes nothing."""
        found = policies_visible_to(self.actor).filter(name=name, version=version).first()
        if found is None:
            raise hidden()
        return impact_shape(impact_of(self.actor, found, last=body.last, since=body.since, channel=body.channel))
