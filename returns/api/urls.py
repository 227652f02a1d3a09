"""Addresses of orders, returns and refunds, below /api/v1/."""

from django.urls import path

from returns.api.approvals import Approvals, Approve, Refuse
from returns.api.claims import CLAIM_COMMANDS, ClaimEndpoint, Claims
from returns.api.decisions import DECISIONS
from returns.api.eligibility import EligibilityEndpoint
from returns.api.fraud import BlockReview, ClearReview, FraudReviewEndpoint, FraudReviews
from returns.api.goods import LINE_COMMANDS, BlindReceipts, Inspections, Receipts
from returns.api.orders import OrderBatch, OrderByChannel, OrderEndpoint, Orders
from returns.api.refunds import RefundEndpoint, RefundPreview, ReturnRefunds
from returns.api.returns import ReturnEndpoint, Returns
from returns.api.suppliers import SupplierEndpoint, Suppliers, SupplierSkus
from returns.api.warranty import ASSESSMENT_COMMANDS, Assessments

urlpatterns = [
    path("orders", Orders.as_view(), name="orders"),
    path("orders/batch", OrderBatch.as_view(), name="order-batch"),
    path("orders/<uuid:id>", OrderEndpoint.as_view(), name="order"),
    path("orders/<str:channel>/<path:external_id>", OrderByChannel.as_view(), name="order-by-channel"),
    path("eligibility", EligibilityEndpoint.as_view(), name="eligibility"),
    path("returns", Returns.as_view(), name="returns"),
    path("returns/blind-receipts", BlindReceipts.as_view(), name="blind-receipts"),
    path("returns/<str:id>", ReturnEndpoint.as_view(), name="return"),
    path("returns/<str:id>/receipts", Receipts.as_view(), name="return-receipts"),
    path("returns/<str:id>/inspections", Inspections.as_view(), name="return-inspections"),
    path("returns/<str:id>/refunds", ReturnRefunds.as_view(), name="return-refunds"),
    path("returns/<str:id>/refunds/preview", RefundPreview.as_view(), name="refund-preview"),
    path("approvals", Approvals.as_view(), name="approvals"),
    path("approvals/<uuid:id>/approve", Approve.as_view(), name="approve"),
    path("approvals/<uuid:id>/refuse", Refuse.as_view(), name="refuse"),
    path("refunds/<uuid:id>", RefundEndpoint.as_view(), name="refund"),
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
