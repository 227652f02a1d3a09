"""Addresses of orders, returns and refunds, below /api/v1/."""

from django.urls import path

from returns.api.approvals import Approvals, Approve, Refuse
from returns.api.claims import CLAIM_COMMANDS, ClaimEndpoint, Claims
from returns.api.credit_memos import RecordReversal
from returns.api.customers import CustomerEndpoint, EraseCustomer, MergeCustomer, UnmergeCustomer
from returns.api.decisions import DECISIONS
from returns.api.drafts import DiscardDraft, DraftLines, Drafts, SubmitDraft
from returns.api.eligibility import EligibilityEndpoint
from returns.api.exchanges import EXCHANGES, ExchangeEndpoint, ReturnExchanges
from returns.api.fraud import BlockReview, ClearReview, FraudReviewEndpoint, FraudReviews
from returns.api.goods import LINE_COMMANDS, BlindReceipts, Inspections, Receipts
from returns.api.marketplaces import ObservedRefunds
from returns.api.orders import OrderBatch, OrderByChannel, OrderEndpoint, Orders
from returns.api.overrides import ApprovalLimits, RefundCancel, RefundOverrides
from returns.api.parcels import DropOffs, Parcels, ReturnKinds, ReturnsToSender, Scans
from returns.api.policies import (
    Policies,
    PolicyActivation,
    PolicyCanary,
    PolicyImpact,
    PolicyRetirement,
    PolicySubmission,
    PolicyVersion,
)
from returns.api.refunds import RefundEndpoint, RefundPreview, RefundReasons, RefundRetry, ReturnRefunds
from returns.api.request_preview import RequestPreviewEndpoint
from returns.api.returns import ReturnEndpoint, Returns
from returns.api.store import StoreBatchEndpoint, StoreBatches, StoreReturns
from returns.api.stored_value import (
    GiftCardCode,
    Gifts,
    Redemptions,
    StoredAccountEndpoint,
    StoredAccounts,
    StoredEntries,
    VoidAccount,
    VoidEntry,
)
from returns.api.strays import AcceptStray, Match, Redecide, ReverseDisposition, ReverseReceipt, SendBack, Strays
from returns.api.suppliers import SupplierEndpoint, Suppliers, SupplierSkus
from returns.api.vocabularies import Vocabularies, VocabularyEndpoint
from returns.api.warranty import ASSESSMENT_COMMANDS, Assessments

