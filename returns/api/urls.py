"""Addresses of orders, returns and refunds, below /api/v1/."""

from django.urls import path

from returns.api.approvals import Approvals, Approve, Refuse
from returns.api.decisions import DECISIONS
from returns.api.drafts import DiscardDraft, DraftLines, Drafts, SubmitDraft
from returns.api.eligibility import EligibilityEndpoint
from returns.api.goods import LINE_COMMANDS, BlindReceipts, Inspections, Receipts
from returns.api.orders import OrderBatch, OrderByChannel, OrderEndpoint, Orders
from returns.api.parcels import DropOffs, Parcels, ReturnKinds, ReturnsToSender, Scans
from returns.api.refunds import RefundEndpoint, RefundPreview, ReturnRefunds
from returns.api.returns import ReturnEndpoint, Returns
from returns.api.store import StoreBatchEndpoint, StoreBatches, StoreReturns
from returns.api.strays import AcceptStray, Match, Redecide, ReverseDisposition, ReverseReceipt, SendBack, Strays

urlpatterns = [
    path("orders", Orders.as_view(), name="orders"),
    path("orders/batch", OrderBatch.as_view(), name="order-batch"),
    path("orders/<uuid:id>", OrderEndpoint.as_view(), name="order"),
    path("orders/<str:channel>/<path:external_id>", OrderByChannel.as_view(), name="order-by-channel"),
    path("eligibility", EligibilityEndpoint.as_view(), name="eligibility"),
    path("returns", Returns.as_view(), name="returns"),
    path("returns/blind-receipts", BlindReceipts.as_view(), name="blind-receipts"),
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
    path("approvals", Approvals.as_view(), name="approvals"),
    path("approvals/<uuid:id>/approve", Approve.as_view(), name="approve"),
    path("approvals/<uuid:id>/refuse", Refuse.as_view(), name="refuse"),
    path("refunds/<uuid:id>", RefundEndpoint.as_view(), name="refund"),
    *[path(f"returns/<str:id>/{verb}", view.as_view(), name=f"return-{verb}") for verb, view in DECISIONS.items()],
    *[
        path(f"returns/<str:id>/lines/<int:line_no>/{verb}", view.as_view(), name=f"return-line-{verb}")
        for verb, view in LINE_COMMANDS.items()
    ],
]
