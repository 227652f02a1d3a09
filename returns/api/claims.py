"""Claims on suppliers: drafted, approved, sent, answered, closed."""

from collections.abc import Callable
from typing import Annotated, Any, ClassVar

from django_filters import rest_framework as filters
from pydantic import Field, StringConstraints
from rest_framework.request import Request

from retailops.accounts.endpoint import Endpoint, operation
from retailops.accounts.list_endpoint import ListEndpoint
from retailops.accounts.permissions import Permission
from retailops.events.api.commands import CommandEndpoint
from retailops.lib.pagination import PageQuery
from retailops.lib.wire import Body, MoneyIn, Shape
from returns.api.bodies import DecisionBody, Reason, Version
from returns.api.claim_shapes import ClaimDetail, ClaimShape, claim_detail, claim_shape
from returns.claim_access import claim_named, claims_visible_to
from returns.enums import ClaimStatus
from returns.inputs import read
from returns.inputs.claims import ClaimCreditIn, ClaimIn, ClaimLineIn, GoodsBackIn, Reference
from returns.models import SupplierClaim
from returns.services import claim_answers, claim_closing, claim_sending
from returns.services.claim_drafting import draft_claim

VIEW, WORK = Permission.CLAIMS_VIEW, Permission.CLAIMS_WORK
Run = Callable[[CommandEndpoint, SupplierClaim, Any], SupplierClaim]


class ClaimLineBody(ClaimLineIn):
    """Units to claim: of a verdict (`slice_id`), or of stock (`sku`, `location`, `disposition`, `quantity`)."""

    unit_cost: MoneyIn | None = Field(None, description="In place of the supplier's own cost.")  # type: ignore[assignment]  # money on the wire
    currency: None = Field(None, exclude=True)


class ClaimBody(ClaimIn):
    """A claim to draft; without `send_back` the supplier's terms decide."""

    lines: list[ClaimLineBody] = Field(min_length=1, max_length=500)  # type: ignore[assignment]  # money on the wire


class SendBody(Body):
    """The parcel that goes with it, where goods do."""

    tracking: Annotated[str, StringConstraints(max_length=80)] = ""
    expected_version: Version | None = None


class AcknowledgeBody(Body):
    """What the supplier calls the claim."""

    supplier_reference: Annotated[str, StringConstraints(max_length=120)] = ""


class CreditBody(Body):
    """A credit note; `final` says that nothing more will come. Another amount than claimed needs an `explanation`."""

    reference: Reference
    amount: MoneyIn
    final: bool = False
    explanation: Annotated[str, StringConstraints(max_length=200)] = ""


class RefusalBody(Body):
    """Why the supplier will not credit it."""

    reason: Reason
    supplier_reference: Annotated[str, StringConstraints(max_length=120)] = ""


class ClaimList(Shape):
    """One page of claims."""

    results: list[ClaimShape]
    next_cursor: str


class ClaimFilter(filters.FilterSet):
    """Filters of claims."""

    status = filters.MultipleChoiceFilter(choices=ClaimStatus.choices)
    supplier = filters.CharFilter(field_name="supplier__code")
    number = filters.CharFilter()
    supplier_reference = filters.CharFilter()
    region = filters.CharFilter()
    brand = filters.CharFilter()
    return_id = filters.UUIDFilter(field_name="rma_id")
    correlation_id = filters.UUIDFilter()

    class Meta:
        model = SupplierClaim
        fields: ClassVar[list[str]] = []


class Claims(CommandEndpoint, ListEndpoint):
    """Claims."""

    queryset = SupplierClaim.objects.none()
    filterset_class = ClaimFilter

    @operation(
        id="listClaims", summary="Claims on suppliers", tag="Claims", permission=VIEW, query=PageQuery,
        orderings=("-id", "id"), answers={200: ClaimList},
    )  # fmt: skip
    def get(self, request: Request, query: PageQuery) -> ClaimList:
        """Those of the caller's regions and brands, the newest first."""
        page = self.page(claims_visible_to(self.actor), query)
        return ClaimList.build(results=[claim_shape(claim) for claim in page.rows], next_cursor=page.next_cursor)

    @operation(
        id="draftClaim", summary="Draft a claim", tag="Claims", permission=WORK, body=ClaimBody,
        answers={201: ClaimDetail}, key="required", problems=(404, 409, 422),
    )  # fmt: skip
    def post(self, request: Request, body: ClaimBody) -> ClaimDetail:
        """Set units aside, each at most once, for a claim on the supplier that they come from. The same `reference`
        answers the claim that is there. 409 `claimed`: some of them are claimed already."""
        return claim_detail(draft_claim(actor=self.actor, claim=_told(body)))