urlpatterns = [
    path("orders", Orders.as_view(), name="orders"),
    path("orders/batch", OrderBatch.as_view(), name="order-batch"),
    path("orders/<uuid:id>", OrderEndpoint.as_view(), name="order"),
    path("orders/<str:channel>/<path:external_id>", OrderByChannel.as_view(), name="order-by-channel"),
    path("customers/<uuid:id>", CustomerEndpoint.as_view(), name="customer"),
    path("customers/<uuid:id>/merge", MergeCustomer.as_view(), name="customer-merge"),
    path("customers/<uuid:id>/unmerge", UnmergeCustomer.as_view(), name="customer-unmerge"),
    path("customers/<uuid:id>/erase", EraseCustomer.as_view(), name="customer-erase"),
    path("eligibility", EligibilityEndpoint.as_view(), name="eligibility"),
    path("returns", Returns.as_view(), name="returns"),
    path("returns/blind-receipts", BlindReceipts.as_view(), name="blind-receipts"),
    path("returns/preview", RequestPreviewEndpoint.as_view(), name="return-preview"),
    path("returns/drafts", Drafts.as_view(), name="drafts"),
    path("returns/return-to-sender", ReturnsToSender.as_view(), name="returns-to-sender"),
    path("return-kinds", ReturnKinds.as_view(), name="return-kinds"),
    path("drop-offs", DropOffs.as_view(), name="drop-offs"),
    path("store-returns", StoreReturns.as_view(), name="store-returns"),
    path("store-batches", StoreBatches.as_view(), name="store-batches"),
    path("store-batches/<uuid:id>", StoreBatchEndpoint.as_view(), name="store-batch"),
    path("dispositions/<uuid:id>/redecide", Redecide.as_view(), name="disposition-redecide"),
    path("dispositions/<uuid:id>/reverse", ReverseDisposition.as_view(), name="disposition-reverse"),
    path("returns/<str:id>", ReturnEndpoint.as_view(), name="return"),
    path("returns/<str:id>/draft-lines", DraftLines.as_view(), name="draft-lines"),
    path("returns/<str:id>/submit", SubmitDraft.as_view(), name="return-submit"),
    path("returns/<str:id>/discard", DiscardDraft.as_view(), name="return-discard"),
    path("returns/<str:id>/parcels", Parcels.as_view(), name="return-parcels"),
    path("returns/<str:id>/scans", Scans.as_view(), name="return-scans"),
    path("returns/<str:id>/match", Match.as_view(), name="return-match"),
    path("returns/<str:id>/strays", Strays.as_view(), name="return-strays"),
    path("returns/<str:id>/strays/<int:stray>/accept", AcceptStray.as_view(), name="stray-accept"),
    path("returns/<str:id>/strays/<int:stray>/send-back", SendBack.as_view(), name="stray-send-back"),
    path("returns/<str:id>/receipts/<uuid:receipt>/reverse", ReverseReceipt.as_view(), name="receipt-reverse"),
    path("returns/<str:id>/receipts", Receipts.as_view(), name="return-receipts"),
    path("returns/<str:id>/inspections", Inspections.as_view(), name="return-inspections"),
    path("returns/<str:id>/refunds", ReturnRefunds.as_view(), name="return-refunds"),
    path("returns/<str:id>/refunds/preview", RefundPreview.as_view(), name="refund-preview"),
    path("policies", Policies.as_view(), name="policies"),
    path("policies/<str:name>/<int:version>", PolicyVersion.as_view(), name="policy"),
    path("policies/<str:name>/<int:version>/submit", PolicySubmission.as_view(), name="policy-submit"),
    path("policies/<str:name>/<int:version>/activate", PolicyActivation.as_view(), name="policy-activate"),
    path("policies/<str:name>/<int:version>/canary", PolicyCanary.as_view(), name="policy-canary"),
    path("policies/<str:name>/<int:version>/retire", PolicyRetirement.as_view(), name="policy-retire"),
    path("policies/<str:name>/<int:version>/impact", PolicyImpact.as_view(), name="policy-impact"),
    path("vocabularies", Vocabularies.as_view(), name="vocabularies"),
    path("vocabularies/<str:code>", VocabularyEndpoint.as_view(), name="vocabulary"),
    path("returns/<str:id>/exchanges", ReturnExchanges.as_view(), name="return-exchanges"),
    path("exchanges/<uuid:id>", ExchangeEndpoint.as_view(), name="exchange"),
    *[path(f"exchanges/<uuid:id>/{verb}", view.as_view(), name=f"exchange-{verb}") for verb, view in EXCHANGES.items()],
    path("approvals", Approvals.as_view(), name="approvals"),
    path("approvals/<uuid:id>/approve", Approve.as_view(), name="approve"),
    path("approvals/<uuid:id>/refuse", Refuse.as_view(), name="refuse"),
    path("approval-limits", ApprovalLimits.as_view(), name="approval-limits"),
    path("refunds/<uuid:id>/overrides", RefundOverrides.as_view(), name="refund-overrides"),
    path("refunds/<uuid:id>/cancel", RefundCancel.as_view(), name="refund-cancel"),
    path("refunds/<uuid:id>/retry", RefundRetry.as_view(), name="refund-retry"),
    path("refunds/<uuid:id>", RefundEndpoint.as_view(), name="refund"),
    path("refunds/<uuid:id>/why", RefundReasons.as_view(), name="refund-why"),
    path("credit-memos/<uuid:id>/record-reversal", RecordReversal.as_view(), name="memo-reversal"),
    path("observed-refunds", ObservedRefunds.as_view(), name="observed-refunds"),
    path("stored-value", StoredAccounts.as_view(), name="stored-accounts"),
    path("stored-value/gifts", Gifts.as_view(), name="stored-gifts"),
    path("stored-value/redemptions", Redemptions.as_view(), name="stored-redemptions"),
    path("stored-value/<uuid:id>", StoredAccountEndpoint.as_view(), name="stored-account"),
    path("stored-value/<uuid:id>/entries", StoredEntries.as_view(), name="stored-entries"),
    path("stored-value/<uuid:id>/code", GiftCardCode.as_view(), name="stored-code"),
    path("stored-value/<uuid:id>/void", VoidAccount.as_view(), name="stored-void"),
    path("stored-value/entries/<uuid:id>/void", VoidEntry.as_view(), name="stored-entry-void"),
    path("claims", Claims.as_view(), name="claims"),
    path("claims/<str:id>", ClaimEndpoint.as_view(), name="claim"),
    *[path(f"claims/<str:id>/{verb}", view.as_view(), name=f"claim-{verb}") for verb, view in CLAIM_COMMANDS.items()],
    path("suppliers", Suppliers.as_view(), name="suppliers"),
    path("suppliers/<str:code>", SupplierEndpoint.as_view(), name="supplier"),
    path("suppliers/<str:code>/skus", SupplierSkus.as_view(), name="supplier-skus"),
    path("fraud-reviews", FraudReviews.as_view(), name="fraud-reviews"),
    path("fraud-reviews/<uuid:id>", FraudReviewEndpoint.as_view(), name="fraud-review"),
    path("fraud-reviews/<uuid:id>/clear", ClearReview.as_view(), name="fraud-review-clear"),
    path("fraud-reviews/<uuid:id>/block", BlockReview.as_view(), name="fraud-review-block"),
    path("returns/<str:id>/assessments", Assessments.as_view(), name="assessments"),
    *[
        path(f"assessments/<uuid:id>/{verb}", view.as_view(), name=f"assessment-{verb}")
        for verb, view in ASSESSMENT_COMMANDS.items()
    ],
    *[path(f"returns/<str:id>/{verb}", view.as_view(), name=f"return-{verb}") for verb, view in DECISIONS.items()],
    *[
        path(f"returns/<str:id>/lines/<int:line_no>/{verb}", view.as_view(), name=f"return-line-{verb}")
        for verb, view in LINE_COMMANDS.items()
    ],
]