def _told(body: ClaimBody) -> ClaimIn:
    data = body.model_dump(exclude={"lines"})
    lines = []
    for line in body.lines:
        cost = line.unit_cost
        given = line.model_dump(exclude={"unit_cost", "currency"})
        lines.append(given | ({"unit_cost": cost.amount, "currency": cost.currency} if cost else {}))
    return read(ClaimIn, {**data, "lines": lines})


class ClaimEndpoint(Endpoint):
    """One claim."""

    @operation(
        id="getClaim", summary="A claim with its units and credits", tag="Claims", permission=VIEW,
        answers={200: ClaimDetail},
    )  # fmt: skip
    def get(self, request: Request, id: str) -> ClaimDetail:
        """By id or number."""
        return claim_detail(claim_named(self.actor, id))


def claim_command(name: str, summary: str, text: str, body: type[Any], run: Run) -> type[CommandEndpoint]:
    """Return the endpoint of a command on one claim."""

    class ClaimCommand(CommandEndpoint):
        @operation(
            id=name, summary=summary, tag="Claims", permission=WORK, body=body, answers={200: ClaimDetail},
            key="optional", problems=(404, 409, 422), text=text,
        )  # fmt: skip
        def post(self, request: Request, id: str, body: Any) -> ClaimDetail:
            run(self, claim := claim_named(self.actor, id), body)
            return claim_detail(claim_named(self.actor, str(claim.id)))

    ClaimCommand.__name__ = name
    return ClaimCommand


def _credit(view: CommandEndpoint, claim: SupplierClaim, body: CreditBody) -> SupplierClaim:
    told = ClaimCreditIn(
        reference=body.reference,
        amount=body.amount.amount,
        currency=body.amount.currency,
        final=body.final,
        explanation=body.explanation,
    )
    return claim_answers.credit_claim(actor=view.actor, claim_id=claim.id, credit=told)


CLAIM_COMMANDS: dict[str, type[CommandEndpoint]] = {
    "request-approval": claim_command(
        "requestClaimApproval", "Ask a second person",
        "Their word sends it. Needed above the supplier's limit, possible always.", DecisionBody,
        lambda view, claim, body: claim_sending.request_claim_approval(
            actor=view.actor, claim_id=claim.id, reason=body.reason, expected_version=body.expected_version
        ),
    ),
    "send": claim_command(
        "sendClaim", "Send it to the supplier",
        "Goods that go with it leave the stock. 409 `approval-needed` above the supplier's limit.", SendBody,
        lambda view, claim, body: claim_sending.send_claim(
            actor=view.actor, claim_id=claim.id, tracking=body.tracking, expected_version=body.expected_version
        ),
    ),
    "acknowledge": claim_command(
        "acknowledgeClaim", "The supplier has it", "A late acknowledgment moves nothing back.", AcknowledgeBody,
        lambda view, claim, body: claim_answers.acknowledge_claim(
            actor=view.actor, claim_id=claim.id, supplier_reference=body.supplier_reference
        ),
    ),
    "credits": claim_command(
        "creditClaim", "The supplier credited it",
        "Credits add up, each reference once. All of it credited closes the claim.", CreditBody, _credit,
    ),
    "refuse": claim_command(
        "refuseClaim", "The supplier refused it", "What is not credited becomes a case.", RefusalBody,
        lambda view, claim, body: claim_answers.refuse_claim(
            actor=view.actor, claim_id=claim.id, reason=body.reason, supplier_reference=body.supplier_reference
        ),
    ),
    "goods-back": claim_command(
        "claimGoodsBack", "Goods came back from the supplier",
        "They stand in quarantine. The same `scan_id` counts once.", GoodsBackIn,
        lambda view, claim, body: claim_answers.receive_goods_back(actor=view.actor, claim_id=claim.id, goods=body),
    ),
    "close": claim_command(
        "closeClaim", "Close it",
        "Drops a draft; writes off what was not credited, above the supplier's limit with a second person's word.",
        DecisionBody,
        lambda view, claim, body: claim_closing.close_claim(
            actor=view.actor, claim_id=claim.id, reason=body.reason, expected_version=body.expected_version
        ),
    ),
}  # fmt: skip
